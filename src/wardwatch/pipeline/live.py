"""The running watch of one lane: spool → read → hide → detect → correlate → alerts, and events into the lake.

Exactly once: alerts and events have ids that depend on nothing but the frames; the lake's commit carries the position
in the spool and the name of the checkpoint that belongs to it, so that after a crash both begin at the same place.
What a correlation says also depends on where a step ended (an alert may be superseded in the next one): a step that
makes alerts notes its end first, and after a crash the steps end there again.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from wardwatch.correlation.correlator import Correlator
from wardwatch.correlation.rules import Correlations
from wardwatch.events.alert import Alert
from wardwatch.frames.frame import SCHEMA
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import WardwatchError
from wardwatch.pipeline import checkpoint
from wardwatch.pipeline.alert_log import AlertLog, Mark
from wardwatch.pipeline.assembling import Who
from wardwatch.pipeline.checkpoint import Checkpoint
from wardwatch.pipeline.committing import Commit, Committer, Pending
from wardwatch.pipeline.cuts import Cut, Cuts
from wardwatch.pipeline.detecting import Detected
from wardwatch.pipeline.lake.tenant import TenantLake
from wardwatch.pipeline.live_reading import RejectedFrame, Seen, Work
from wardwatch.pipeline.silence import Heard
from wardwatch.pipeline.spool import Damage, Lane, Position
from wardwatch.pipeline.tuning.applying import Tunings, explained

STEP = 1024 * 1024  # bytes of frames in one step: an alert waits for one step and its own
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
        self._disk = disk
        self._folder = home / "state" / "pipeline" / lane.tenant
        note = lake.note() or {}
        known = checkpoint.read(self._folder / str(note["checkpoint"])) if note else Checkpoint()
        self._committer = Committer(lake, self._folder, disk)
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
        self._pending = Pending()  # events of which no commit was begun
        self._outgoing: Commit | None = None  # the commit that was begun and is not settled

    def work(self, now: int) -> Work | None:
        """Return the next piece of work, `None` where nothing waits, or where what was found must be kept first.

        Raises `InputError`, `OSError`.
        """
        if self._waiting or self._withheld or self._is_full:
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
    def _is_full(self) -> bool:
        """Whether as much waits for the lake as memory may hold."""
        parts = (self._pending, self._outgoing.pending) if self._outgoing is not None else (self._pending,)
        rows, size = sum(part.rows for part in parts), sum(part.bytes for part in parts)
        return rows >= 2 * COMMIT_ROWS or size >= 2 * COMMIT_BYTES

    @property
    def is_idle(self) -> bool:
        """Whether everything that was read is whole, and in the lake."""
        return self._pending.since is None and self._outgoing is None and not self._carry.open

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
        self._pending.add(found.events, now)
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
        """Say whether it is time to commit; of a commit that failed, always."""
        pending = self._pending
        waited = pending.since is not None and not 0 <= now - pending.since < COMMIT_AFTER
        return self._outgoing is not None or waited or pending.rows >= COMMIT_ROWS or pending.bytes >= COMMIT_BYTES

    def begin(self) -> Commit | None:
        """Return what is to be committed now, `None` where there is nothing; it is the same until it is settled.

        Bring it to the lake (`bring`), in this thread or in another while this one goes on, then `settle`. Alerts must
        have been written; raises `OSError` where they are not.
        """
        if self._outgoing is not None or self._pending.since is None or self._position is None:
            return self._outgoing
        if self._waiting or self._withheld:
            raise OSError("alerts are not written yet")
        (mark, ahead), (aside, aside_ahead) = self._log.mark(), self._aside.mark()
        replaying = bool(self._cuts.left)
        if replaying:  # what was said before a crash is being said again: the logs must go on remembering it
            mark, aside = self._mark or Mark(), self._aside_mark or Mark()
        correlator = self._correlator.save()
        state = Checkpoint(self._carry, correlator, mark, ahead, self._cuts.left, aside, aside_ahead).written()
        name = f"{os.urandom(8).hex()}.json"
        self._outgoing = Commit(name, self._position, state, self._pending, mark, aside, replaying)
        self._pending = Pending()
        self._cuts.begin(name)
        return self._outgoing

    def bring(self, commit: Commit) -> None:
        """Bring a commit to the lake. Raises `OSError`: then try again later, which finds out what took place."""
        self._committer.run(commit)

    def settle(self) -> None:
        """Let go of what the lake has, once a commit was brought there.

        Raises `OSError`: what stays behind is removed after the next commit.
        """
        commit, self._outgoing = self._outgoing, None
        assert commit is not None
        self.counts.commits += 1
        if not commit.replaying:
            self._mark, self._aside_mark = commit.mark, commit.aside
            self._log.settle()
            self._aside.settle()
        self._lane.release(commit.position)
        for path in self._folder.glob("*.*"):
            if not path.name.startswith(commit.name.removesuffix(".json")):
                self._disk.unlink(path)

    def commit(self) -> None:
        """Bring events, position and state to the lake as one, here and now. Raises `OSError`, as `bring` does."""
        commit = self.begin()
        if commit is not None:
            self.bring(commit)
            self.settle()

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
        self._committer.close()


_EMPTY = pa.RecordBatch.from_arrays([pa.array([], one.type) for one in SCHEMA], schema=SCHEMA)
