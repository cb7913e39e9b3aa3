"""A correlation as it is run: what it listens to, how it groups, and when a window satisfies it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from wardwatch.kernel.errors import UnsupportedRuleError
from wardwatch.kernel.severity import Level

# The eight types of pySigma 2.0.1: the seven of the specification 2.1 and the median.
EVENT_COUNT = "event_count"
VALUE_COUNT = "value_count"
TEMPORAL = "temporal"
TEMPORAL_ORDERED = "temporal_ordered"
VALUE_SUM = "value_sum"
VALUE_AVG = "value_avg"
VALUE_PERCENTILE = "value_percentile"
VALUE_MEDIAN = "value_median"

TEMPORAL_TYPES = frozenset({TEMPORAL, TEMPORAL_ORDERED})
NUMERIC_TYPES = frozenset({VALUE_SUM, VALUE_AVG, VALUE_PERCENTILE, VALUE_MEDIAN})

Number = int | Fraction

COMPARE: Mapping[str, Callable[[Number, Number], bool]] = {
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "eq": lambda left, right: left == right,
    "neq": lambda left, right: left != right,
}


@dataclass(frozen=True, slots=True)
class Ref:
    """A rule that a correlation refers to.

    `mask` has a bit for each place of the rule in the list. `group_fields` are the fields of this rule that
    hold the group's values, in the order of the group-by; `value_fields` those that are counted or summed;
    `fields` are all of them, each once.
    """

    rule: str
    mask: int
    group_fields: tuple[str, ...]
    value_fields: tuple[str, ...]
    fields: tuple[str, ...]


# A condition over the places of the rules in the list: ("rule", place), ("not", x), ("and", x, …) or
# ("or", x, …).
Expression = tuple["str | int | Expression", ...]


@dataclass(frozen=True, slots=True)
class CorrelationRule:
    """One correlation, ready to run.

    Args:
        id, title, level, tags: as in its alerts.
        type: one of the constants above.
        refs: the rules it refers to, each once, in the order of first mention.
        places: how many rules the list holds (a rule may stand in it twice).
        span: the timespan in microseconds.
        group_by: names of the group-by fields, or of their aliases.
        operator, threshold: the condition; of temporal types, on the number of different rules seen.
        percentile: 0 to 100, for `value_percentile`.
        expression: the extended condition of a temporal correlation.
        lag: microseconds by which its input may still change below the watermark, because alerts of other
            correlations, which last as long as their timespans, are part of it.
        fingerprint: hash of all that the meaning of saved state depends on.
    """

    id: str
    title: str
    level: Level
    tags: tuple[str, ...]
    type: str
    refs: tuple[Ref, ...]
    places: int
    span: int
    group_by: tuple[str, ...]
    operator: str
    threshold: Number
    percentile: int | None = None
    expression: Expression | None = None
    lag: int = 0
    fingerprint: str = ""

    def satisfied(self, value: Number) -> bool:
        """Apply the condition to a window's value."""
        return COMPARE[self.operator](value, self.threshold)


@dataclass(frozen=True, slots=True)
class Correlations:
    """All correlations that can run, and what is to be known of the others.

    Args:
        rules: ordered so that a rule comes after those it refers to.
        listeners: rule id → the correlations that refer to it, as (index in `rules`, reference).
        needs: base rule id → fields whose values a sighting must carry.
        silenced: ids of rules, base rules and correlations alike, that raise no alert of their own because a
            correlation without `generate` refers to them.
        types: id → type of each of `rules`.
        errors: id → the reason, for each correlation that cannot run.
    """

    rules: tuple[CorrelationRule, ...]
    listeners: Mapping[str, tuple[tuple[int, Ref], ...]]
    needs: Mapping[str, frozenset[str]]
    silenced: frozenset[str]
    types: Mapping[str, str]
    errors: Mapping[str, UnsupportedRuleError]


def expression_holds(expression: Expression, seen: int) -> bool:
    """Evaluate an extended condition; bit `place` of `seen` says that the rule at that place was seen."""
    kind, *parts = expression
    if kind == "rule":
        (place,) = parts
        assert isinstance(place, int)
        return bool(seen >> place & 1)
    results = (expression_holds(part, seen) for part in parts if isinstance(part, tuple))
    if kind == "not":
        return not next(results)
    return all(results) if kind == "and" else any(results)
