"""In what state each rule is: does it run, and does what it looks for arrive at all?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wardwatch.correlation import rules as kinds
from wardwatch.correlation.rules import CorrelationRule, Expression
from wardwatch.detection.rules import Rule, State
from wardwatch.events.logsource import LogSource, covers
from wardwatch.pipeline.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule's state and the reason for it, in words."""

    rule: Rule
    state: State
    reason: str = ""


def states(rules: RuleSet, seen: Mapping[LogSource, set[str]] | None = None) -> Iterator[RuleState]:
    """Yield the state of every rule.

    `seen` maps the log sources that were read to the names of the fields in them; without it, only what is known
    from loading is said. A correlation is active if the rules that it refers to are, as far as it needs them.
    """
    every = {rule.id: rule for rule in rules.rules.every()}
    known: dict[str, RuleState] = {}
    for rule in every.values():
        if rule.reason:
            known[rule.id] = RuleState(rule, State.UNSUPPORTED, rule.reason)
        elif rule.kind != "correlation":
            known[rule.id] = RuleState(rule, State.ACTIVE) if seen is None else _seen(rule, seen)
    for correlation in rules.correlations.rules:  # those that it refers to come before it
        known[correlation.id] = _correlated(every[correlation.id], correlation, known)
    yield from (known[id_] for id_ in every)


def _seen(rule: Rule, seen: Mapping[LogSource, set[str]]) -> RuleState:
    names = [fields for logsource, fields in seen.items() if covers(rule.logsource, logsource)]
    if not names:
        return RuleState(rule, State.LOG_SOURCE_NEVER_SEEN, f"no events of {rule.logsource}")
    missing = sorted(set(rule.fields).difference(*names))
    if rule.fields and len(missing) == len(rule.fields):
        return RuleState(rule, State.FIELDS_NEVER_SEEN, "never seen: " + ", ".join(missing))
    return RuleState(rule, State.ACTIVE, "never seen: " + ", ".join(missing) if missing else "")


def _correlated(rule: Rule, correlation: CorrelationRule, known: Mapping[str, RuleState]) -> RuleState:
    silent = [ref for ref in correlation.refs if known[ref.rule].state is not State.ACTIVE]
    told = [f"{known[ref.rule].rule.title.en} ({known[ref.rule].state})" for ref in silent]
    reason = "cannot fire: " + ", ".join(told) if told else ""
    if _can_fire(correlation, {ref.rule for ref in silent}):
        return RuleState(rule, State.ACTIVE, reason)
    of_silent = {known[ref.rule].state for ref in silent}
    fields_only = of_silent == {State.FIELDS_NEVER_SEEN}
    return RuleState(rule, State.FIELDS_NEVER_SEEN if fields_only else State.LOG_SOURCE_NEVER_SEEN, reason)


def _can_fire(correlation: CorrelationRule, silent: set[str]) -> bool:
    """Say whether a correlation could be satisfied though the rules `silent` never fire."""
    speaking = [ref.mask for ref in correlation.refs if ref.rule not in silent]
    if not speaking or correlation.type not in kinds.TEMPORAL_TYPES:
        return bool(speaking)  # any of its rules feeds it
    if correlation.expression is not None:
        places = 0
        for mask in speaking:
            places |= mask
        return _can_be(correlation.expression, places, wanted=True)
    ordered = correlation.type == kinds.TEMPORAL_ORDERED
    most = sum(mask.bit_count() for mask in speaking) if ordered else len(speaking)
    return any(correlation.satisfied(count) for count in range(1, most + 1))


def _can_be(expression: Expression, places: int, *, wanted: bool) -> bool:
    """Say whether an extended condition can become `wanted` where only rules at `places` (a bit each) may fire."""
    kind, *parts = expression
    if kind == "rule":
        (place,) = parts
        assert isinstance(place, int)
        return not wanted or bool(places >> place & 1)
    if kind == "not":
        (part,) = parts
        assert isinstance(part, tuple)
        return _can_be(part, places, wanted=not wanted)
    results = (_can_be(part, places, wanted=wanted) for part in parts if isinstance(part, tuple))
    return all(results) if (kind == "and") == wanted else any(results)
