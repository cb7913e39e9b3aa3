"""Documents for people: the same in HTML, PDF and Word, in both languages; hostile texts stay texts."""

import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import docx as word
import pytest

from wardwatch.assessment import loading, scores
from wardwatch.assessment.answers import Answer, Assessment, Evidence, Kind, SignOff, asked
from wardwatch.assessment.framework import Framework, Tier
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import InputError
from wardwatch.reports import assessment, guidelines
from wardwatch.reports.parts.document import Document, Heading, Items, Paragraph, Table, html, pdf
from wardwatch.reports.parts.word import docx

HOSTILE = "<script>alert(1)</script>\x00\x1b[31m =cmd|' /C calc'!A0"
SMALL = Document(
    "Title & more",
    HOSTILE,
    "en",
    [
        Heading("Part"),
        Paragraph(HOSTILE),
        Heading("Section", 3),
        Items(["one", HOSTILE], numbered=True),
        Table("Table", ["a", "b"], [["x", "1"], [HOSTILE, "2"]], frozenset({1})),
        Paragraph("aside", note=True),
    ],
    contents=True,
)


class Reader(HTMLParser):
    """Tags and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  (the library's interface)
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def answered() -> tuple[Framework, Assessment]:
    framework = loading.shipped()["hospital-readiness"]
    first = framework.at(Tier.FIRST)
    answers = {one.id: Answer(one.id, Kind.STEP, place % 5, by_name="Claire", at=5) for place, one in enumerate(first)}
    answers[first[0].id] = Answer(first[0].id, Kind.UNKNOWN)
    answers[first[1].id] = Answer(first[1].id, Kind.NOT_APPLICABLE, reason="there is none here")
    last = first[-1].id
    answers[last] = Answer(last, Kind.STEP, 4, note=HOSTILE)
    signed = (SignOff("u", "Paul Renard", "Director", 1_700_000_000_000_000, "We approve.", "old", 50),)
    return framework, Assessment("c", "t", framework.id, framework.version, Tier.FIRST, answers, {}, signed)


def test_html_holds_everything_and_runs_nothing() -> None:
    page = html(SMALL)
    found = Reader()
    found.feed(page)
    assert not {"script", "img", "link", "iframe", "object"} & set(found.tags)
    said = "".join(found.texts)
    assert said.count("<script>alert(1)</script>") == 4
    assert "\x00" not in page
    assert "\x1b" not in page
    assert re.search(r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'", page)
    assert [tag for tag in found.tags if tag in {"h1", "h2", "h3"}] == ["h1", "h2", "h3"]
    assert '<a href="#part-1">Part</a>' in page
    assert '<h2 id="part-1">' in page


def test_word_holds_the_same() -> None:
    file = word.Document(io.BytesIO(docx(SMALL)))
    texts = [paragraph.text for paragraph in file.paragraphs]
    assert sum("<script>alert(1)</script>" in text for text in texts) == 3
    assert [p.text for p in file.paragraphs if p.style.name in {"Heading 1", "Heading 2"}] == ["Part", "Section"]
    assert [[cell.text for cell in row.cells][1] for row in file.tables[0].rows] == ["b", "1", "2"]
    assert "1. one" in texts


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_of_an_assessment_says_all_of_it(language: str) -> None:
    framework, one = answered()
    before = Assessment("b", "t", framework.id, framework.version, Tier.FIRST, {})
    weak = next(id_ for id_, answer in one.answers.items() if answer.step == 4)
    seen = {weak: [Evidence(weak, Text("Nothing arrives.", "Rien n’arrive."), "sensors", 5, contradicts_from=3)]}
    made = assessment.document(framework, one, "CHU Nord-Est", language, evidence=seen, earlier=("2025", before))
    page = html(made)
    for domain in framework.domains:
        assert domain.name.in_(language) in page.replace("&#39;", "'")
    for wanted in ("CHU Nord-Est", "there is none here", "Paul Renard", "We approve.", "2025", "Claire"):
        assert wanted in page
    assert seen[weak][0].what.in_(language) in page.replace("&#39;", "'")
    parts = [block.text for block in made.blocks if isinstance(block, Heading) and block.level == 2]
    assert len(parts) == len(set(parts)) == 8
    file = word.Document(io.BytesIO(docx(made)))
    assert [p.text for p in file.paragraphs if p.style.name == "Heading 1"] == parts


def test_rows_of_csv_add_up_and_hold_no_formula() -> None:
    framework, one = answered()
    rows = assessment.csv_rows(framework, one, "en")
    assert all(len(row) == len(assessment.COLUMNS) for row in rows)
    assert not any(text.lstrip().startswith(("=", "+", "@")) for row in rows for text in row)
    assert [row[2] for row in rows] == [question.id for question in asked(framework, one)]
    whole = scores.result(framework, one).overall.reached
    assert abs(sum(float(row[11]) for row in rows) - float(whole)) < 0.005 * len(rows)


@pytest.mark.parametrize("framework", ["hospital-readiness", "nis2-readiness", "ransomware-readiness"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_guidelines_are_a_whole_book(framework: str, language: str) -> None:
    found = loading.shipped()[framework]
    made = guidelines.document(found, language)
    headings = [block.text for block in made.blocks if isinstance(block, Heading) and block.level == 3]
    asked = [one.ask.in_(language) for domain in found.domains for one in found.questions if one.domain == domain.id]
    assert headings == asked
    page = html(made)
    assert page.count("<h4>") >= 5 * len(found.questions)
    assert len(docx(made)) > 20_000


def _pdf(one: Document) -> bytes:
    try:
        return pdf(one)
    except InputError as error:
        pytest.skip(f"{error.what} ({error.hint})")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pdf_has_the_texts_of_the_page(tmp_path: Path, language: str) -> None:
    framework, one = answered()
    file = tmp_path / "report.pdf"
    file.write_bytes(_pdf(assessment.document(framework, one, "CHU Nord-Est", language)))
    assert file.read_bytes().startswith(b"%PDF-")
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("no pdftotext (apt install poppler-utils)")
    said = subprocess.run([tool, "-layout", str(file), "-"], capture_output=True, check=True, text=True).stdout
    assert "CHU Nord-Est" in said
    for domain in framework.domains:
        assert domain.name.in_(language).split()[0] in said


@pytest.mark.slow
def test_libreoffice_opens_the_word_file(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("no LibreOffice (apt install libreoffice-writer)")
    framework, one = answered()
    file = tmp_path / "report.docx"
    file.write_bytes(docx(assessment.document(framework, one, "CHU Nord-Est", "fr")))
    line = [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "pdf"]
    subprocess.run([*line, "--outdir", str(tmp_path), str(file)], check=True, capture_output=True, timeout=120)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
