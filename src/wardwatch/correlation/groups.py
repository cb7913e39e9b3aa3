"""The state of one group of one correlation: its events in order, and the alerts that it has raised."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from wardwatch.correlation import rules as kinds
from wardwatch.correlation.episodes import Head, Key, Span, alert_of, differences, shorten, spans
from wardwatch.correlation.rules import CorrelationRule
from wardwatch.correlation.windows import Event, Mark, Origin, Payload, remark
from wardwatch.events.alert import Alert

LONG_AGO = -(2**63)


class Group:
    """Events that share a tenant, a correlation and the values of its group-by.

    Changes are noted by `add` and `remove` and take effect together in `settle`, so that a group costs one
    pass for each feed and not one for each event.

    Attributes:
        events, marks: sorted by time and id; the value of the window that ends at each, if it satisfies.
        dropped_to: time of the last event that was dropped because the watermark passed it.
        cut_to: time of the last event that was dropped because there were too many.
        live: alerts that may still change, by id.
    """

    __slots__ = (
        "_changed",
        "_new",
        "cut_to",
        "dropped_to",
        "events",
        "head",
        "ids",
        "key",
        "live",
        "marks",
        "scheduled",
    )

    def __init__(self, key: Key, dropped_to: int = LONG_AGO) -> None:
        self.key = key
        self.events: list[Event] = []
        self.marks: list[Mark] = []
        self.ids: dict[bytes, int] = {}
        self.dropped_to = dropped_to
        self.cut_to = LONG_AGO
        self.head: Head | None = None
        self.live: dict[str, Alert] = {}
        self.scheduled = False
        self._new: dict[bytes, Event] = {}
        self._changed: list[int] = []

    def add(self, rule: CorrelationRule, event: Event) -> bool:
        """Take in an event, or merge it with what is known of it; `False` if it is too late."""
        time, key, _, _ = event
        if time - rule.span < self.dropped_to or time <= self.cut_to:
            return False
        waiting = self._new.get(key)
        if waiting is not None:
            self._new[key] = merged(rule, waiting, event)
        elif key in self.ids:
            index = bisect_left(self.events, (self.ids[key], key))
            both = merged(rule, self.events[index], event)
            if both != self.events[index]:
                self.events[index] = both
                self._changed.append(both[0])
        else:
            self._new[key] = event
        return True

    def remove(self, key: bytes) -> None:
        """Take out an event if it is there: an alert of another correlation that is superseded or moves."""
        self._new.pop(key, None)
        if key in self.ids:
            time = self.ids.pop(key)
            index = bisect_left(self.events, (time, key))
            del self.events[index], self.marks[index]
            self._changed.append(time)

    def settle(self, rule: CorrelationRule) -> list[Alert]:
        """Work out the episodes anew if something changed; return the alerts that tell of the difference."""
        if self._new:
            self._merge_in(sorted(self._new.values()))
            self._new = {}
        if not self._changed:
            return []
        remark(rule, self.events, self.marks, (min(self._changed), max(self._changed)))
        self._changed = []
        alerts = [alert_of(rule, self.key, span, self.events) for span in self._spans(rule)]
        found = differences(self.live, alerts)
        revisions = {alert.id: alert for alert in found}
        self.live = {alert.id: revisions.get(alert.id) or self.live[alert.id] for alert in alerts}
        return found

    def _merge_in(self, new: list[Event]) -> None:
        self._changed += (new[0][0], new[-1][0])
        self.ids.update((event[1], event[0]) for event in new)
        if not self.events or self.events[-1] < new[0]:
            self.events += new
            self.marks += [None] * len(new)
            return
        pairs = list(zip(self.events, self.marks, strict=True)) + [(event, None) for event in new]
        pairs.sort(key=lambda pair: pair[0][:2])
        self.events = [event for event, _ in pairs]
        self.marks = [mark for _, mark in pairs]

    def _spans(self, rule: CorrelationRule) -> list[Span]:
        return spans(rule, self.events, self.marks, self.head)

    def drop(self, rule: CorrelationRule, horizon: int) -> None:
        """Forget events at or before `horizon`, and episodes that lie wholly there."""
        stop = bisect_right(self.events, horizon, key=lambda event: event[0])
        if stop:
            dropped_to = self.events[stop - 1][0]
            self._forget(rule, stop, horizon)
            self.dropped_to = max(self.dropped_to, dropped_to)

    def cut(self, rule: CorrelationRule, most: int) -> int:
        """Forget the oldest events so that `most` are left; return how many."""
        stop = len(self.events) - most
        if stop <= 0:
            return 0
        self.cut_to = max(self.cut_to, self.events[stop - 1][0])
        self._forget(rule, stop, None)
        return stop

    def _forget(self, rule: CorrelationRule, stop: int, horizon: int | None) -> None:
        """Delete the events before `stop`, but keep a summary of the episode that runs on.

        Without a `horizon` the last episode runs on in any case: what comes next may belong to it.
        """
        running: Span | None = None
        gone: list[Span] = []
        found = self._spans(rule) if self.live else []
        for span in found:
            runs_on = span is found[-1] or span.last >= stop if horizon is None else span.ends_at > horizon
            if not runs_on:
                gone.append(span)
            elif span.head is not None or span.first < stop:
                gone += [running] if running else []
                running = span
        self.head = shorten(running, self.events, self.marks, stop) if running else None
        for span in gone:
            self.live.pop(alert_of(rule, self.key, span, self.events).id, None)
        for event in self.events[:stop]:
            del self.ids[event[1]]
        del self.events[:stop], self.marks[:stop]


def merged(rule: CorrelationRule, left: Event, right: Event) -> Event:
    """Merge two sightings of one event, which counts once; the result does not depend on their order."""
    values = dict(left[3][5])
    for field, value in right[3][5]:
        known = values.get(field)
        values[field] = value if known is None else min(known, value or known)
    origin: Origin = (*left[3][:5], tuple(sorted(values.items())))
    payload: Payload = left[2]
    if rule.type in kinds.TEMPORAL_TYPES:
        assert isinstance(left[2], int)
        assert isinstance(right[2], int)
        payload = left[2] | right[2]
    elif rule.type != kinds.EVENT_COUNT:
        payload = smallest((left[2], right[2]))
    return left[0], left[1], payload, origin


def smallest(payloads: Iterable[Payload]) -> Payload:
    """Return the least of several values of one event."""
    return min(payloads)  # type: ignore[type-var]  # those of one rule are all texts or all numbers
