"""The correlator's state as bytes: JSON, with a version. Rules that changed since start anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import orjson

from wardwatch.correlation import rules as kinds
from wardwatch.correlation.episodes import Head, Key
from wardwatch.correlation.groups import Group
from wardwatch.correlation.rules import CorrelationRule, Correlations
from wardwatch.correlation.windows import Event, Payload
from wardwatch.events.alert import Alert
from wardwatch.kernel.errors import InputError
from wardwatch.kernel.severity import Level

FORMAT = "wardwatch/correlator/1"


@dataclass(slots=True)
class State:
    """What a correlator knows between two feeds; the attributes are those of `Correlator`."""

    groups: dict[Key, Group] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    floors: dict[tuple[str, int], int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


def dump(correlations: Correlations, state: State) -> bytes:
    """Return `state` as bytes."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "rules": [rule.fingerprint for rule in correlations.rules],
            "newest": state.newest,
            "floors": [(tenant, index, time) for (tenant, index), time in state.floors.items()],
            "counters": state.counters,
            "groups": [_group_out(group) for group in state.groups.values()],
        }
    )


def load(correlations: Correlations, data: bytes) -> State:
    """Read a state, leaving out that of rules that are gone or mean something else now.

    Raises:
        InputError: if `data` is not such a state, or of another version.
    """
    try:
        saved = orjson.loads(data)
        if saved["format"] != FORMAT:
            raise InputError(f"correlator state of format {saved['format']!r}", hint=f"expected {FORMAT!r}")
        return _loaded(correlations, saved)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise InputError("correlator state that cannot be read", hint=why) from error


def _loaded(correlations: Correlations, saved: Mapping[str, Any]) -> State:
    now = {rule.fingerprint: index for index, rule in enumerate(correlations.rules)}
    places = {old: now[mark] for old, mark in enumerate(saved["rules"]) if mark in now}
    state = State(
        newest={str(tenant): int(time) for tenant, time in saved["newest"].items()},
        floors={(tenant, places[old]): time for tenant, old, time in saved["floors"] if old in places},
        counters={str(name): int(count) for name, count in saved["counters"].items()},
    )
    for raw in saved["groups"]:
        tenant, old, values = raw["key"]
        if old in places:
            key = (tenant, places[old], tuple(values))
            state.groups[key] = _group_in(correlations.rules[places[old]], Group(key), raw)
    return state


def _group_out(group: Group) -> dict[str, Any]:
    head = group.head
    return {
        "key": group.key,
        "events": [_event_out(event) for event in group.events],
        "marks": group.marks,
        "dropped_to": group.dropped_to,
        "cut_to": group.cut_to,
        "head": head
        and {
            "first": _event_out(head.first),
            "count": head.count,
            "event_ids": [one.hex() for one in head.event_ids],
            "shared": head.shared,
            "reach": head.reach,
            "mark": head.mark,
        },
        "live": [_alert_out(alert) for alert in group.live.values()],
    }


def _group_in(rule: CorrelationRule, group: Group, raw: Mapping[str, Any]) -> Group:
    group.events = [_event_in(rule, event) for event in raw["events"]]
    group.marks = list(raw["marks"])
    group.ids = {event[1]: event[0] for event in group.events}
    group.dropped_to, group.cut_to = int(raw["dropped_to"]), int(raw["cut_to"])
    if raw["head"]:
        head = raw["head"]
        group.head = Head(
            first=_event_in(rule, head["first"]),
            count=head["count"],
            event_ids=tuple(map(bytes.fromhex, head["event_ids"])),
            shared=tuple(head["shared"]),
            reach=head["reach"],
            mark=head["mark"],
        )
    group.live = {alert.id: alert for alert in map(_alert_in, raw["live"])}
    return group


def _event_out(event: Event) -> tuple[object, ...]:
    time, key, payload, origin = event
    plain = payload if payload is None or isinstance(payload, tuple) else str(payload)
    return time, key.hex(), plain, origin


def _event_in(rule: CorrelationRule, raw: list[Any]) -> Event:
    time, key, plain, origin = raw
    fields = tuple((name, value) for name, value in origin[5])
    return time, bytes.fromhex(key), _payload_in(rule, plain), (*origin[:5], fields)


def _payload_in(rule: CorrelationRule, plain: str | list[str] | None) -> Payload:
    if plain is None or isinstance(plain, list):
        return None if plain is None else tuple(plain)
    number = Fraction(plain)
    return (
        int(number) if number.denominator == 1 and rule.type in kinds.TEMPORAL_TYPES | kinds.NUMERIC_TYPES else number
    )


def _alert_out(alert: Alert) -> dict[str, Any]:
    raw = {name: getattr(alert, name) for name in Alert.__slots__}
    return {**raw, "level": alert.level.word, "group": dict(alert.group), "fields": dict(alert.fields)}


def _alert_in(raw: Mapping[str, Any]) -> Alert:
    tags, ids = tuple(raw["tags"]), tuple(raw["event_ids"])
    return Alert(**{**raw, "level": Level.parse(raw["level"]), "tags": tags, "event_ids": ids})
