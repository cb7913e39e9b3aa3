"""From a batch to what its matches become: alerts, and sightings for correlations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from wardwatch.pipeline.tuning.applying import Tunings, explained

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


@dataclass(slots=True)
class Tuned:
    """Alerts and sightings, and those that tunings withhold: such alerts say why among their fields."""

    alerts: list[Alert] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    withheld: list[Alert] = field(default_factory=list)
    withheld_sightings: list[Sighting] = field(default_factory=list)


# A rule, the fields that correlations need of it, whether it speaks itself, and the rows that it matches.
_Found = tuple[Rule, frozenset[str] | None, bool, np.ndarray]


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
        told = _told(batch, self._found(batch, within, keywords=keywords), file)
        return told.alerts, told.sightings

    def tuned(
        self, batch: Events, file: str, tunings: Tunings, within: np.ndarray | None = None, *, keywords: bool = True
    ) -> Tuned:
        """Return what is found in a batch of one tenant, apart from what its tunings withhold; see `of`."""
        found = self._found(batch, within, keywords=keywords)
        if not found or not tunings:
            return _told(batch, found, file)
        tenant = str(batch.events.column("tenant")[0].as_py())
        withheld = tunings.withheld(batch.events, tenant, ((rule.id, rows) for rule, _, _, rows in found))
        if not withheld:
            return _told(batch, found, file)
        kept: list[_Found] = []
        quiet: list[_Found] = []
        for rule, needed, speaks, rows in found:
            silent = np.isin(rows, list(withheld.get(rule.id, ())))
            kept += [(rule, needed, speaks, rows[~silent])] if not silent.all() else []
            # Of a rule that speaks only through correlations, what is withheld is told all the same.
            quiet += [(rule, needed, True, rows[silent])] if silent.any() else []
        told, aside = _told(batch, kept, file), _told(batch, quiet, file)
        why = [withheld[rule.id][row] for rule, _, _, rows in quiet for row in rows.tolist()]
        told.withheld = [
            replace(alert, fields={**alert.fields, **explained(tuning)})
            for alert, tuning in zip(aside.alerts, why, strict=True)
        ]
        told.withheld_sightings = aside.sightings
        return told

    def _found(self, batch: Events, within: np.ndarray | None, *, keywords: bool) -> list[_Found]:
        matches = match(batch.events, self._rules, self._memory, keywords=keywords)
        rows, numbers = matches["row"].to_numpy(), matches["rule"].to_numpy()
        if within is not None:
            kept = within[rows]
            rows, numbers = rows[kept], numbers[kept]
        by_rule: list[_Found] = []
        for number in np.unique(numbers):
            rule = self._rules.rules[number]
            needed = self._needs.get(rule.id)
            speaks = rule.level >= self._level and rule.id not in self._silenced
            if needed is not None or speaks:
                by_rule.append((rule, needed, speaks, rows[numbers == number]))
        return by_rule


def _told(batch: Events, by_rule: Sequence[_Found], file: str) -> Tuned:
    """Tell of matches: an alert where the rule speaks, a sighting where correlations need one."""
    told = Tuned()
    if not by_rule:
        return told
    fields = frozenset[str]().union(*((rule.fields if speaks else ()) for rule, _, speaks, _ in by_rule))
    fields = fields.union(*(needed or () for _, needed, _, _ in by_rule))
    taken = _Taken(batch, np.unique(np.concatenate([some for *_, some in by_rule])), fields)
    for rule, needed, speaks, some in by_rule:
        events = [taken.events[row] for row in some.tolist()]
        if needed is not None:
            told.sightings.extend(_sighting(event, rule, needed, file) for event in events)
        if speaks:
            names = sorted(rule.fields)
            told.alerts.extend(_alert(event, rule, names, file) for event in events)
    return told


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
