"""Needs are counted from steps; unknown and not asked are needs, what does not apply is none; the heaviest come first."""

from hypothesis import given
from hypothesis import strategies as st
from tests.assessment.asking import SMALL

from wardwatch.assessment import needs
from wardwatch.assessment.answers import Answer, Assessment, Kind
from wardwatch.assessment.figures import figures
from wardwatch.assessment.framework import Tier
from wardwatch.assessment.needs import Counted

FIRST = [one.id for one in SMALL.at(Tier.FIRST)]
ROWS = st.lists(st.fixed_dictionaries({id_: st.integers(0, 4) for id_ in FIRST}), min_size=1, max_size=12)


def test_steps_come_from_figures() -> None:
    answers = {
        FIRST[0]: Answer(FIRST[0], Kind.UNKNOWN),
        FIRST[-1]: Answer(FIRST[-1], Kind.NOT_APPLICABLE, reason="no such thing"),
    }
    value = Assessment("c", "t", SMALL.id, 1, Tier.FIRST, answers)
    steps = needs.steps_of(SMALL, Tier.FIRST, figures(SMALL, value))
    assert (steps[FIRST[0]], steps[FIRST[-1]]) == (0, 4)
    assert steps["domain:a"] == 0


@given(ROWS)
def test_counts_are_those_of_a_plain_count(rows: list[dict[str, int]]) -> None:
    for measure, below in needs.tally(rows).items():
        assert [one.low for one in below] == [sum(row[measure] < at for row in rows) for at in (1, 2, 3, 4)]
        assert all(one.exact for one in below)
        said = needs.at_step(below, len(rows))
        assert [one.low for one in said] == [sum(row[measure] == at for row in rows) for at in range(5)]


@given(ROWS)
def test_the_heaviest_need_comes_first_and_a_worse_answer_never_lightens_it(rows: list[dict[str, int]]) -> None:
    found = needs.rank(SMALL, Tier.FIRST, needs.tally(rows), len(rows))
    assert [one.burden for one in found] == sorted((one.burden for one in found), reverse=True)
    assert {one.question.id for one in found} == {id_ for id_ in FIRST if any(row[id_] < 3 for row in rows)}
    for one in found:
        missing = sum(4 - row[one.question.id] for row in rows)
        assert abs(one.burden - 100 * one.question.weight * missing / (12 * len(rows))) < 1e-9


@given(ROWS, st.sets(st.sampled_from(FIRST), min_size=1))
def test_what_an_offer_covers_lies_within_what_counts_say(rows: list[dict[str, int]], asked: set[str]) -> None:
    exact = needs.covered(rows, asked)
    bounds = needs.covered_bounds(needs.tally(rows), asked, len(rows))
    assert exact.low == sum(any(row[id_] < 3 for id_ in asked) for row in rows)
    assert bounds.low <= exact.low <= bounds.high


def test_bounds_follow_from_neighbours() -> None:
    below = needs.below_of([Counted(0, 2), Counted(3, 3), Counted(5, 7), Counted(5, 7)])
    assert needs.at_step(below, 7) == (Counted(0, 2), Counted(1, 3), Counted(2, 4), Counted(0, 2), Counted(0, 2))


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40))
def test_quartiles_split_figures(figures: list[int]) -> None:
    found = needs.spread(figures)
    assert (found.least, found.most) == (min(figures), max(figures))
    for quarter, value in enumerate((found.lower, found.middle, found.upper), 1):
        assert sum(one <= value for one in figures) * 4 >= quarter * len(figures)
        assert sum(one < value for one in figures) * 4 < quarter * len(figures)


def test_the_share_of_open_needs_is_rounded_and_bounds_outwards() -> None:
    counts = needs.tally([{"a": 0, "b": 4}, {"a": 0, "b": 4}, {"a": 3, "b": 2}])
    assert needs.open_share(counts, ["a", "b", "none"], 3) == Counted(50, 50)
    assert needs.open_share(counts, ["a"], 3) == Counted(67, 67)
    assert needs.open_share(counts, [], 3) == Counted(0, 0)
    bounds = {"a": needs.below_of([Counted(0, 2)] * 4)}
    assert needs.open_share(bounds, ["a"], 7) == Counted(0, 29)
