"""Seen before: what a group of alerts has in common with earlier ones, here and in other hospitals. Counts only."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wardwatch.kernel import ids
from wardwatch.watch import marks as naming
from wardwatch.watch.groups import Group

FORMAT = "wardwatch/seen/1"
RULE, PRINT = naming.RULE, "print"
MAX_MARKS = 100  # of one group, that are looked up


@dataclass(frozen=True, slots=True)
class Seen:
    """How often a mark was in a group of this hospital; first and last in µs UTC; and what these groups were."""

    mark: str
    groups: int = 0
    first_at: int = 0
    last_at: int = 0
    false_positives: int = 0
    incidents: int = 0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same of other hospitals, as far as they allow: how many hospitals, groups, and when last (µs UTC)."""

    mark: str
    hospitals: int
    groups: int
    last_at: int
    false_positives: int = 0
    incidents: int = 0


@dataclass(frozen=True, slots=True)
class Addition:
    """What a store adds to a `Seen`: counts add up (a taken back one is negative), times widen."""

    mark: str
    at: int
    groups: int = 0
    false_positives: int = 0
    incidents: int = 0


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """One answer: the mark, what is known of it here, and elsewhere."""

    mark: str
    here: Seen | None
    elsewhere: Elsewhere | None


def added(seen: Seen | None, more: Addition) -> Seen:
    """A `Seen` with an addition."""
    was = seen or Seen(more.mark, first_at=more.at, last_at=more.at)
    return Seen(
        more.mark,
        was.groups + more.groups,
        min(was.first_at, more.at),
        max(was.last_at, more.at),
        was.false_positives + more.false_positives,
        was.incidents + more.incidents,
    )


def fingerprint(group: Group) -> str:
    """The mark of exactly these rules, techniques and indicators."""
    parts = (sorted(group.rule_ids), sorted(group.techniques), sorted(group.indicators))
    return f"{PRINT}:{ids.digest('print/1', *(json.dumps(one).encode() for one in parts)).hex()}"


def marks_of(group: Group) -> tuple[str, ...]:
    """What of a group can have been seen before: its fingerprint, its rules, its indicators."""
    found = [fingerprint(group), *(f"{RULE}:{rule}" for rule in sorted(group.rule_ids)), *group.indicators]
    return tuple(found[:MAX_MARKS])


def of_alert(rule: str, marks: Iterable[str]) -> tuple[str, ...]:
    """What of an alert can have been seen before: its rule, its indicators."""
    return (f"{RULE}:{rule}", *(mark for mark in marks if naming.kind_of(mark) in naming.INDICATORS))


def before(group: Group, here: Mapping[str, Seen], elsewhere: Mapping[str, Elsewhere]) -> tuple[SeenBefore, ...]:
    """What was seen before, the fingerprint first, then rules and indicators; the group itself counts as one here.

    What was never seen anywhere else is left out.
    """
    found = []
    own = 0 if group.state == "open" else 1
    for mark in marks_of(group):
        alone = own if mark.startswith(f"{PRINT}:") else 1
        local, others = here.get(mark), elsewhere.get(mark)
        known = local if local is not None and local.groups > alone else None
        if known is not None or others is not None:
            found.append(SeenBefore(mark, known, others))
    return tuple(found)
