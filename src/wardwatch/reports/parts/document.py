"""A document for people, written once: as HTML in one file, and as PDF; `parts.word` makes it a Word file.

A report builds a `Document` out of headings, texts, lists and tables; how it looks is here. HTML loads nothing and runs
nothing (Content-Security-Policy by hash); PDF is made of it by WeasyPrint, with bookmarks and page numbers.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from wardwatch.kernel.errors import InputError
from wardwatch.reports import clean

PART = 2  # the level of the headings that are parts
_MOST = 20_000  # characters of one text


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` 2 opens a part, 3 a section, 4 a detail."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text. `note`: smaller, beside the matter."""

    text: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list. `numbered`: in an order."""

    items: Sequence[str]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption. `numeric`: the columns, from 0, that hold figures."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()


Block = Heading | Paragraph | Items | Table


@dataclass(frozen=True, slots=True)
class Document:
    """All of it. `answer`: the sentence that says what matters; `contents`: whether parts are listed at the front."""

    title: str
    answer: str
    language: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    contents: bool = False


_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#16201d, #f2f6f8); --soft: light-dark(#4a5753, #b4c0bd);
  --line: light-dark(#d5dcda, #35413e); --paper: light-dark(#fff, #141a19); }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; } .answer { font-size: 1.15rem; color: var(--soft); }
h2 { font-size: 1.25rem; border-bottom: 2px solid var(--ink); padding-bottom: .25rem; margin: 2rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; } h4 { font-size: 1rem; color: var(--soft); margin: 1rem 0 .25rem; }
p, ul, ol { margin: .4rem 0; } .note { font-size: .85rem; color: var(--soft); } a { color: inherit; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .9rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; } thead { display: table-header-group; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
.n { text-align: right; } tr { break-inside: avoid; } h2, h3, h4 { break-after: avoid; }
@media print { body { max-width: none; padding: 0; background: #fff; color: #000; font-size: 10pt; } }
@page { size: A4; margin: 18mm 18mm 20mm;
  @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt; } }
"""
_PRINT = ":root { --ink: #000; --soft: #444; --line: #ccc; --paper: #fff; }"  # WeasyPrint knows no light-dark()


def html(one: Document, *, paper: bool = False) -> str:
    """One self-contained page; `paper`: for a printer, in black on white."""
    style = _STYLE + (_PRINT if paper else "")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    parts = [
        f'<!doctype html>\n<html lang="{one.language}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        Markup("<title>{}</title>").format(shown(one.title)),
        f"<style>{style}</style></head><body><main>",
        Markup("<h1>{}</h1>").format(shown(one.title)),
        Markup('<p class="answer">{}</p>').format(shown(one.answer)),
    ]
    if one.contents:
        parts.append(_contents(one))
    place = 0
    for block in one.blocks:
        place += isinstance(block, Heading) and block.level == PART
        parts.append(_block(block, place))
    parts.append("</main></body></html>\n")
    return "\n".join(parts)


def shown(text: str) -> str:
    """A text that holds no control characters, with its line ends as blanks."""
    return clean(text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "), _MOST)


def _contents(one: Document) -> Markup:
    parts = [block for block in one.blocks if isinstance(block, Heading) and block.level == PART]
    entries = Markup("").join(
        Markup('<li><a href="#part-{}">{}</a></li>').format(place, shown(block.text))
        for place, block in enumerate(parts, start=1)
    )
    return Markup("<nav><ol>{}</ol></nav>").format(entries)


def _block(block: Block, place: int) -> str:
    if isinstance(block, Heading):
        anchor = f' id="part-{place}"' if block.level == PART else ""
        return f"<h{block.level}{anchor}>{escape(shown(block.text))}</h{block.level}>"
    if isinstance(block, Paragraph):
        kind = ' class="note"' if block.note else ""
        return f"<p{kind}>{escape(shown(block.text))}</p>"
    if isinstance(block, Items):
        tag = "ol" if block.numbered else "ul"
        return f"<{tag}>{''.join(f'<li>{escape(shown(item))}</li>' for item in block.items)}</{tag}>"
    return _table(block)


def _table(block: Table) -> str:
    def cell(tag: str, place: int, text: str, scope: str = "") -> str:
        kind = ' class="n"' if place in block.numeric else ""
        return f"<{tag}{kind}{scope}>{escape(shown(text))}</{tag}>"

    head = "".join(cell("th", place, text, ' scope="col"') for place, text in enumerate(block.columns))
    rows = "".join(
        "<tr>"
        + "".join(
            cell("td", place, text) if place else cell("th", place, text, ' scope="row"')
            for place, text in enumerate(row)
        )
        + "</tr>"
        for row in block.rows
    )
    caption = f"<caption>{escape(shown(block.caption))}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def pdf(one: Document) -> bytes:
    """The page as PDF. Raises `InputError` where the system lacks what WeasyPrint draws with."""
    try:
        from weasyprint import HTML  # noqa: PLC0415  (slow to load, and it needs Pango)
    except OSError as error:
        raise InputError(
            f"no PDF can be made: {error}",
            fr=f"impossible de produire un PDF : {error}",
            where="weasyprint",
            hint="apt install libpango-1.0-0 libpangoft2-1.0-0, or take the Word file",
            hint_fr="apt install libpango-1.0-0 libpangoft2-1.0-0, ou prenez le fichier Word",
        ) from None

    def refuse(url: str, *_: object, **__: object) -> dict[str, object]:
        raise ValueError(f"a document loads nothing: {url[:200]}")

    made = HTML(string=html(one, paper=True), url_fetcher=refuse).write_pdf()
    return bytes(made)
