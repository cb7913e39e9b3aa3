"""The live half of the sentence: frames → events → detection. One pure step, whoever runs it and wherever."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

import pyarrow as pa

from wardwatch.correlation.sighting import Sighting
from wardwatch.detection.memory import Memory
from wardwatch.events.alert import Alert
from wardwatch.kernel.errors import WardwatchError
from wardwatch.pipeline.assembling import Carry
from wardwatch.pipeline.live_reading import UNKNOWN, FrameReader, Outcome, Work
from wardwatch.pipeline.matched import Matcher, Numbered
from wardwatch.pipeline.ruleset import RuleSet

Hide = Callable[[pa.RecordBatch], pa.RecordBatch]


@dataclass(slots=True)
class Detected:
    """What came of a piece of work: EventBatch v1 with patients hidden, alerts, sightings, and what reading left.

    `withheld` are alerts that tunings withhold; of their events there are no sightings either.
    """

    events: list[pa.RecordBatch]
    alerts: list[Alert]
    sightings: list[Sighting]
    outcome: Outcome
    withheld: list[Alert] = field(default_factory=list)

    def add(self, later: "Detected") -> None:
        """Add what came of the piece of work that follows."""
        self.events += later.events
        self.alerts += later.alerts
        self.sightings += later.sightings
        self.withheld += later.withheld
        self.outcome.add(later.outcome)


class Detector:
    """Runs pieces of work; holds the rules and what the engine remembers.

    `hiding(tenant)` returns what makes patients' identifiers unreadable in a batch.
    """

    def __init__(self, rules: RuleSet, hiding: Callable[[str], Hide], zone: tzinfo = UTC) -> None:
        self._matcher = Matcher(
            rules.rules,
            Memory(rules.store.databases),
            rules.correlations.needs,
            silenced=rules.correlations.silenced,
        )
        self._tunings = rules.tunings
        self._hiding = hiding
        self._hides: dict[str, Hide] = {}
        self._zone = zone

    def run(self, work: Work) -> Detected:
        """Run one piece of work; a frame over which a reader breaks becomes a reject.

        Raises `OSError` and `WardwatchError` where new identifiers cannot be hidden and sealed: nothing came of it.
        """
        try:
            return self._run(work)
        except (OSError, WardwatchError):
            raise
        except Exception as error:  # noqa: BLE001  (a worker's loop: one frame must not stop the others)
            frames = work.frames
            if frames.num_rows <= 1:
                return _broken(work, error)
            half = frames.num_rows // 2
            found = self.run(replace(work, frames=frames.slice(0, half)))
            found.add(self.run(replace(work, frames=frames.slice(half), carry=found.outcome.carry)))
            return found

    def _run(self, work: Work) -> Detected:
        reader = FrameReader(work, self._zone)
        reader.read()
        found = Detected([], [], [], reader.outcome)
        hide = self._hides.get(work.tenant)
        if hide is None:
            hide = self._hides[work.tenant] = self._hiding(work.tenant)
        for sensor, batch in reader.batches:
            hidden = hide(batch)
            told = self._matcher.tuned(Numbered(hidden), sensor, self._tunings)
            found.events.append(hidden)
            found.alerts += told.alerts
            found.sightings += told.sightings
            found.withheld += told.withheld
        return found


def _broken(work: Work, error: Exception) -> Detected:
    """What comes of a frame over which a reader breaks; what waited may be the cause, and goes with it."""
    outcome = Outcome(Carry(work.carry.headers, {}, work.carry.hosts))
    reason = f"a fault of the reader ({type(error).__name__})"
    for (sensor, source), parts in work.carry.open.items():
        for part in parts:
            outcome.reject(sensor, source, f"{part.segment}:{part.seq}", reason)
    columns = (work.frames.column(name).to_pylist() for name in ("sensor", "seq"))
    for sensor, seq in zip(*columns, strict=True):
        outcome.reject(sensor, UNKNOWN, f"{work.segment}:{seq}", reason)
    return Detected([], [], [], outcome)
