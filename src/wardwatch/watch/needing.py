"""What a message is about: the ids and keys that a store loads for its step."""

from collections.abc import Iterable

from wardwatch.watch import marks, messages, seen
from wardwatch.watch.messages import AlertArrived, CareChanged, Message, TimerFired
from wardwatch.watch.slices import Needs

MAX_NAMED = 100  # alerts, groups or hosts that one message may name


def needs(message: Message) -> Needs:
    """Say what to load for a message. Pure; the same message always needs the same."""
    if isinstance(message, AlertArrived):
        return _of_alert(message)
    if isinstance(message, TimerFired):
        return Needs(timers=(message.timer,), groups=(message.subject,), incidents=(message.subject,))
    if isinstance(message, CareChanged):
        hosts = _once(message.hosts[:MAX_NAMED])
        return Needs(marks=tuple(marks.of_host(one) for one in hosts), hosts=hosts, messages=(message.id,))
    groups: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    match message:
        case messages.Merged():
            groups = _once((message.into, *message.groups[:MAX_NAMED]))
        case messages.MarkedFalsePositive():
            groups, alerts = (message.group,), _once(message.alerts[:MAX_NAMED])
        case messages.Raised():
            groups, incidents = (message.group,), _once(filter(None, (message.incident,)))
        case messages.NoteAdded() | messages.Undone():
            groups = incidents = (message.subject,)
        case _:
            groups = _once(filter(None, (getattr(message, "group", None),)))
            incidents = _once(filter(None, (getattr(message, "incident", None),)))
    return Needs(groups=groups, incidents=incidents, alerts=alerts, messages=(message.id,))


def _of_alert(message: AlertArrived) -> Needs:
    alert = message.alert
    found = marks.of_alert(alert)
    return Needs(
        alerts=_once(filter(None, (alert.id, alert.supersedes))),
        events=_once(alert.event_ids),
        marks=found,
        seen=_once(seen.of_alert(alert.rule_id, found)),
        hosts=(marks.host_name(alert.host),) if alert.host else (),
    )


def _once(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({one for one in values if one}))
