"""A slow, obviously right reading of Sigma correlations: all sightings at once, every window from scratch.

It shares nothing with `wardwatch.correlation` but the sightings and the function that makes ids.
docs/reference/correlations.md says what the words mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wardwatch.correlation.sighting import Sighting
from wardwatch.events.record import Value
from wardwatch.kernel.ids import correlation_alert_id

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Outcome:
    """What must be known of an alert in the end; times in microseconds."""

    id: str
    tenant: str
    rule: str
    first_at: int
    last_at: int
    count: int
    group: Mapping[str, str | None]
    fields: Mapping[str, Value]
    host: str | None
    user: str | None
    source: str | None
    file: str | None
    record_id: str | None
    event_ids: tuple[str, ...]


@dataclass
class Entry:
    """One event of a group; several sightings of it are one."""

    time: int
    id: bytes
    rules: set[str]
    values: list[tuple[str, ...]]
    fields: dict[str, str]
    sighting: Sighting


class CorrelationReference:
    """`rules` are YAML documents with `correlation`; `bases` maps the names of base rules to their ids."""

    def __init__(self, rules: Sequence[Mapping[str, Any]], bases: Mapping[str, str]) -> None:
        self.rules = {str(rule.get("name", rule["title"])): rule for rule in rules}
        self.ids = dict(bases) | {name: str(rule.get("id", name)) for name, rule in self.rules.items()}

    def outcomes(self, sightings: Iterable[Sighting]) -> dict[str, Outcome]:
        """The alerts of all correlations, by id."""
        everything = list(sightings)
        found: dict[str, Outcome] = {}
        for name in self.rules:
            for tenant in {sighting.tenant for sighting in everything}:
                mine = [sighting for sighting in everything if sighting.tenant == tenant]
                found |= {outcome.id: outcome for outcome in self.alerts(name, mine)}
        return found

    def alerts(self, name: str, sightings: list[Sighting]) -> list[Outcome]:
        """The alerts of one correlation on the sightings of one tenant."""
        correlation = self.rules[name]["correlation"]
        seen = list(sightings)
        for inner in set(self.names(correlation)) & set(self.rules):
            kind = self.rules[inner]["correlation"]["type"]
            seen += [as_sighting(outcome, kind) for outcome in self.alerts(inner, sightings)]
        found = []
        for group, entries in self.groups(correlation, seen).items():
            found += self.episodes(name, group, sorted(entries, key=lambda entry: (entry.time, entry.id)))
        return found

    @staticmethod
    def names(correlation: Mapping[str, Any]) -> list[str]:
        if "rules" in correlation:
            return [correlation["rules"]] if isinstance(correlation["rules"], str) else list(correlation["rules"])
        words = re.findall(r"\w+", correlation["condition"])
        return [word for word in dict.fromkeys(words) if word not in ("and", "or", "not")]

    def field(self, correlation: Mapping[str, Any], field: str, rule: str) -> str:
        """The field of `rule` (an id) that a name stands for."""
        alias = correlation.get("aliases", {}).get(field)
        if alias is None:
            return field
        return str(next(found for name, found in alias.items() if self.ids[name] == rule))

    def groups(
        self, correlation: Mapping[str, Any], sightings: list[Sighting]
    ) -> dict[tuple[str | None, ...], list[Entry]]:
        rules = {self.ids[name] for name in self.names(correlation)}
        found: dict[tuple[str | None, ...], dict[bytes, Entry]] = {}
        for sighting in sightings:
            if sighting.rule not in rules:
                continue
            by = [self.field(correlation, name, sighting.rule) for name in correlation.get("group-by", [])]
            counted = [self.field(correlation, name, sighting.rule) for name in counted_fields(correlation)]
            values = [sighting.values.get(field) for field in counted]
            if None in values or (is_numeric(correlation) and number(str(values[0])) is None):
                continue
            group = tuple(sighting.values.get(field) for field in by)
            entries = found.setdefault(group, {})
            entry = entries.get(sighting.event_id)
            if entry is None:
                entry = Entry(sighting.occurred_at, sighting.event_id, set(), [], {}, sighting)
                entries[sighting.event_id] = entry
            entry.rules.add(sighting.rule)
            entry.values.append(tuple(map(str, values)))
            for field in {*by, *counted}:
                value = sighting.values.get(field)
                if value is not None:
                    entry.fields[field] = min(value, entry.fields.get(field, value))
        return {group: list(entries.values()) for group, entries in found.items()}

    def episodes(self, name: str, group: tuple[str | None, ...], entries: list[Entry]) -> list[Outcome]:
        correlation = self.rules[name]["correlation"]
        count, unit = re.fullmatch(r"(\d+)([smhdw])", correlation["timespan"]).groups()  # type: ignore[union-attr]
        span = int(count) * SECONDS[unit] * 1_000_000
        satisfied = []
        for entry in entries:
            window = [other for other in entries if entry.time - span < other.time <= entry.time]
            value = self.value(correlation, window)
            if value is not None:
                satisfied.append((entry, window, value))
        runs: list[list[tuple[Entry, list[Entry], int | float]]] = []
        for one in satisfied:
            if runs and one[0].time - runs[-1][-1][0].time < span:
                runs[-1].append(one)
            else:
                runs.append([one])
        found = []
        for run in runs:
            first, last = run[0][1][0], run[-1][0]
            events = entries[entries.index(first) : entries.index(last) + 1]
            found.append(self.outcome(name, group, events, run[-1][2]))
        return found

    def outcome(self, name: str, group: tuple[str | None, ...], events: list[Entry], value: float) -> Outcome:
        rule = self.rules[name]
        first = events[0]

        def common(what: str) -> Any:  # noqa: ANN401
            values = {getattr(entry.sighting, what) for entry in events}
            return values.pop() if len(values) == 1 else None

        return Outcome(
            id=correlation_alert_id(first.sighting.tenant, self.ids[name], group, first.id).hex(),
            tenant=first.sighting.tenant,
            rule=self.ids[name],
            first_at=first.time,
            last_at=events[-1].time,
            count=len(events),
            group=dict(zip(rule["correlation"].get("group-by", []), group, strict=True)),
            fields={**first.fields, rule["correlation"]["type"]: value},
            host=common("host"),
            user=common("user"),
            source=common("source"),
            file=first.sighting.file,
            record_id=first.sighting.record_id,
            event_ids=tuple(entry.id.hex() for entry in events[:100]),
        )

    def value(self, correlation: Mapping[str, Any], window: list[Entry]) -> float | None:
        """The value of a window, as shown, if the window satisfies the condition."""
        kind = correlation["type"]
        condition: Any = correlation.get("condition")
        listed = [self.ids[name] for name in self.names(correlation)]
        seen = {rule for entry in window for rule in entry.rules}
        if kind == "temporal_ordered":
            return len(listed) if in_order(listed, window) else None
        if kind == "temporal" and isinstance(condition, str):
            known = {name: self.ids[name] in seen for name in self.names(correlation)}
            return len(seen) if eval(condition, {"__builtins__": {}}, known) else None
        if kind == "temporal":
            condition = condition or {"gte": len(set(listed))}
            result: Fraction | int = len(seen)
        else:
            assert condition is not None
            result = measured(kind, condition, window)
        return shown(result) if holds(condition, result) else None


def counted_fields(correlation: Mapping[str, Any]) -> list[str]:
    condition = correlation.get("condition")
    field = condition.get("field") if isinstance(condition, Mapping) else None
    return [] if field is None else [field] if isinstance(field, str) else list(field)


def is_numeric(correlation: Mapping[str, Any]) -> bool:
    return correlation["type"] in ("value_sum", "value_avg", "value_percentile", "value_median")


def number(text: str) -> Fraction | None:
    return Fraction(text) if re.fullmatch(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", text) else None


def in_order(listed: list[str], window: list[Entry]) -> bool:
    """Each rule of the list by an event after that of the one before: take the earliest each time."""
    at = 0
    for entry in window:
        if at < len(listed) and listed[at] in entry.rules:
            at += 1
    return at == len(listed)


def measured(kind: str, condition: Mapping[str, Any], window: list[Entry]) -> Fraction | int:
    if kind == "event_count":
        return len(window)
    if kind == "value_count":
        return len({min(entry.values) for entry in window})
    values = sorted(min(number(value[0]) or Fraction(0) for value in entry.values) for entry in window)
    if kind == "value_sum":
        return sum(values)
    if kind == "value_avg":
        return sum(values) / Fraction(len(values))
    if kind == "value_median":
        return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
    return values[max(1, math.ceil(Fraction(condition["percentile"] * len(values), 100))) - 1]


def holds(condition: Mapping[str, Any], value: Fraction | int) -> bool:
    operator = next(key for key in condition if key not in ("field", "percentile"))
    limit = Fraction(str(condition[operator]))
    return {
        "lt": value < limit,
        "lte": value <= limit,
        "gt": value > limit,
        "gte": value >= limit,
        "eq": value == limit,
        "neq": value != limit,
    }[operator]


def shown(value: Fraction | int) -> float:
    return int(value) if value.denominator == 1 and abs(value) < 2**53 else float(value)  # type: ignore[operator]


def as_sighting(outcome: Outcome, counted: str) -> Sighting:
    """The alert of a correlation as a sighting for another: with its group and what was counted."""
    return Sighting(
        tenant=outcome.tenant,
        rule=outcome.rule,
        event_id=bytes.fromhex(outcome.id),
        occurred_at=outcome.last_at,
        host=outcome.host,
        user=outcome.user,
        source=outcome.source,
        file=outcome.file,
        record_id=outcome.record_id,
        values={counted: str(outcome.fields[counted]), **outcome.group},
    )
