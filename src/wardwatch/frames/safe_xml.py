"""XML from strangers: no document types, no entities, no references to outside."""

from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as Safe


def parse(text: str | bytes) -> Element:
    """Return the root element. Raises `ValueError` for what is not well-formed, and for DTDs and entities."""
    try:
        root: Element = Safe.fromstring(text, forbid_dtd=True)
    except ParseError as error:
        raise ValueError(f"not well-formed XML: {error}") from None
    return root


def local(name: str) -> str:
    """The name of an element or attribute without its namespace."""
    return name.rpartition("}")[2]
