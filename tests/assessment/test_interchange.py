"""JSON and OSCAL come back as they went; an OSCAL library accepts them; a broken answer holds up no other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.assessment.asking import SMALL, assessment

from wardwatch.assessment import interchange, loading, oscal, taking
from wardwatch.assessment.answers import Answer, Assessment, Delegation, Kind, SignOff
from wardwatch.assessment.framework import Framework, Tier
from wardwatch.estate.importing import MAX_BYTES
from wardwatch.kernel.errors import InputError

pytest.importorskip("trestle", reason="compliance-trestle checks OSCAL")
from trestle.oscal.assessment_results import Model as ResultsModel
from trestle.oscal.poam import Model as PlanModel

TEXTS = st.text(max_size=40)
IDS = [one.id for one in SMALL.questions]


def answers(id_: str) -> st.SearchStrategy[Answer]:
    about = {
        "note": TEXTS,
        "by": TEXTS,
        "by_name": TEXTS,
        "at": st.integers(0, 4_000_000_000_000_000),
        "files": st.lists(TEXTS, max_size=2).map(tuple),
    }
    return st.one_of(
        st.builds(Answer, st.just(id_), st.just(Kind.STEP), st.integers(0, 4), **about),
        st.builds(Answer, st.just(id_), st.just(Kind.UNKNOWN), **about),
        st.builds(
            Answer,
            st.just(id_),
            st.just(Kind.NOT_APPLICABLE),
            reason=TEXTS.filter(lambda text: bool(text.strip())),
            **about,
        ),
    )


@st.composite
def values(draw: st.DrawFn) -> Assessment:
    chosen = draw(st.lists(st.sampled_from(IDS), unique=True))
    given_answers = {id_: draw(answers(id_)) for id_ in chosen}
    delegated = {id_: Delegation(id_, "u", draw(TEXTS), "v", 3) for id_ in chosen[:1]}
    signed = (SignOff("u", draw(TEXTS), "f", 5, draw(TEXTS), "seal", 40),) if draw(st.booleans()) else ()
    return Assessment("c", "t", SMALL.id, SMALL.version, draw(st.sampled_from(Tier)), given_answers, delegated, signed)


@given(values())
def test_json_comes_back_as_it_went(one: Assessment) -> None:
    assert interchange.of_plain(json.loads(json.dumps(interchange.plain(one)))) == one


@given(values())
def test_answers_come_back_from_oscal(one: Assessment) -> None:
    found = json.loads(json.dumps(oscal.results(SMALL, one, "CHU", "en")))
    origin, said = oscal.said(found)
    assert origin == (SMALL.id, SMALL.version)
    assert {answer.question: answer for answer in map(interchange.answer_of, said)} == dict(one.answers)


def shipped(said: dict[str, int | str]) -> tuple[Framework, Assessment]:
    framework = loading.shipped()["hospital-readiness"]
    value = assessment(said)
    return framework, Assessment("c", "t", framework.id, framework.version, Tier.FIRST, value.answers)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("empty", [True, False])
def test_an_oscal_library_accepts_it(*, language: str, empty: bool) -> None:
    framework = loading.shipped()["hospital-readiness"]
    asked: dict[str, Any] = {} if empty else {one.id: place % 5 for place, one in enumerate(framework.questions)}
    if not empty:
        asked |= {framework.questions[0].id: "unknown", framework.questions[1].id: "there is none\nhere "}
    framework, one = shipped(asked)
    results = ResultsModel.model_validate(oscal.results(framework, one, "CHU", language))
    found = results.assessment_results.results[0]
    assert len(found.observations or []) == len(asked)
    assert [str(two.uuid) for two in found.observations or []] == [
        str(two.related_observations[0].observation_uuid) for two in found.findings or []
    ]
    plan = PlanModel.model_validate(oscal.plan(framework, one, "CHU", language))
    assert len(plan.plan_of_action_and_milestones.poam_items) >= 1


def test_the_plan_holds_every_open_need_the_gravest_first() -> None:
    one = assessment({"a1": 0, "a2": 4, "b1": 4, "b2": 2}, depth=Tier.DEEPER)
    plan = oscal.plan(SMALL, one, "CHU", "en")["plan-of-action-and-milestones"]
    props = [{prop["name"]: prop["value"] for prop in item["props"]} for item in plan["poam-items"]]
    # a2 and a3 stand on a1, which is not there: not asked, they count as step 0.
    assert [(one["question"], one["step"]) for one in props] == [("a1", "0"), ("a2", "0"), ("a3", "0"), ("b2", "2")]
    assert oscal.results(SMALL, one, "CHU", "en") == oscal.results(SMALL, one, "CHU", "en")


def test_what_is_wrong_is_listed_and_holds_up_no_other() -> None:
    good = {"question": "a1", "kind": "step", "step": 3, "note": "x\x00y"}
    broken: list[Any] = [
        good,
        {"question": "a1", "kind": "unknown"},
        {"question": "none", "kind": "unknown"},
        {"question": "b1", "kind": "step", "step": 7},
        {"question": "b1", "kind": "step", "step": True},
        {"question": "b1", "kind": "not_applicable"},
        {"question": "b1", "kind": "perhaps"},
        {"question": "b1", "kind": "unknown", "at": "noon"},
        7,
        {"question": "b2", "kind": "unknown"},
    ]
    document = {"format": interchange.FORMAT, "framework": "small", "version": 1, "answers": broken}
    taken = taking.take(json.dumps(document).encode(), SMALL, SMALL.by_id)
    assert [(one.row, one.answer) for one in taken.filled] == [
        (1, Answer("a1", Kind.STEP, 3, note="xy")),
        (10, Answer("b2", Kind.UNKNOWN)),
    ]
    assert [one.row for one in taken.problems] == [2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"format": "wardwatch/assessment/1", "framework": "small", "version": 2, "answers": []}',
        b'{"format": "wardwatch/assessment/1", "framework": "small", "version": 1, "answers": 3}',
        b'{"assessment-results": 3}',
        b'{"assessment-results": {"metadata": {"props": 4}, "results": [7]}}',
    ],
)
def test_what_is_no_assessment_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        taking.take(data, SMALL, SMALL.by_id)


def test_a_file_that_is_too_large_is_not_opened() -> None:
    with pytest.raises(InputError, match="too large"):
        taking.take(b"{" + b" " * MAX_BYTES, SMALL, SMALL.by_id)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["props", "results", "observations", "metadata", "value", "name", "ns"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_no_json_breaks_it(inside: Any) -> None:  # noqa: ANN401
    for document in (inside, {"assessment-results": inside}):
        try:
            taking.take(json.dumps(document).encode(), SMALL, SMALL.by_id)
        except InputError:
            continue
