"""The correlator: sightings in, alerts out. Pure but for its state, which can be saved and restored."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count

from wardwatch.correlation import rules as kinds
from wardwatch.correlation import saving
from wardwatch.correlation.episodes import Key
from wardwatch.correlation.groups import LONG_AGO, Group
from wardwatch.correlation.rules import CorrelationRule, Correlations, Number, Ref
from wardwatch.correlation.sighting import Sighting
from wardwatch.correlation.windows import Payload
from wardwatch.events.alert import Alert
from wardwatch.kernel.ids import digest

MAX_VALUE = 1024  # characters of a group's value, or of one that is counted
COUNTERS = ("too_late", "ignored", "truncated", "evicted")

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")


@dataclass(frozen=True, slots=True)
class Limits:
    """How late sightings may be, and how much is kept.

    Args:
        lateness: microseconds by which a sighting may be older than the newest of its tenant; `None`: any age
            (a scan of files), so that nothing is dropped but by the two other limits.
        events: most events kept in one group; a count keeps at least as many as it must count.
        groups: most groups kept; the one that was longest without a sighting goes first.
    """

    lateness: int | None = 10 * 60 * 1_000_000
    events: int = 10_000
    groups: int = 200_000


LIMITS = Limits()


class Correlator:
    """Runs correlations over sightings that may come late, out of order and twice.

    Args:
        correlations: what to run.
        state: what `save` returned, to go on from there.
        limits: how late sightings may be, and how much is kept.

    Attributes:
        too_late: sightings not used because state that they need was dropped.
        ignored: sightings not used because the value to be counted or summed is absent or no number.
        truncated: events dropped because their group had too many.
        evicted: groups dropped because there were too many.
    """

    def __init__(self, correlations: Correlations, state: bytes | None = None, limits: Limits = LIMITS) -> None:
        self.correlations = correlations
        self.limits = limits
        self.too_late = self.ignored = self.truncated = self.evicted = 0
        known = saving.load(correlations, state) if state is not None else saving.State()
        for name in COUNTERS:
            setattr(self, name, known.counters.get(name, 0))
        self.groups = known.groups
        self.newest = known.newest  # tenant → latest time seen
        self.floors = known.floors  # (tenant, rule) → latest time dropped with a whole group
        self._due: dict[str, list[tuple[int, int, Key]]] = {}  # tenant → heap of (when it can go, tick, group)
        self._ticks = count()  # settles ties: groups have no order
        self._touched: list[dict[Key, Group]] = [{} for _ in correlations.rules]
        for key, group in self.groups.items():
            self._schedule(correlations.rules[key[1]], group)

    def feed(self, sightings: Iterable[Sighting], now: int) -> list[Alert]:
        """Take in sightings in any order; return new, grown, superseding and withdrawn alerts, in order.

        `now` is the time of the clock in microseconds: sightings from the future do not advance the watermark
        beyond it.
        """
        listeners = self.correlations.listeners
        newest: dict[str, int] = {}
        for sighting in sightings:
            if sighting.occurred_at > newest.get(sighting.tenant, LONG_AGO):
                newest[sighting.tenant] = sighting.occurred_at
            for index, ref in listeners.get(sighting.rule, ()):
                self._admit(index, ref, sighting, sighting.values)
        alerts: list[Alert] = []
        for index, rule in enumerate(self.correlations.rules):
            outer = listeners.get(rule.id, ())
            speaks = rule.id not in self.correlations.silenced
            for group in self._touched[index].values():
                for alert in group.settle(rule):
                    if speaks:
                        alerts.append(alert)
                    for place, ref in outer:
                        self._pass_on(place, ref, alert)
        self._clean_up({tenant: min(time, now) for tenant, time in newest.items()})
        return alerts

    def flush(self) -> list[Alert]:
        """End a scan. Every alert has been handed out by `feed` already, so there is none left to return."""
        return []

    def save(self) -> bytes:
        """Return the state between two feeds; see `restore`."""
        counters = {name: getattr(self, name) for name in COUNTERS}
        return saving.dump(self.correlations, saving.State(self.groups, self.newest, self.floors, counters))

    @classmethod
    def restore(cls, correlations: Correlations, state: bytes, limits: Limits = LIMITS) -> "Correlator":
        """Return a correlator that goes on where the saved one stopped.

        State of rules that are gone or mean something else now is left out.

        Raises:
            InputError: if `state` is not such a state, or of another version.
        """
        return cls(correlations, state, limits)

    def _touch(self, key: Key) -> Group:
        """Find or make a group, and move it to the end of the line for eviction."""
        touched = self._touched[key[1]]
        group = touched.get(key)
        if group is None:
            group = self.groups.pop(key, None)
            if group is None:
                group = Group(key, self.floors.get(key[:2], LONG_AGO))
            self.groups[key] = touched[key] = group
        return group

    def _admit(self, index: int, ref: Ref, sighting: Sighting, grouping: Mapping[str, str | None]) -> None:
        """Take in a sighting for one correlation; `grouping` holds the values to group by."""
        rule = self.correlations.rules[index]
        values = clipped(sighting.values)
        grouping = values if grouping is sighting.values else clipped(grouping)
        payload = payload_of(rule, ref, values)
        if payload is None and rule.type != kinds.EVENT_COUNT:
            self.ignored += 1
            return
        group = self._touch((sighting.tenant, index, tuple([grouping.get(field) for field in ref.group_fields])))
        fields = tuple([(field, values[field]) for field in ref.fields if values.get(field) is not None])
        origin = (
            *(sighting.host, sighting.user, sighting.source, sighting.file, sighting.record_id),
            fields,
        )
        if not group.add(rule, (sighting.occurred_at, sighting.event_id, payload, origin)):
            self.too_late += 1

    def _pass_on(self, index: int, ref: Ref, alert: Alert) -> None:
        """Show an alert to a correlation that refers to its rule: its former self goes, the present comes.

        Of its values the correlation sees the group and what was counted: all else may change as it grows.
        """
        counted = self.correlations.types[alert.rule_id]
        group = tuple(alert.group.get(field) for field in ref.group_fields)
        outer = self._touch((alert.tenant, index, group))
        if alert.supersedes is not None:
            outer.remove(bytes.fromhex(alert.supersedes))
        outer.remove(bytes.fromhex(alert.id))
        if alert.supersedes == alert.id:
            return
        sighting = Sighting(
            tenant=alert.tenant,
            rule=alert.rule_id,
            event_id=bytes.fromhex(alert.id),
            occurred_at=alert.last_at,
            host=alert.host,
            user=alert.user,
            source=alert.source,
            file=alert.file,
            record_id=alert.record_id,
            values={counted: str(alert.fields[counted]), **alert.group},
        )
        self._admit(index, ref, sighting, alert.group)

    def _clean_up(self, newest: Mapping[str, int]) -> None:
        """Advance the watermarks and drop what lies behind them or goes beyond the limits."""
        for tenant, time in newest.items():
            self.newest[tenant] = max(time, self.newest.get(tenant, LONG_AGO))
        for index, rule in enumerate(self.correlations.rules):
            most = self.limits.events
            if rule.type in (kinds.EVENT_COUNT, kinds.VALUE_COUNT):
                most = max(most, int(rule.threshold) + 1)
            for key, group in self._touched[index].items():
                self._drop(rule, group)
                self.truncated += group.cut(rule, most)
                self._schedule(rule, group)
                if not group.events:
                    self.groups.pop(key, None)
            self._touched[index] = {}
        for tenant in newest:
            self._drop_due(tenant)
        while len(self.groups) > self.limits.groups:
            del self.groups[next(iter(self.groups))]
            self.evicted += 1

    def _drop(self, rule: CorrelationRule, group: Group) -> None:
        newest = self.newest.get(group.key[0])
        if self.limits.lateness is None or newest is None:
            return
        group.drop(rule, newest - self.limits.lateness - rule.lag - rule.span)
        if not group.events and group.dropped_to > LONG_AGO:
            place = group.key[:2]
            self.floors[place] = max(self.floors.get(place, LONG_AGO), group.dropped_to)

    def _schedule(self, rule: CorrelationRule, group: Group) -> None:
        """Note when all of a group can go. A group may be noted more than once; `_drop_due` looks again."""
        if self.limits.lateness is not None and group.events and not group.scheduled:
            group.scheduled = True
            due = group.events[-1][0] + rule.span + rule.lag + self.limits.lateness
            heappush(self._due.setdefault(group.key[0], []), (due, next(self._ticks), group.key))

    def _drop_due(self, tenant: str) -> None:
        heap = self._due.get(tenant, [])
        while heap and heap[0][0] <= self.newest[tenant]:
            _, _, key = heappop(heap)
            group = self.groups.get(key)
            if group is None:
                continue
            rule = self.correlations.rules[key[1]]
            self._drop(rule, group)
            group.scheduled = False
            self._schedule(rule, group)
            if not group.events:
                del self.groups[key]


def clipped(values: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Bound the length of values, which is the attacker's choice; those that differ stay different."""
    if all(value is None or len(value) <= MAX_VALUE for value in values.values()):
        return values
    return {name: value and _clip(value) for name, value in values.items()}


def _clip(value: str) -> str:
    if len(value) <= MAX_VALUE:
        return value
    mark = digest("clip/1", value.encode("utf-8", "surrogatepass")).hex()
    return f"{value[: MAX_VALUE - len(mark) - 1]}…{mark}"


def payload_of(rule: CorrelationRule, ref: Ref, values: Mapping[str, str | None]) -> Payload:
    """Return what a sighting contributes to a window; `None` if it has no usable value (or needs none)."""
    if rule.type == kinds.EVENT_COUNT:
        return None
    if rule.type in kinds.TEMPORAL_TYPES:
        return ref.mask
    found = [value for field in ref.value_fields if (value := values.get(field)) is not None]
    if len(found) != len(ref.value_fields):
        return None
    return tuple(found) if rule.type == kinds.VALUE_COUNT else number(found[0])


def number(text: str) -> Number | None:
    """Read a plain decimal number, exactly; `None` if it is not one."""
    if not _NUMBER.fullmatch(text):
        return None
    return Fraction(text) if "." in text else int(text)
