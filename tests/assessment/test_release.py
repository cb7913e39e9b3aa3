"""A release says the truth within its bounds, comes back from JSON as it was, and its noise is as wide as it says."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.assessment import release
from wardwatch.assessment.cells import Cell, Member, conflicting, cut
from wardwatch.assessment.needs import Counted, Steps
from wardwatch.assessment.release import LEAST, Rule, blurred, geometric, half_width, make

MEMBERS = st.lists(
    st.tuples(
        st.sampled_from(["FR", "BE", "LU", "DE"]),
        st.sampled_from(["small", "medium", "large"]),
        st.sampled_from(["hospital", "laboratory"]),
        st.booleans(),
        st.integers(0, 4),
        st.integers(0, 4),
    ),
    max_size=60,
)
RULES = st.builds(Rule, known=st.integers(1, 3))
ORDERS = st.lists(st.sampled_from(["country", "size", "kind"]), unique=True, max_size=3)


def gathered(rows: list[tuple[str, str, str, bool, int, int]]) -> dict[Member, Steps]:
    return {
        Member(f"h{place:03}", country, size, kind, named): {"a": one, "b": two, "domain:x": (one + two) // 2}
        for place, (country, size, kind, named, one, two) in enumerate(rows)
    }


@given(MEMBERS, ORDERS, RULES)
def test_cells_are_large_and_never_overlap(
    rows: list[tuple[str, str, str, bool, int, int]], by: list[str], rule: Rule
) -> None:
    members = gathered(rows)
    cells = cut(members, by, rule.least)
    inside = [tenant for cell in cells for tenant in cell.members]
    assert len(inside) == len(set(inside))
    named = {one.tenant for one in members if one.named}
    for cell in cells:
        assert len(cell.members) >= rule.least
        assert len(named & set(cell.members)) in {0, len(cell.members)}
        for dimension, value in cell.where.items():
            assert {one.value(dimension) for one in members if one.tenant in cell.members} == {value}


@given(MEMBERS, ORDERS, RULES)
def test_only_those_too_few_are_left_out(
    rows: list[tuple[str, str, str, bool, int, int]], by: list[str], rule: Rule
) -> None:
    members = gathered(rows)
    inside = {tenant for cell in cut(members, by, rule.least) for tenant in cell.members}
    for named in (True, False):
        some = {one.tenant for one in members if one.named is named}
        assert some & inside == (some if len(some) >= rule.least else set())


@given(MEMBERS, ORDERS, RULES)
def test_the_truth_lies_within_the_bounds(
    rows: list[tuple[str, str, str, bool, int, int]], by: list[str], rule: Rule
) -> None:
    members = gathered(rows)
    made = make(members, by, rule)
    found = {member.tenant: steps for member, steps in members.items()}
    counted = [tenant for cell in made.cells for tenant in cell.members]
    assert made.release.hospitals == len(counted)
    assert made.release.withheld == len(members) - len(counted)
    for measure, below in made.release.total().items():
        for at, one in enumerate(below, 1):
            assert one.low <= sum(found[tenant][measure] < at for tenant in counted) <= one.high
    assert set(made.release.total()) == ({"a", "b"} if counted else set())
    for dimension in by:
        parts = made.release.broken_down(dimension)
        assert sum(many for many, _ in parts.values()) == len(counted)


@given(MEMBERS, ORDERS, RULES)
def test_json_is_without_loss_and_without_hospitals(
    rows: list[tuple[str, str, str, bool, int, int]], by: list[str], rule: Rule
) -> None:
    made = make(gathered(rows), by, rule)
    said = release.plain(made.release)
    assert release.of_plain(said) == made.release
    assert not any(f"h{place:03}" in str(said) for place in range(60))


def test_a_count_is_said_only_far_from_none_and_all() -> None:
    assert [blurred(count, 7, 2) for count in range(8)] == [
        *[Counted(0, 2)] * 3,
        Counted(3, 3),
        Counted(4, 4),
        *[Counted(5, 7)] * 3,
    ]


def test_who_is_too_few_by_name_or_without_is_in_no_cell() -> None:
    rows = [("FR", "small", "hospital", place < LEAST, 0, 0) for place in range(2 * LEAST - 1)]
    made = make(gathered(rows), ("country",), Rule())
    assert [len(cell.members) for cell in made.cells] == [LEAST]
    assert (made.release.answered, made.release.withheld) == (2 * LEAST - 1, LEAST - 1)


def test_small_states_are_pooled_until_they_are_enough() -> None:
    rows = [(country, "small", "hospital", False, 0, 0) for country in ["FR"] * 9 + ["BE"] * 6 + ["LU"] * 2 + ["DE"]]
    cells = cut(gathered(rows), ("country",), LEAST)
    assert [(dict(cell.where), len(cell.members)) for cell in cells] == [({"country": "FR"}, 9), ({}, 9)]


def test_a_cell_that_differs_by_few_from_an_earlier_one_is_withheld() -> None:
    rows = [("FR", "small", "hospital", False, 0, 0)] * 8
    before = make(gathered(rows), (), Rule())
    after = make(gathered([*rows, rows[0]]), (), Rule(), released=[frozenset(before.cells[0].members)])
    assert (after.cells, after.release.withheld) == ((), 9)
    again = make(gathered(rows), (), Rule(), released=[frozenset(before.cells[0].members)])
    assert again.cells == before.cells
    assert not conflicting(Cell(("x", "y")), [frozenset({"z"})])


class TestNoise:
    """The noise of counts."""

    def test_its_spread_is_that_of_the_two_sided_geometric(self) -> None:
        drawn = random.Random(7)
        epsilon, times = 0.5, 40_000
        noise = Counter(
            geometric(epsilon, lambda: 1 - drawn.random()) - geometric(epsilon, lambda: 1 - drawn.random())
            for _ in range(times)
        )
        ratio = math.exp(-epsilon)
        for size in range(4):
            expected = (1 - ratio) / (1 + ratio) * ratio**size
            for value in {size, -size}:
                assert abs(noise[value] / times - expected) < 0.01
        wide = half_width(epsilon)
        assert sum(count for value, count in noise.items() if abs(value) <= wide) / times >= 0.945
        assert sum(count for value, count in noise.items() if abs(value) < wide) / times < 0.955

    @pytest.mark.parametrize("epsilon", [0.01, 0.1, 1.0, 5.0])
    def test_its_bounds_are_the_narrowest_that_are_sure(self, epsilon: float) -> None:
        ratio, wide = math.exp(-epsilon), half_width(epsilon)
        outside = 2 * ratio ** (wide + 1) / (1 + ratio)
        assert outside <= 0.05 + 1e-12
        assert wide == 0 or 2 * ratio**wide / (1 + ratio) > 0.05

    def test_only_domains_are_released_and_each_costs_its_part(self) -> None:
        drawn = random.Random(3)
        rows = [("FR", "small", "hospital", False, place % 5, 2) for place in range(30)]
        made = [make(gathered(rows), (), Rule(epsilon=1.0), draw=lambda: 1 - drawn.random()).release for _ in range(20)]
        assert [set(one.total()) for one in made] == [{"domain:x"}] * 20
        needs = {one.total()["domain:x"][2] for one in made}
        assert len(needs) > 5
        # One count at epsilon 1: P(|noise| > 3) is 2.7 %, P(|noise| > 2) is 7.3 %.
        assert max(one.high - one.low for one in needs) == 6
