"""Take answers out of what was filled in or written elsewhere: the workbook, `wardwatch/assessment/1`, or OSCAL.

Only answers are taken: who signed what elsewhere is no signature here.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from wardwatch.assessment import interchange, oscal, spreadsheet
from wardwatch.assessment.answers import Answer
from wardwatch.assessment.framework import Framework
from wardwatch.assessment.spreadsheet import MAX_NOTE, MAX_REASON, MAX_ROWS, Filled, Problem, Taken, clean
from wardwatch.estate.importing import MAX_BYTES
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import InputError

_NOT_ASKED = Text("no question that is asked here", "aucune question posée ici")
_TWICE = Text("this question was answered before", "question déjà répondue plus haut")
_NO_ANSWER = Text("not an answer", "pas une réponse")
_TOO_MANY = Text("too many answers", "trop de réponses")


def take(data: bytes, framework: Framework, known: Mapping[str, object]) -> Taken:
    """Take answers out of a file; its format is sniffed.

    Raises `InputError` for another file, framework or version. An answer that is none is listed by its place: a row of
    the workbook, else counted from 1.
    """
    if len(data) > MAX_BYTES:
        raise InputError("too large", fr="trop volumineux", where="file", hint=f"at most {MAX_BYTES >> 20} MB")
    if data.startswith(b"PK"):
        return spreadsheet.read(data, framework, known)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError(
            "neither a workbook nor JSON", fr="ni un classeur, ni du JSON", where="file", hint="take the form anew"
        ) from None
    origin, said = _said(found)
    if origin != (framework.id, framework.version):
        raise InputError(
            "answers to another framework or version",
            fr="des réponses à un autre référentiel ou une autre version",
            where="file",
            hint=f"{framework.id}, version {framework.version}",
        )
    filled: dict[str, Filled] = {}
    problems: list[Problem] = []
    for place, one in enumerate(said, start=1):
        if place > MAX_ROWS:
            problems.append(Problem(place, "", _TOO_MANY))
            break
        taken = _answer(one, known, filled)
        if isinstance(taken, Answer):
            filled[taken.question] = Filled(place, taken)
        else:
            id_ = one.get("question") if isinstance(one, Mapping) else ""
            problems.append(Problem(place, str(id_ or "")[:64], taken))
    return Taken(tuple(filled.values()), tuple(problems))


def _said(found: Any) -> tuple[tuple[object, object], Iterator[Any]]:  # noqa: ANN401  (any JSON)
    """The framework and version that a document is of, and its answers."""
    if isinstance(found, dict) and found.get("format") == interchange.FORMAT and isinstance(found.get("answers"), list):
        return (found.get("framework"), found.get("version")), iter(found["answers"])
    if isinstance(found, dict) and "assessment-results" in found:
        return oscal.said(found)
    raise InputError(
        "neither an assessment of Wardwatch nor OSCAL assessment results",
        fr="ni une évaluation de Wardwatch, ni des résultats d’évaluation OSCAL",
        where="file",
    )


def _answer(one: object, known: Mapping[str, object], filled: Mapping[str, object]) -> Answer | Text:
    """The answer, cleaned; or why it is none."""
    if not isinstance(one, Mapping) or not isinstance(one.get("question"), str):
        return _NO_ANSWER
    if one["question"] not in known:
        return _NOT_ASKED
    if one["question"] in filled:
        return _TWICE
    try:
        read = interchange.answer_of(one)
        return Answer(
            read.question, read.kind, read.step, clean(read.reason, MAX_REASON), note=clean(read.note, MAX_NOTE)
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return _NO_ANSWER
