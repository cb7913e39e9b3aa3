"""Incidents that look alike: what they share, and how much that says, part by part."""

from collections.abc import Iterable
from dataclasses import dataclass

from wardwatch.incidents.incident import Incident

# Points for each thing that is shared, and for all of a kind at most. They add up to 100 at most.
_POINTS = {"indicator": (15, 45), "rule": (6, 24), "technique": (4, 16), "host": (5, 15)}
LEAST = 10  # below, a likeness is none


@dataclass(frozen=True, slots=True)
class Shared:
    """What two incidents share of a kind (`indicator`, `rule`, `technique`, `host`), and its points."""

    kind: str
    values: tuple[str, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Similar:
    """An incident that is like another one: its id, and points from 0 to 100 that its parts add up to."""

    incident: str
    score: int
    shared: tuple[Shared, ...]


def similar(incident: Incident, others: Iterable[Incident], most: int = 5) -> tuple[Similar, ...]:
    """The incidents most like this one, the likest first; of equals, the latest."""
    found = []
    for other in others:
        if other.id == incident.id:
            continue
        shared = _shared(incident, other)
        score = sum(one.points for one in shared)
        if score >= LEAST:
            found.append((score, other.opened_at, Similar(other.id, score, shared)))
    found.sort(key=lambda one: (-one[0], -one[1], one[2].incident))
    return tuple(one for _, _, one in found[:most])


def _shared(one: Incident, other: Incident) -> tuple[Shared, ...]:
    pairs = {
        "indicator": (one.indicators, other.indicators),
        "rule": (one.rule_ids, other.rule_ids),
        "technique": (one.techniques, other.techniques),
        # The same host in two hospitals is not the same host.
        "host": (one.hosts, other.hosts if one.tenant == other.tenant else ()),
    }
    found = []
    for kind, (left, right) in pairs.items():
        values = tuple(sorted(set(left) & set(right)))
        each, most = _POINTS[kind]
        if values:
            found.append(Shared(kind, values, min(each * len(values), most)))
    return tuple(found)
