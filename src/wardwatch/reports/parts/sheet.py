"""The tables of a document as an Excel workbook: a sheet for each, texts as texts, figures as figures."""

import io
import re

import xlsxwriter

from wardwatch.reports.parts.document import Document, Heading, Table, shown

_NAME, _CELL = 31, 32_000  # characters that Excel takes
_WIDTH = 60


def xlsx(one: Document) -> bytes:
    """Write it. Nothing is a formula: every text is written as one."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    front = book.add_worksheet("Wardwatch")
    front.write_string(0, 0, shown(one.title), bold)
    front.write_string(1, 0, shown(one.answer))
    front.set_column(0, 0, 100)
    used = {"wardwatch"}
    heading = ""
    for block in one.blocks:
        if isinstance(block, Heading):
            heading = block.text
        elif isinstance(block, Table):
            _sheet(book.add_worksheet(_name(block.caption or heading, used)), block, bold, wrap)
    book.close()
    return made.getvalue()


def _name(text: str, used: set[str]) -> str:
    """A name that Excel takes and that no other sheet has."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", shown(text)).strip()[: _NAME - 4] or "Table"
    name, place = plain, 2
    while name.casefold() in used:
        name, place = f"{plain} {place}", place + 1
    used.add(name.casefold())
    return name


def _sheet(
    sheet: xlsxwriter.worksheet.Worksheet,
    table: Table,
    bold: xlsxwriter.format.Format,
    wrap: xlsxwriter.format.Format,
) -> None:
    for column, text in enumerate(table.columns):
        sheet.write_string(0, column, shown(text), bold)
    for place, row in enumerate(table.rows, start=1):
        for column, text in enumerate(row):
            if column in table.numeric and re.fullmatch(r"-?\d{1,15}(\.\d+)?", text):
                sheet.write_number(place, column, float(text), wrap)
            else:
                sheet.write_string(place, column, shown(text)[:_CELL], wrap)
    for column in range(len(table.columns)):
        longest = max((len(row[column]) for row in (table.columns, *table.rows)), default=8)
        sheet.set_column(column, column, min(_WIDTH, max(8, longest + 2)))
    sheet.freeze_panes(1, 1)
