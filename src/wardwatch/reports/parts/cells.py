"""Cells of CSV that no spreadsheet runs as a formula (OWASP, CSV injection)."""

import re

from wardwatch.reports import clean

MAX_CELL = 32_000  # characters; a spreadsheet's cell holds 32,767
# Where a spreadsheet may see a cell begin (at the start, or behind what it may split at), and what makes it a formula:
# blanks and quotes in front do not help, and full-width signs do as well.
_FORMULA = re.compile('(\\A|[;,|\t])(?=[\\s"]*[=+@\uff1d\uff0b\uff0d\uff20-])')


def cell(text: str) -> str:
    r"""Defuse one cell. A leading tab or carriage return, which `clean` shows as `\\t` or `\\r`, is defused as well."""
    shown = _FORMULA.sub(r"\1'", clean(text, MAX_CELL))
    return f"'{shown}" if text.startswith(("\t", "\r")) else shown
