"""Scores: every figure worked out by hand once, then held for all answers there can be."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.assessment.asking import SMALL, Said, answer, assessment

from wardwatch.assessment import scores
from wardwatch.assessment.answers import Evidence, SignOff, Standing, asked, standing, unanswered
from wardwatch.assessment.figures import figures, narrowed
from wardwatch.assessment.framework import Tier
from wardwatch.kernel.bilingual import Text

SAID: st.SearchStrategy[Said] = st.one_of(st.integers(0, 4), st.sampled_from(["unknown", "we have none"]))
ANSWERS = st.dictionaries(st.sampled_from(sorted(SMALL.by_id)), SAID)
DEPTHS = st.sampled_from(Tier)


def test_a_score_worked_out_by_hand() -> None:
    found = scores.result(SMALL, assessment({"a1": 4, "a2": 2, "b1": "unknown"}, Tier.FIRST))
    assert found.domains["a"].reached == Fraction(100 * 3, 4) + Fraction(100, 4) / 2  # 87.5
    assert (found.domains["a"].points, found.domains["b"].points, found.overall.points) == (87, 0, 43)
    assert (found.overall.asked, found.overall.answered, found.overall.unknown) == (3, 3, 1)


def test_what_does_not_apply_lowers_what_can_be_reached_and_earns_nothing() -> None:
    found = scores.result(SMALL, assessment({"a1": 4, "a2": "none here"}, Tier.FIRST))
    assert (found.domains["a"].points, found.domains["a"].most) == (75, 75)
    assert found.overall.not_applicable == 1


def test_a_question_whose_ground_is_missing_is_not_asked() -> None:
    given_ = assessment({"a1": 0})
    assert [one.id for one in asked(SMALL, given_)] == ["a1", "b1", "b2"]
    assert standing(SMALL, given_, SMALL.by_id["a3"]) is Standing.SKIPPED
    assert [one.id for one in unanswered(SMALL, given_)] == ["b1", "b2"]


def test_what_builds_on_something_that_does_not_apply_does_not_apply() -> None:
    given_ = assessment({"a1": "none here"})
    assert standing(SMALL, given_, SMALL.by_id["a3"]) is Standing.NOT_APPLICABLE
    assert [one.id for one in asked(SMALL, given_)] == ["a1", "b1", "b2"]


@given(ANSWERS, DEPTHS, st.sampled_from(sorted(SMALL.by_id)), st.integers(0, 3))
def test_a_higher_step_never_lowers_a_score(said: dict[str, Said], depth: Tier, id_: str, step: int) -> None:
    low = scores.result(SMALL, assessment({**said, id_: step}, depth))
    high = scores.result(SMALL, assessment({**said, id_: step + 1}, depth))
    assert high.overall.reached >= low.overall.reached
    assert all(high.domains[one].reached >= low.domains[one].reached for one in low.domains)


@given(ANSWERS, DEPTHS, st.sampled_from(sorted(SMALL.by_id)), st.sampled_from(["unknown", "none here"]))
def test_unknown_and_not_applicable_never_inflate(said: dict[str, Said], depth: Tier, id_: str, word: str) -> None:
    """Not even beside the worst answer: who says *no* never has fewer points than who does not know."""
    worst = scores.result(SMALL, assessment({**said, id_: 0}, depth))
    evaded = scores.result(SMALL, assessment({**said, id_: word}, depth))
    left_out = scores.result(SMALL, assessment({one: two for one, two in said.items() if one != id_}, depth))
    assert evaded.overall.reached <= worst.overall.reached
    assert evaded.overall.reachable <= worst.overall.reachable
    assert evaded.overall.reached <= left_out.overall.reached


@given(ANSWERS, DEPTHS)
def test_points_add_up_and_stay_within(said: dict[str, Said], depth: Tier) -> None:
    found = scores.result(SMALL, assessment(said, depth))
    assert sum(one.overall_points for one in found.shares.values()) == found.overall.reached
    assert sum(one.overall_most for one in found.shares.values()) == 100
    assert 0 <= found.overall.reached <= found.overall.reachable <= 100
    assert found.overall.reached == sum(one.reached for one in found.domains.values()) / len(found.domains)
    assert 0 <= found.overall.level <= 4


@given(ANSWERS)
def test_figures_of_all_questions_hold_those_of_the_first(said: dict[str, Said]) -> None:
    deeper, first = figures(SMALL, assessment(said)), figures(SMALL, assessment(said, Tier.FIRST))
    assert narrowed(SMALL, Tier.FIRST, deeper) == first
    assert narrowed(SMALL, Tier.DEEPER, deeper) == deeper


@given(ANSWERS, ANSWERS, DEPTHS)
def test_a_difference_is_explained_to_the_last_point(
    before: dict[str, Said], after: dict[str, Said], depth: Tier
) -> None:
    found = scores.compare(SMALL, assessment(before), assessment(after, depth))
    assert sum(one.overall_points for one in found.moves) == found.after.reached - found.before.reached


def test_a_comparison_says_which_answer_moved_what() -> None:
    found = scores.compare(SMALL, assessment({"a1": 1, "b1": 2}), assessment({"a1": 3, "b1": 2}))
    assert [(one.question.id, one.domain_points, one.overall_points) for one in found.moves] == [("a1", 30, 15)]


def test_next_steps_begin_with_what_is_heavy_and_low() -> None:
    found = scores.next_steps(SMALL, assessment({"a1": 1, "a2": 0, "b1": 0, "b2": 3}))
    assert [one.question.id for one in found] == ["a1", "b1", "a2"]


def test_a_signature_holds_for_the_answers_that_were_signed() -> None:
    first = assessment({"a1": 1})
    signed = replace(first, signed=(SignOff("u", "P. Renard", "Director", 1, "seen", first.seal, 37),))
    assert signed.valid_signature is not None
    changed = replace(signed, answers={"a1": answer("a1", 2)})
    assert changed.valid_signature is None


@pytest.mark.parametrize(
    ("said", "verdict"), [(3, "contradicts"), (2, "supports"), (1, "supports"), (0, "seen"), ("unknown", "seen")]
)
def test_evidence_speaks_for_or_against_a_step(said: Said, verdict: str) -> None:
    found = Evidence("a1", Text("seen", "vu"), "sensors", 1, supports_from=1, contradicts_from=3)
    assert found.verdict(answer("a1", said)) == verdict
