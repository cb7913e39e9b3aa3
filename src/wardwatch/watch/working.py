"""One step at work: a slice that is being changed, and the entries and effects that the step makes."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from wardwatch.incidents.incident import Incident
from wardwatch.incidents.timeline import Kind, TimelineEntry, entry_id
from wardwatch.kernel import ids
from wardwatch.watch import groups as grouping
from wardwatch.watch.effects import Effect, Notify, ProposeTuning, Recorded, StartTimer, StopTimer
from wardwatch.watch.groups import AlertState, Group
from wardwatch.watch.seen import Addition
from wardwatch.watch.slices import Link, Slice, Timer

Subject = Group | Incident
Params = Mapping[str, str]
_NONE: Params = MappingProxyType({})


class Work:
    """The changes of one step. Nothing of it leaves unless the step ends well (`result`)."""

    def __init__(self, state: Slice, message: str, by: str, now: int) -> None:
        self.before = state
        self.tenant, self.policy, self.now, self.by, self.message = state.tenant, state.policy, now, by, message
        # In the order of their keys, so that no store's own order shows in what is told.
        self.alerts: dict[str, AlertState] = dict(sorted(state.alerts.items()))
        self.groups: dict[str, Group] = dict(sorted(state.groups.items()))
        self.incidents: dict[str, Incident] = dict(sorted(state.incidents.items()))
        self.links = dict(state.links)
        self.timers: dict[str, Timer] = dict(sorted(state.timers.items()))
        self.called: dict[str, int] = dict(state.called)
        self.touched: dict[str, None] = {}  # groups and incidents, in order
        self._entries: list[TimelineEntry] = []
        self._effects: list[Effect] = []
        self._additions: list[Addition] = []

    # What is there

    def subject(self, id_: str) -> Subject | None:
        """The group or incident of an id."""
        return self.incidents.get(id_) or self.groups.get(id_)

    def root(self, group: Group) -> Group:
        """The group at the top of its family."""
        while group.merged_into is not None:
            group = self.groups[group.merged_into]
        return group

    def below(self, group: Group) -> list[Group]:
        """All groups that are merged into this one, directly or not, in the order of their ids."""
        family = [one for one in self.groups.values() if one.family == group.family and one.id != group.id]
        return sorted((one for one in family if self._is_below(one, group.id)), key=lambda one: one.id)

    def _is_below(self, group: Group, top: str) -> bool:
        while group.merged_into is not None:
            if group.merged_into == top:
                return True
            group = self.groups[group.merged_into]
        return False

    # What changes

    def put(self, subject: Subject) -> None:
        """Keep a changed group or incident."""
        if isinstance(subject, Group):
            self.groups[subject.id] = subject
        else:
            self.incidents[subject.id] = subject
        self.touched[subject.id] = None

    def refresh(self, group: Group) -> Group:
        """Make the sums of a group and of all above it anew; returns the root."""
        while True:
            group = grouping.refreshed(group, self.below(group) if self._has_family(group) else (), self.now)
            self.put(group)
            if group.merged_into is None:
                return group
            group = self.groups[group.merged_into]

    def _has_family(self, group: Group) -> bool:
        return any(one.family == group.family and one.id != group.id for one in self.groups.values())

    def link(self, marks: tuple[str, ...], group: str, last_at: int) -> None:
        """Let marks lead to a group."""
        for mark in marks:
            known = self.links.get(mark, ())
            was = next((one for one in known if one.group == group), None)
            if was is not None and was.last_at >= last_at:
                continue
            rest = [one for one in known if one.group != group]
            self.links[mark] = tuple(
                sorted((*rest, Link(mark, group, last_at)), key=lambda one: (one.last_at, one.group), reverse=True)
            )

    # What is told

    def entry(
        self,
        subject: str,
        kind: Kind,
        text: str,
        params: Params = _NONE,
        *,
        happened_at: int | None = None,
        alerts: tuple[str, ...] = (),
    ) -> None:
        """Add a line to the timeline of a group or an incident."""
        ordinal = len(self._entries)
        self._entries.append(
            TimelineEntry(
                entry_id(self.tenant, subject, self.message, ordinal),
                self.tenant,
                subject,
                ordinal,
                self.now,
                kind,
                text,
                self.by,
                self.message,
                happened_at,
                dict(params),
                alerts,
            )
        )

    def record(self, what: str, subject: str, params: Params = _NONE) -> None:
        """Tell the audit log."""
        self._effects.append(Recorded(self._next_id(), self.tenant, self.now, self.by, what, subject, dict(params)))

    def notify(
        self,
        who: str,
        channel: str,
        text: str,
        subject: str,
        params: Params,
        *,
        urgent: bool = False,
    ) -> None:
        """Tell somebody; not what they did themselves."""
        if who and who != self.by:
            self._effects.append(
                Notify(self._next_id(), self.tenant, who, channel, text, dict(params), subject, urgent=urgent)
            )

    def propose(self, subject: str, rules: tuple[str, ...], alerts: tuple[str, ...], reason: str) -> None:
        """Ask for a tuning."""
        self._effects.append(ProposeTuning(self._next_id(), self.tenant, subject, rules, alerts, self.by, reason))

    def add(self, addition: Addition) -> None:
        """Add to what was seen."""
        self._additions.append(addition)

    def start(self, timer: Timer) -> None:
        """Keep a timer."""
        self.timers[timer.id] = timer
        self._effects.append(StartTimer(timer.id, timer.tenant, timer.subject, timer.kind, timer.due_at))

    def stop(self, timer: Timer) -> None:
        """Drop a timer; of the one that fired nothing needs to be stopped."""
        del self.timers[timer.id]
        if timer.id != self.message:
            self._effects.append(StopTimer(timer.id, timer.tenant, timer.subject))

    def _next_id(self) -> str:
        number = len(self._effects).to_bytes(4, "big")
        return ids.digest("effect/1", self.tenant.encode(), self.message.encode(), number).hex()

    def result(self, *, handled: bool) -> tuple[Slice, tuple[Effect, ...]]:
        """The slice as it is now, and the effects."""
        after = replace(
            self.before,
            alerts=self.alerts,
            groups=self.groups,
            incidents=self.incidents,
            links=self.links,
            timers=self.timers,
            called=self.called,
            handled=frozenset({self.message}) if handled else frozenset(),
            entries=tuple(self._entries),
            additions=tuple(self._additions),
        )
        return after, tuple(self._effects)
