"""What a source yields: records (one event each), groups (many events of one shape) and rejects."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from wardwatch.events.logsource import LogSource
from wardwatch.events.words import Words

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

    The first positions may be coded: for each there is a dictionary in `words`, and `codes` holds the numbers of the
    texts, row after row. The other positions are those of `rows`. There are as many rows as `ordinals`.
    `columns` are (field, position) pairs; positions that no pair names are dropped. `constants` are (field, text)
    pairs: the same in every row. `time`, `host`, `user` and
    `record_id` are lists of positions, tried in order until one holds a value. Times are ISO 8601 texts; those that
    state no zone are in `zone`, or in UTC where it is `None` and at the positions `in_utc`.
    """

    logsource: LogSource
    columns: tuple[tuple[str, int], ...]
    constants: tuple[tuple[str, str], ...] = ()
    time: tuple[int, ...] = ()
    host: tuple[int, ...] = ()
    user: tuple[int, ...] = ()
    record_id: tuple[int, ...] = ()
    zone: tzinfo | None = None
    in_utc: tuple[int, ...] = ()
    words: tuple[Words, ...] = ()
    codes: list[int] = field(default_factory=list)
    rows: list[Iterable[Value]] = field(default_factory=list)
    ordinals: list[int] = field(default_factory=list)

    def values(self) -> Iterator[tuple[Value, ...]]:
        """Yield the values of each row at all positions, coded ones as their texts."""
        texts = [list(words) for words in self.words]
        codes = iter(self.codes)
        for row in self.rows:
            yield *(of[next(codes)] for of in texts), *row
