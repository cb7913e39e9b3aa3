"""The running watch of one lane: spool → read → hide → detect → correlate → alerts, and events into the lake.

Exactly once: alerts and events have ids that depend on nothing but the frames; the lake's commit carries the position
in the spool and the name of the checkpoint that belongs to it, so that after a crash both begin at the same place.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import orjson
import pyarrow as pa

from wardwatch.correlation.correlator import Correlator
from wardwatch.correlation.rules import Correlations
from wardwatch.events.alert import Alert
from wardwatch.frames.frame import SCHEMA
from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.alert_log import AlertLog, Mark
from wardwatch.pipeline.assembling import Carry, Who, carried
from wardwatch.pipeline.detecting import Detected, RejectedFrame, Seen, Work
from wardwatch.pipeline.lake.tenant import TenantLake
from wardwatch.pipeline.silence import Heard
from wardwatch.pipeline.spool import Lane, Position
from wardwatch.pipeline.tuning.applying import Tunings, explained

FORMAT = "wardwatch/checkpoint/1"
STEP = 8 * 1024 * 1024  # bytes of frames in one step
COMMIT_ROWS = 100_000  # events after which they go to the lake, or
COMMIT_AFTER = 5_000_000  # µs after the first of them came
WITHHELD = "suppressed"  # the folder, beside a tenant's alerts, of those that tunings withhold
MAX_SHOWN = 100  # rejects kept for people; all are counted


class LiveEngine(Protocol):
    """Runs pieces of work of different lanes and returns what came of each, or why nothing did, in their order."""

    def run(self, works: Sequence[Work]) -> list[Detected | OSError]:
        """Run `works`, side by side where there is room."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


@dataclass(slots=True)
class Counts:
    """What a lane did since the process began."""

    events: int = 0
    alerts: int = 0
    commits: int = 0
    failures: int = 0
    damages: int = 0
    withheld: Counter[tuple[str, str]] = field(default_factory=Counter)  # rule, tuning
    rejects: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # sensor, source, reason
    received_at: int = 0  # µs UTC: when the newest frame that was read had arrived


class LaneWatch:
    """The watch over one tenant; begins where the lake's last commit ended. Times are µs UTC.

    Raises `InputError` where the checkpoint that the commit names is missing or damaged.
    """

    def __init__(self, lane: Lane, lake: TenantLake, home: Path, correlations: Correlations, disk: Disk) -> None:
        self.tenant = lane.tenant
        self.counts = Counts()
        self.shown: list[RejectedFrame] = []
        self.seen: dict[Who, Seen] = {}
        self._lane = lane
        self._lake = lake
        self._disk = disk
        self._folder = home / "state" / "pipeline" / lane.tenant
        note = lake.note() or {}
        known = _checkpoint(self._folder / str(note["checkpoint"])) if "checkpoint" in note else {}
        self._position = Position(*note["position"]) if "position" in note else None
        self._carry = carried(known["carry"]) if known else Carry()
        state = known["correlator"].encode() if known else None
        self._correlator = Correlator(correlations, state)
        mark = Mark(*known["alerts"]) if known else None
        self._log = AlertLog(home / "alerts", lane.tenant, disk, mark, known.get("ahead"))
        aside = Mark(*known["withheld"]) if "withheld" in known else None
        self._aside = AlertLog(home / "alerts" / lane.tenant, WITHHELD, disk, aside, known.get("withheld_ahead"))
        self.tunings = Tunings()
        self.heard = Heard()  # since somebody took it away
        self._next: Position | None = None  # where the work that was handed out ends
        self._waiting: list[Alert] = []  # found, and not written yet
        self._withheld: list[Alert] = []  # by tunings, and not written yet
        self._pending: list[pa.RecordBatch] = []  # events that are not in the lake yet
        self._rows = 0
        self._since: int | None = None  # when the first of them came

    def work(self, now: int) -> Work | None:
        """Return the next piece of work, `None` where nothing waits. Raises `InputError`, `OSError`."""
        chunk = next(self._lane.read(self._position, STEP), None)
        self.counts.damages += len(self._lane.take_damages())
        if chunk is not None:
            self._next = chunk.next
            return Work(self.tenant, chunk.segment, chunk.batch, self._carry)
        self._next = None
        if self._carry.due(now):
            return Work(self.tenant, "", _EMPTY, self._carry)
        return None

    def take(self, found: Detected, now: int) -> list[Alert]:
        """Take in what came of a piece of work; returns the alerts that are new, now on disk. Raises `OSError`."""
        self._waiting += found.alerts
        self._withheld += found.withheld
        for alert in self._correlator.feed(found.sightings, now):
            tuning = self.tunings.of_alert(alert, now)
            if tuning is None:
                self._waiting.append(alert)
            else:
                self._withheld.append(replace(alert, fields={**alert.fields, **explained(tuning)}))
        self._carry = found.carry
        self._position = self._next or self._position
        self._pending += found.events
        self._rows += sum(batch.num_rows for batch in found.events)
        self._since = now if self._since is None else self._since
        self.counts.events += sum(batch.num_rows for batch in found.events)
        self.counts.rejects += found.rejects
        self.shown = [*self.shown, *found.shown][-MAX_SHOWN:]
        for who, seen in found.seen.items():
            self.seen[who] = seen
            self.counts.received_at = max(self.counts.received_at, seen.received_at)
        self.heard.take_in(found)
        return self.write()

    def tell(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Write alerts that others found out about this lane; returns those that are new. Raises `OSError`."""
        self._waiting += alerts
        return self.write()

    def write(self) -> list[Alert]:
        """Write the alerts that wait; returns those that are new. Raises `OSError`: then they wait on."""
        if self._withheld:
            for alert in self._aside.append(self._withheld):
                self.counts.withheld[alert.rule_id, str(alert.fields["wardwatch.tuning"])] += 1
            self._withheld = []
        new = self._log.append(self._waiting) if self._waiting else []
        self._waiting = []
        self.counts.alerts += len(new)
        return new

    def due(self, now: int) -> bool:
        """Say whether it is time to commit."""
        waited = self._since is not None and now - self._since >= COMMIT_AFTER
        return self._rows >= COMMIT_ROWS or waited

    def commit(self) -> None:
        """Bring events, position and state to the lake as one, then let go of the spool. Raises `OSError`."""
        if self._since is None or self._position is None:
            return
        self.write()
        name = f"{os.urandom(8).hex()}.json"
        mark, ahead = self._log.mark()
        aside, aside_ahead = self._aside.mark()
        state = {
            "format": FORMAT,
            "carry": self._carry.plain(),
            "correlator": self._correlator.save().decode(),
            "alerts": [mark.file, mark.offset],
            "ahead": ahead,
            "withheld": [aside.file, aside.offset],
            "withheld_ahead": aside_ahead,
        }
        self._disk.make_folder(self._folder)
        atomic_write(self._disk, self._folder / name, orjson.dumps(state))
        note = {"position": [self._position.segment, self._position.seq], "checkpoint": name}
        staged = self._lake.stage(self._pending)
        try:
            self._lake.commit(staged, note)
        except OSError:
            if (self._lake.note() or {}).get("checkpoint") != name:
                raise
        self._pending, self._rows, self._since = [], 0, None
        self.counts.commits += 1
        self._log.settle()
        self._aside.settle()
        self._lane.release(self._position)
        for path in self._folder.glob("*.json"):
            if path.name != name:
                self._disk.unlink(path)

    def reload(self, correlations: Correlations) -> None:
        """Go on with other correlations; the state of those that mean the same is kept."""
        self._correlator = Correlator(correlations, self._correlator.save())

    def backlog(self) -> tuple[int, int]:
        """Frames and bytes that wait in the spool."""
        found = self._lane.backlog(self._position)
        return found.frames, found.bytes

    def close(self) -> None:
        """Close what is open."""
        self._log.close()
        self._aside.close()
        self._lake.close()


_EMPTY = pa.RecordBatch.from_arrays([pa.array([], one.type) for one in SCHEMA], schema=SCHEMA)


def _checkpoint(path: Path) -> Mapping[str, Any]:
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        hint = "restore it from a backup; without it, correlations cannot go on where they stopped"
        raise InputError("the checkpoint that the lake names cannot be read", where=str(path), hint=hint) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InputError("no checkpoint of this version", where=str(path))
    return found
