"""Run one task through the stages: sources → events → detection → alerts, and sightings for correlation."""

import dataclasses
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wardwatch import sources
from wardwatch.correlation.sighting import Sighting
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.match import Memory, match
from wardwatch.detection.rules import Rule
from wardwatch.events import batch as layout
from wardwatch.events.alert import Alert
from wardwatch.events.batch import FIELD_PREFIX, NULL
from wardwatch.events.builder import Origin, Unnumbered
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, Reject, Value
from wardwatch.kernel import ids
from wardwatch.pipeline.blocks import by_lines
from wardwatch.pipeline.reading import Item, Reader
from wardwatch.pipeline.tasks import MAX_SHOWN_REJECTS, Settings, ShownReject, Task, TaskResult

PART = 20_000  # alerts and sightings in one part of a result
MAX_REASONS = 1_000  # distinct reasons of rejects in one part
MAX_LOG_SOURCES = 2_000  # told apart in one part; names of services can come from the log
MAX_HOSTS = 10_000  # counted in one task
_COUNT = 1024 * 1024
MAX_FIELD_VALUE = 2_000  # characters of a matched field kept in an alert


class Worker:
    """Runs tasks one after the other; holds the rules and what the engine remembers."""

    def __init__(self, rules: CompiledRules, memory: Memory, settings: Settings) -> None:
        self._rules = rules
        self._memory = memory
        self._settings = settings
        self._needs = dict(settings.needs)
        self._reader = Reader(rules, memory, self._needs)

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
                    self._batch(item.events, result, keywords=item.keywords)
                if len(result.alerts) + len(result.sightings) >= PART:
                    return False
        except OSError as error:  # the disk or the share under a log went away
            result.rejects[f"reading stopped: {error.strerror}"] += 1
        except Exception as error:  # noqa: BLE001  (a worker's loop: one log must not stop the others)
            result.rejects[f"reading stopped: a fault of the reader ({type(error).__name__})"] += 1
        return True

    def _batch(self, unnumbered: Unnumbered, result: TaskResult, *, keywords: bool) -> None:
        """Match one batch, and note what it held."""
        batch = unnumbered.events
        logsource = layout.logsource(batch.schema)
        if logsource not in result.events and len(result.events) >= MAX_LOG_SOURCES:
            logsource = LogSource(logsource.product, logsource.category)
        result.events[logsource] += batch.num_rows
        result.by_source[batch.column("source")[0].as_py()] += batch.num_rows
        times = batch.column("occurred_at").cast(pa.int64())
        timed = pc.not_equal(batch.column("time_quality").cast(pa.string()), RECEIVED)
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
        matches = match(batch, self._rules, self._memory, keywords=keywords)
        if matches.num_rows:
            self._matches(unnumbered, matches, within, result)

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

    def _matches(self, batch: Unnumbered, matches: pa.Table, within: np.ndarray, result: TaskResult) -> None:
        settings = self._settings
        rows, numbers = matches["row"].to_numpy(), matches["rule"].to_numpy()
        kept = within[rows]
        rows, numbers = rows[kept], numbers[kept]
        by_rule: list[tuple[Rule, frozenset[str] | None, bool, np.ndarray]] = []
        for number in np.unique(numbers):
            rule = self._rules.rules[number]
            needed = self._needs.get(rule.id)
            alerts = rule.level >= settings.level and rule.id not in settings.silenced
            if needed is not None or alerts:
                by_rule.append((rule, needed, alerts, rows[numbers == number]))
        if not by_rule:
            return
        fields = frozenset[str]().union(*((rule.fields if alerts else ()) for rule, _, alerts, _ in by_rule))
        fields = fields.union(*(needed or () for _, needed, _, _ in by_rule))
        taken = _Taken(batch, np.unique(np.concatenate([some for *_, some in by_rule])), fields)
        for rule, needed, alerts, some in by_rule:
            events = [taken.events[row] for row in some.tolist()]
            if needed is not None:
                result.sightings.extend(_sighting(event, rule, needed, result.task.input.name) for event in events)
            if alerts:
                names = sorted(rule.fields)
                result.alerts.extend(_alert(event, rule, names, result.task.input.name) for event in events)


_ENVELOPE = ("tenant", "occurred_at", "host", "user", "record_id", "time_quality")


@dataclass(frozen=True, slots=True)
class _Event:
    """One event that matched: its envelope, and those of its fields that somebody asks for."""

    id: bytes
    tenant: str
    occurred_at: int
    host: str | None
    user: str | None
    record_id: str
    time_quality: str
    source: str
    fields: dict[str, Any]


class _Taken:
    """Rows taken out of a batch, once for all rules that match them."""

    def __init__(self, batch: Unnumbered, rows: np.ndarray, fields: Iterable[str]) -> None:
        whole, indices = batch.events, pa.array(rows)
        source = str(layout.logsource(whole.schema))
        names = set(whole.schema.names)
        present = [field for field in sorted(fields) if FIELD_PREFIX + field in names]
        envelope = [whole.column(name).take(indices) for name in _ENVELOPE]
        envelope[1] = envelope[1].cast(pa.int64())
        columns = [whole.column(FIELD_PREFIX + field).take(indices).to_pylist() for field in present]
        values = zip(*columns, strict=True) if columns else repeat(())
        cells = zip(*(column.to_pylist() for column in envelope), strict=True)
        positions = rows.tolist()
        self.events = {
            row: _Event(event, tenant, at, host, user, record, quality, source, dict(zip(present, found, strict=True)))
            for row, event, (tenant, at, host, user, record, quality), found in zip(
                positions, batch.ids(positions), cells, values, strict=False
            )
        }


def _shown_value(found: Any) -> Value:  # noqa: ANN401
    """A cell as alerts carry it: an explicit null as `None`, long texts cut."""
    if isinstance(found, list):
        return [None if one == NULL else str(one)[:MAX_FIELD_VALUE] for one in found]
    return None if found == NULL else str(found)[:MAX_FIELD_VALUE]


def _alert(event: _Event, rule: Rule, names: Sequence[str], file: str) -> Alert:
    fields = ((name, event.fields.get(name)) for name in names)
    return Alert(
        id=ids.alert_id(event.tenant, rule.id, event.id).hex(),
        tenant=event.tenant,
        kind="event",
        rule_id=rule.id,
        rule_title=rule.title.en,
        level=rule.level,
        occurred_at=event.occurred_at,
        last_at=event.occurred_at,
        tags=rule.tags,
        host=event.host,
        user=event.user,
        source=event.source,
        file=file,
        record_id=event.record_id,
        event_ids=(event.id.hex(),),
        fields={name: _shown_value(value) for name, value in fields if value is not None},
        time_quality=event.time_quality,
    )


def _sighting(event: _Event, rule: Rule, needed: frozenset[str], file: str) -> Sighting:
    return Sighting(
        tenant=event.tenant,
        rule=rule.id,
        event_id=event.id,
        occurred_at=event.occurred_at,
        host=event.host,
        user=event.user,
        source=event.source,
        file=file,
        record_id=event.record_id,
        values={name: _plain_text(event.fields[name]) for name in sorted(needed) if name in event.fields},
    )


def _plain_text(found: Any) -> str | None:  # noqa: ANN401
    """A cell as correlations group and count it: a list of one stands for its element, a longer one is joined."""
    if isinstance(found, list):
        return ", ".join(one for one in found if one != NULL)
    return None if found is None or found == NULL else str(found)


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
