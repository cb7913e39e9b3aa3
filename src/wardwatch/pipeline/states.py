"""In what state each rule is: does it run, and does what it looks for arrive at all?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.rules import Rule, State
from wardwatch.events.logsource import LogSource, covers


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule's state and the reason for it, in words."""

    rule: Rule
    state: State
    reason: str = ""


def states(rules: CompiledRules, seen: Mapping[LogSource, set[str]] | None = None) -> Iterator[RuleState]:
    """Yield the state of every rule.

    `seen` maps the log sources that were read to the names of the fields in them; without it, only what is known
    from loading is said. A correlation is as active as it loads.
    """
    for rule in rules.every():
        if rule.reason:
            yield RuleState(rule, State.UNSUPPORTED, rule.reason)
        elif seen is None or rule.kind == "correlation":
            yield RuleState(rule, State.ACTIVE)
        else:
            yield _seen(rule, seen)


def _seen(rule: Rule, seen: Mapping[LogSource, set[str]]) -> RuleState:
    names = [fields for logsource, fields in seen.items() if covers(rule.logsource, logsource)]
    if not names:
        return RuleState(rule, State.LOG_SOURCE_NEVER_SEEN, f"no events of {rule.logsource}")
    missing = sorted(set(rule.fields).difference(*names))
    if rule.fields and len(missing) == len(rule.fields):
        return RuleState(rule, State.FIELDS_NEVER_SEEN, "never seen: " + ", ".join(missing))
    return RuleState(rule, State.ACTIVE, "never seen: " + ", ".join(missing) if missing else "")
