"""ATT&CK coverage, counted honestly: distinct active rules, not the sum over techniques."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wardwatch.detection.rules import Rule
from wardwatch.threats import attack


@dataclass(frozen=True, slots=True)
class Count:
    """How many distinct rules and techniques name a tactic; `tactic` is `None` for all together."""

    tactic: str | None
    rules: int
    techniques: int


def by_tactic(active: Iterable[Rule]) -> Iterator[Count]:
    """Yield the counts of each tactic in their order, then those of all."""
    rules = list(active)
    ids: dict[str, set[str]] = {}
    techniques: dict[str, set[str]] = {}
    for rule in rules:
        for tactic in rule.tactics:
            ids.setdefault(tactic, set()).add(rule.id)
            techniques.setdefault(tactic, set()).update(rule.techniques)
    for tactic in sorted(ids, key=lambda one: attack.tactic(one).order):
        yield Count(tactic, len(ids[tactic]), len(techniques[tactic]))
    every = {technique for rule in rules for technique in rule.techniques}
    yield Count(None, len({rule.id for rule in rules}), len(every))
