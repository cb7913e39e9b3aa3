"""The process that watches: for each tenant what came in is read, detected, correlated and kept, without end.

Tenants take turns, so that a noisy one delays the others by one step at most; what fails for one is tried again later
and said aloud, while the others go on.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from wardwatch.engines.live import InProcess, Pool, hiding
from wardwatch.events.alert import Alert
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import WardwatchError
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.detecting import Detected, Work
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.lake.retention import Retention
from wardwatch.pipeline.live import LaneWatch, LiveEngine
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.pipeline.spool import Keys, Spool
from wardwatch.runtime import figures
from wardwatch.runtime.figures import Figure
from wardwatch.runtime.hearing import Hearing, Needs
from wardwatch.runtime.ingest import wall_clock
from wardwatch.runtime.settings import Settings

PROCESS = "pipeline"
_QUIET = 0.02  # seconds between looks into empty lanes
_PUBLISH = 1_000_000  # µs between figures, and between looks for new tenants
_RULES = 2_000_000  # µs between looks at the files of rules
_AGAIN = 2_000_000  # µs after which a lane that failed is tried again
_UPKEEP = 60.0  # seconds between rounds of compaction and retention
_DAY = 86_400_000_000
_ROOM = 256 * 1024 * 1024  # bytes made free at once on a full disk


def say(text: str) -> None:
    """Say on stderr what an operator must know."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class _Lane:
    watch: LaneWatch
    hearing: Hearing
    retry_at: int = 0
    trouble: str = ""


@dataclass(slots=True)
class Watching:
    """The running pipeline over one Wardwatch home. `step` does one round; `run` goes on until `stopping` is set."""

    settings: Settings
    paths: RulePaths
    clock: Callable[[], int] = wall_clock
    disk: Disk = field(default_factory=Disk)
    tell: Callable[[str], None] = say
    on_alerts: Callable[[list[Alert]], None] = lambda _: None
    stopping: threading.Event = field(default_factory=threading.Event)
    _lanes: dict[str, _Lane] = field(default_factory=dict)
    _unopened: dict[str, str] = field(default_factory=dict)
    _looked_at: int = 0
    _rules_at: int = 0

    def start(self) -> None:
        """Load the rules, open spool and lake. Raises `WardwatchError`."""
        home = self.settings.home
        self._started_at = self.clock()
        self._stamps = self.paths.stamps()
        self._rules = self._loaded()
        self._spool = Spool(home / "spool", Keys(home / "keys", self.disk), self.disk)
        self._lake = Lake(home / "lake", self.disk)
        self._engine = self._made(self._rules)
        self._needs = Needs(self._rules)
        self._upkeep = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)
        self._upkeep.start()

    _started_at: int = 0
    _stamps: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    _rules: RuleSet = field(init=False)
    _spool: Spool = field(init=False)
    _lake: Lake = field(init=False)
    _engine: LiveEngine = field(init=False)
    _needs: Needs = field(init=False)
    _upkeep: threading.Thread = field(init=False)

    def _loaded(self) -> RuleSet:
        rules = ruleset.load(self.paths)
        for error in rules.tunings.errors:
            self.tell(f"a tuning withholds nothing: {error}")
        return rules

    def _made(self, rules: RuleSet) -> LiveEngine:
        keys, zone = self.settings.home / "keys", ZoneInfo(self.settings.pipeline.zone)
        if self.settings.pipeline.processes > 1:
            return Pool(self.paths, keys, zone, self.settings.pipeline.processes)
        return InProcess(rules, hiding(keys), zone)

    def run(self) -> None:
        """Work until `stopping` is set, then commit what is there."""
        while not self.stopping.is_set():
            if not self.step():
                self.stopping.wait(_QUIET)
        self.stop()

    def step(self) -> bool:
        """Give each tenant one turn; says whether there was anything to do."""
        now = self.clock()
        if now - self._looked_at >= _PUBLISH:
            self._looked_at = now
            self._look(now)
        works = list(self._works(now))
        for (lane, _), found in zip(works, self._engine.run([work for _, work in works]), strict=True):
            self._take(lane, found, now)
        for lane in self._lanes.values():
            if lane.watch.due(now) and now >= lane.retry_at:
                self._commit(lane, now)
        return bool(works)

    def _works(self, now: int) -> Iterator[tuple[_Lane, Work]]:
        for lane in self._lanes.values():
            if now < lane.retry_at:
                continue
            try:
                work = lane.watch.work(now)
            except (OSError, WardwatchError) as error:
                self._failed(lane, error, now)
            else:
                if work is not None:
                    yield lane, work

    def _take(self, lane: _Lane, found: Detected | OSError, now: int) -> None:
        if isinstance(found, OSError):
            self._failed(lane, found, now)
            return
        try:
            self.on_alerts(lane.watch.take(found, now))
        except OSError as error:
            self._failed(lane, error, now)
        else:
            lane.trouble = ""

    def _commit(self, lane: _Lane, now: int) -> None:
        try:
            self.on_alerts(lane.watch.write())
            lane.watch.commit()
            lane.trouble = ""
        except (OSError, WardwatchError) as error:
            self._failed(lane, error, now)

    def _failed(self, lane: _Lane, error: Exception, now: int) -> None:
        """Say what went wrong, once, make room where the disk is full, and try again later."""
        lane.watch.counts.failures += 1
        lane.retry_at = now + _AGAIN
        trouble = str(error) if isinstance(error, WardwatchError) else f"error: {error}"
        if trouble != lane.trouble:
            self.tell(f"{lane.watch.tenant}: {trouble}")
        lane.trouble = trouble
        if isinstance(error, OSError) and self.disk.free(self.settings.home) < _ROOM:
            room = self._lake.make_room(_ROOM, self._retention, now)
            self.tell(f"the disk is full: {room.bytes:,} bytes of the oldest events were removed, alerts are kept")
            self._lake.reserve()

    def _retention(self, _: str) -> Retention:
        return Retention(days=self.settings.pipeline.keep_days)

    def _look(self, now: int) -> None:
        """Look for new tenants and changed rules, and publish figures."""
        for tenant in self._spool.tenants():
            if tenant not in self._lanes:
                try:
                    self._open(tenant)
                except (OSError, WardwatchError) as error:
                    if self._unopened.get(tenant) != str(error):
                        self.tell(f"{tenant}: {error}")
                    self._unopened[tenant] = str(error)
        if now - self._rules_at >= _RULES:
            self._rules_at = now
            self._reload()
        for lane in self._lanes.values():
            try:
                self.on_alerts(lane.hearing.look(now))
            except OSError as error:
                self._failed(lane, error, now)
        figures.publish(self.settings.home / "state", self.published(now))

    def _open(self, tenant: str) -> None:
        correlations = self._rules.correlations
        lane, lake = self._spool.lane(tenant), self._lake.tenant(tenant)
        watch = LaneWatch(lane, lake, self.settings.home, correlations, self.disk)
        watch.tunings = self._rules.tunings
        zone = ZoneInfo(self.settings.pipeline.zone)
        hearing = Hearing(watch, self.settings.home, zone, self.disk, self._needs)
        if hearing.trouble:
            self.tell(f"{tenant}: {hearing.trouble}")
        self._lanes[tenant] = _Lane(watch, hearing)

    def _reload(self) -> None:
        """Take in changed rules between two steps: no event is left out, and none is matched by half a set."""
        try:
            stamps = self.paths.stamps()
            if stamps == self._stamps:
                return
            rules = self._loaded()
            engine = self._made(rules)
        except (OSError, WardwatchError) as error:
            self.tell(f"the rules are not taken in: {error}")
            return
        self._engine.close()
        self._stamps, self._rules, self._engine, self._needs = stamps, rules, engine, Needs(rules)
        for lane in self._lanes.values():
            lane.watch.reload(rules.correlations)
            lane.watch.tunings = rules.tunings
            lane.hearing.needs = self._needs
        self.tell(f"rules taken in: {len(rules.rules.rules):,} active")

    def stop(self) -> None:
        """Commit everything and close."""
        self.stopping.set()
        for lane in self._lanes.values():
            self._commit(lane, self.clock())
            try:
                lane.hearing.save(self.clock())
            except OSError as error:
                self._failed(lane, error, self.clock())
            lane.watch.close()
        self._engine.close()
        figures.publish(self.settings.home / "state", self.published(self.clock()))

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
        found = [one for lane in self._lanes.values() for one in _figures(lane, now)]
        active = Figure("wardwatch_pipeline_rules", "gauge", "Active rules.", len(self._rules.rules.rules))
        return figures.of(PROCESS, self._started_at, now, [active, *found])

    def _keep_up(self) -> None:
        """Compact the lake and let old events go, beside the watch."""
        lake = Lake(self.settings.home / "lake", self.disk)
        swept = 0
        while not self.stopping.wait(_UPKEEP):
            now = self.clock()
            for tenant in lake.tenants():
                try:
                    mine = lake.tenant(tenant)
                    mine.compact(datetime.fromtimestamp(now / 1e6, UTC).date().isoformat())
                    if now - swept > _DAY:
                        yesterday = datetime.fromtimestamp((now - _DAY) / 1e6, UTC).date().isoformat()
                        mine.compact(yesterday, final=True)
                        mine.expire(self._retention(tenant), now)
                        mine.sweep(now)
                    mine.close()
                except (OSError, WardwatchError) as error:
                    self.tell(f"{tenant}: the lake is not kept up: {error}")
            swept = now if now - swept > _DAY else swept


def _figures(lane: _Lane, now: int) -> Iterator[Figure]:
    watch, by = lane.watch, {"tenant": lane.watch.tenant}
    counts = watch.counts
    frames, size = watch.backlog()
    lag = max(0, now - counts.received_at) / 1e6 if frames and counts.received_at else 0.0
    yield Figure("wardwatch_pipeline_events_total", "counter", "Events read.", counts.events, by)
    yield Figure("wardwatch_pipeline_alerts_total", "counter", "Alerts written.", counts.alerts, by)
    yield Figure("wardwatch_pipeline_commits_total", "counter", "Commits to the lake.", counts.commits, by)
    yield Figure("wardwatch_pipeline_failures_total", "counter", "Steps that failed.", counts.failures, by)
    yield Figure("wardwatch_pipeline_damages_total", "counter", "Damaged blocks.", counts.damages, by)
    yield Figure("wardwatch_pipeline_backlog_frames", "gauge", "Frames that wait.", frames, by)
    yield Figure("wardwatch_pipeline_backlog_bytes", "gauge", "Bytes that wait.", size, by)
    yield Figure("wardwatch_pipeline_lag_seconds", "gauge", "Age of the newest frame read, if others wait.", lag, by)
    yield from lane.hearing.figures()
    yield Figure("wardwatch_pipeline_troubled", "gauge", "Whether the last step failed.", float(bool(lane.trouble)), by)
    for (rule, tuning), count in counts.withheld.items():
        of = by | {"rule": rule, "tuning": tuning}
        yield Figure("wardwatch_pipeline_withheld_total", "counter", "Alerts withheld by tunings.", count, of)
    for (sensor, source, reason), count in counts.rejects.items():
        why = by | {"sensor": sensor, "source": source, "reason": reason}
        yield Figure("wardwatch_pipeline_rejected_total", "counter", "Frames not understood.", count, why)


def opened(settings: Settings, rules: tuple[Path, ...], lists: tuple[Path, ...]) -> Watching:
    """Return a pipeline over a home: with our rules, those that are kept there, and more if they are named."""
    own = settings.home / "rules"
    paths = RulePaths(
        (ruleset.shipped_rules(), *((own,) if own.is_dir() else ()), *rules),
        ruleset.read_lists([settings.home / "lists", *lists]),
        settings.home / "cache",
        settings.home / "tuning",
    )
    return Watching(settings, paths)
