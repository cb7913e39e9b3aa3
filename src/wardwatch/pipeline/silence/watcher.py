"""The watcher of one tenant: takes in what was heard, judges what was not, and tells of both ends of a trouble."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, tzinfo
from typing import Any

from wardwatch.events.alert import Alert
from wardwatch.events.logsource import LogSource
from wardwatch.kernel import ids, stamps
from wardwatch.pipeline.assembling import Who
from wardwatch.pipeline.silence import shape, signals, usual
from wardwatch.pipeline.silence.heard import Heard
from wardwatch.pipeline.silence.shape import Clock, Fields, Understood
from wardwatch.pipeline.silence.usual import HOUR, MINUTE, Slot, Usual

FORMAT = "wardwatch/silence/1"
Needed = Callable[[LogSource], frozenset[str]]
_DOWN = 2 * MINUTE  # without a look for longer: Wardwatch did not run
_FORGOTTEN = 35 * 24 * HOUR  # a source that is silent for longer is no source any more
_SLOW = 0.2  # of the least that ever came in that hour
_RECOVERED = 0.5
_ACCEPTED = 7 * 24 * HOUR  # after which what is slow becomes usual
_ENOUGH = 50  # events an hour, below which slowness cannot be told
_MAX_SOURCES = 2_000  # of one tenant
_MAX_HOSTS = 2_000
_MAX_SHAPES = 2_000


@dataclass(slots=True)
class _Source:
    """One source of one sensor: what is usual, the hour that runs, and the minute that runs."""

    usual: Usual
    first: int  # µs UTC: when the first event arrived
    last: int  # … and the newest
    hour: int  # number of the local hour that runs
    count: int = 0
    gap: int = 0  # µs: the longest seen in this hour
    whole: bool = False  # whether it was watched from its beginning, and nothing was wrong
    minute: int = 0
    in_minute: int = 0
    rate: float = 0.0  # events a second in the last full minute


@dataclass(slots=True)
class _Open:
    """A trouble that goes on: when it began (µs UTC), its alert's revision, and what the alert says."""

    began_at: int
    revision: int
    says: dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """How one source of one sensor is, for people."""

    sensor: str
    source: str
    last_at: int
    rate: float
    troubles: tuple[str, ...]
    learned: int  # hours


Key = tuple[str, tuple[str, ...]]  # signal, and the values of the alert's group
_GROUPS: Mapping[str, tuple[str, ...]] = {
    signals.STOPPED: ("sensor", "source"),
    signals.SLOW: ("sensor", "source"),
    signals.REJECTED: ("sensor",),
    signals.FIELDS: ("sensor", "source", "logsource"),
    signals.CLOCK: ("sensor", "source", "host"),
    signals.DAMAGED: (),
}


class Silence:
    """Watches one tenant. `zone` is the hospital's: hours of the week are its own, also when clocks change.

    `slot` says which hour of the week a local hour is like, so that holidays are no working days.
    """

    def __init__(
        self,
        tenant: str,
        zone: tzinfo = UTC,
        state: Mapping[str, Any] | None = None,
        slot: Slot = usual.plain_week,
    ) -> None:
        self.tenant = tenant
        self._zone = zone
        self._slot = slot
        self.looked_at = 0  # µs UTC: the last look, by the clock
        self._as_of = 0  # up to when everything that arrived was read, then
        self._resumed_at = 0  # … and since when there was no longer pause between looks
        self._sources: dict[Who, _Source] = {}
        self._understood: dict[str, Understood] = {}
        self._fields: dict[tuple[str, ...], Fields] = {}
        self._clocks: dict[tuple[str, ...], Clock] = {}
        self._open: dict[Key, _Open] = {}
        if state is not None:
            self._restore(state)

    def look(self, heard: Heard, now: int, as_of: int, needed: Needed) -> list[Alert]:
        """Take in what was heard, and return what is to be told.

        `as_of` is up to when everything that arrived was read: behind `now` where a backlog waits. `needed` says which
        fields of a log source rules ask.
        """
        if not 0 <= now - self.looked_at <= _DOWN:
            self._resumed_at, self._as_of = now, 0
            for one in self._sources.values():
                one.whole = False
        self.looked_at = now
        # What has just arrived and was not read yet does not make unknown what was known.
        as_of = self._as_of = max(as_of, self._as_of)
        alerts = [*self._hear(heard, as_of)]
        local = self._local(as_of)
        for who, source in list(self._sources.items()):
            alerts += self._judge(who, source, as_of, local)
        alerts += self._shapes(heard, as_of, needed)
        alerts += self._skews(heard, as_of)
        return alerts

    def damaged(self, places: int, now: int) -> list[Alert]:
        """Tell that `places` of the spool were damaged, and left out."""
        return list(self._begin((signals.DAMAGED, ()), now, now, {"places": places})) if places else []

    def states(self) -> Iterator[State]:
        """How each source is."""
        for who, source in sorted(self._sources.items()):
            troubles = sorted(signal for signal, group in self._open if group[:2] == who or group == who[:1])
            yield State(*who, source.last, source.rate, tuple(dict.fromkeys(troubles)), source.usual.hours)

    def clocks(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """By how much arrival follows what a host states (µs, median), by sensor, source and host."""
        yield from ((key, clock.medians[-1]) for key, clock in sorted(self._clocks.items()) if clock.medians)

    def _hear(self, heard: Heard, as_of: int) -> Iterator[Alert]:
        for who, count in heard.events.items():
            newest = min(heard.newest[who], as_of)
            source = self._sources.get(who)
            if source is None:
                if len(self._sources) >= _MAX_SOURCES:
                    continue
                hour = self._local(as_of) // HOUR
                source = self._sources[who] = _Source(Usual(), newest, newest, hour, minute=as_of // MINUTE)
            source.count += count
            source.in_minute += count
            if (signals.STOPPED, who) not in self._open:
                source.usual.end(newest - max(source.last, self._resumed_at), newest)
            source.last = max(source.last, newest)
            yield from self._end((signals.STOPPED, who), newest, {})

    def _local(self, at: int) -> int:
        """The hospital's wall clock as µs since 1970-01-01."""
        offset = stamps.moment(at).astimezone(self._zone).utcoffset()
        return at + (0 if offset is None else int(offset.total_seconds()) * 1_000_000)

    def _judge(self, who: Who, source: _Source, as_of: int, local: int) -> Iterator[Alert]:
        """Say whether a source stopped or slowed, and learn its hours as they end."""
        if (minute := as_of // MINUTE) != source.minute:
            source.rate = source.in_minute / 60 if minute == source.minute + 1 else 0.0
            source.minute, source.in_minute = minute, 0
        since = max(source.last, self._resumed_at)
        source.gap = max(source.gap, as_of - since)
        if source.hour - local // HOUR > 1:  # the clock was far ahead, and was set right
            source.hour, source.whole = local // HOUR, False
        elif local // HOUR > source.hour:  # when summer time ends, an hour lasts for two
            yield from self._hour_over(who, source, local // HOUR, as_of)
        if as_of - source.last > _FORGOTTEN:
            del self._sources[who]
        elif (signals.STOPPED, who) not in self._open and as_of > since:
            gap = source.usual.silent(local - (as_of - since), local, self._slot)
            if gap is not None:
                source.whole = False
                says = {"silent_seconds": (as_of - since) // 1_000_000, "usual_gap_seconds": gap // 1_000_000}
                yield from self._begin((signals.STOPPED, who), since, as_of, says)

    def _hour_over(self, who: Who, source: _Source, hour: int, as_of: int) -> Iterator[Alert]:
        stopped = (signals.STOPPED, who) in self._open
        slot = self._slot(source.hour)
        if source.whole and not stopped:
            least = source.usual.least(slot)
            if least >= _ENOUGH:
                says = {"events": source.count, "usual_events": round(source.usual.low(slot)), "least_events": least}
                if source.count < _SLOW * least:
                    yield from self._begin((signals.SLOW, who), as_of - HOUR, as_of, says)
                elif source.count >= _RECOVERED * least:
                    yield from self._end((signals.SLOW, who), as_of, says)
            slow = self._open.get((signals.SLOW, who))
            if slow is None or as_of - slow.began_at > _ACCEPTED:
                source.usual.learn(slot, source.count, source.gap)
        # An hour that was skipped (a long step through a backlog) is not known whole.
        source.whole = hour - source.hour == 1 and not stopped
        source.hour, source.count, source.gap = hour, 0, 0

    def _shapes(self, heard: Heard, as_of: int, needed: Needed) -> Iterator[Alert]:
        """Judge how much is understood of each sensor, and whether fields that rules ask still come."""
        events: dict[str, int] = {}
        for (sensor, _), count in heard.events.items():
            events[sensor] = events.get(sensor, 0) + count
        for sensor in {*events, *heard.rejects, *self._understood}:
            known = self._understood.setdefault(sensor, Understood(as_of))
            bad, says = known.take(events.get(sensor, 0), heard.rejects[sensor], as_of)
            yield from self._verdict((signals.REJECTED, (sensor,)), bad, as_of, says)
        for (sensor, source, logsource), (count, names) in heard.shapes.items():
            key: tuple[str, ...] = (sensor, source, str(logsource))
            if key not in self._fields and len(self._fields) >= _MAX_SHAPES:
                continue
            asked = needed(logsource)
            found = self._fields.setdefault(key, Fields(as_of))
            bad, says = found.take(count, asked & names, asked, as_of)
            yield from self._verdict((signals.FIELDS, key), bad, as_of, says)

    def _skews(self, heard: Heard, as_of: int) -> Iterator[Alert]:
        for measured, late in heard.skews.items():
            key: tuple[str, ...] = measured
            if key not in self._clocks and len(self._clocks) >= _MAX_HOSTS:
                continue
            bad, says = self._clocks.setdefault(key, Clock(as_of)).take(late, as_of)
            yield from self._verdict((signals.CLOCK, key), bad, as_of, says)
        gone = [key for key, clock in self._clocks.items() if as_of - clock.heard_at > shape.FORGOTTEN]
        for key in gone:
            del self._clocks[key]

    def _verdict(self, key: Key, bad: bool | None, at: int, says: Mapping[str, Any]) -> Iterator[Alert]:  # noqa: FBT001
        """Begin or end a trouble; `None`: nothing can be said."""
        if bad:
            yield from self._begin(key, at, at, says)
        elif bad is False:
            yield from self._end(key, at, says)

    def _begin(self, key: Key, began_at: int, at: int, says: Mapping[str, Any]) -> Iterator[Alert]:
        if key not in self._open:
            known = _Open(began_at, 0, dict(says))
            if key[0] != signals.DAMAGED:  # what is damaged does not become whole
                self._open[key] = known
            yield self._alert(key, known, at, {"state": "open"})

    def _end(self, key: Key, at: int, says: Mapping[str, Any]) -> Iterator[Alert]:
        known = self._open.pop(key, None)
        if known is not None:
            known.revision += 1
            known.says |= says
            yield self._alert(key, known, at, {"state": "closed"})

    def _alert(self, key: Key, known: _Open, at: int, more: Mapping[str, Any]) -> Alert:
        signal, group = key
        rule = signals.rules()[signal]
        named = dict(zip(_GROUPS[signal], group, strict=True))
        began = ids.digest("silence/1", known.began_at.to_bytes(8, "big"))
        return Alert(
            id=ids.correlation_alert_id(self.tenant, signal, group, began).hex(),
            tenant=self.tenant,
            kind="correlation",
            rule_id=signal,
            rule_title=rule.title.en,
            level=rule.level,
            occurred_at=known.began_at,
            last_at=max(at, known.began_at),
            revision=known.revision,
            tags=rule.tags,
            host=named.get("host"),
            file=named.get("sensor"),
            group=named,
            fields={**known.says, **more},
        )

    def save(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "format": FORMAT,
            "looked_at": self.looked_at,
            "as_of": self._as_of,
            "resumed_at": self._resumed_at,
            "sources": [
                [*who, one.usual.plain(), one.first, one.last, one.hour, one.count, one.gap, one.whole]
                for who, one in self._sources.items()
            ],
            "understood": [[sensor, asdict(one)] for sensor, one in self._understood.items()],
            "fields": [[list(key), asdict(one)] for key, one in self._fields.items()],
            "clocks": [[list(key), asdict(one)] for key, one in self._clocks.items()],
            "open": [
                [signal, list(group), one.began_at, one.revision, one.says]
                for (signal, group), one in self._open.items()
            ],
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        if state["format"] != FORMAT:
            raise ValueError(f"not of format {FORMAT}")
        self.looked_at, self._as_of, self._resumed_at = state["looked_at"], state["as_of"], state["resumed_at"]
        for sensor, source, plain, *rest in state["sources"]:
            self._sources[sensor, source] = _Source(usual.restored(plain), *rest)
        self._understood = {sensor: Understood(**plain) for sensor, plain in state["understood"]}
        self._fields = {tuple(key): Fields(**plain) for key, plain in state["fields"]}
        self._clocks = {tuple(key): Clock(**plain) for key, plain in state["clocks"]}
        for signal, group, began_at, revision, says in state["open"]:
            self._open[signal, tuple(group)] = _Open(began_at, revision, says)
