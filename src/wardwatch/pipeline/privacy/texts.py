"""Patient identifiers within texts: queries, references, dumps and messages, each found by how its format writes it.

References: FHIR R5, 3.2.1 (search) and 2.3 (references); DICOM PS3.4 C.2.2.2 (matching: `*` and `?` are wildcards) and
PS3.5, 7.1 (data elements; group 0010 is the patient); HL7 v2.5.1, 3.4 (PID, MRG, NK1), 6.5 (GT1, IN1); the Orthanc
Book, "Orthanc identifiers" (SHA-1 of DICOM identifiers, which whoever knows the patients can compute).

Of a parameter only the run of characters that an identifier has is hidden: an attack behind it stays in sight.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable

from wardwatch.pipeline.privacy.epochs import TOKEN

Replace = Callable[[str], str]  # an identifier → its token

_WILDCARDS = re.compile(r"[*?%\s]*")
# Parameters of a FHIR search that say how results come, not whose they are.
_TECHNICAL = frozenset({
    "_count", "_sort", "_format", "_summary", "_elements", "_include", "_revinclude", "_page", "_offset", "_total",
    "_pretty", "_getpages", "_getpagesoffset", "_bundletype", "_type", "_since", "_outputformat",
})  # fmt: skip
# Names of what identifies a patient, in parameters and messages: words of DICOM and FHIR, English and French.
_PATIENT_NAME = re.compile(
    r"(?:patients?|mrn|ipp|nip|nir|birth(?:date)?|naissance|accession|study)"
    r"(?:[.:_-]?(?:id|ids|name|nom|prenom|number|no|num|date|uid|instance_?uid|identifier|given|family|birth\w*))*",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"(\bPatient/)([^/\s?#\"'|,;&]{1,256})")
_PAIR = re.compile(
    r"(?<![\w.-])([\w.:-]{1,60})(\s?=\s?\"?)((?:[\w.^~+*?-]|%5E|%20|%2[DE]|%C3%[89AB][0-9A-F])+)", re.IGNORECASE
)
_TOLD = re.compile(
    r"\b((?:patient|(?:patient|study|accession|birth)[\s_-]?(?:id|name|number|no|date|uid|instance\s?uid)))(\s?:\s{0,2})"
    r"(\"[^\"]{1,200}\"|[^\s,;\"\]]{1,200})",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"(\(0010,[0-9a-fA-F]{4}\)\s?(?:[A-Z]{2}\s)?\[)([^\]]{0,1000})(\])")
_SEGMENT = re.compile(r"\b((?:PID|MRG|NK1|GT1|IN1|IN2|PD1)\|)([^\r\n\x1c]{1,20000})")
_ORTHANC = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{8}){4}\b")
_BINARY_ELEMENT = re.compile(rb"\x10\x00..(?:[A-Z]{2}(..)|(....))", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}")
_SHORT = 3  # characters: a shorter identifier is only replaced where it stands alone


def hidden(text: str, replace: Replace, known: Iterable[str] = ()) -> str:
    """Return a text without patient identifiers: those that are `known` from its event, and those found in it."""
    for identifier in sorted(set(known), key=lambda one: (-len(one), one)):
        text = _known(text, identifier, replace)
    if _opaque(text):
        return replace(text)
    text = _SEGMENT.sub(lambda found: found[1] + _value(found[2], replace), text)
    text = _ELEMENT.sub(lambda found: found[1] + _value(found[2], replace) + found[3], text)
    text = _REFERENCE.sub(lambda found: found[1] + _value(found[2], replace), text)
    text = _PAIR.sub(lambda found: _pair(found, replace), text)
    text = _TOLD.sub(lambda found: found[1] + found[2] + _value(found[3], replace), text)
    return _ORTHANC.sub(lambda found: replace(found[0]), text)


def hidden_query(text: str, replace: Replace) -> str:
    """Return a query with every value hidden: it names whom it seeks. Wildcards and technical parameters stay."""
    path, mark, query = text.partition("?")
    if not mark:
        path, query = ("", text) if "=" in text else (text, "")
    pairs = re.split(r"([&;\r\n])", query)
    return hidden(path, replace) + mark + "".join(_asked(pair, replace) for pair in pairs)


def _asked(pair: str, replace: Replace) -> str:
    name, mark, value = pair.partition("=")
    if not mark:
        return hidden(pair, replace)
    return pair if name.strip().lower() in _TECHNICAL else f"{name}={_value(value, replace)}"


def _pair(found: "re.Match[str]", replace: Replace) -> str:
    name, mark, value = found.groups()
    if not _PATIENT_NAME.fullmatch(name):
        return found[0]
    return name + mark + _value(value, replace)


def _value(value: str, replace: Replace) -> str:
    """Hide a value; wildcards, and what is hidden already, stay."""
    bare = value.strip().strip('"').strip()
    if _WILDCARDS.fullmatch(bare) or TOKEN.match(bare):
        return value
    return value.replace(bare, replace(bare))


def _known(text: str, identifier: str, replace: Replace) -> str:
    if not identifier.strip() or TOKEN.fullmatch(identifier) or _WILDCARDS.fullmatch(identifier):
        return text
    pattern = re.escape(identifier)
    if len(identifier) < _SHORT:
        pattern = rf"(?<!\w){pattern}(?!\w)"
    if identifier.casefold() not in text.casefold():
        return text
    token = replace(identifier)
    kept = TOKEN.split(text)
    tokens = [found[0] for found in TOKEN.finditer(text)]
    parts = [re.sub(pattern, token, part, flags=re.IGNORECASE) for part in kept]
    return "".join(part + after for part, after in zip(parts, [*tokens, ""], strict=True))


def _opaque(text: str) -> bool:
    """Say whether a text is base64 of a DICOM data set that names a patient (and not only wildcards)."""
    if not _BASE64.fullmatch(text):
        return False
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    for found in _BINARY_ELEMENT.finditer(data):
        size = int.from_bytes(found[1] or found[2], "little")
        value = data[found.end() : found.end() + min(size, 1000)].decode("latin-1").strip("\x00 ")
        if not _WILDCARDS.fullmatch(value):
            return True
    return False
