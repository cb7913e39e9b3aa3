"""Run one task through the stages: sources → events → detection → alerts, and sightings for correlation."""

import dataclasses
from pathlib import Path
from typing import Any

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
from wardwatch.events.builder import Origin
from wardwatch.events.record import Reject, Value
from wardwatch.kernel import ids
from wardwatch.pipeline.reading import Reader, by_lines
from wardwatch.pipeline.tasks import MAX_SHOWN_REJECTS, Settings, ShownReject, Task, TaskResult

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

    def run(self, task: Task) -> TaskResult:
        """Run one task to its end. A log that ends in an error keeps what came before it."""
        result = TaskResult(task)
        source = sources.every()[task.source]
        settings = self._settings
        context = sources.Context(
            received_at=task.input.modified_at or settings.received_at,
            zone=settings.zone,
            name=task.input.short_name,
        )
        origin = Origin(settings.tenant, task.input.id, settings.received_at, source.name)
        lined = by_lines(source, task)
        self._reader.fields = result.fields
        rejects: list[Reject] = []
        try:
            for item in self._reader.read(task, source, context, origin):
                if isinstance(item, Reject):
                    result.rejects[item.reason] += 1
                    if len(rejects) < MAX_SHOWN_REJECTS:
                        rejects.append(item)
                else:
                    self._batch(item.events, result, keywords=item.keywords)
        except OSError as error:  # the disk or the share under a log went away
            result.rejects[f"reading stopped: {error}"] += 1
        _show(result, rejects, lined=lined)
        result.bytes_read = (task.end if task.end is not None else task.input.size) - task.start
        return result

    def _batch(self, batch: pa.RecordBatch, result: TaskResult, *, keywords: bool) -> None:
        """Match one batch, and note what it held."""
        logsource = layout.logsource(batch.schema)
        result.events[logsource] += batch.num_rows
        result.by_source[batch.column("source")[0].as_py()] += batch.num_rows
        times = batch.column("occurred_at").cast(pa.int64())
        low, high = pc.min_max(times).as_py().values()
        result.first_at = low if result.first_at is None else min(result.first_at, low)
        result.last_at = high if result.last_at is None else max(result.last_at, high)
        for one in batch.column("host").value_counts().to_pylist():
            if one["values"] is not None and (len(result.hosts) < MAX_HOSTS or one["values"] in result.hosts):
                result.hosts[one["values"]] += one["counts"]
        matches = match(batch, self._rules, self._memory, keywords=keywords)
        if matches.num_rows:
            self._matches(batch, matches, times, result)

    def _matches(self, batch: pa.RecordBatch, matches: pa.Table, times: pa.Array, result: TaskResult) -> None:
        settings, rules = self._settings, self._rules.rules
        since, until = settings.since, settings.until
        for row, number in zip(matches["row"].to_pylist(), matches["rule"].to_pylist(), strict=True):
            occurred_at = times[row].as_py()
            if (since is not None and occurred_at < since) or (until is not None and occurred_at > until):
                continue
            rule = rules[number]
            needed = self._needs.get(rule.id)
            if needed is not None:
                result.sightings.append(_sighting(batch, row, rule, needed, result.task.input.name))
            if rule.level >= settings.level and rule.id not in settings.silenced:
                result.alerts.append(_alert(batch, row, rule, occurred_at, result.task.input.name))


def _cell(batch: pa.RecordBatch, name: str, row: int) -> Any:  # noqa: ANN401
    index = batch.schema.get_field_index(name)
    return batch.column(index)[row].as_py() if index >= 0 else None


def _value(batch: pa.RecordBatch, field: str, row: int) -> Value:
    found = _cell(batch, FIELD_PREFIX + field, row)
    if isinstance(found, list):
        return [None if one == NULL else one[:MAX_FIELD_VALUE] for one in found]
    return None if found == NULL or found is None else str(found)[:MAX_FIELD_VALUE]


def _alert(batch: pa.RecordBatch, row: int, rule: Rule, occurred_at: int, file: str) -> Alert:
    event = _cell(batch, "event_id", row)
    tenant = str(_cell(batch, "tenant", row))
    present = {FIELD_PREFIX + field for field in rule.fields}.intersection(batch.schema.names)
    values = {name[len(FIELD_PREFIX) :]: _value(batch, name[len(FIELD_PREFIX) :], row) for name in sorted(present)}
    return Alert(
        id=ids.alert_id(tenant, rule.id, event).hex(),
        tenant=tenant,
        kind="event",
        rule_id=rule.id,
        rule_title=rule.title.en,
        level=rule.level,
        occurred_at=occurred_at,
        last_at=occurred_at,
        tags=rule.tags,
        host=_cell(batch, "host", row),
        user=_cell(batch, "user", row),
        source=str(layout.logsource(batch.schema)),
        file=file,
        record_id=_cell(batch, "record_id", row),
        event_ids=(event.hex(),),
        fields={name: value for name, value in values.items() if value is not None},
    )


def _sighting(batch: pa.RecordBatch, row: int, rule: Rule, needed: frozenset[str], file: str) -> Sighting:
    values = {field: _value(batch, field, row) for field in needed}
    return Sighting(
        tenant=str(_cell(batch, "tenant", row)),
        rule=rule.id,
        event_id=_cell(batch, "event_id", row),
        occurred_at=batch.column("occurred_at")[row].value,
        host=_cell(batch, "host", row),
        user=_cell(batch, "user", row),
        source=str(layout.logsource(batch.schema)),
        file=file,
        record_id=_cell(batch, "record_id", row),
        values={k: " ".join(map(str, v)) if isinstance(v, list) else v and str(v) for k, v in values.items()},
    )


def _show(result: TaskResult, rejects: list[Reject], *, lined: bool) -> None:
    """Give rejects and alerts the place where a person finds them: the log's own number, the line, or the position."""
    unnumbered = {int(a.record_id[1:]) for a in result.alerts if a.record_id and a.record_id.startswith("@")}
    unnumbered |= {int(s.record_id[1:]) for s in result.sightings if s.record_id and s.record_id.startswith("@")}
    ordinals = unnumbered | {reject.ordinal for reject in rejects}
    place = _lines(result.task, ordinals) if lined else {ordinal: f"record {ordinal + 1}" for ordinal in ordinals}
    result.shown = [
        ShownReject(result.task.input.name, place[one.ordinal], one.reason, one.head.decode("utf-8", "replace"))
        for one in rejects
    ]

    def placed(record_id: str | None) -> str | None:
        return place[int(record_id[1:])] if record_id and record_id.startswith("@") else record_id

    result.alerts = [dataclasses.replace(alert, record_id=placed(alert.record_id)) for alert in result.alerts]
    result.sightings = [dataclasses.replace(one, record_id=placed(one.record_id)) for one in result.sightings]


def _lines(task: Task, offsets: set[int]) -> dict[int, str]:
    """Return the line of each byte offset, by counting line ends once through the task's part of the log."""
    found: dict[int, str] = {}
    if not offsets:
        return found
    with Path(task.input.path).open("rb") as stream:
        stream.seek(task.start)
        position, line = task.start, task.first_line
        for offset in sorted(offsets):
            while position < offset:
                data = stream.read(min(_COUNT, offset - position))
                if not data:
                    break
                line += data.count(b"\n")
                position += len(data)
            found[offset] = f"line {line}"
    return found
