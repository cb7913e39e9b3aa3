"""A store in memory: for pilots and tests, and the reference of what other stores do (`Store`)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from wardwatch.estate.care import UNKNOWN, Care
from wardwatch.incidents.incident import Incident
from wardwatch.incidents.timeline import TimelineEntry
from wardwatch.watch import seen as counting
from wardwatch.watch.groups import AlertState, Group, GroupState
from wardwatch.watch.policy import DEFAULT, Policy
from wardwatch.watch.seen import Seen
from wardwatch.watch.slices import LINKS, NEAR, Link, Needs, Slice, Timer

T = TypeVar("T")
_JOINABLE = frozenset({GroupState.OPEN, GroupState.RAISED})


@dataclass(slots=True)
class Kept:
    """Everything of one hospital, by id; `families` and `events` are indexes."""

    policy: Policy = DEFAULT
    alerts: dict[str, AlertState] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    links: dict[str, dict[str, Link]] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    care: dict[str, Care] = field(default_factory=dict)
    called: dict[str, int] = field(default_factory=dict)
    handled: set[str] = field(default_factory=set)
    entries: list[TimelineEntry] = field(default_factory=list)
    families: dict[str, set[str]] = field(default_factory=dict)
    events: dict[str, set[str]] = field(default_factory=dict)
    by_subject: dict[str, set[str]] = field(default_factory=dict)  # timers


class MemoryStore:
    """Keeps hospitals in dictionaries. `care` says what stands on a host."""

    def __init__(
        self,
        policies: Mapping[str, Policy] | None = None,
        care: Callable[[str, str], Care] = lambda _tenant, _host: UNKNOWN,
    ) -> None:
        self.tenants: dict[str, Kept] = {name: Kept(policy) for name, policy in (policies or {}).items()}
        self._care = care

    def kept(self, tenant: str) -> Kept:
        """What is kept of a hospital."""
        return self.tenants.setdefault(tenant, Kept())

    def load(self, tenant: str, needs: Needs) -> Slice:
        """See `Store.load`."""
        kept = self.kept(tenant)
        named = {*needs.alerts, *(id_ for one in needs.events for id_ in kept.events.get(one, ()))}
        for id_ in needs.groups:
            group = kept.groups.get(id_)
            named.update(group.last_act.alerts if group and group.last_act else ())
        alerts = _found(kept.alerts, sorted(named))
        links = {mark: found for mark in needs.marks if (found := self._links(kept, mark))}
        wanted = [*needs.groups, *(one.group for one in alerts.values())]
        wanted += [one.group for found in links.values() for one in found[:NEAR]]
        families = {kept.groups[id_].family for id_ in wanted if id_ in kept.groups}
        groups = _found(kept.groups, sorted(id_ for family in families for id_ in kept.families[family]))
        belongs = (one.incident for one in groups.values() if one.incident)
        incidents = _found(kept.incidents, sorted({*needs.incidents, *belongs}))
        timers = {*needs.timers}
        for subject in (*groups, *incidents):
            timers.update(kept.by_subject.get(subject, ()))
        return Slice(
            tenant,
            kept.policy,
            alerts,
            groups,
            incidents,
            links,
            _found(kept.timers, sorted(timers)),
            _found(kept.seen, needs.seen),
            {host: self._care(tenant, host) for host in needs.hosts},
            dict(kept.called),
            frozenset(kept.handled.intersection(needs.messages)),
        )

    @staticmethod
    def _links(kept: Kept, mark: str) -> tuple[Link, ...]:
        found = sorted(kept.links.get(mark, {}).values(), key=lambda one: (one.last_at, one.group), reverse=True)
        joinable = (one for one in found if kept.groups[kept.groups[one.group].family].state in _JOINABLE)
        return tuple(one for one, _ in zip(joinable, range(LINKS), strict=False))

    def save(self, before: Slice, after: Slice) -> None:
        """See `Store.save`."""
        kept = self.kept(after.tenant)
        for alert in _changed(before.alerts, after.alerts):
            kept.alerts[alert.id] = alert
            if alert.event:
                kept.events.setdefault(alert.event, set()).add(alert.id)
        for group in _changed(before.groups, after.groups):
            self._keep(kept, group)
        kept.incidents |= {one.id: one for one in _changed(before.incidents, after.incidents)}
        for link in (link for links in _changed(before.links, after.links) for link in links):
            kept.links.setdefault(link.mark, {})[link.group] = link
        kept.called |= after.called
        self._save_timers(kept, before, after)
        for addition in after.additions:
            kept.seen[addition.mark] = counting.added(kept.seen.get(addition.mark), addition)
        kept.entries.extend(after.entries)
        kept.handled |= after.handled

    @staticmethod
    def _keep(kept: Kept, group: Group) -> None:
        was = kept.groups.get(group.id)
        if was is not None and was.family != group.family:
            kept.families[was.family].discard(group.id)
        kept.groups[group.id] = group
        kept.families.setdefault(group.family, set()).add(group.id)

    @staticmethod
    def _save_timers(kept: Kept, before: Slice, after: Slice) -> None:
        for timer in _changed(before.timers, after.timers):
            kept.timers[timer.id] = timer
            kept.by_subject.setdefault(timer.subject, set()).add(timer.id)
        for id_ in before.timers.keys() - after.timers.keys():
            gone = kept.timers.pop(id_)
            kept.by_subject[gone.subject].discard(id_)

    def due(self, now: int, limit: int) -> tuple[Timer, ...]:
        """See `Store.due`."""
        found = (one for kept in self.tenants.values() for one in kept.timers.values() if one.due_at <= now)
        return tuple(sorted(found, key=lambda one: (one.due_at, one.id))[:limit])


def _found(kept: Mapping[str, T], names: Iterable[str]) -> dict[str, T]:
    return {id_: kept[id_] for id_ in names if id_ in kept}


def _changed(before: Mapping[str, T], after: Mapping[str, T]) -> list[T]:
    return [value for id_, value in after.items() if before.get(id_) is not value]
