"""The live half of the sentence: frames → events → detection. One pure step, whoever runs it and wherever."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

import numpy as np
import pyarrow as pa

from wardwatch import sources
from wardwatch.correlation.sighting import Sighting
from wardwatch.detection.match import Memory
from wardwatch.events import batch as layout
from wardwatch.events.alert import Alert
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, Group, Record, Reject
from wardwatch.pipeline import mixed
from wardwatch.pipeline.assembling import Carry, Ready, Who, ready
from wardwatch.pipeline.matched import Matcher, Numbered
from wardwatch.pipeline.ruleset import RuleSet
from wardwatch.pipeline.tasks import MAX_NAMES
from wardwatch.sources import Body, Context, Source

UNKNOWN = "-"  # where the source of a body cannot be told
MAX_SHOWN = 20  # rejects of one step that are shown; all are counted
MAX_REASONS = 1_000
_SNIFFED = 4_096  # bytes of a body from which its format is told
_HEAD = 200


@dataclass(frozen=True, slots=True)
class Work:
    """Frames of one lane and one segment; `carry` is what the step before left. Without frames: what waits is due."""

    tenant: str
    segment: str
    frames: pa.RecordBatch
    carry: Carry


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
    """What came from one sensor in one format: events, the newest times (µs UTC), how late, and in what shape."""

    events: int = 0
    received_at: int = 0
    skews: dict[str, list[int]] = field(default_factory=dict)  # host → µs by which arrival follows what events state
    shapes: dict[LogSource, tuple[int, set[str]]] = field(default_factory=dict)  # → events, fields that hold a value

    def shape(self, logsource: LogSource, events: int, names: set[str]) -> None:
        """Note events of a log source, and the fields in them."""
        if logsource in self.shapes or len(self.shapes) < _MAX_SHAPES:
            before, known = self.shapes.get(logsource, (0, set()))
            self.shapes[logsource] = (before + events, known | names)


@dataclass(slots=True)
class Detected:
    """What came of a piece of work: EventBatch v1 with patients hidden, alerts, sightings, and what was not read."""

    events: list[pa.RecordBatch]
    alerts: list[Alert]
    sightings: list[Sighting]
    carry: Carry
    withheld: list[Alert] = field(default_factory=list)  # by tunings; no sightings of them either
    rejects: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # sensor, source, reason
    shown: list[RejectedFrame] = field(default_factory=list)
    seen: dict[Who, Seen] = field(default_factory=dict)
    fields: dict[LogSource, set[str]] = field(default_factory=dict)


_MAX_SHAPES = 200  # log sources of one sensor and format in one step
Hide = Callable[[pa.RecordBatch], pa.RecordBatch]
_MAX_SKEWS = 200  # measurements of one host in one step


class Detector:
    """Runs pieces of work; holds the rules and what the engine remembers.

    `hiding(tenant)` returns what makes patients' identifiers unreadable in a batch.
    """

    def __init__(self, rules: RuleSet, hiding: Callable[[str], Hide], zone: tzinfo = UTC) -> None:
        self._matcher = Matcher(
            rules.rules,
            Memory(rules.store.databases),
            rules.correlations.needs,
            silenced=rules.correlations.silenced,
        )
        self._tunings = rules.tunings
        self._hiding = hiding
        self._hides: dict[str, Hide] = {}
        self._zone = zone

    def run(self, work: Work) -> Detected:
        """Run one piece of work; a frame over which a reader breaks becomes a reject.

        Raises `OSError` where new identifiers cannot be sealed: then nothing came of it.
        """
        try:
            return self._run(work)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  (a worker's loop: one frame must not stop the others)
            frames = work.frames
            if frames.num_rows <= 1:
                return _broken(work, error)
            half = frames.num_rows // 2
            first = self.run(replace(work, frames=frames.slice(0, half)))
            return _joined(first, self.run(replace(work, frames=frames.slice(half), carry=first.carry)))

    def _run(self, work: Work) -> Detected:
        step = _Step(work, self._zone)
        step.read()
        found = Detected(
            [], [], [], step.carry, rejects=step.rejects, shown=step.shown, seen=step.seen, fields=step.fields
        )
        hide = self._hides.get(work.tenant)
        if hide is None:
            hide = self._hides[work.tenant] = self._hiding(work.tenant)
        for sensor, batch in step.batches:
            hidden = hide(batch)
            told = self._matcher.tuned(Numbered(hidden), sensor, self._tunings)
            found.events.append(hidden)
            found.alerts += told.alerts
            found.sightings += told.sightings
            found.withheld += told.withheld
        return found


def _broken(work: Work, error: Exception) -> Detected:
    """What comes of a frame over which a reader breaks; what waited for it may be the cause, and goes with it."""
    found = Detected([], [], [], Carry(work.carry.headers))
    for sensor, seq in zip(
        work.frames.column("sensor").to_pylist(), work.frames.column("seq").to_pylist(), strict=True
    ):
        reason = f"a fault of the reader ({type(error).__name__})"
        found.rejects[sensor, UNKNOWN, reason] += 1
        found.shown.append(RejectedFrame(sensor, UNKNOWN, f"{work.segment}:{seq}", reason, ""))
    return found


def _joined(first: Detected, second: Detected) -> Detected:
    """Add what came of the second half of a piece of work to what came of the first."""
    first.events += second.events
    first.alerts += second.alerts
    first.sightings += second.sightings
    first.withheld += second.withheld
    first.rejects += second.rejects
    first.shown = [*first.shown, *second.shown][:MAX_SHOWN]
    for logsource, names in second.fields.items():
        first.fields.setdefault(logsource, set()).update(names)
    for who, seen in second.seen.items():
        mine = first.seen.setdefault(who, Seen())
        mine.events += seen.events
        mine.received_at = max(mine.received_at, seen.received_at)
        for logsource, (events, names) in seen.shapes.items():
            mine.shape(logsource, events, names)
        for host, skews in seen.skews.items():
            mine.skews[host] = [*mine.skews.get(host, ()), *skews][:_MAX_SKEWS]
    first.carry = second.carry
    return first


class _Step:
    """Reads the frames of one piece of work."""

    def __init__(self, work: Work, zone: tzinfo) -> None:
        self._work = work
        self._zone = zone
        self.carry = work.carry
        self.batches: list[tuple[str, pa.RecordBatch]] = []
        self.rejects: Counter[tuple[str, str, str]] = Counter()
        self.shown: list[RejectedFrame] = []
        self.seen: dict[Who, Seen] = {}
        self.fields: dict[LogSource, set[str]] = {}

    def read(self) -> None:
        """Read every frame."""
        frames = self._work.frames
        if not frames.num_rows:
            for (sensor, name), held in self._work.carry.held.items():
                self._share(sensor, sources.every()[name], [], held.received_at)
            return
        sensors, hints = frames.column("sensor").to_pylist(), frames.column("source_hint").to_pylist()
        received = frames.column("received_at").cast(pa.int64()).to_numpy()
        seqs, bodies = frames.column("seq").to_pylist(), frames.column("body").to_pylist()
        self._received = dict(zip(seqs, received.tolist(), strict=True))
        groups: dict[tuple[str, str | None], list[Body]] = {}
        for sensor, hint, seq, body in zip(sensors, hints, seqs, bodies, strict=True):
            groups.setdefault((sensor, hint), []).append((seq, body))
        for (sensor, hint), some in groups.items():
            newest = max(self._received[seq] for seq, _ in some)
            for source, share in self._shares(sensor, hint, some, newest):
                self._share(sensor, source, share, newest)

    _received: Mapping[int, int] = {}

    def _shares(
        self, sensor: str, hint: str | None, bodies: list[Body], newest: int
    ) -> Iterator[tuple[Source, list[Body]]]:
        """Share out bodies to the sources that read them."""
        known = sources.every().get(hint) if hint is not None else None
        if known is not None:
            yield known, bodies
            return
        generic = sources.every()[mixed.GENERIC]
        lines: list[Body] = []
        by_source: dict[str, list[Body]] = {}
        for seq, body in bodies:
            head = body[:_SNIFFED]
            if generic.sniff(head, ""):
                lines.append((seq, body))
            elif (found := sources.sniff(head, "")) is not None:
                by_source.setdefault(found.name, []).append((seq, body))
            elif source := self._headed(sensor, head):
                by_source.setdefault(source, []).append((seq, body))
            else:
                self._reject(sensor, UNKNOWN, seq, "of no known format", body)
        if lines:
            yield from mixed.dispatch(lines, generic, Context(newest, self._zone))
        yield from ((sources.every()[name], share) for name, share in by_source.items())

    def _headed(self, sensor: str, _: bytes) -> str | None:
        """A line that says nothing of its format belongs to the one whose header this sensor sent."""
        return next((source for known, source in self.carry.headers if known == sensor), None)

    def _share(self, sensor: str, source: Source, bodies: list[Body], newest: int) -> None:
        """Read bodies of one sensor and format."""
        if source.independent or not (source.header or source.assemble_key):
            self._built(sensor, source, self._work.segment, source.read(bodies, self._context(newest)))
            return
        segment = self._work.segment
        due = newest if bodies else 0
        now, self.carry = ready(self.carry, sensor, source, bodies, segment=segment, received_at=due)
        if now.older is not None:
            older = Ready(now.headers, None, now.older.bodies)
            self._built(sensor, source, now.older.segment, self._readable(source, older, now.older.received_at))
        self._built(sensor, source, segment, self._readable(source, now, newest))

    def _readable(self, source: Source, now: Ready, newest: int) -> Iterable[Record | Group | Reject]:
        bodies = [*((-1 - number, line) for number, line in enumerate(now.headers)), *now.bodies]
        found = source.read(bodies, self._context(newest)) if now.bodies else ()
        return (one for one in found if isinstance(one, Group) or one.ordinal >= 0)

    def _context(self, newest: int) -> Context:
        return Context(newest, self._zone)

    def _built(self, sensor: str, source: Source, segment: str, found: Iterable[Record | Group | Reject]) -> None:
        work, received = self._work, self._received
        newest = max(received.values(), default=0)
        builder = BatchBuilder(Origin(work.tenant, segment.encode(), newest, source.name))
        heads = {}
        for one in found:
            if isinstance(one, Reject):
                heads[one.ordinal] = one.head
                self._reject(sensor, source.name, one.ordinal, one.reason, one.head)
            elif isinstance(one, Group):
                builder.extend(one)
            else:
                builder.add(one)
        for logsource, names in builder.names().items():
            known = self.fields.setdefault(logsource, set())
            known.update(list(names - known)[: MAX_NAMES - len(known)])
        seen = self.seen.setdefault((sensor, source.name), Seen())
        for unnumbered in builder.unnumbered():
            times = np.array([received.get(ordinal, newest) for ordinal in unnumbered.ordinals], np.int64)
            batch = _stamped(unnumbered.whole(), times)
            seen.events += batch.num_rows
            seen.received_at = max(seen.received_at, int(times.max()))
            seen.shape(layout.logsource(batch.schema), batch.num_rows, _filled(batch))
            _skews(batch, times, seen)
            self.batches.append((sensor, batch))

    def _reject(self, sensor: str, source: str, seq: int, reason: str, body: bytes) -> None:
        key = (sensor, source, reason if len(self.rejects) < MAX_REASONS else "other reasons")
        self.rejects[key] += 1
        if len(self.shown) < MAX_SHOWN:
            head = body[:_HEAD].decode("utf-8", "replace")
            self.shown.append(RejectedFrame(sensor, source, f"{self._work.segment}:{seq}", reason, head))


def _stamped(batch: pa.RecordBatch, received: np.ndarray) -> pa.RecordBatch:
    """Give each event the time at which its own frame arrived, also as its time where it states none."""
    names = batch.schema.names
    stamps = pa.array(received, pa.int64()).cast(layout.STAMP)
    unstated = np.array(batch.column("time_quality").cast(pa.string()).to_numpy(zero_copy_only=False) == RECEIVED)
    occurred = batch.column("occurred_at").cast(pa.int64()).to_numpy()
    occurred = pa.array(np.where(unstated, received, occurred), pa.int64()).cast(layout.STAMP)
    columns = [
        stamps if name == "received_at" else occurred if name == "occurred_at" else column
        for name, column in zip(names, batch.columns, strict=True)
    ]
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
    hosts: Sequence[str | None] = batch.column("host").to_pylist()
    for position in np.flatnonzero(stated)[: 10 * _MAX_SKEWS].tolist():
        host = hosts[position]
        if host is not None:
            of_host = seen.skews.setdefault(host, [])
            if len(of_host) < _MAX_SKEWS:
                of_host.append(int(late[position]))
