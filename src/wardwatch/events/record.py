"""What a source yields: records (one event each), groups (many events of one shape) and rejects."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from wardwatch.events.logsource import LogSource

# What a field of an event may hold. Absent fields are left out; `None` is an explicit null; lists stay lists.
Value = str | int | float | bool | None | Sequence["str | int | float | bool | None"]

# How an event's time is known; the values of the envelope's `time_quality`.
STATED = "stated"  # the event states it, with its zone
ZONE_ASSUMED = "zone_assumed"  # the event states it without a zone: the sensor's zone was used
RECEIVED = "received"  # the event states none, or an implausible one: the time of arrival is used


@dataclass(slots=True)
class Record:
    """One event as a source read it.

    `fields` is flat: nested names are joined with dots. `occurred_at` is in microseconds UTC or `None`;
    `record_id` is the log's own number of the event, where it has one.
    """

    ordinal: int
    logsource: LogSource
    fields: dict[str, Value]
    occurred_at: int | None = None
    time_quality: str = STATED
    host: str | None = None
    user: str | None = None
    record_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """What could not be read: the body's ordinal, the reason, and the first bytes of it."""

    ordinal: int
    reason: str
    head: bytes = b""


@dataclass(slots=True)
class Group:
    """Many events of one shape, as a fast source reads them: rows of values, with what each position means.

    `columns` are (field, position) pairs; positions that no pair names are dropped. `time`, `host`, `user` and
    `record_id` are lists of positions, tried in order until one holds a value. Times are ISO 8601 texts; those that
    state no zone are in `zone`, or in UTC where it is `None` and at the positions `in_utc`.
    """

    logsource: LogSource
    columns: tuple[tuple[str, int], ...]
    time: tuple[int, ...] = ()
    host: tuple[int, ...] = ()
    user: tuple[int, ...] = ()
    record_id: tuple[int, ...] = ()
    zone: tzinfo | None = None
    in_utc: tuple[int, ...] = ()
    rows: list[Iterable[Value]] = field(default_factory=list)
    ordinals: list[int] = field(default_factory=list)
