"""The forms in which documents for people leave: what each is called, and what writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wardwatch.reports.parts.document import Document, html, pdf
from wardwatch.reports.parts.sheet import xlsx
from wardwatch.reports.parts.word import docx


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file: the end of its name and its media type."""

    ending: str
    media: str


PAPER: Mapping[str, Form] = {
    "pdf": Form("pdf", "application/pdf"),
    "docx": Form("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "html": Form("html", "text/html; charset=utf-8"),
    "xlsx": Form("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
WRITE: Mapping[str, Callable[[Document], bytes]] = {
    "pdf": pdf,
    "docx": docx,
    "html": lambda one: html(one).encode(),
    "xlsx": xlsx,
}
