"""The form to fill in without a network: questions and answers as an Excel workbook, out and in without loss.

Cell A1 names format, framework and version. Texts that could be taken for a formula get an apostrophe in front, which
is taken away when they are read; whatever still begins with `=` is a formula and is refused. A row with an error is
left out and listed; the others are not held up by it.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter

from wardwatch.assessment.answers import Answer, Assessment, Kind, asked
from wardwatch.assessment.framework import STEPS, Framework
from wardwatch.estate.importing import Row, rows_of_xlsx
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import InputError

FORMAT = "wardwatch/assessment-form/1"
MAX_REASON, MAX_NOTE = 500, 2000
MAX_ROWS = 2000
_HEADINGS = {
    "question": Text("Question", "Question"),
    "answer": Text("Answer", "Réponse"),
    "reason": Text("Why it does not apply", "Pourquoi sans objet"),
    "note": Text("What shows it", "Ce qui le montre"),
    "by": Text("Answered by", "Répondu par"),
}
_WORDS = {
    Kind.UNKNOWN: Text("I do not know", "Je ne sais pas"),
    Kind.NOT_APPLICABLE: Text("Does not apply", "Sans objet"),
}
_RISKY = ("=", "+", "-", "@", "'")
_WIDTHS = (20, 60, 18, 30, 40, 20)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Filled:
    """One row with an answer; `row` as Excel counts them."""

    row: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was left out, and why."""

    row: int
    question: str
    what: Text


@dataclass(frozen=True, slots=True)
class Taken:
    """What a form holds: answers and problems, each in its order. Rows without an answer are neither."""

    filled: tuple[Filled, ...]
    problems: tuple[Problem, ...]


def clean(text: str, longest: int) -> str:
    """A text that a spreadsheet can hold: without control characters, cut."""
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()[:longest].strip()


def write(framework: Framework, assessment: Assessment, language: str) -> bytes:
    """The form with the answers so far, in a language."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(Text("Answers", "Réponses").in_(language))
    heads = [_HEADINGS[name].in_(language) for name in ("question", "answer", "reason", "note", "by")]
    steps = [str(step) for step in range(STEPS)]
    for column, head in enumerate((f"{FORMAT} {framework.id} {framework.version}", *heads, *steps)):
        sheet.write_string(0, column, head, bold)
    row = 0
    for row, question in enumerate(asked(framework, assessment), start=1):
        answer = assessment.answers.get(question.id)
        sheet.write_string(row, 0, question.id, wrap)
        sheet.write_string(row, 1, question.ask.in_(language), wrap)
        if answer is not None and answer.step is not None:
            sheet.write_number(row, 2, answer.step, wrap)
        elif answer is not None:
            sheet.write_string(row, 2, _WORDS[answer.kind].in_(language), wrap)
        if answer is not None:
            for column, text in ((3, answer.reason), (4, answer.note), (5, answer.by_name)):
                sheet.write_string(row, column, _defused(text), wrap)
        for step, words in enumerate(question.steps):
            sheet.write_string(row, 6 + step, words.in_(language), wrap)
    choices = [*steps, *(words.in_(language) for words in _WORDS.values())]
    if row:
        sheet.data_validation(1, 2, row, 2, {"validate": "list", "source": choices, "ignore_blank": True})
    for column in range(6 + STEPS):
        sheet.set_column(column, column, _WIDTHS[column] if column < len(_WIDTHS) else 30)
    sheet.freeze_panes(1, 2)
    book.close()
    return made.getvalue()


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) else text


def read(data: bytes, framework: Framework, known: Mapping[str, object]) -> Taken:
    """Read a form; `known` are the questions that may be answered. Raises `InputError` for what is no form of it."""
    rows = rows_of_xlsx(data)
    first = next(rows, ())
    _check(first, framework)
    columns = _columns(first)
    filled: dict[str, Filled] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=2):
        if number > MAX_ROWS:
            problems.append(Problem(number, "", Text("too many rows", "trop de lignes")))
            break
        cells = {name: row[place] if place < len(row) else None for name, place in columns.items()}
        cells["id"] = row[0] if row else None
        if cells["answer"] in (None, ""):
            continue
        id_ = str(cells["id"] or "").strip()[:64]
        what = _wrong(cells, id_, known) or (_TWICE if id_ in filled else None)
        answer = _answer(cells, id_) if what is None else None
        if answer is None:
            problems.append(Problem(number, id_, what or _NO_ANSWER))
        else:
            filled[id_] = Filled(number, answer)
    return Taken(tuple(filled.values()), tuple(problems))


_TWICE = Text("this question was answered in a row above", "question déjà répondue plus haut")
_NO_ANSWER = Text(
    "not an answer: 0 to 4, “I do not know”, or “Does not apply” with a reason",
    "pas une réponse\u00a0: 0 à 4, «\u00a0Je ne sais pas\u00a0», ou «\u00a0Sans objet\u00a0» avec une raison",
)
_FORMULA = Text("a formula: type the answer itself", "une formule\u00a0: saisissez la réponse elle-même")
_NOT_ASKED = Text("no question that is asked here", "aucune question posée ici")


def _check(first: Row, framework: Framework) -> None:
    found = str(first[0] if first else "").split(" ")
    if found[:1] != [FORMAT]:
        raise InputError("not a form of an assessment", where="A1", hint="take the form anew, and fill in that one")
    if found[1:] != [framework.id, str(framework.version)]:
        hint = f"take the form of {framework.id}, version {framework.version}, anew"
        raise InputError("a form of another framework or version", where="A1", hint=hint)


def _columns(first: Row) -> Mapping[str, int]:
    heads = [str(cell or "").strip().casefold() for cell in first]
    found = {}
    for name in ("answer", "reason", "note"):
        places = [heads.index(word) for word in _spelled(_HEADINGS[name]) if word in heads]
        if not places:
            raise InputError(f"the column {_HEADINGS[name].en} is missing", where="row 1", hint="take the form anew")
        found[name] = places[0]
    return found


def _spelled(text: Text) -> Sequence[str]:
    return (text.en.casefold(), text.fr.casefold())


def _wrong(cells: Mapping[str, object], id_: str, known: Mapping[str, object]) -> Text | None:
    for cell in cells.values():
        if not isinstance(cell, str | int | float | None) or (isinstance(cell, str) and cell.startswith("=")):
            return _FORMULA
    return None if id_ in known else _NOT_ASKED


def _answer(cells: Mapping[str, object], id_: str) -> Answer | None:
    reason, note = _text(cells["reason"], MAX_REASON), _text(cells["note"], MAX_NOTE)
    said = cells["answer"]
    word = str(said).strip().casefold()
    kind = next((kind for kind, words in _WORDS.items() if word in (*_spelled(words), kind.value)), Kind.STEP)
    step = next(_steps(said), None) if kind is Kind.STEP else None
    try:
        return Answer(id_, kind, step, reason if kind is Kind.NOT_APPLICABLE else "", note=note)
    except ValueError:
        return None


def _steps(said: object) -> Iterator[int]:
    """The step that a cell says, if it says one: Excel may give 3 as 3.0, or as text."""
    if (isinstance(said, str) and re.fullmatch(r"[0-4]", said.strip())) or (
        isinstance(said, int | float) and not isinstance(said, bool) and said in range(STEPS)
    ):
        yield int(said)


def _text(cell: object, longest: int) -> str:
    if cell is None:
        return ""
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    return clean(text.removeprefix("'"), longest)
