"""The running watch of one lane: spool → read → hide → detect → correlate → alerts, and events into the lake.

Exactly once: alerts and events have ids that depend on nothing but the frames; the lake's commit carries the position
in the spool and the name of the checkpoint that belongs to it, so that after a crash both begin at the same place.
What a correlation says also depends on where a step ended (an alert may be superseded in the next one): a step that
makes alerts notes its end first, and after a crash the steps end there again.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
from wardwatch.kernel.errors import InputError, WardwatchError
from wardwatch.pipeline.alert_log import AlertLog, Mark
from wardwatch.pipeline.assembling import Carry, Who
from wardwatch.pipeline.cuts import Cut, Cuts
from wardwatch.pipeline.detecting import Detected
from wardwatch.pipeline.lake.tenant import TenantLake
from wardwatch.pipeline.live_reading import RejectedFrame, Seen, Work
from wardwatch.pipeline.silence import Heard
from wardwatch.pipeline.spool import Damage, Lane, Position
from wardwatch.pipeline.tuning.applying import Tunings, explained

FORMAT = "wardwatch/checkpoint/1"
STEP = 4 * 1024 * 1024  # bytes of frames in one step
COMMIT_ROWS = 100_000  # events after which they go to the lake, or
COMMIT_BYTES = 128 * 1024 * 1024  # so much memory, or
COMMIT_AFTER = 5_000_000  # µs after the first of them came
WITHHELD = "suppressed"  # the folder, beside a tenant's alerts, of those that tunings withhold
MAX_SHOWN = 100  # rejects kept for people; all are counted

Outcome = Detected | OSError | WardwatchError


class LiveEngine(Protocol):
    """Runs pieces of work of different lanes and returns what came of each, or why nothing did, in their order."""

    def run(self, works: Sequence[Work]) -> list[Outcome]:
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

    Raises `InputError` where the checkpoint that the commit names is missing or damaged. After any other error than
    those that a method names, begin anew with another instance: nothing is lost.
    """

    def __init__(self, lane: Lane, lake: TenantLake, home: Path, correlations: Correlations, disk: Disk) -> None:
        self.tenant = lane.tenant
        self.counts = Counts()
        self.shown: list[RejectedFrame] = []
        self.seen: dict[Who, Seen] = {}
        self.damages: list[Damage] = []  # places in the spool that could not be read, to be said aloud and removed
        self._lane = lane
        self._lake = lake
        self._disk = disk
        self._folder = home / "state" / "pipeline" / lane.tenant
        note = lake.note() or {}
        known = _checkpoint(self._folder / str(note["checkpoint"])) if note else _Checkpoint()
        self._position = Position(*note["position"]) if note else None
        self._carry = known.carry
        self._correlator = Correlator(correlations, known.correlator)
        self._log = AlertLog(home / "alerts", lane.tenant, disk, known.mark, known.ahead)
        self._mark = known.mark
        self._aside = AlertLog(home / "alerts" / lane.tenant, WITHHELD, disk, known.aside, known.aside_ahead)
        self._aside_mark = known.aside
        self.tunings = Tunings()
        self.heard = Heard()  # since somebody took it away
        self._cuts = Cuts(self._folder, disk, str(note["checkpoint"]) if note else "", known.cuts)
        self._cut: Cut | None = None  # where the work that was handed out ends
        self._waiting: list[Alert] = []  # found, and not written yet
        self._withheld: list[Alert] = []  # by tunings, and not written yet
        self._waiting_cut: Cut | None = None  # where the step ends that found them
        self._pending: list[pa.RecordBatch] = []  # events that are not in the lake yet
        self._rows = self._bytes = 0
        self._since: int | None = None  # when the first of them came
        self._unsure: str | None = None  # the checkpoint of a commit that may have taken place

    def work(self, now: int) -> Work | None:
        """Return the next piece of work, `None` where nothing waits, or where what was found must be kept first.

        Raises `InputError`, `OSError`.
        """
        if (
            self._waiting
            or self._withheld
            or self._unsure
            or self._rows >= 2 * COMMIT_ROWS
            or self._bytes >= 2 * COMMIT_BYTES
        ):
            return None
        cut = self._cuts.next(self._position)
        if cut is not None and cut.due is not None and cut.position == self._position:
            return self._waited(cut.due)
        chunk = next(self._lane.read(self._position, STEP), None)
        damages = self._lane.take_damages()
        self.damages += damages
        self.counts.damages += len(damages)
        if chunk is not None:
            batch, end = chunk.batch, chunk.next
            if cut is not None and cut.position.segment == chunk.segment and cut.position < end:
                seqs = batch.column("seq").to_numpy()
                batch, end = batch.slice(0, int((seqs < cut.position.seq).sum())), cut.position
            self._cut = Cut(end)
            return Work(self.tenant, chunk.segment, batch, self._carry)
        due = self._carry.due(now)
        return None if due is None else self._waited(due)

    def _waited(self, due: int) -> Work | None:
        if self._position is None:
            return None
        self._cut = Cut(self._position, due)
        return Work(self.tenant, "", _EMPTY, self._carry, due)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was read is whole, and in the lake."""
        return self._since is None and not self._carry.open

    def take(self, found: Detected, now: int) -> list[Alert]:
        """Take in what came of a piece of work; returns the alerts that are new, now on disk.

        Raises `OSError`: then the alerts wait, see `write`.
        """
        assert self._cut is not None
        self._waiting += found.alerts
        self._withheld += found.withheld
        for alert in self._correlator.feed(found.sightings, now):
            tuning = self.tunings.of_alert(alert, now)
            if tuning is None:
                self._waiting.append(alert)
            else:
                self._withheld.append(replace(alert, fields={**alert.fields, **explained(tuning)}))
        self._waiting_cut = self._cut if self._waiting or self._withheld else None
        self._cuts.passed(self._cut)
        outcome = found.outcome
        self._carry = outcome.carry
        self._position = self._cut.position
        self._pending += found.events
        self._rows += sum(batch.num_rows for batch in found.events)
        self._bytes += sum(batch.nbytes for batch in found.events)
        self._since = now if self._since is None else self._since
        self.counts.events += sum(batch.num_rows for batch in found.events)
        self.counts.rejects += outcome.rejects
        self.shown = [*self.shown, *outcome.shown][-MAX_SHOWN:]
        for who, seen in outcome.seen.items():
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
        if self._waiting_cut is not None:
            self._cuts.note(self._waiting_cut)
            self._waiting_cut = None
        if self._withheld:
            for alert in self._aside.append(self._withheld):
                self.counts.withheld[alert.rule_id, str(alert.fields["wardwatch.tuning"])] += 1
            self._withheld = []
        if not self._waiting:
            return []
        new = self._log.append(self._waiting)
        self._waiting = []
        self.counts.alerts += len(new)
        return new

    def due(self, now: int) -> bool:
        """Say whether it is time to commit."""
        waited = self._since is not None and not 0 <= now - self._since < COMMIT_AFTER
        return waited or self._rows >= COMMIT_ROWS or self._bytes >= COMMIT_BYTES

    def commit(self) -> None:
        """Bring events, position and state to the lake as one, then let go of the spool.

        Alerts must have been written. Raises `OSError`, and then either nothing or everything took place: the next
        call finds out.
        """
        if self._unsure is not None and (self._lake.note() or {}).get("checkpoint") == self._unsure:
            self._settle(self._unsure)
            return
        self._unsure = None
        if self._since is None or self._position is None:
            return
        if self._waiting or self._withheld:
            raise OSError("alerts are not written yet")
        name = f"{os.urandom(8).hex()}.json"
        staged = self._lake.stage(self._pending)
        try:
            self._disk.make_folder(self._folder)
            atomic_write(self._disk, self._folder / name, self._state())
        except OSError:
            self._lake.discard(staged)
            raise
        self._unsure = name
        try:
            self._lake.commit(staged, {"position": [*_plain(self._position)], "checkpoint": name})
        except OSError:
            if (self._lake.note() or {}).get("checkpoint") == name:
                self._settle(name)
                return
            self._unsure = None
            with suppress(OSError):
                self._disk.unlink(self._folder / name)
                self._lake.discard(staged)
            raise
        self._settle(name)

    def _state(self) -> bytes:
        mark, ahead = self._log.mark()
        aside, aside_ahead = self._aside.mark()
        if self._cuts.left:  # what was said before a crash is being said again: the logs must go on remembering it
            mark, aside = self._mark or Mark(), self._aside_mark or Mark()
        return orjson.dumps(
            {
                "format": FORMAT,
                "carry": self._carry.plain(),
                "correlator": self._correlator.save().decode(),
                "alerts": [mark.file, mark.offset],
                "ahead": ahead,
                "withheld": [aside.file, aside.offset],
                "withheld_ahead": aside_ahead,
                "cuts": [cut.plain() for cut in self._cuts.left],
            }
        )

    def _settle(self, name: str) -> None:
        """Let go of what the lake has. Raises `OSError`: what stays behind is removed after the next commit."""
        self._pending, self._rows, self._bytes, self._since, self._unsure = [], 0, 0, None, None
        self.counts.commits += 1
        if not self._cuts.left:
            self._mark, _ = self._log.mark()
            self._log.settle()
            self._aside_mark, _ = self._aside.mark()
            self._aside.settle()
        self._cuts.begin(name)
        if self._position is not None:
            self._lane.release(self._position)
        for path in self._folder.glob("*.*"):
            if not path.name.startswith(name.removesuffix(".json")):
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
        self._cuts.close()
        self._lake.close()


_EMPTY = pa.RecordBatch.from_arrays([pa.array([], one.type) for one in SCHEMA], schema=SCHEMA)


def _plain(position: Position) -> tuple[str, int]:
    return position.segment, position.seq


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    carry: Carry = field(default_factory=Carry)
    correlator: bytes | None = None
    mark: Mark | None = None
    ahead: Mapping[str, int] = field(default_factory=dict)
    cuts: Sequence[Cut] = ()
    aside: Mark | None = None  # of the withheld alerts
    aside_ahead: Mapping[str, int] = field(default_factory=dict)


def _checkpoint(path: Path) -> _Checkpoint:
    hint = "restore it from a backup; without it, correlations cannot go on where they stopped"
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
        if found["format"] != FORMAT:
            raise InputError("no checkpoint of this version", where=str(path))
        mark, aside = Mark(*found["alerts"]), Mark(*found.get("withheld", ()))
        correlator, cuts = found["correlator"].encode(), list(map(Cut.read, found["cuts"]))
        carry, ahead, aside_ahead = (
            Carry.read(found["carry"]),
            dict(found["ahead"]),
            dict(found.get("withheld_ahead", {})),
        )
        return _Checkpoint(carry, correlator, mark, ahead, cuts, aside=aside, aside_ahead=aside_ahead)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("the checkpoint that the lake names cannot be read", where=str(path), hint=hint) from error
