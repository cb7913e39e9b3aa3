"""Why hits beside the peer differ: for every rule and event that only one of both has, the cause by name.

A cause is decided by what can be looked up: the rule, the event, the peer's converted rules and the columns of its
table. What none of them explains is said to be unexplained.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wardwatch.detection.rules import Rule

Hit = tuple[str, str]  # rule id, hash of the event's line

NOT_CONVERTED = "the peer cannot search all fields: it has no such rule"
WINLOGBEAT_6 = "Winlogbeat 6 keeps the fields in event_data, which the peer does not unfold"
CREATED_4688 = "process_creation is event 4688 of the Security log too; the peer takes Sysmon's event 1 alone"
PROVIDER = "flat records call the provider SourceName, which rules ask as Provider_Name"
NO_COLUMN = "the rule's filter names a field that no event of the log has: the peer's query fails, ours is true"
HASH = "the peer splits Hash into a column for each algorithm, and has no Hash to look at"
NO_DELETION = "the peer takes every event 12 for registry_delete; these say that a key was created"
NOT_SAID = "the peer takes every event 12 for registry_delete; these do not say what was done"
UNEXPLAINED = "not explained"

_EVENT_TYPE = re.compile(r"EventType: (\w+)")


@dataclass(frozen=True, slots=True)
class Difference:
    """Hits that only one side has, of one rule and for one cause."""

    side: str  # "Wardwatch" or "Zircolite"
    rule: Rule
    cause: str
    count: int


@dataclass(frozen=True, slots=True)
class Peer:
    """What there is to know of the peer's run: ids of the rules that it could convert, and its table's columns."""

    converted: frozenset[str]
    columns: frozenset[str]


def differences(
    ours: Iterable[Hit], theirs: Iterable[Hit], rules: Mapping[str, Rule], events: Mapping[str, Any], peer: Peer
) -> list[Difference]:
    """Return what differs, most first; `events` are the decoded events by hash."""
    mine, other = set(ours), set(theirs)
    counted: Counter[tuple[str, str, str]] = Counter()
    for rule, event in mine - other:
        counted["Wardwatch", rule, _only_ours(rules[rule], events[event], peer)] += 1
    for rule, event in other - mine:
        counted["Zircolite", rule, _only_theirs(rules[rule], events[event])] += 1
    found = [Difference(side, rules[rule], cause, count) for (side, rule, cause), count in counted.items()]
    return sorted(found, key=lambda one: (one.side, one.cause, -one.count, one.rule.title.en))


def _only_ours(rule: Rule, event: Mapping[str, Any], peer: Peer) -> str:
    if rule.id not in peer.converted:
        return NOT_CONVERTED
    if "event_data" in event:
        return WINLOGBEAT_6
    if rule.logsource.category == "process_creation" and str(event.get("EventID")) == "4688":
        return CREATED_4688
    if "Provider_Name" in rule.fields and "Provider_Name" not in event and "SourceName" in event:
        return PROVIDER
    if set(rule.fields) - peer.columns:
        return NO_COLUMN
    if "Hash" in rule.fields and "Hash" in event:
        return HASH
    return UNEXPLAINED


def _only_theirs(rule: Rule, event: Mapping[str, Any]) -> str:
    if rule.logsource.category == "registry_delete" and str(event.get("EventID")) == "12":
        told = _EVENT_TYPE.search(str(event.get("Message")))
        kind = told[1] if told else event.get("EventType")
        if kind in (None, "CreateKey"):
            return NO_DELETION if kind else NOT_SAID
    return UNEXPLAINED


def look_up(path: Path, offsets: Mapping[str, int], hits: Iterable[Hit]) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the events of `hits` by hash, and the names of all fields in the log."""
    wanted = {offsets[digest]: digest for _, digest in hits}
    events: dict[str, Any] = {}
    names: set[str] = set()
    offset = 0
    with path.open("rb") as log:
        for line in log:
            if line.strip():
                event = json.loads(line)
                names.update(event)
                if offset in wanted:
                    events[wanted[offset]] = event
            offset += len(line)
    return events, frozenset(names)


def lines(found: Iterable[Difference]) -> list[str]:
    """The table: for each side and cause its sum, and below it the rules."""
    by_cause: dict[tuple[str, str], list[Difference]] = {}
    for one in found:
        by_cause.setdefault((one.side, one.cause), []).append(one)
    told = []
    for (side, cause), rules in sorted(by_cause.items(), key=lambda pair: -sum(one.count for one in pair[1])):
        told.append(f"only {side}: {sum(one.count for one in rules):4,}  {cause}")
        told += [f"{'':16} {one.count:4,}  {one.rule.title.en}" for one in rules]
    return told
