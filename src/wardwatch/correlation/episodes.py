"""Episodes: runs of satisfying windows, and the alerts that tell of them."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wardwatch.correlation.rules import CorrelationRule
from wardwatch.correlation.windows import Event, Mark
from wardwatch.events.alert import MAX_EVENT_IDS, Alert
from wardwatch.events.record import Value
from wardwatch.kernel.ids import correlation_alert_id

Key = tuple[str, int, tuple[str | None, ...]]  # tenant, index of the rule, the group's values

# host, user and source if all events so far share them; `False` where they do not
Shared = tuple[str | bool | None, str | bool | None, str | bool | None]


@dataclass(frozen=True, slots=True)
class Head:
    """The events of a running episode that have been dropped.

    `reach` is the time of the last satisfying window known to belong to the episode, `mark` its value.
    """

    first: Event
    count: int
    event_ids: tuple[bytes, ...]
    shared: Shared
    reach: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class Span:
    """An episode: dropped events (`head`) and those from index `first` to `last`, which may be none."""

    head: Head | None
    first: int
    last: int
    mark: Mark
    ends_at: int


def spans(rule: CorrelationRule, events: Sequence[Event], marks: Sequence[Mark], head: Head | None) -> list[Span]:
    """Find the episodes in order: satisfying windows less than a timespan apart belong together."""
    found: list[Span] = []
    first, last = 0, -1
    reach = head.reach if head else None
    mark = head.mark if head else None
    for index, current in enumerate(marks):
        if current is None:
            continue
        time = events[index][0]
        if reach is None or time - reach >= rule.span:
            if reach is not None:
                found.append(Span(head, first, last, mark, reach))
            head = None
            first = bisect_right(events, time - rule.span, key=_time)
        reach, last, mark = time, index, current
    if reach is not None:
        found.append(Span(head, first, last, mark, reach))
    return found


def _time(event: Event) -> int:
    return event[0]


def shared(events: Iterable[Event], head: Head | None) -> Shared:
    """Return what all events have in common."""
    known: set[tuple[str | None, str | None, str | None]] = {event[3][:3] for event in events}
    columns = [set(column) for column in zip(*known, strict=True)] or [set(), set(), set()]
    if head is not None:
        columns = [column | {old} for column, old in zip(columns, head.shared, strict=True)]
    host, user, source = (next(iter(column)) if len(column) == 1 else False for column in columns)
    return host, user, source


def shorten(span: Span, events: Sequence[Event], marks: Sequence[Mark], stop: int) -> Head:
    """Fold the events of `span` before index `stop` into its head; those after it stay."""
    stop = min(stop, span.last + 1)
    dropped = events[span.first : stop]
    head = span.head
    satisfied = [index for index in range(span.first, stop) if marks[index] is not None]
    if satisfied:
        reach, mark = events[satisfied[-1]][0], marks[satisfied[-1]]
    elif head is not None:
        reach, mark = head.reach, head.mark
    else:  # the window that began the episode ends after `stop`, and is final
        begun = next(index for index in range(stop, span.last + 1) if marks[index] is not None)
        reach, mark = events[begun][0], marks[begun]
    ids = (head.event_ids if head else ()) + tuple(event[1] for event in dropped[:MAX_EVENT_IDS])
    return Head(
        first=head.first if head else dropped[0],
        count=(head.count if head else 0) + len(dropped),
        event_ids=ids[:MAX_EVENT_IDS],
        shared=shared(dropped, head),
        reach=reach,
        mark=mark,
    )


def alert_of(rule: CorrelationRule, key: Key, span: Span, events: Sequence[Event]) -> Alert:
    """Tell of an episode."""
    tenant, _, group = key
    mine = events[span.first : span.last + 1]
    head = span.head
    first = head.first if head else mine[0]
    ids = (head.event_ids if head else ()) + tuple(event[1] for event in mine[:MAX_EVENT_IDS])
    host, user, source = (None if value is False else value for value in shared(mine, head))
    fields: dict[str, Value] = {**dict(first[3][5]), rule.type: span.mark}
    assert not isinstance(host, bool)
    assert not isinstance(user, bool)
    assert not isinstance(source, bool)
    return Alert(
        id=correlation_alert_id(tenant, rule.id, group, first[1]).hex(),
        tenant=tenant,
        kind="correlation",
        rule_id=rule.id,
        rule_title=rule.title,
        level=rule.level,
        occurred_at=first[0],
        last_at=span.ends_at,
        tags=rule.tags,
        host=host,
        user=user,
        source=source,
        file=first[3][3],
        record_id=first[3][4],
        event_ids=tuple(one.hex() for one in ids[:MAX_EVENT_IDS]),
        count=(head.count if head else 0) + len(mine),
        group=dict(zip(rule.group_by, group, strict=True)),
        fields=fields,
    )


def differences(old: Mapping[str, Alert], new: Sequence[Alert]) -> list[Alert]:
    """Return what to hand on so that upserting in order and deleting superseded ids turns `old` into `new`.

    An alert that is gone is superseded by the one that overlaps it in time; if there is none, it is
    withdrawn: handed on once more, superseding itself.
    """
    found: list[Alert] = []
    now = {alert.id for alert in new}
    gone = {key: alert for key, alert in old.items() if key not in now}
    for alert in new:
        before = old.get(alert.id)
        replaced = [
            was for was in gone.values() if was.occurred_at <= alert.last_at and alert.occurred_at <= was.last_at
        ]
        revision = max((was.revision + 1 for was in (before, *replaced) if was), default=0)
        for was in replaced:
            del gone[was.id]
            found.append(replace(alert, revision=revision, supersedes=was.id))
            revision += 1
        if not replaced and (before is None or replace(alert, revision=before.revision) != plain(before)):
            found.append(replace(alert, revision=revision))
    found += [replace(was, revision=was.revision + 1, supersedes=was.id) for was in gone.values()]
    return found


def plain(alert: Alert) -> Alert:
    """Return the alert without what it superseded."""
    return replace(alert, supersedes=None)
