"""The case state as plain JSON, versioned: a store needs not know what is inside (docs/reference/formats.md)."""

from collections.abc import Mapping
from typing import Any, TypeVar

from wardwatch.events import alert_lines
from wardwatch.events.alert import Alert
from wardwatch.incidents import incident, timeline
from wardwatch.incidents.incident import Incident
from wardwatch.incidents.timeline import TimelineEntry
from wardwatch.kernel.plain import Codec
from wardwatch.watch import groups, policy, seen, slices
from wardwatch.watch.groups import AlertState, Group
from wardwatch.watch.policy import Policy
from wardwatch.watch.seen import Seen
from wardwatch.watch.slices import Link, Timer

T = TypeVar("T")
FORMATS: Mapping[type, str] = {
    AlertState: groups.ALERT_FORMAT,
    Group: groups.GROUP_FORMAT,
    Incident: incident.FORMAT,
    TimelineEntry: timeline.FORMAT,
    Timer: slices.TIMER_FORMAT,
    Link: slices.LINK_FORMAT,
    Seen: seen.FORMAT,
    Policy: policy.FORMAT,
}
_CODEC = Codec({Alert: (alert_lines.document, alert_lines.from_document)})


def to_plain(value: object) -> dict[str, Any]:
    """A value of one of `FORMATS` as a JSON object."""
    return _CODEC.to_plain(value, FORMATS[type(value)])


def from_plain(cls: type[T], plain: Mapping[str, Any]) -> T:
    """Read it back. Raises `ValueError` for what is not of the format."""
    return _CODEC.from_plain(cls, plain, FORMATS[cls])
