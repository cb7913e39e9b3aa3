"""The process that watches: for each tenant what came in is read, detected, correlated and kept, without end.

Tenants take turns, so that a noisy one delays the others by one step at most; what fails for one is tried again later
and said aloud, while the others go on.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from wardwatch.engines.live import InProcess, Pool, hiding
from wardwatch.events.alert import Alert
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import WardwatchError
from wardwatch.pipeline import figures
from wardwatch.pipeline.figures import Figure
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.live import LaneWatch, LiveEngine, Outcome
from wardwatch.pipeline.live_reading import Work
from wardwatch.pipeline.ruleset import RulePaths
from wardwatch.pipeline.spool import Keys, Spool
from wardwatch.runtime.hearing import Hearing, Needs
from wardwatch.runtime.ingest import wall_clock
from wardwatch.runtime.pipeline_figures import of_lane, troubled_figure
from wardwatch.runtime.rules import Rules, finding
from wardwatch.runtime.settings import Settings
from wardwatch.runtime.stopping import Stop, Stopping
from wardwatch.runtime.upkeep import ROOM, Upkeep, retention
from wardwatch.runtime.weeks import with_holidays

PROCESS = "pipeline"
_QUIET = 0.02  # seconds between looks into empty lanes
_PUBLISH = 1_000_000  # µs between figures, and between looks for new tenants
_RULES = 2_000_000  # µs between looks at the files of rules
_AGAIN = 2_000_000  # µs after which a lane that failed is tried again
_UPKEEP = 60.0  # seconds between rounds of compaction and retention


def say(text: str) -> None:
    """Say on stderr what an operator must know."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _passed(now: int, since: int | None, span: int) -> bool:
    """Whether a span of time is over; one that a clock turned back is, too."""
    return since is None or not 0 <= now - since < span


@dataclass(slots=True)
class _Lane:
    watch: LaneWatch
    hearing: Hearing
    committing: "Future[None] | None" = None
    failed_at: int | None = None
    trouble: str = ""


class Watching:
    """The running pipeline over one Wardwatch home. `step` does one round; `run` goes on until `stopping` is set.

    `find` says where rules and lists are now. Commits to the lake run in `beside`, one of each lane at a time, so that
    nothing waits for them; if not told otherwise, one thread is for all lanes. Raises `WardwatchError` where rules,
    spool or lake cannot be opened.
    """

    def __init__(
        self,
        settings: Settings,
        find: Callable[[], RulePaths],
        *,
        clock: Callable[[], int] = wall_clock,
        disk: Disk | None = None,
        tell: Callable[[str], None] = say,
        on_alerts: Callable[[list[Alert]], None] = lambda _: None,
        beside: Executor | None = None,
        stopping: Stop | None = None,
    ) -> None:
        home = settings.home
        self.stopping: Stop = stopping or Stopping()
        self._settings = settings
        self._clock = clock
        self._disk = disk or Disk()
        self._tell = tell
        self._on_alerts = on_alerts
        self._beside = beside or ThreadPoolExecutor(1, "commits")
        self._lanes: dict[str, _Lane] = {}
        self._unopened: dict[str, tuple[int, str]] = {}  # tenant → when it was tried, and what was wrong
        self._looked_at: int | None = None
        self._rules_at: int | None = None
        self._started_at = clock()
        self._rules = Rules(find, tell)
        self._spool = Spool(home / "spool", Keys(home / "keys", self._disk), self._disk)
        self._lake = Lake(home / "lake", self._disk)
        self._upkeep = Upkeep(home, self._disk, partial(retention, settings.lake), tell)
        self._upkeep.reserve()
        self._engine = self._made()
        self._needs = Needs(self._rules.loaded)
        self._slot = with_holidays(settings.pipeline.holidays)
        self._tell_of_tunings()
        self._keeper = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)

    def _made(self) -> LiveEngine:
        keys, zone = self._settings.home / "keys", ZoneInfo(self._settings.pipeline.zone)
        days = self._settings.privacy.epoch_days
        if self._settings.pipeline.processes > 1:
            return Pool(self._rules.paths, keys, zone, self._settings.pipeline.processes, days)
        return InProcess(self._rules.loaded, hiding(keys, days), zone)

    def _tell_of_tunings(self) -> None:
        for error in self._rules.loaded.tunings.errors:
            self._tell(f"a tuning withholds nothing: {error}")

    def run(self, *, until_empty: bool = False) -> None:
        """Work until `stopping` is set, or nothing is left to do; then commit what is there."""
        self._keeper.start()
        while not self.stopping.is_set():
            if not self.step():
                if until_empty and self._drained():
                    break
                self.stopping.wait(_QUIET)
        self.stop()

    def step(self) -> bool:
        """Give each tenant one turn; says whether there was anything to do."""
        now = self._clock()
        if _passed(now, self._looked_at, _PUBLISH):
            self._looked_at = now
            self._look(now)
        works = list(self._works(now))
        for (lane, _), found in zip(works, self._engine.run([work for _, work in works]), strict=True):
            self._guarded(lane, now, self._take, found)
        for lane in list(self._lanes.values()):
            if self._may(lane, now):
                self._guarded(lane, now, self._commit)
        return bool(works)

    def _may(self, lane: _Lane, now: int) -> bool:
        return lane.failed_at is None or _passed(now, lane.failed_at, _AGAIN)

    def _works(self, now: int) -> Iterator[tuple[_Lane, Work]]:
        found: list[Work] = []

        def take_next(lane: _Lane, now: int) -> None:
            if lane.failed_at is not None:  # what was found then comes first
                self._on_alerts(lane.watch.write())
                lane.failed_at = None
            work = lane.watch.work(now)
            for damage in lane.watch.damages:
                place = f"{damage.segment}:{damage.start}"
                self._tell(
                    f"{lane.watch.tenant}: {damage.size:,} bytes of the spool are lost at {place}: {damage.reason}"
                )
            lane.watch.damages.clear()
            if work is not None:
                found.append(work)
            if not lane.watch.due(now):
                lane.trouble = ""

        for lane in list(self._lanes.values()):
            if self._may(lane, now):
                self._guarded(lane, now, take_next)
            if found:
                yield lane, found.pop()

    def _take(self, lane: _Lane, now: int, found: Outcome) -> None:
        if isinstance(found, Exception):
            raise found
        self._on_alerts(lane.watch.take(found, now))

    def _commit(self, lane: _Lane, now: int) -> None:
        """Begin a commit where one is due, and settle one that is done."""
        watch = lane.watch
        if lane.committing is None and watch.due(now):
            self._on_alerts(watch.write())
            commit = watch.begin()
            if commit is not None:
                lane.committing = self._beside.submit(watch.bring, commit)
        if lane.committing is not None and lane.committing.done():
            self._settle(lane)

    @staticmethod
    def _settle(lane: _Lane) -> None:
        """Wait for the commit that was begun, and let go of what the lake has."""
        if lane.committing is not None:
            begun, lane.committing = lane.committing, None
            begun.result()
            lane.watch.settle()
            lane.trouble = ""

    def _commit_all(self, lane: _Lane, _: int) -> None:
        """Bring everything to the lake that was read, here and now."""
        self._settle(lane)
        self._on_alerts(lane.watch.write())
        before = lane.watch.counts.commits
        lane.watch.commit()
        if lane.watch.counts.commits > before:
            lane.trouble = ""

    def _guarded(self, lane: _Lane, now: int, act: Callable[..., None], *about: object) -> None:
        """Do something for one lane; what goes wrong is said, and concerns no other."""
        try:
            act(lane, now, *about)
        except (OSError, WardwatchError) as error:
            self._failed(lane, error, now)
        except Exception as error:  # noqa: BLE001  (a worker's loop: one tenant must not stop the others)
            self._failed(lane, error, now)
            # Nobody knows what it left half done: begin anew where the lake's last commit ended.
            del self._lanes[lane.watch.tenant]
            self._unopened[lane.watch.tenant] = now, lane.trouble
            if lane.committing is not None:  # two at the same lake would both take the same events in
                wait([lane.committing])
            with suppress(OSError):
                lane.watch.close()

    def _failed(self, lane: _Lane, error: Exception, now: int) -> None:
        """Say what went wrong, once, make room where the disk is full, and try again later."""
        lane.watch.counts.failures += 1
        lane.failed_at = now
        known = isinstance(error, (OSError, WardwatchError))
        trouble = str(error) if known else f"a fault of ours ({type(error).__name__}): {error}"
        if trouble != lane.trouble:
            self._tell(f"{lane.watch.tenant}: {trouble}")
        lane.trouble = trouble
        if isinstance(error, OSError):
            self._upkeep.make_room(now, ROOM)

    def _look(self, now: int) -> None:
        """Look for new tenants, changed rules and a full disk, and publish figures."""
        for tenant in self._spool.tenants():
            tried_at, trouble = self._unopened.get(tenant, (None, ""))
            if tenant in self._lanes or not _passed(now, tried_at, _AGAIN):
                continue
            try:
                self._open(tenant)
            except (OSError, WardwatchError) as error:
                if trouble != str(error):
                    self._tell(f"{tenant}: {error}")
                self._unopened[tenant] = now, str(error)
        if _passed(now, self._rules_at, _RULES):
            self._rules_at = now
            if self._rules.changed():
                self._reload()
        for lane in list(self._lanes.values()):
            if self._may(lane, now):
                self._guarded(lane, now, self._hear)
        self._upkeep.make_room(now, self._settings.spool.reserve)  # with less, the spool takes nothing
        with suppress(OSError):  # figures are not worth stopping for
            figures.publish(self._settings.home / "state", self.published(now))

    def _hear(self, lane: _Lane, now: int) -> None:
        if lane.hearing.trouble:
            self._tell(f"{lane.watch.tenant}: {lane.hearing.trouble}")
            lane.hearing.trouble = ""
        self._on_alerts(lane.hearing.look(now))

    def _open(self, tenant: str) -> None:
        correlations = self._rules.loaded.correlations
        lane, lake = self._spool.lane(tenant), self._lake.tenant(tenant)
        watch = LaneWatch(lane, lake, self._settings.home, correlations, self._disk)
        watch.tunings = self._rules.loaded.tunings
        zone = ZoneInfo(self._settings.pipeline.zone)
        hearing = Hearing(watch, self._settings.home, zone, self._disk, self._needs, self._slot)
        self._lanes[tenant] = _Lane(watch, hearing)
        self._unopened.pop(tenant, None)

    def _reload(self) -> None:
        """Take in changed rules between two steps: no event is left out, and none is matched by half a set."""
        self._engine.close()
        self._engine = self._made()
        self._needs = Needs(self._rules.loaded)
        self._tell_of_tunings()
        for lane in self._lanes.values():
            lane.watch.reload(self._rules.loaded.correlations)
            lane.watch.tunings = self._rules.loaded.tunings
            lane.hearing.needs = self._needs
        self._tell(f"rules taken in: {len(self._rules.loaded.rules.rules):,} active")

    def _drained(self) -> bool:
        """Whether all that can be kept is in the lake."""
        now = self._clock()
        for lane in list(self._lanes.values()):
            if lane.failed_at is None:
                self._guarded(lane, now, self._commit_all)
        return all(lane.failed_at is not None or lane.watch.is_idle for lane in self._lanes.values())

    def stop(self) -> None:
        """Commit everything and close."""
        self.stopping.set()
        for lane in list(self._lanes.values()):
            self._guarded(lane, self._clock(), self._commit_all)
            with suppress(OSError):  # what is usual is learned anew from the last saving
                lane.hearing.save(self._clock())
        with suppress(OSError):
            figures.publish(self._settings.home / "state", self.published(self._clock()))
        for lane in self._lanes.values():
            lane.watch.close()
        self._engine.close()
        self._beside.shutdown()
        self._rules.close()
        self._spool.close()
        if self._keeper.is_alive():
            self._keeper.join()

    @property
    def troubled(self) -> tuple[str, ...]:
        """The tenants whose last step failed, or whose lane cannot be opened."""
        return (*(tenant for tenant, lane in self._lanes.items() if lane.trouble), *self._unopened)

    def totals(self) -> tuple[int, int, int]:
        """Events, alerts, and frames that were not understood."""
        counts = [lane.watch.counts for lane in self._lanes.values()]
        return (
            sum(one.events for one in counts),
            sum(one.alerts for one in counts),
            sum(one.rejects.total() for one in counts),
        )

    def published(self, now: int) -> figures.Published:
        """Return the figures of this moment."""
        rules = len(self._rules.loaded.rules.rules)
        found = [Figure("wardwatch_pipeline_rules", "gauge", "Active rules.", rules)]
        for lane in self._lanes.values():
            found += of_lane(lane.watch, now, troubled=bool(lane.trouble))
            found += lane.hearing.figures()
        found += [troubled_figure(tenant, troubled=True) for tenant in self._unopened]
        return figures.of(PROCESS, self._started_at, now, found)

    def _keep_up(self) -> None:
        while not self.stopping.wait(_UPKEEP):
            self._upkeep.once(self._clock())


def watch(
    settings: Settings,
    stopping: Stop,
    *,
    rules: tuple[Path, ...] = (),
    lists: tuple[Path, ...] = (),
    on_alerts: Callable[[list[Alert]], None] = lambda _: None,
    ready: Callable[[], None] = lambda: None,
    until_empty: bool = False,
) -> Watching:
    """Watch until `stopping` is set; returns what ran, stopped, whose totals are final. Raises `WardwatchError`.

    `rules` and `lists` are folders besides those of Wardwatch and of the home; `ready` is told once rules are loaded.
    """
    watching = Watching(settings, finding(settings, rules, lists), on_alerts=on_alerts, stopping=stopping)
    ready()
    watching.run(until_empty=until_empty)
    return watching
