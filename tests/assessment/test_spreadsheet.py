"""The form: out and in without loss; broken rows are listed and hold up no other; formulas are refused."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from tests.assessment.asking import SMALL, answer, assessment

from wardwatch.assessment import spreadsheet
from wardwatch.assessment.answers import Answer, Assessment, Kind
from wardwatch.kernel.errors import InputError

TEXTS = st.text(max_size=60).map(lambda text: spreadsheet.clean(text, 60))


def form(changes: dict[str, object]) -> bytes:
    """A form with cells changed, as Excel would save it."""
    book = load_workbook(io.BytesIO(spreadsheet.write(SMALL, assessment({}), "en")))
    for cell, value in changes.items():
        book.worksheets[0][cell] = value
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def read(changes: dict[str, object]) -> spreadsheet.Taken:
    return spreadsheet.read(form(changes), SMALL, SMALL.by_id)


def said(taken: spreadsheet.Taken) -> dict[str, Answer]:
    return {one.answer.question: one.answer for one in taken.filled}


@given(
    st.dictionaries(
        st.sampled_from(["a1", "b1", "b2"]),
        st.one_of(
            st.builds(lambda step, note: (Kind.STEP, step, "", note), st.integers(1, 4), TEXTS),
            st.builds(lambda note: (Kind.UNKNOWN, None, "", note), TEXTS),
            st.builds(lambda why, note: (Kind.NOT_APPLICABLE, None, why, note), TEXTS.filter(bool), TEXTS),
        ),
    ),
    st.sampled_from(["en", "fr"]),
)
def test_out_and_in_without_loss(given_: dict[str, tuple[Kind, int | None, str, str]], language: str) -> None:
    answers = {id_: Answer(id_, kind, step, why, note=note) for id_, (kind, step, why, note) in given_.items()}
    value = replace(assessment({}), answers=answers)
    taken = spreadsheet.read(spreadsheet.write(SMALL, value, language), SMALL, SMALL.by_id)
    assert taken.problems == ()
    assert said(taken) == answers


def test_broken_rows_are_listed_and_hold_up_no_other() -> None:
    taken = read({"C2": "2", "C3": 9, "C4": "=1+1", "C5": "Je ne sais pas", "C6": "Does not apply"})
    assert said(taken) == {"a1": answer("a1", 2), "b1": answer("b1", "unknown")}
    assert [(one.row, one.question, one.what.en.split(":")[0]) for one in taken.problems] == [
        (3, "a2", "not an answer"),
        (4, "a3", "a formula"),
        (6, "b2", "not an answer"),
    ]


def test_a_formula_in_any_cell_that_is_read_is_refused() -> None:
    taken = read({"C2": 2, "E2": '=HYPERLINK("http://x","y")', "C3": 1, "D3": "=A1"})
    assert (taken.filled, [one.row for one in taken.problems]) == ((), [2, 3])


def test_questions_that_are_not_asked_or_come_twice_are_refused() -> None:
    taken = read({"A2": "other", "C2": 1, "C5": 1, "A6": "b1", "C6": 2})
    assert list(said(taken)) == ["b1"]
    assert [one.row for one in taken.problems] == [2, 6]


def test_rows_without_an_answer_are_left_as_they_are() -> None:
    assert read({}) == spreadsheet.Taken((), ())


@pytest.mark.parametrize(
    ("cell", "value", "what"),
    [
        ("A1", "something", "not a form"),
        ("A1", "wardwatch/assessment-form/1 small 2", "another framework or version"),
        ("C1", "Other", "Answer is missing"),
    ],
)
def test_another_form_is_refused(cell: str, value: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        read({cell: value})


@pytest.mark.parametrize("data", [b"", b"no workbook", b"PK\x03\x04 damaged"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        spreadsheet.read(data, SMALL, SMALL.by_id)


def test_a_workbook_of_others_is_refused() -> None:
    made = io.BytesIO()
    Workbook().save(made)
    with pytest.raises(InputError, match="not a form"):
        spreadsheet.read(made.getvalue(), SMALL, SMALL.by_id)


def test_no_text_becomes_a_formula() -> None:
    value: Assessment = replace(
        assessment({}), answers={"a1": Answer("a1", Kind.STEP, 1, note="=cmd|' /C calc'!A0", by_name="@x")}
    )
    book = load_workbook(io.BytesIO(spreadsheet.write(SMALL, value, "en")))
    assert {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row} <= {"s", "n"}
