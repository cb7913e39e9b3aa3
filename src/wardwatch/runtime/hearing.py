"""Who is silent? For each tenant, once a second, what its lane heard is judged, and the state goes to disk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

import orjson

from wardwatch.events.alert import Alert
from wardwatch.events.logsource import LogSource, covers
from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.pipeline.figures import Figure
from wardwatch.pipeline.live import LaneWatch
from wardwatch.pipeline.ruleset import RuleSet
from wardwatch.pipeline.silence import Heard, Silence
from wardwatch.pipeline.silence.usual import Slot, plain_week

_SAVE = 300_000_000  # µs between two savings of the state, where nothing is told
_FAR = 60_000_000  # µs: a clock that is wrong by more has a figure
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError)


class Needs:
    """Which fields of a log source the rules of a set ask for."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules.rules
        self._known: dict[LogSource, frozenset[str]] = {}

    def __call__(self, logsource: LogSource) -> frozenset[str]:
        """The names of the fields."""
        if logsource not in self._known:
            keys = enumerate(self._rules.keys)
            found = (self._rules.rules[number].fields for number, key in keys if covers(key.logsource, logsource))
            self._known[logsource] = frozenset(name for fields in found for name in fields)
        return self._known[logsource]


@dataclass(slots=True)
class Hearing:
    """Watches over the silence of one lane; the state lies in `state/silence/<tenant>.json` of the home."""

    watch: LaneWatch
    home: Path
    zone: tzinfo
    disk: Disk
    needs: Needs
    slot: Slot = plain_week
    trouble: str = ""  # why the state that was kept is not used
    _silence: Silence = field(init=False)
    _damages: int = 0
    _saved_at: int = 0

    def __post_init__(self) -> None:
        tenant = self.watch.tenant
        try:
            state = orjson.loads(self._path.read_bytes())
            self._silence = Silence(tenant, self.zone, state, self.slot)
        except FileNotFoundError:
            self._silence = Silence(tenant, self.zone, slot=self.slot)
        except (OSError, *_BROKEN) as error:
            self.trouble = f"what is usual is learned anew: {self._path.name}: {error}"
            self._silence = Silence(tenant, self.zone, slot=self.slot)

    @property
    def _path(self) -> Path:
        return self.home / "state" / "silence" / f"{self.watch.tenant}.json"

    def look(self, now: int) -> list[Alert]:
        """Judge, and write what is to be told; returns the alerts that are new. Raises `OSError`."""
        watch, silence = self.watch, self._silence
        frames, _ = watch.backlog()
        read_to = watch.counts.received_at
        if frames and not read_to:
            return []  # nothing was read yet: what waits in the spool may be of those who seem silent
        heard, watch.heard = watch.heard, Heard()
        try:
            alerts = silence.look(heard, now, min(now, read_to) if frames else now, self.needs)
        except _BROKEN as error:  # of a state that is plain data, but not ours: detection must go on
            self.trouble = f"what is usual is learned anew: {type(error).__name__}: {error}"
            self._silence = Silence(watch.tenant, self.zone, slot=self.slot)
            return []
        alerts += silence.damaged(watch.counts.damages - self._damages, now)
        self._damages = watch.counts.damages
        new = watch.tell(alerts) if alerts else []
        if alerts or now - self._saved_at >= _SAVE:
            self.save(now)
        return new

    def save(self, now: int) -> None:
        """Keep the state. Raises `OSError`."""
        self.disk.make_folder(self._path.parent)
        atomic_write(self.disk, self._path, orjson.dumps(self._silence.save()))
        self._saved_at = now

    def figures(self) -> Iterator[Figure]:
        """How each source of each sensor is, and the clocks that are wrong."""
        tenant = {"tenant": self.watch.tenant}
        for one in self._silence.states():
            by = tenant | {"sensor": one.sensor, "source": one.source}
            yield _gauge("source_last_seconds", "When the newest event arrived, since 1970.", one.last_at / 1e6, by)
            yield _gauge("source_rate", "Events a second in the last full minute.", one.rate, by)
            yield _gauge("source_learned_hours", "Hours from which is known what is usual.", one.learned, by)
            for signal in one.troubles:
                yield _gauge("source_trouble", "What is wrong with a source.", 1, by | {"signal": signal})
        for (sensor, source, host), late in self._silence.clocks():
            if abs(late) > _FAR:
                by = tenant | {"sensor": sensor, "source": source, "host": host}
                yield _gauge("clock_skew_seconds", "By how much arrival follows what a host states.", late / 1e6, by)


def _gauge(name: str, what: str, value: float, by: Mapping[str, str]) -> Figure:
    return Figure(f"wardwatch_pipeline_{name}", "gauge", what, value, by)
