"""From a batch to what its matches become: alerts, and sightings for correlations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from wardwatch.correlation.sighting import Sighting
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.match import Memory, match
from wardwatch.detection.rules import Rule
from wardwatch.events import batch as layout
from wardwatch.events.alert import Alert
from wardwatch.events.batch import FIELD_PREFIX, NULL
from wardwatch.events.record import Value
from wardwatch.kernel import ids
from wardwatch.kernel.severity import Level

MAX_FIELD_VALUE = 2_000  # characters of a matched field kept in an alert


class Events(Protocol):
    """An EventBatch, with or without the column of ids."""

    @property
    def events(self) -> pa.RecordBatch:
        """The batch."""

    def ids(self, rows: Sequence[int]) -> list[bytes]:
        """The ids of the events in some rows."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """An EventBatch v1 that holds its ids."""

    events: pa.RecordBatch

    def ids(self, rows: Sequence[int]) -> list[bytes]:
        """The ids of the events in some rows."""
        found: list[bytes] = self.events.column("event_id").take(pa.array(rows, pa.int64())).to_pylist()
        return found


class Matcher:
    """Matches batches against rules.

    `needs` are the fields that correlations want from sightings of a rule, by rule id; alerts are kept from `level`
    on, and not of rules that are `silenced` because correlations speak for them.
    """

    def __init__(
        self,
        rules: CompiledRules,
        memory: Memory,
        needs: Mapping[str, frozenset[str]],
        level: Level = Level.INFORMATIONAL,
        silenced: Collection[str] = (),
    ) -> None:
        self._rules = rules
        self._memory = memory
        self._needs = needs
        self._level = level
        self._silenced = silenced

    def of(
        self, batch: Events, within: np.ndarray | None, file: str, *, keywords: bool = True
    ) -> tuple[list[Alert], list[Sighting]]:
        """Return the alerts and sightings of a batch; `within` says which rows count, `file` where they were read."""
        matches = match(batch.events, self._rules, self._memory, keywords=keywords)
        rows, numbers = matches["row"].to_numpy(), matches["rule"].to_numpy()
        if within is not None:
            kept = within[rows]
            rows, numbers = rows[kept], numbers[kept]
        by_rule: list[tuple[Rule, frozenset[str] | None, bool, np.ndarray]] = []
        for number in np.unique(numbers):
            rule = self._rules.rules[number]
            needed = self._needs.get(rule.id)
            speaks = rule.level >= self._level and rule.id not in self._silenced
            if needed is not None or speaks:
                by_rule.append((rule, needed, speaks, rows[numbers == number]))
        alerts: list[Alert] = []
        sightings: list[Sighting] = []
        if not by_rule:
            return alerts, sightings
        fields = frozenset[str]().union(*((rule.fields if speaks else ()) for rule, _, speaks, _ in by_rule))
        fields = fields.union(*(needed or () for _, needed, _, _ in by_rule))
        taken = _Taken(batch, np.unique(np.concatenate([some for *_, some in by_rule])), fields)
        for rule, needed, speaks, some in by_rule:
            events = [taken.events[row] for row in some.tolist()]
            if needed is not None:
                sightings.extend(_sighting(event, rule, needed, file) for event in events)
            if speaks:
                names = sorted(rule.fields)
                alerts.extend(_alert(event, rule, names, file) for event in events)
        return alerts, sightings


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

    def __init__(self, batch: Events, rows: np.ndarray, fields: Iterable[str]) -> None:
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
