"""From frames to EventBatches, where they arrive one by one: shared out to sources, assembled, read, stamped."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wardwatch import sources
from wardwatch.events import batch as layout
from wardwatch.events.builder import DAY, BatchBuilder, Origin
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, Group, Record, Reject
from wardwatch.frames.described import MARK, Description, parts
from wardwatch.pipeline.assembling import Carry, Part, Who, assembled, headed, runs
from wardwatch.pipeline.describing import applied
from wardwatch.pipeline.mixed import GENERIC
from wardwatch.pipeline.sharing import Sharing
from wardwatch.pipeline.tasks import note_names
from wardwatch.sources import Body, Context, Source

UNKNOWN = "-"  # where the source of a body cannot be told
MAX_SHOWN = 20  # rejects of one step that are shown; all are counted
MAX_REASONS = 1_000
_HEAD = 200
_MAX_SKEWS = 200  # measurements of one host in one step
_MAX_SHAPES = 200  # log sources of one sensor and format in one step


@dataclass(frozen=True, slots=True)
class Work:
    """Frames of one lane and one segment; `carry` is what the step before left.

    Without frames it is about what waits: what came at `due` (µs UTC) or before is whole.
    """

    tenant: str
    segment: str
    frames: pa.RecordBatch
    carry: Carry
    due: int | None = None


@dataclass(frozen=True, slots=True)
class RejectedFrame:
    """A frame that could not be read: where it lies, why, and how it begins."""

    sensor: str
    source: str
    place: str
    reason: str
    head: str


@dataclass(slots=True)
class Seen:
    """What came from one sensor in one format: events, the newest arrival (µs UTC), how late, and in what shape."""

    events: int = 0
    received_at: int = 0
    skews: dict[str, list[int]] = field(default_factory=dict)  # host → µs by which arrival follows what events state
    shapes: dict[LogSource, tuple[int, set[str]]] = field(default_factory=dict)  # → events, fields that hold a value

    def shape(self, logsource: LogSource, events: int, names: set[str]) -> None:
        """Note events of a log source, and the fields in them."""
        if logsource in self.shapes or len(self.shapes) < _MAX_SHAPES:
            before, known = self.shapes.get(logsource, (0, set()))
            self.shapes[logsource] = (before + events, known | names)

    def add(self, other: "Seen") -> None:
        """Add what was seen later."""
        self.events += other.events
        self.received_at = max(self.received_at, other.received_at)
        for host, skews in other.skews.items():
            self.skews[host] = [*self.skews.get(host, ()), *skews][:_MAX_SKEWS]
        for logsource, (events, names) in other.shapes.items():
            self.shape(logsource, events, names)


@dataclass(slots=True)
class Outcome:
    """What reading left besides events: what waits, what could not be read, what was seen, and the names of fields."""

    carry: Carry
    rejects: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # sensor, source, reason
    shown: list[RejectedFrame] = field(default_factory=list)
    seen: dict[Who, Seen] = field(default_factory=dict)
    fields: dict[LogSource, set[str]] = field(default_factory=dict)

    def reject(self, sensor: str, source: str, place: str, reason: str, head: bytes = b"") -> None:
        """Count a frame that could not be read, and show it if there is room."""
        key = (sensor, source, reason)
        if key not in self.rejects and len(self.rejects) >= MAX_REASONS:
            key = (sensor, source, "other reasons")
        self.rejects[key] += 1
        if len(self.shown) < MAX_SHOWN:
            text = head[:_HEAD].decode("utf-8", "replace")
            self.shown.append(RejectedFrame(sensor, source, place, reason, text))

    def add(self, later: "Outcome") -> None:
        """Add what a later piece of work left."""
        self.carry = later.carry
        self.rejects += later.rejects
        self.shown = [*self.shown, *later.shown][:MAX_SHOWN]
        for who, seen in later.seen.items():
            self.seen.setdefault(who, Seen()).add(seen)
        note_names(self.fields, later.fields)


@dataclass(frozen=True, slots=True)
class _Readable:
    """Bodies of one sensor, source and segment: when each arrived, by number.

    `again` holds them where syslog may read what the source rejects; `said` is what stands beside them. (Of events
    that come in parts nothing is: these state all there is to know.)
    """

    sensor: str
    source: Source
    segment: str
    received: Mapping[int, int]
    again: Mapping[int, bytes] | None
    said: Mapping[int, Description] = field(default_factory=dict)


class FrameReader:
    """Reads one piece of work. `batches` are (sensor, EventBatch v1) as they were found; `outcome` is the rest."""

    def __init__(self, work: Work, zone: tzinfo = UTC) -> None:
        self._work = work
        self._zone = zone
        self._headers = dict(work.carry.headers)
        self._open = dict(work.carry.open)
        self._sharing = Sharing(work.carry.hosts, zone)
        self._generic = sources.every()[GENERIC]
        self._again: list[Body] = []  # of an unlabelled sensor: what its source rejects is at least a line of syslog
        self._received: Mapping[int, int] = {}
        self._said: dict[int, Description] = {}  # beside a body, by its number
        self.batches: list[tuple[str, pa.RecordBatch]] = []
        self.outcome = Outcome(work.carry)

    def read(self) -> None:
        """Read every frame."""
        if self._work.frames.num_rows:
            self._frames()
        else:
            for sensor, name in list(self._open):
                self._events(sensor, sources.every()[name], [], labelled=True)
        self.outcome.carry = replace(
            self._work.carry, headers=self._headers, open=self._open, hosts=self._sharing.hosts
        )

    def _frames(self) -> None:
        frames = self._work.frames
        received = frames.column("received_at").cast(pa.int64()).to_numpy().tolist()
        self._received = dict(zip(frames.column("seq").to_numpy().tolist(), received, strict=True))
        for sensor, hint, arrived in _by_sensor(frames):
            some = self._taken_apart(arrived)
            known = sources.every().get(hint) if hint is not None else None
            if known is not None:
                self._share(sensor, known, some, labelled=True)
            else:
                self._unlabelled(sensor, some)

    def _taken_apart(self, bodies: list[Body]) -> list[Body]:
        """Take from bodies what is said beside them."""
        for at, (seq, body) in enumerate(bodies):
            if body.startswith(MARK):
                said, plain = parts(body)
                bodies[at] = seq, plain
                if said is not None:
                    self._said[seq] = said
        return bodies

    def _unlabelled(self, sensor: str, bodies: list[Body]) -> None:
        """Share out bodies of which nobody said what they are."""
        last = next((name for known, name in reversed(self._headers) if known == sensor), None)
        newest = max(self._received[seq] for seq, _ in bodies)
        shares = self._sharing.of(sensor, bodies, newest, sources.every()[last] if last else None)
        for seq, body in shares.unknown:
            self.outcome.reject(sensor, UNKNOWN, f"{self._work.segment}:{seq}", "of no known format", body)
        for name, share in shares.by_source.items():
            self._share(sensor, sources.every()[name], share, labelled=False)
        if again := self._again:
            self._again = []
            self._share(sensor, self._generic, again, labelled=True)

    def _share(self, sensor: str, source: Source, bodies: list[Body], *, labelled: bool) -> None:
        """Read bodies of one sensor and format."""
        if source.assemble_key is not None:
            self._events(sensor, source, bodies, labelled=labelled)
            return
        again = None if labelled else dict(bodies)
        received = self._received
        context = Context(max(received[seq] for seq, _ in bodies), self._zone)
        if source.header and not source.independent:
            known = self._headers.pop((sensor, source.name), ())
            lines = headed(known, (body for _, body in bodies), source.header)
            if lines:
                self._headers[sensor, source.name] = lines  # at the end: the last header that came
            bodies = [*((-1 - number, line) for number, line in enumerate(known)), *bodies]
        of = _Readable(sensor, source, self._work.segment, received, again, self._said)
        self._built(of, source.read(bodies, context))

    def _events(self, sensor: str, source: Source, bodies: Sequence[Body], *, labelled: bool) -> None:
        """Put parts of events together, and read those that are whole."""
        work = self._work
        arrived = [Part(work.segment, seq, self._received[seq], body) for seq, body in bodies]
        whole, waiting = assembled(source, self._open.pop((sensor, source.name), ()), arrived, work.due)
        if waiting:
            self._open[sensor, source.name] = waiting
        by_segment: dict[str, list[list[Part]]] = {}
        for segment, run in runs(whole, source):
            by_segment.setdefault(segment, []).append(run)
        for segment, some in by_segment.items():
            parts = [part for run in some for part in run]
            mine = [part for part in parts if part.segment == segment]
            context = Context(max(part.received_at for part in parts), self._zone)
            found = chain.from_iterable(source.read([(part.seq, part.body) for part in run], context) for run in some)
            received = {part.seq: part.received_at for part in mine}
            again = None if labelled or segment != work.segment else {part.seq: part.body for part in mine}
            self._built(_Readable(sensor, source, segment, received, again), found)

    def _built(self, of: _Readable, found: Iterable[Record | Group | Reject]) -> None:
        """Build batches of what a source found."""
        sensor, source, received = of.sensor, of.source, of.received
        newest = max(received.values())
        builder = BatchBuilder(Origin(self._work.tenant, of.segment.encode(), newest, source.name))
        for one in found:
            if isinstance(one, Reject):
                body = of.again.get(one.ordinal) if of.again is not None else None
                if body is not None and source is not self._generic and self._generic.sniff(body[:_HEAD], ""):
                    self._again.append((one.ordinal, body))
                elif one.ordinal >= 0:
                    self.outcome.reject(sensor, source.name, f"{of.segment}:{one.ordinal}", one.reason, one.head)
            elif isinstance(one, Group):
                builder.extend(one)
            else:
                builder.add(one)
        note_names(self.outcome.fields, builder.names())
        seen = self.outcome.seen.setdefault((sensor, source.name), Seen())
        for unnumbered in builder.unnumbered():
            times = np.array([received.get(ordinal, newest) for ordinal in unnumbered.ordinals], np.int64)
            batch = _stamped(unnumbered.whole(), times)
            if of.said:
                batch, too_many = applied(batch, unnumbered.ordinals, of.said)
                for _ in range(too_many):
                    self.outcome.reject(sensor, source.name, of.segment, "too many names of fields beside events")
            seen.events += batch.num_rows
            seen.received_at = max(seen.received_at, int(times.max()))
            seen.shape(layout.logsource(batch.schema), batch.num_rows, _filled(batch))
            _skews(batch, times, seen)
            self.batches.append((sensor, batch))


def _by_sensor(frames: pa.RecordBatch) -> Iterator[tuple[str, str | None, list[Body]]]:
    """Yield the bodies of each sensor and hint, in their order, by which came first."""
    sensors, hints = (frames.column(name).dictionary_encode() for name in ("sensor", "source_hint"))
    codes = pc.fill_null(hints.indices, -1).to_numpy() + 1 + sensors.indices.to_numpy() * (len(hints.dictionary) + 1)
    found, first = np.unique(codes, return_index=True)
    for at in np.argsort(first):
        some = frames if len(found) == 1 else frames.take(pa.array(np.flatnonzero(codes == found[at])))
        sensor, hint = (some.column(name)[0].as_py() for name in ("sensor", "source_hint"))
        seqs, bodies = some.column("seq").to_numpy().tolist(), some.column("body").to_pylist()
        yield sensor, hint, list(zip(seqs, bodies, strict=True))


def _stamped(batch: pa.RecordBatch, received: np.ndarray) -> pa.RecordBatch:
    """Give each event the time at which its own frame arrived, also as its time where it states none."""
    stamps = pa.array(received, pa.int64()).cast(layout.STAMP)
    quality = batch.column("time_quality").cast(pa.string()).to_numpy(zero_copy_only=False)
    occurred = batch.column("occurred_at").cast(pa.int64()).to_numpy()
    unstated = (quality == RECEIVED) | (occurred > received + DAY)
    occurred = pa.array(np.where(unstated, received, occurred), pa.int64()).cast(layout.STAMP)
    words = pa.array(np.where(unstated, RECEIVED, quality), pa.string()).dictionary_encode()
    replaced = {"received_at": stamps, "occurred_at": occurred, "time_quality": words}
    columns = [replaced.get(name, column) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _filled(batch: pa.RecordBatch) -> set[str]:
    """The fields of a batch that hold a value in any row."""
    rows = batch.num_rows
    columns = zip(batch.schema.names, batch.columns, strict=True)
    return {
        name.removeprefix(layout.FIELD_PREFIX)
        for name, column in columns
        if name.startswith(layout.FIELD_PREFIX) and column.null_count < rows
    }


def _skews(batch: pa.RecordBatch, received: np.ndarray, seen: Seen) -> None:
    """Note by how much arrival follows what the events of each host state."""
    stated = batch.column("time_quality").cast(pa.string()).to_numpy(zero_copy_only=False) != RECEIVED
    late = received - batch.column("occurred_at").cast(pa.int64()).to_numpy()
    rows = np.flatnonzero(stated)[: 10 * _MAX_SKEWS]
    for position, host in zip(rows.tolist(), batch.column("host").take(pa.array(rows)).to_pylist(), strict=True):
        if host is not None:
            of_host = seen.skews.setdefault(host, [])
            if len(of_host) < _MAX_SKEWS:
                of_host.append(int(late[position]))
