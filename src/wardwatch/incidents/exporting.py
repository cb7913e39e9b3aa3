"""An incident as one JSON document, complete: what it is, its timeline, its alerts (docs/reference/formats.md)."""

from collections.abc import Iterable
from typing import Any

from wardwatch.events import alert_lines
from wardwatch.events.alert import Alert
from wardwatch.incidents import incident as values
from wardwatch.incidents import timeline
from wardwatch.incidents.incident import Incident
from wardwatch.incidents.timeline import TimelineEntry
from wardwatch.kernel import stamps
from wardwatch.kernel.plain import Codec

FORMAT = "wardwatch/incident-export/1"
_CODEC = Codec()
_TIMES = frozenset(
    [
        *("at", "happened_at", "opened_at", "updated_at", "first_at", "last_at", "confirmed_at", "closed_at"),
        *("due_at", "done_at", "told_at"),
    ]
)
_INNER = ("calls", "last_act")  # how the watch works, not what happened


def document(incident: Incident, entries: Iterable[TimelineEntry], alerts: Iterable[Alert]) -> dict[str, Any]:
    """The incident with its timeline in order, and its alerts in the order of what happened.

    Times are ISO 8601, UTC. Names of accounts, hosts and people that stand in texts are in it: it goes to those who may
    know them.
    """
    plain = _CODEC.to_plain(incident, values.FORMAT)
    told = [_CODEC.to_plain(one, timeline.FORMAT) for one in sorted(entries, key=lambda one: (one.at, one.ordinal))]
    found = sorted(alerts, key=lambda one: (one.occurred_at, one.id))
    return {
        "format": FORMAT,
        "incident": _readable({key: value for key, value in plain.items() if key not in _INNER}),
        "timeline": _readable(told),
        "alerts": [alert_lines.document(one) for one in found],
    }


def _readable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Times as people and other tools read them."""
    if isinstance(value, dict):
        return {key: _time(one) if key in _TIMES else _readable(one) for key, one in value.items()}
    return [_readable(one) for one in value] if isinstance(value, list | tuple) else value


def _time(value: int | None) -> str | None:
    return None if value is None else stamps.iso_text(value)
