"""Anchors are sound, conditions are bounded, and what is stored comes back as it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance import generate
from tests.conformance.engine import compiled

from wardwatch.detection import predicates as kinds
from wardwatch.detection.compiled import Expression, anchor, check_depth, numbers, restore
from wardwatch.detection.memory import _python
from wardwatch.detection.predicates import Predicate
from wardwatch.kernel.errors import UnsupportedRuleError

PREDICATES = [
    Predicate("F", kinds.EQUALS, ("long text", False)),
    Predicate("F", kinds.LIKE, ((1, "text", 1), False)),
    Predicate("G", kinds.NULL),
    Predicate("G", kinds.EXISTS),
    Predicate(None, kinds.REGEX, ("a.*b",)),
    Predicate("H", kinds.NUMBER, ("5",)),
]
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.integers(0, len(PREDICATES) - 1) | st.booleans(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: ["and", *parts]),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: ["or", *parts]),
        inner.map(lambda part: ["not", part]),
    ),
    max_leaves=10,
)


def value(expression: Expression, true: frozenset[int]) -> bool:
    if isinstance(expression, bool):
        return expression
    if not isinstance(expression, list):
        return expression in true
    parts = [value(part, true) for part in expression[1:]]
    return {"and": all(parts), "or": any(parts), "not": not parts[0]}[expression[0]]


@settings(max_examples=500)
@given(expression=EXPRESSIONS, true=st.frozensets(st.integers(0, len(PREDICATES) - 1)))
def test_where_an_expression_is_true_an_anchor_is(expression: Expression, true: frozenset[int]) -> None:
    _, anchors = anchor(expression, PREDICATES)
    if anchors is not None and value(expression, true):
        assert true.intersection(anchors)
    if anchors is not None:
        assert set(anchors) <= set(numbers(expression))


@settings(max_examples=300)
@given(expression=EXPRESSIONS, true=st.frozensets(st.integers(0, len(PREDICATES) - 1)))
def test_an_expression_as_python_means_the_same(expression: Expression, true: frozenset[int]) -> None:
    assert bool(eval(f"lambda true: {_python(expression)}")(true)) == value(expression, true)


def test_the_rarest_part_of_an_and_is_the_anchor() -> None:
    assert anchor(["and", 3, 0, 1], PREDICATES)[1] == [0]
    assert anchor(["or", 0, 3], PREDICATES)[1] == [0, 3]
    assert anchor(["or", 0, ["not", 3]], PREDICATES)[1] is None
    assert anchor(["and", ["not", 0], ["or", 1, 3]], PREDICATES)[1] == [1, 3]


def nested(depth: int) -> Expression:
    expression: Expression = 0
    for _ in range(depth):
        expression = ["not", expression]
    return expression


def test_conditions_nested_too_deep_are_refused() -> None:
    check_depth(nested(60))
    with pytest.raises(UnsupportedRuleError):
        check_depth(nested(61))


@settings(max_examples=60)
@given(cases=st.lists(generate.cases(), min_size=1, max_size=3))
def test_what_is_stored_comes_back(cases: list[generate.Case]) -> None:
    rules = compiled([case.rule for case in cases], generate.LISTS)
    restored = restore(rules.dump())
    assert restored.dump() == rules.dump()
    assert list(restored.rules) == list(rules.rules)
    assert list(restored.predicates) == list(rules.predicates)
    assert (restored.keys, restored.others) == (rules.keys, rules.others)
