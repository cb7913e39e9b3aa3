"""Which group an alert belongs to: one that shares something with it, near enough in time; and why.

A correlation that counts an alert's event ties most, then the same host, then the same indicator, then the same
account, and the same grave and rare rule within minutes (an outbreak); ties add up. Of several groups the one with the
strongest ties is joined; the others are named as related, for a person to merge. What leads to many groups at once (a
hub) tells nothing, unless it is the host.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from wardwatch.events.alert import Alert
from wardwatch.threats import attack
from wardwatch.watch import marks as naming
from wardwatch.watch import scoring
from wardwatch.watch.groups import CORRELATION, MAX_RELATED, PROGRESSION, AlertPlace, Group, GroupState, Tie
from wardwatch.watch.members import SAMPLE
from wardwatch.watch.working import Work

_STRENGTH = {
    CORRELATION: 8,
    naming.HOST: 4,
    naming.IP: 3,
    naming.HASH: 3,
    naming.DOMAIN: 3,
    naming.USER: 2,
    naming.RULE: 2,
}
_RARE = 115  # percent of `scoring.rarity`: up to ten groups so far
_OPEN = frozenset({GroupState.OPEN, GroupState.RAISED})


@dataclass(frozen=True, slots=True)
class Found:
    """The group to join (the one that holds what is shared, merged or not), the ties to it, and related roots."""

    group: Group | None
    ties: tuple[Tie, ...] = ()
    related: tuple[Tie, ...] = ()


def find(work: Work, alert: Alert, marks: tuple[str, ...]) -> Found:
    """Find where an alert belongs; `Found(None)` where it founds a group of its own."""
    ties = _ties(work, alert, marks)
    near = {id_: found for id_, found in ties.items() if _is_near(work, work.groups[id_], alert, found)}
    if not near:
        return Found(None)
    best = max(near, key=lambda id_: _rank(work.groups[id_], near[id_]))
    group = work.groups[best]
    found = near[best]
    if tie := _progression(group, alert):
        found = [*found, tie]
    related = (
        Tie("related:" + one.kind, other, (one.value,))
        for id_, them in sorted(near.items())
        if (other := work.groups[id_].family) != group.family
        for one in them[:1]
    )
    return Found(group, tuple(found), tuple(related))


def with_related(group: Group, related: Iterable[Tie]) -> Group:
    """The group with what was found related, each group once."""
    known = {one.value for one in group.related}
    new = [one for one in related if one.value not in known and one.value != group.id]
    return replace(group, related=(*group.related, *new)[:MAX_RELATED]) if new else group


def joinable(work: Work, group: Group) -> bool:
    """Whether the group still takes in alerts."""
    root = work.root(group)
    if root.state not in _OPEN:
        return False
    incident = work.incidents.get(root.incident) if root.incident else None
    return incident is None or not incident.over


def _ties(work: Work, alert: Alert, marks: tuple[str, ...]) -> dict[str, list[Tie]]:
    """The ties to each group that can be joined, the strongest first."""
    found: dict[str, list[Tie]] = {}
    for group, tie in _all_ties(work, alert, marks):
        found.setdefault(group, []).append(tie)
    for ties in found.values():
        ties.sort(key=lambda one: (-_STRENGTH[one.kind], one.kind, one.value))
    return {id_: ties for id_, ties in found.items() if joinable(work, work.groups[id_])}


def _all_ties(work: Work, alert: Alert, marks: tuple[str, ...]) -> Iterator[tuple[str, Tie]]:
    counted: dict[str, list[str]] = {}
    events = set(alert.event_ids)
    for other in work.alerts.values():
        if other.event in events and other.id != alert.id and other.place is AlertPlace.LIVE:
            counted.setdefault(other.group, []).append(other.id)
    for group, alerts in counted.items():
        yield group, Tie(CORRELATION, alert.rule_id, tuple(sorted(alerts)[:SAMPLE]))
    for mark in marks:
        kind, links = naming.kind_of(mark), work.links.get(mark, ())
        if kind != naming.HOST and (len(links) > work.policy.hub or mark in work.policy.hubs):
            continue
        if kind == naming.RULE and not _is_outbreak(work, mark, marks):
            continue
        for link in links:
            group_ = work.groups.get(link.group)
            shared = group_.own.marks.get(mark) if group_ else None
            if shared is not None:
                yield link.group, Tie(kind, naming.value_of(mark), shared.alerts)


def _is_near(work: Work, group: Group, alert: Alert, ties: list[Tie]) -> bool:
    span = max(alert.last_at, group.own.last_at) - min(alert.occurred_at, group.own.first_at)
    if span > work.policy.longest and work.root(group).state is GroupState.OPEN:
        return False
    gap = max(alert.occurred_at - group.own.last_at, group.own.first_at - alert.last_at, 0)
    if ties[0].kind == naming.RULE and alert.host:
        return gap <= work.policy.outbreak_within
    if gap <= work.policy.join_within:
        return True
    strong = _STRENGTH[ties[0].kind] >= _STRENGTH[naming.HOST]
    return strong and gap <= work.policy.progression_within and _progression(group, alert) is not None


def _is_outbreak(work: Work, mark: str, marks: tuple[str, ...]) -> bool:
    """Whether a shared rule tells something: it is rare here, or there is nothing else to go by."""
    seen = work.before.seen.get(mark)
    return len(marks) == 1 or scoring.rarity(seen.groups if seen else 0) >= _RARE


def _progression(group: Group, alert: Alert) -> Tie | None:
    """The tie that an alert is a further step of the attack that the group tells."""
    reached = group.own.furthest
    orders = [attack.tactic(slug) for slug in attack.tactics_of(alert.tags)]
    next_one = max(orders, key=lambda one: one.order, default=None)
    if next_one is None or reached < 0 or next_one.order <= reached or alert.occurred_at < group.own.first_at:
        return None
    last = max(group.own.tactics, key=lambda slug: attack.tactic(slug).order)
    return Tie(PROGRESSION, f"{last} {next_one.slug}")


def _rank(group: Group, ties: list[Tie]) -> tuple[int, int, str]:
    return sum(_STRENGTH[one.kind] for one in ties), group.own.last_at, group.id
