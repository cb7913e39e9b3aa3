"""A document as a Word file, with its styles, so that a hospital can go on writing in it."""

import io

import docx as word
from docx.document import Document as File
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm

from wardwatch.reports.parts.document import PART, Block, Document, Heading, Items, Paragraph, Table, shown

_PAGE, _MARGIN = (21.0, 29.7), 2.0  # A4, in cm
_WIDTH, _FIGURE = _PAGE[0] - 2 * _MARGIN, 2.3  # of a table, of a column of figures


def docx(one: Document) -> bytes:
    """Write it. Tables repeat nothing and formulas are text: Word runs neither."""
    file = word.Document()
    file.core_properties.title = shown(one.title)[:250]
    file.core_properties.language = one.language
    file.core_properties.author = "Wardwatch"
    page = file.sections[0]
    page.page_width, page.page_height = Cm(_PAGE[0]), Cm(_PAGE[1])
    page.left_margin = page.right_margin = Cm(_MARGIN)
    file.add_heading(shown(one.title), level=0)
    file.add_paragraph().add_run(shown(one.answer)).bold = True
    if one.contents:
        for block in one.blocks:
            if isinstance(block, Heading) and block.level == PART:
                file.add_paragraph(shown(block.text), style="List Bullet")
    for block in one.blocks:
        _add(file, block)
    _number_pages(file)
    made = io.BytesIO()
    file.save(made)
    return made.getvalue()


def _add(file: File, block: Block) -> None:
    match block:
        case Heading():
            file.add_heading(shown(block.text), level=block.level - 1)
        case Paragraph():
            file.add_paragraph().add_run(shown(block.text)).italic = block.note
        case Items():
            for place, item in enumerate(block.items, start=1):
                # Numbers are typed: Word would count on from the list before.
                text = f"{place}. {shown(item)}" if block.numbered else shown(item)
                file.add_paragraph(text, style="List Continue" if block.numbered else "List Bullet")
        case Table():
            _table(file, block)


def _table(file: File, block: Table) -> None:
    file.add_paragraph().add_run(shown(block.caption)).italic = True
    table = file.add_table(rows=0, cols=len(block.columns), style="Light Grid Accent 1")
    table.autofit = False
    widths = _widths(block)
    for row in (block.columns, *block.rows):
        for place, (cell, text) in enumerate(zip(table.add_row().cells, row, strict=True)):
            cell.width = widths[place]
            cell.text = shown(text)
            if place in block.numeric:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _widths(block: Table) -> list[Cm]:
    """Figures need little; texts share the rest, the first of them a half more."""
    texts = [place for place in range(len(block.columns)) if place not in block.numeric]
    left = _WIDTH - _FIGURE * len(block.numeric)
    part = left / (len(texts) + 0.5) if texts else 0.0
    return [
        Cm(_FIGURE if place in block.numeric else part * (1.5 if place == texts[0] else 1))
        for place in range(len(block.columns))
    ]


def _number_pages(file: File) -> None:
    """Put the number of the page into the footer: a field, which Word counts."""
    run = file.sections[0].footer.paragraphs[0].add_run()
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)  # noqa: SLF001  (the library has no other way to a field)
