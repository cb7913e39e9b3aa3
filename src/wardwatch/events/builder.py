"""Records and groups in, EventBatches out: one batch per log source, rows in the order of arrival per shape."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wardwatch.events import batch as layout
from wardwatch.events.columns import Coded, Column, coded
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Group, Record
from wardwatch.events.words import Words, text_of
from wardwatch.kernel import ids, stamps

# Which fields of a log source are wanted; `None` means all of them.
Wanted = Callable[[LogSource], frozenset[str] | None]

MAX_COLUMNS = 2_000  # of one batch
DAY = 86_400_000_000  # µs: a stamp that lies further ahead of its arrival is not believed
_EARLIEST = 631_152_000_000_000  # 1990-01-01: an older stamp is a clock that was never set
_QUALITIES = (STATED, ZONE_ASSUMED, RECEIVED)
_QUALITY_WORDS = pa.array(_QUALITIES, pa.string())


@dataclass(frozen=True, slots=True)
class Origin:
    """Where events come from: the tenant, the id of the file or segment, when it arrived (µs UTC), its format."""

    tenant: str
    id: bytes
    received_at: int
    source: str


def all_fields(_: LogSource) -> None:
    """Want every field of every log source."""


_WITHOUT_IDS = pa.schema(list(layout.ENVELOPE)[1:])


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """An EventBatch v1 without its first column: ids of events are hashes, and dear for events that nobody asks for."""

    events: pa.RecordBatch
    ordinals: list[int]
    prefix: Any  # a hash state, see `ids.event_prefix`

    def ids(self, rows: Sequence[int]) -> list[bytes]:
        """Return the ids of the events in some rows."""
        return [ids.event_id(self.prefix, self.ordinals[row]) for row in rows]

    def whole(self) -> pa.RecordBatch:
        """Return the EventBatch v1."""
        numbers = pa.array(self.ids(range(len(self.ordinals))), pa.binary(ids.DIGEST_SIZE))
        schema = self.events.schema.insert(0, layout.ENVELOPE.field(0))
        return pa.RecordBatch.from_arrays([numbers, *self.events.columns], schema=schema)


class _Singles:
    """Records of one shape, gathered."""

    __slots__ = ("group", "hosts", "qualities", "record_ids", "times", "users")

    def __init__(self, group: Group) -> None:
        self.group = group
        self.times: list[int | None] = []
        self.qualities: list[int] = []
        self.hosts: list[str | None] = []
        self.users: list[str | None] = []
        self.record_ids: list[str | None] = []


class BatchBuilder:
    """Gathers what a source yields and builds one EventBatch for each log source."""

    def __init__(self, origin: Origin, wanted: Wanted = all_fields) -> None:
        self._origin = origin
        self._wanted = wanted
        self._shapes: dict[tuple[LogSource, tuple[str, ...]], _Singles] = {}
        self._groups: list[Group] = []
        self.rows = 0

    def add(self, record: Record) -> None:
        """Take one record."""
        key = (record.logsource, tuple(record.fields))
        shape = self._shapes.get(key)
        if shape is None:
            columns = tuple((name, position) for position, name in enumerate(key[1]))
            shape = self._shapes[key] = _Singles(Group(record.logsource, columns))
        shape.group.rows.append(tuple(record.fields.values()))
        shape.group.ordinals.append(record.ordinal)
        shape.times.append(record.occurred_at)
        shape.qualities.append(_QUALITIES.index(record.time_quality))
        shape.hosts.append(record.host)
        shape.users.append(record.user)
        shape.record_ids.append(record.record_id)
        self.rows += 1

    def extend(self, group: Group) -> None:
        """Take many events of one shape."""
        if group.ordinals:
            self._groups.append(group)
            self.rows += len(group.ordinals)

    def names(self) -> dict[LogSource, set[str]]:
        """The names of all fields that were gathered, wanted or not, by log source."""
        found: dict[LogSource, set[str]] = {}
        for group in [*self._groups, *(shape.group for shape in self._shapes.values())]:
            found.setdefault(group.logsource, set()).update(_names(group))
        return found

    def finish(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches and forget the rows."""
        yield from (unnumbered.whole() for unnumbered in self.unnumbered())

    def unnumbered(self) -> Iterator["Unnumbered"]:
        """Yield the batches without the ids of their events, and forget the rows."""
        by_source: dict[LogSource, list[_Singles | Group]] = {}
        for singles in self._shapes.values():
            by_source.setdefault(singles.group.logsource, []).append(singles)
        for group in self._groups:
            by_source.setdefault(group.logsource, []).append(group)
        self._shapes, self._groups, self.rows = {}, [], 0
        for logsource, parts in by_source.items():
            for some in _narrow(parts):
                yield self._batch(logsource, some)

    def _batch(self, logsource: LogSource, parts: list[_Singles | Group]) -> "Unnumbered":
        wanted = self._wanted(logsource)
        fields: dict[str, Column] = {}
        envelope = _Envelope()
        start = 0
        for part in parts:
            group = part.group if isinstance(part, _Singles) else part
            rows = len(group.ordinals)
            values = _transpose(group)
            for name, position in group.columns:
                if wanted is None or name in wanted:
                    fields.setdefault(name, Column()).extend(start, values[position])
            for name, text in group.constants:
                if wanted is None or name in wanted:
                    fields.setdefault(name, Column()).repeat(start, text, rows)
            if isinstance(part, _Singles):
                envelope.take_singles(part)
            else:
                envelope.take_group(part, values)
            start += rows
        arrays = envelope.finish(self._origin)
        columns = {name: column.finish(start) for name, column in fields.items()}
        # Made at once: to append to a schema copies it, which a log of a million fields pays for a million times.
        schema = [*_WITHOUT_IDS, *(pa.field(layout.FIELD_PREFIX + name, one.type) for name, one in columns.items())]
        events = pa.RecordBatch.from_arrays(
            [*arrays, *columns.values()], schema=pa.schema(schema, metadata=layout.metadata(logsource))
        )
        return Unnumbered(events, envelope.ordinals, ids.event_prefix(self._origin.tenant, self._origin.id))


def _narrow(parts: list[_Singles | Group]) -> Iterator[list[_Singles | Group]]:
    """Share out shapes so that no batch has many more than `MAX_COLUMNS` columns.

    A log whose every event invents fields of its own would else make batches of millions of empty cells.
    """
    some: list[_Singles | Group] = []
    names: set[str] = set()
    for part in parts:
        group = part.group if isinstance(part, _Singles) else part
        mine = _names(group)
        if some and len(names) + len(mine) > MAX_COLUMNS and not names.issuperset(mine):
            yield some
            some, names = [], set()
        some.append(part)
        names.update(mine)
    yield some


def _names(group: Group) -> list[str]:
    return [name for name, _ in (*group.columns, *group.constants)]


# The values of a group at one position.
_Values = Coded | tuple[Any, ...]


def _transpose(group: Group) -> list[_Values]:
    """Return the values of each position."""
    values: list[_Values] = []
    if group.words:
        codes = np.array(group.codes, np.int32).reshape(-1, len(group.words))
        values += (Coded(codes[:, position], words) for position, words in enumerate(group.words))
    return [*values, *zip(*group.rows, strict=True)]


class _Envelope:
    """The envelope's columns, gathered from the parts of a batch."""

    def __init__(self) -> None:
        self.ordinals: list[int] = []
        self.times: list[np.ndarray] = []
        self.qualities: list[np.ndarray] = []
        self.host, self.user = Column(), Column()
        self.record_ids: list[str | None] = []

    def take_singles(self, part: _Singles) -> None:
        self.host.extend(len(self.ordinals), coded(part.hosts, Words()))
        self.user.extend(len(self.ordinals), coded(part.users, Words()))
        self.record_ids += part.record_ids
        self.times.append(np.array([-1 if t is None else t for t in part.times], np.int64))
        self.qualities.append(np.array(part.qualities, np.int8))
        self.ordinals += part.group.ordinals

    def take_group(self, group: Group, values: list[_Values]) -> None:
        rows = len(group.ordinals)
        self.host.extend(len(self.ordinals), _first_coded(values, group.host, rows))
        self.user.extend(len(self.ordinals), _first_coded(values, group.user, rows))
        self.record_ids += _first(values, group.record_id, rows)
        times, qualities = _group_times(group, values, rows)
        self.times.append(times)
        self.qualities.append(qualities)
        self.ordinals += group.ordinals

    def finish(self, origin: Origin) -> list[pa.Array]:
        """Return the arrays of `layout.ENVELOPE`, in its order, but for the ids of events."""
        rows = len(self.ordinals)
        times, qualities = np.concatenate(self.times), np.concatenate(self.qualities)
        # DESIGN section 4: an implausible stamp falls back to the time of arrival, and says so.
        wrong = (times < _EARLIEST) | (times > origin.received_at + DAY)
        times[wrong], qualities[wrong] = origin.received_at, _QUALITIES.index(RECEIVED)
        return [
            _constant(origin.tenant, rows),
            _arrow(times, layout.STAMP),
            _arrow(np.full(rows, origin.received_at), layout.STAMP),
            self.host.finish(rows),
            self.user.finish(rows),
            _constant(origin.source, rows),
            pa.array(_numbered(self.record_ids, self.ordinals), pa.string()),
            pa.DictionaryArray.from_arrays(_arrow(qualities.astype(np.int32), pa.int32()), _QUALITY_WORDS),
        ]


def _numbered(record_ids: list[str | None], ordinals: list[int]) -> list[str]:
    """The log's own number of each event; where it has none, `@` and the event's ordinal in its origin.

    Only we write `@`: what a log calls so itself is no number, and not believed.
    """
    return [
        f"@{ordinal}" if own is None or own[:1] == "@" else own
        for own, ordinal in zip(record_ids, ordinals, strict=True)
    ]


def _constant(word: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(_arrow(np.zeros(rows, np.int32), pa.int32()), pa.array([word], pa.string()))


def _arrow(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Wrap numbers without a copy (`pa.array` looks for pandas at every call)."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


_NO_TEXTS = (None, "", "-")  # what programs write where they have nothing to say


def _first(values: list[_Values], positions: tuple[int, ...], rows: int) -> list[str | None]:
    """For each row the text of the first position that holds a value; the empty text and `-` are none."""
    if not positions:
        return [None] * rows
    found = _plain(values[positions[0]])
    for position in positions[1:]:
        if None in found or "" in found or "-" in found:
            found = [
                second if first in _NO_TEXTS else first
                for first, second in zip(found, _plain(values[position]), strict=True)
            ]
    if "" in found or "-" in found:
        found = [None if value in _NO_TEXTS else value for value in found]
    kinds = set(map(type, found))
    if kinds == {int}:
        return list(map(str, found))
    return list(found) if kinds == {str} else [None if value is None else text_of(value) for value in found]


def _plain(values: _Values) -> Sequence[Any]:
    return [None if text == layout.NULL else text for text in values.texts()] if isinstance(values, Coded) else values


def _first_coded(values: list[_Values], positions: tuple[int, ...], rows: int) -> Coded:
    """The same as `_first`, as codes."""
    if positions and isinstance(found := values[positions[0]], Coded):
        none = [number for text in ("", "-", layout.NULL) if (number := found.words.get(text)) is not None]
        if not none or not np.isin(found.codes, none).any():
            return found
    return coded(_first(values, positions, rows), Words())


def _group_times(group: Group, values: list[_Values], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the time of each row in microseconds, -1 where it has none, and how it is known (`_QUALITIES`)."""
    times, qualities = np.full(rows, -1, np.int64), np.zeros(rows, np.int8)
    waiting: Sequence[int] = range(rows)  # rows for which no position held a value so far
    for position in group.time:
        texts = _first(values, (position,), rows)
        found = waiting if None not in texts else [row for row in waiting if texts[row] is not None]
        if found:
            some = texts if len(found) == rows else [texts[row] for row in found]
            at = slice(None) if len(found) == rows else np.array(found)
            times[at], qualities[at] = _times(some, None if position in group.in_utc else group.zone)
        if len(found) == len(waiting):
            break
        done = set(found)
        waiting = [row for row in waiting if row not in done]
    return times, qualities


def _times(texts: list[str | None], zone: tzinfo | None) -> tuple[np.ndarray, np.ndarray]:
    """Read ISO 8601 texts, in `zone` (if any, else in UTC) where they state none; -1 where a text is none."""
    zoned = texts[0] is not None and texts[0].endswith("Z")
    try:
        parsed = pc.cast(pa.array(texts, pa.string()), pa.timestamp("ns", "UTC" if zoned else None))
    except (pa.ArrowInvalid, UnicodeEncodeError):
        each = [_time(text, zone) for text in texts]
        return np.array([time for time, _ in each], np.int64), np.array([quality for _, quality in each], np.int8)
    nanos = pc.fill_null(parsed.view(pa.int64()), -1).to_numpy()
    times = np.where(nanos < 0, -1, nanos // 1000)
    if zoned or zone is None:
        return times, np.zeros(len(texts), np.int8)
    slots, where = np.unique(times // _SLOT, return_inverse=True)
    offsets = [_offset(int(slot) * _SLOT, zone) for slot in slots]
    shifted = np.where(times < 0, -1, times - np.array(offsets, np.int64)[where])
    return shifted, np.full(len(texts), _QUALITIES.index(ZONE_ASSUMED), np.int8)


_SLOT = 15 * 60_000_000  # µs: clocks are put forward and back at quarters of an hour


def _offset(local: int, zone: tzinfo) -> int:
    """Return how far `zone` is ahead of UTC at a local time, in microseconds; of an ambiguous time the earlier."""
    offset = zone.utcoffset(stamps.moment(max(local, 0)).replace(tzinfo=None))
    return 0 if offset is None else offset // timedelta(microseconds=1)


def _time(text: str | None, zone: tzinfo | None) -> tuple[int, int]:
    try:
        time, zoned = stamps.iso(text or "", zone or UTC)
    except (ValueError, OverflowError):
        return -1, 0
    return time, 0 if zoned or zone is None else _QUALITIES.index(ZONE_ASSUMED)
