"""Run one task through the stages: sources → events → detection → alerts, and sightings for correlation."""

import dataclasses
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wardwatch import sources
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.memory import Memory
from wardwatch.events import batch as layout
from wardwatch.events.builder import Origin
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, Reject
from wardwatch.pipeline.blocks import by_lines
from wardwatch.pipeline.matched import Events, Matcher
from wardwatch.pipeline.reading import Item, Reader
from wardwatch.pipeline.tasks import MAX_SHOWN_REJECTS, Settings, ShownReject, Task, TaskResult
from wardwatch.pipeline.tuning.applying import Tunings

PART = 20_000  # alerts and sightings in one part of a result
MAX_REASONS = 1_000  # distinct reasons of rejects in one part
MAX_LOG_SOURCES = 2_000  # told apart in one part; names of services can come from the log
MAX_HOSTS = 10_000  # counted in one task
_COUNT = 1024 * 1024


class Worker:
    """Runs tasks one after the other; holds the rules and what the engine remembers."""

    def __init__(
        self, rules: CompiledRules, memory: Memory, settings: Settings, tunings: Tunings | None = None
    ) -> None:
        self._settings = settings
        self._tunings = tunings or Tunings()
        needs = dict(settings.needs)
        self._matcher = Matcher(rules, memory, needs, settings.level, settings.silenced)
        self._reader = Reader(rules, memory, needs)

    def run(self, task: Task) -> Iterator[TaskResult]:
        """Run one task to its end; yields its result in parts, the last of which is `final`.

        A log that ends in an error, or a reader that breaks, keeps what came before.
        """
        source = sources.every()[task.source]
        settings = self._settings
        context = sources.Context(
            received_at=task.input.modified_at or settings.received_at,
            zone=settings.zone,
            name=task.input.short_name,
        )
        origin = Origin(settings.tenant, task.input.id, settings.received_at, source.name)
        lined = by_lines(source, task)
        items = self._reader.read(task, source, context, origin)
        result = TaskResult(task)
        while not result.final:
            rejects: list[Reject] = []
            self._reader.fields = result.fields
            result.final = self._part(items, result, rejects)
            _show(result, rejects, self._reader.marks if lined else None)
            if result.final:
                result.bytes_read = (task.end if task.end is not None else task.input.size) - task.start
            yield result
            result = TaskResult(task, final=result.final)

    def _part(self, items: Iterator[Item], result: TaskResult, rejects: list[Reject]) -> bool:
        """Take items until the result is large enough to hand on; says whether the log is at its end."""
        try:
            for item in items:
                if isinstance(item, Reject):
                    result.rejects[item.reason if len(result.rejects) < MAX_REASONS else "other reasons"] += 1
                    if len(rejects) < MAX_SHOWN_REJECTS:
                        rejects.append(item)
                else:
                    self.take(item.events, result, keywords=item.keywords)
                if len(result.alerts) + len(result.sightings) >= PART:
                    return False
        except OSError as error:  # the disk or the share under a log went away
            result.rejects[f"reading stopped: {error.strerror}"] += 1
        except Exception as error:  # noqa: BLE001  (a worker's loop: one log must not stop the others)
            result.rejects[f"reading stopped: a fault of the reader ({type(error).__name__})"] += 1
        return True

    def take(self, found: Events, result: TaskResult, *, keywords: bool = True) -> None:
        """Match one batch, and note what it held."""
        batch = found.events
        logsource = layout.logsource(batch.schema)
        if logsource not in result.events and len(result.events) >= MAX_LOG_SOURCES:
            logsource = LogSource(logsource.product, logsource.category)
        result.events[logsource] += batch.num_rows
        result.by_source[batch.column("source")[0].as_py()] += batch.num_rows
        times = batch.column("occurred_at").cast(pa.int64())
        quality = batch.column("time_quality")
        timed = pc.not_equal(quality.indices, quality.dictionary.index(RECEIVED))
        result.untimed += batch.num_rows - (pc.sum(timed).as_py() or 0)
        low, high = pc.min_max(times.filter(timed)).as_py().values()
        if low is not None:
            result.first_at = low if result.first_at is None else min(result.first_at, low)
            result.last_at = high if result.last_at is None else max(result.last_at, high)
        within = self._within(times.to_numpy(), timed)
        result.outside += batch.num_rows - int(within.sum())
        for one in batch.column("host").value_counts().to_pylist():
            if one["values"] is not None and (len(result.hosts) < MAX_HOSTS or one["values"] in result.hosts):
                result.hosts[one["values"]] += one["counts"]
        told = self._matcher.tuned(found, result.task.input.name, self._tunings, within, keywords=keywords)
        result.alerts += told.alerts
        result.sightings += told.sightings
        result.withheld.update((alert.rule_id, str(alert.fields["wardwatch.tuning"])) for alert in told.withheld)

    def _within(self, times: np.ndarray, timed: pa.BooleanArray) -> np.ndarray:
        """Say which events lie in the asked window; one without a believable time may do, and is kept."""
        since, until = self._settings.since, self._settings.until
        within = np.ones(len(times), bool)
        if since is not None:
            within &= times >= since
        if until is not None:
            within &= times <= until
        kept: np.ndarray = within | ~timed.to_numpy(zero_copy_only=False)
        return kept


def _show(result: TaskResult, rejects: list[Reject], marks: Sequence[tuple[int, int]] | None) -> None:
    """Give rejects and alerts the place where a person finds them: the log's own number, the line, or the position."""
    unnumbered = {int(a.record_id[1:]) for a in result.alerts if a.record_id and a.record_id.startswith("@")}
    unnumbered |= {int(s.record_id[1:]) for s in result.sightings if s.record_id and s.record_id.startswith("@")}
    ordinals = unnumbered | {reject.ordinal for reject in rejects}
    if marks is None:
        place = {ordinal: f"record {ordinal + 1}" for ordinal in ordinals}
    else:
        place = _lines(result.task, ordinals, marks)
    result.shown = [
        ShownReject(result.task.input.name, place[one.ordinal], one.reason, one.head.decode("utf-8", "replace"))
        for one in rejects
    ]

    def placed(record_id: str | None) -> str | None:
        return place[int(record_id[1:])] if record_id and record_id.startswith("@") else record_id

    result.alerts = [dataclasses.replace(alert, record_id=placed(alert.record_id)) for alert in result.alerts]
    result.sightings = [dataclasses.replace(one, record_id=placed(one.record_id)) for one in result.sightings]


def _lines(task: Task, offsets: set[int], marks: Sequence[tuple[int, int]]) -> dict[int, str]:
    """Return the line of each byte offset, by counting line ends from the last mark before it (offset, line)."""
    found: dict[int, str] = {}
    if not offsets:
        return found
    marked = [offset for offset, _ in marks]
    with Path(task.input.path).open("rb") as stream:
        position, line = task.start, task.first_line
        for offset in sorted(offsets):
            mark = bisect_right(marked, offset) - 1
            if mark >= 0 and marked[mark] > position:
                position, line = marks[mark]
            stream.seek(position)
            while position < offset:
                data = stream.read(min(_COUNT, offset - position))
                if not data:
                    break
                line += data.count(b"\n")
                position += len(data)
            found[offset] = f"line {line}"
    return found
