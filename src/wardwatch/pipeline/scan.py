"""Scan logs for an attack: find them, cut them into tasks, run these, correlate, and hand on alerts as they come."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

from wardwatch import sources
from wardwatch.correlation.correlator import Correlator
from wardwatch.correlation.rules import Correlations
from wardwatch.events.alert import Alert
from wardwatch.events.logsource import LogSource
from wardwatch.frames import inputs
from wardwatch.frames.inputs import Copies, Copy, Input, Unopened
from wardwatch.pipeline.blocks import by_lines
from wardwatch.pipeline.mixed import is_mixed
from wardwatch.pipeline.sorter import Sorter
from wardwatch.pipeline.tasks import PIECE, Settings, ShownReject, Task, TaskResult, note_names
from wardwatch.pipeline.tuning.applying import Tunings


class Engine(Protocol):
    """Runs tasks and yields their results, in any order (the engines live in `wardwatch.engines`)."""

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Run `tasks`; they are taken one by one as there is room for them."""
        ...

    def close(self) -> None:
        """Stop at once; what is running is given up."""
        ...


MAX_SHOWN = 1_000  # rejects kept for people; all are counted


@dataclass(slots=True)
class Summary:
    """What a scan saw, besides its alerts. Grows as the scan goes on."""

    files: int = 0
    bytes_read: int = 0
    events: Counter[LogSource] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    fields: dict[LogSource, set[str]] = field(default_factory=dict)
    hosts: Counter[str] = field(default_factory=Counter)
    outside: int = 0  # events that were read but lie outside the asked window of time
    untimed: int = 0  # events that state no believable time: they have that of the scan, and count as in the window
    first_at: int | None = None
    last_at: int | None = None
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)  # (file, reason)
    shown: list[ShownReject] = field(default_factory=list)
    unopened: list[Unopened] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)  # (file, first bytes)
    copies: list[str] = field(default_factory=list)
    alerts: Counter[str] = field(default_factory=Counter)  # by rule id
    withheld: Counter[tuple[str, str]] = field(default_factory=Counter)  # (rule id, tuning)

    @property
    def total_events(self) -> int:
        """Events that were read."""
        return sum(self.events.values())

    @property
    def total_rejects(self) -> int:
        """What could not be read: lines, and whole files."""
        return sum(self.rejects.values()) + len(self.unopened) + len(self.unknown)

    def add(self, result: TaskResult) -> None:
        """Count in the result of a task."""
        self.bytes_read += result.bytes_read
        self.events.update(result.events)
        self.by_source.update(result.by_source)
        note_names(self.fields, result.fields)
        self.hosts.update(result.hosts)
        self.outside += result.outside
        self.untimed += result.untimed
        for mine, theirs, choose in (("first_at", result.first_at, min), ("last_at", result.last_at, max)):
            known = getattr(self, mine)
            if theirs is not None:
                setattr(self, mine, theirs if known is None else choose(known, theirs))
        for reason, count in result.rejects.items():
            self.rejects[result.task.input.name, reason] += count
        self.shown.extend(result.shown[: max(0, MAX_SHOWN - len(self.shown))])
        self.alerts.update(alert.rule_id for alert in result.alerts)
        self.withheld.update(result.withheld)


class Cutter:
    """Finds logs and cuts them into tasks, and notes in the summary what is not read."""

    def __init__(self, summary: Summary, spool: Path, source: str | None = None) -> None:
        self._summary = summary
        self._spool = spool
        self._source = source
        self._logs = Copies()
        self._open: Counter[str] = Counter()  # pieces of an unpacked log that are not read yet

    def tasks(self, paths: Iterable[str], leave_out: Collection[str] = ()) -> Iterator[Task]:
        """Yield the tasks of all logs in `paths` but those in `leave_out`, large ones in pieces."""
        for found in inputs.find(paths, self._spool, leave_out):
            if isinstance(found, Unopened):
                self._summary.unopened.append(found)
                continue
            distinct = self._logs.distinct(found) if isinstance(found, Input) and found.size else found
            if isinstance(distinct, Copy):
                self._summary.copies.append(f"{distinct.name} = {distinct.of}")
            elif distinct.size:
                yield from self._cut(distinct)
                continue
            if isinstance(found, Input):
                found.release()

    def done(self, task: Task) -> None:
        """Remove an unpacked log when its last piece was read."""
        self._open[task.input.path] -= 1
        if not self._open[task.input.path]:
            del self._open[task.input.path]
            task.input.release()

    def _cut(self, found: Input) -> Iterator[Task]:
        with Path(found.path).open("rb") as stream:
            head = stream.read(_SNIFFED)
        source = sources.every().get(self._source or "") or sources.sniff(
            head.removeprefix(b"\xef\xbb\xbf"), found.short_name
        )
        if source is None:
            self._summary.unknown.append((found.name, head[:60].decode("utf-8", "replace")))
            found.release()
            return
        self._summary.files += 1
        task = Task(found, source.name, mixed=is_mixed(head, source))
        pieces = list(_pieces(task)) if found.size > PIECE and source.independent and by_lines(source, task) else [task]
        self._open[found.path] += len(pieces)
        yield from pieces


def _pieces(task: Task) -> Iterator[Task]:
    """Cut a log of lines into pieces, counting lines on the way."""
    line = 1
    with Path(task.input.path).open("rb") as stream:
        for start in range(0, task.input.size, PIECE):
            end = min(start + PIECE, task.input.size)
            yield replace(task, start=start, end=end, first_line=line)
            while stream.tell() < end:
                line += stream.read(min(_COUNT, end - stream.tell())).count(b"\n")


_COUNT = 1024 * 1024
_SNIFFED = 16_384  # bytes from which the format is told


class Scan:
    """One scan. `run` yields alerts as they are found, correlations at the end; `summary` is true at any time."""

    def __init__(
        self,
        engine: Engine,
        correlations: Correlations,
        spool: Path,
        *,
        source: str | None = None,
        leave_out: Collection[str] = (),
    ) -> None:
        self._engine = engine
        self._correlations = correlations
        self._spool = spool
        self.summary = Summary()
        self._cutter = Cutter(self.summary, spool, source)
        self._leave_out = leave_out

    def run(
        self, paths: Iterable[str], settings: Settings, progress: Callable[[Summary], None] | None = None
    ) -> Iterator[Alert]:
        """Scan `paths`."""
        with Sorter(self._spool) as sorter:
            for result in self._engine.run(self._cutter.tasks(paths, self._leave_out)):
                self.summary.add(result)
                if result.final:
                    self._cutter.done(result.task)
                sorter.add(result.sightings)
                if progress is not None:
                    progress(self.summary)
                yield from result.alerts
            yield from correlated(self._correlations, sorter, settings, self.summary)


def correlated(
    correlations: Correlations, sorter: Sorter, settings: Settings, summary: Summary, tunings: Tunings | None = None
) -> Iterator[Alert]:
    """Yield the final alerts of correlations over all sightings, which come in order of time; counts them.

    A tuning holds for what was over before it expires.
    """
    correlator = Correlator(correlations)  # in order: no lateness beyond the usual
    final: dict[str, Alert] = {}
    sightings = sorter.sorted()
    while chunk := list(islice(sightings, _CHUNK)):
        _upsert(final, correlator.feed(chunk, settings.received_at))
    for alert in final.values():
        if alert.level < settings.level or alert.rule_id in settings.silenced:
            continue
        tuning = tunings.of_alert(alert, alert.last_at) if tunings else None
        if tuning is not None:
            summary.withheld[alert.rule_id, tuning.slug] += 1
        else:
            summary.alerts[alert.rule_id] += 1
            yield alert


_CHUNK = 10_000


def _upsert(final: dict[str, Alert], alerts: Iterable[Alert]) -> None:
    for alert in alerts:
        final[alert.id] = alert
        if alert.supersedes:  # the alert itself, where a late event undid it
            final.pop(alert.supersedes, None)
