"""Essential, important or outside: by the rule that decides, and never by a fact that is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.assessment import entity, states
from wardwatch.assessment.entity import Entity, Standing, classify

M = 1_000_000
NUMBERS = st.none() | st.integers(0, 600)
MONEY = st.none() | st.integers(0, 100).map(lambda number: number * M)


@pytest.mark.parametrize(
    ("one", "standing", "rule"),
    [
        (Entity(staff=250), "essential", "Art. 3(1)(a)"),
        (Entity(staff=249, turnover=0, balance=0), "important", "Art. 3(2)"),
        (Entity(staff=249, turnover=51 * M, balance=44 * M), "essential", "Art. 3(1)(a)"),
        (Entity(staff=249, turnover=51 * M, balance=43 * M), "important", "Art. 3(2)"),
        (Entity(staff=249, turnover=50 * M, balance=44 * M), "important", "Art. 3(2)"),
        (Entity(staff=50, turnover=M, balance=M), "important", "Art. 3(2)"),
        (Entity(staff=49, turnover=11 * M, balance=11 * M), "important", "Art. 3(2)"),
        (Entity(staff=49, turnover=11 * M, balance=10 * M), "outside", "Art. 2(1)"),
        (Entity(staff=49, turnover=10 * M, balance=11 * M), "outside", "Art. 2(1)"),
        (Entity(staff=9, turnover=M, balance=M), "outside", "Art. 2(1)"),
        (Entity(staff=9, turnover=60 * M, balance=60 * M), "essential", "Art. 3(1)(a)"),
        (Entity(staff=9, turnover=M, balance=M, critical=True), "essential", "Art. 2(3), 3(1)(f)"),
        (Entity(critical=True, identified="important"), "essential", "Art. 2(3), 3(1)(f)"),
        (Entity(staff=9, turnover=M, balance=M, identified="essential"), "essential", "Art. 2(2), 3(1)(e)"),
        (Entity(staff=9, turnover=M, balance=M, identified="important"), "important", "Art. 2(2), 3(2)"),
        (Entity(staff=900, identified="important"), "essential", "Art. 3(1)(a)"),
        (Entity(identified="important"), "important", "Art. 2(2), 3(2)"),
        (Entity(operator=True), "essential", "Art. 3(1)(g)"),
        (Entity(provider=False, staff=900), "outside", "Art. 2(1), Annex I(5)"),
        (Entity(provider=False, critical=True), "outside", "Art. 2(1), Annex I(5)"),
        (Entity(), "unknown", "Art. 2(1), 3"),
        (Entity(staff=100), "unknown", "Art. 2(1), 3"),
        (Entity(staff=100, turnover=10 * M), "important", "Art. 3(2)"),
        (Entity(turnover=60 * M, balance=60 * M), "essential", "Art. 3(1)(a)"),
        (Entity(staff=10, balance=5 * M), "outside", "Art. 2(1)"),
    ],
)
def test_the_rule_that_decides(one: Entity, standing: str, rule: str) -> None:
    found = classify(one)
    assert (found.standing, found.rule) == (standing, rule)
    assert found.why.en != found.why.fr


def test_what_is_missing_is_named() -> None:
    assert classify(Entity(staff=100)).missing == ("turnover", "balance")
    assert classify(Entity(turnover=60 * M)).missing == ("staff", "balance")
    assert classify(Entity(staff=300)).missing == ()


@given(NUMBERS, MONEY, MONEY, st.tuples(st.integers(0, 600), st.integers(0, 100), st.integers(0, 100)))
def test_a_verdict_holds_whatever_the_missing_facts_are(
    staff: int | None, turnover: int | None, balance: int | None, later: tuple[int, int, int]
) -> None:
    before = classify(Entity(staff=staff, turnover=turnover, balance=balance))
    after = classify(
        Entity(
            staff=later[0] if staff is None else staff,
            turnover=later[1] * M if turnover is None else turnover,
            balance=later[2] * M if balance is None else balance,
        )
    )
    assert after.standing is not Standing.UNKNOWN
    if before.standing is not Standing.UNKNOWN:
        assert before == after
        return
    assert before.missing


@given(st.integers(0, 600), st.integers(0, 100), st.integers(0, 100), st.integers(0, 300))
def test_who_grows_is_never_less(staff: int, turnover: int, balance: int, more: int) -> None:
    order = [Standing.OUTSIDE, Standing.IMPORTANT, Standing.ESSENTIAL]
    small = classify(Entity(staff=staff, turnover=turnover * M, balance=balance * M)).standing
    large = classify(Entity(staff=staff + more, turnover=turnover * M, balance=balance * M)).standing
    assert order.index(large) >= order.index(small)


def test_france_and_belgium_are_known() -> None:
    found = states.shipped()
    assert {"FR", "BE"} <= set(found)
    for one in found.values():
        for text in (one.name, one.act, one.authority, one.csirt, one.register_at, one.data_protection):
            assert text.en
            assert text.fr
        assert one.report_at.startswith("https://")
        assert one.sources
    assert entity.size(Entity(staff=300))[0] is entity.Size.LARGE
