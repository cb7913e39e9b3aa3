"""The process that watches: one tenant that fails concerns no other; a full disk; rules that change."""

import errno
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.faults.faulty_disk import FaultyDisk, QuickDisk
from tests.listeners.receiving import until
from tests.pipeline.living import BAD, BURST, NOON, RULES, SECOND, InTurn, event, rows
from tests.pipeline.spool.spooling import arrived, spool

from wardwatch.events.alert import Alert
from wardwatch.kernel.disk import Disk, DiskFile
from wardwatch.pipeline import alert_log, figures
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.live import COMMIT_AFTER, LaneWatch
from wardwatch.pipeline.ruleset import RulePaths
from wardwatch.pipeline.spool import Spool
from wardwatch.runtime.settings import LakeSettings, PipelineSettings, PrivacySettings, Settings, SpoolSettings
from wardwatch.runtime.watching import Watching

DAY = 86_400 * SECOND
AGAIN = 2 * SECOND


class Play:
    """A pipeline whose clock stands still unless it is told to move, and what it said."""

    def __init__(self, home: Path, disk: Disk, beside: Executor | None = None, **settings: int) -> None:
        self.home = home
        self.disk = disk
        self.now = NOON
        self.said: list[str] = []
        self.alerts: list[Alert] = []
        self.spool: Spool = spool(home, disk)
        (home / "rules").mkdir(parents=True, exist_ok=True)
        (home / "rules" / "rules.yml").write_text(RULES)
        made = Settings(home, spool=replace(SpoolSettings(), reserve=0), pipeline=PipelineSettings(**settings))
        self.watching = Watching(
            made,
            self.find,
            clock=lambda: self.now,
            disk=disk,
            tell=self.said.append,
            on_alerts=self.alerts.extend,
            beside=beside or InTurn(),
        )

    def find(self) -> RulePaths:
        return RulePaths((self.home / "rules",), (), self.home / "cache")

    def put(self, tenant: str, *bodies: bytes) -> None:
        self.spool.lane(tenant).append(arrived(*bodies, at=self.now)).result(10)

    def steps(self, after: int = 0) -> None:
        """Work until nothing is left to do, `after` µs later."""
        self.now += after
        while self.watching.step():
            pass

    def commands(self, tenant: str) -> list[str]:
        with closing(Lake(self.home / "lake").tenant(tenant)) as lake:
            return sorted(row["f.CommandLine"] for row in rows(lake.read()).values())

    def logged(self, tenant: str) -> list[str]:
        return sorted(alert.rule_id for alert in alert_log.final(alert_log.read(self.home / "alerts", tenant)).values())

    def figure(self, name: str) -> dict[str, float]:
        found = figures.read_all(self.home / "state")
        return {one.labels.get("tenant", ""): one.value for each in found for one in each.figures if one.name == name}


@contextmanager
def playing(home: Path, disk: Disk | None = None, beside: Executor | None = None, **settings: int) -> Iterator[Play]:
    play = Play(home, disk or QuickDisk(), beside, **settings)
    try:
        yield play
    finally:
        play.spool.close()
        if not play.watching.stopping.is_set():
            play.watching.stop()


def test_tenants_are_found_watched_and_kept(tmp_path: Path) -> None:
    with playing(tmp_path) as play:
        play.put("north", *(event("bad", at) for at in range(3)))
        play.put("south", event("fine"), b"\xff")
        play.steps()
        assert sorted(alert.rule_id for alert in play.alerts) == [BAD, BAD, BAD, BURST]
        play.put("east", event("fine"))
        play.steps(COMMIT_AFTER)
        play.watching.stop()
        assert play.commands("north") == ["bad"] * 3
        assert (play.commands("south"), play.commands("east")) == (["fine"], ["fine"])
        assert play.watching.totals() == (5, 4, 1)
        assert play.figure("wardwatch_pipeline_events_total") == {"east": 1, "north": 3, "south": 1}
        assert play.figure("wardwatch_pipeline_rejected_total") == {"south": 1}
        assert play.said == []


def test_a_tenant_without_its_key_stops_no_other(tmp_path: Path) -> None:
    with playing(tmp_path) as play:
        play.put("north", event("one"))
        play.put("south", event("one"))
    key = tmp_path / "keys" / "spool" / "north.key"
    kept = key.read_bytes()
    key.unlink()
    with playing(tmp_path) as play:
        for _ in range(3):
            play.steps(AGAIN)
        assert [line.split("\n")[0].split(":")[0] for line in play.said] == ["north"], "said once"
        assert play.watching.troubled == ("north",)
        assert play.figure("wardwatch_pipeline_troubled") == {"north": 1, "south": 0}
        key.write_bytes(kept)
        key.chmod(0o600)
        play.steps(AGAIN)
        play.steps(COMMIT_AFTER)
        assert play.commands("north") == play.commands("south") == ["one"]
        assert play.watching.troubled == ()


def test_a_tenant_whose_checkpoint_is_lost_stops_no_other(tmp_path: Path) -> None:
    with playing(tmp_path) as play:
        for tenant in ("north", "south"):
            play.put(tenant, event("one"))
        play.steps()
    (path,) = (tmp_path / "state" / "pipeline" / "north").glob("*.json")
    kept = path.read_bytes()
    path.unlink()
    with playing(tmp_path) as play:
        for tenant in ("north", "south"):
            play.put(tenant, event("two"))
        play.steps()
        assert (len(play.said), "checkpoint" in play.said[0]) == (1, True)
        play.steps(COMMIT_AFTER)
        assert (play.commands("north"), play.commands("south")) == (["one"], ["one", "two"])
        path.write_bytes(kept)
        play.steps(AGAIN)
        play.steps(COMMIT_AFTER)
        assert play.commands("north") == ["one", "two"]


def test_a_fault_of_ours_begins_the_lane_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = LaneWatch.take

    def breaking(self: LaneWatch, *about: object) -> list[Alert]:
        if self.tenant == "north":
            healthy(self, *about)  # type: ignore[arg-type]
            raise ZeroDivisionError("half done")
        return healthy(self, *about)  # type: ignore[arg-type]

    with playing(tmp_path) as play:
        play.put("north", *(event("bad", at) for at in range(3)))
        play.put("south", event("one"))
        with monkeypatch.context() as patch:
            patch.setattr(LaneWatch, "take", breaking)
            play.steps()
            play.steps(AGAIN)
        assert play.said == ["north: a fault of ours (ZeroDivisionError): half done"] * 2
        play.steps(AGAIN)
        play.steps(COMMIT_AFTER)
        assert (play.commands("north"), play.commands("south")) == (["bad"] * 3, ["one"])
        assert play.logged("north") == [BAD, BAD, BAD, BURST]
        assert len(list(alert_log.read(tmp_path / "alerts", "north"))) == 4


class FullDisk(QuickDisk):
    """A disk on which nothing can be written while it is full; deleting makes room, but if it is `stubborn`."""

    full = False
    stubborn = False
    removed = 0

    def _refuse(self, path: Path) -> None:
        if self.full and "spool" not in path.parts:
            raise OSError(errno.ENOSPC, "No space left on device")

    def create(self, path: Path) -> DiskFile:
        self._refuse(path)
        return super().create(path)

    def append(self, path: Path) -> DiskFile:
        self._refuse(path)
        return super().append(path)

    def unlink(self, path: Path) -> None:
        kept = "source=" in path.parent.name
        self.removed += kept
        if kept or path.name == "_reserve":
            self.full = self.full and self.stubborn
        super().unlink(path)

    def free(self, path: Path) -> int:
        return 0 if self.full else super().free(path)


def test_a_full_disk_makes_room_by_policy_and_keeps_alerts(tmp_path: Path) -> None:
    disk = FullDisk()
    with playing(tmp_path, disk) as play:
        play.put("north", event("old"))
        play.steps()
        play.steps(COMMIT_AFTER)
        assert play.commands("north") == ["old"]
        play.now += 3 * DAY
        play.put("north", *(event("bad", at) for at in range(3)))
        play.steps()
        disk.full = True
        play.steps(COMMIT_AFTER)
        assert any("the disk is full" in line and "removed" in line for line in play.said), play.said
        assert disk.removed >= 1
        play.steps(COMMIT_AFTER)
        assert play.commands("north") == ["bad"] * 3, "the oldest went, the new came"
        assert play.logged("north") == [BAD, BAD, BAD, BURST]


def test_settings_say_how_long_and_in_which_epochs(tmp_path: Path) -> None:
    stated = Settings(tmp_path, privacy=PrivacySettings(epoch_days=1), lake=LakeSettings(keep_days=2))
    message = b"MSH|^~\\&|LAB|CHU|ADT|CHU|20261124120000||ADT^A01|1|P|2.5\rPID|1||4711^^^CHU||DOE^JANE\r"
    with playing(tmp_path) as play:
        play.watching.stop()
        play.watching = Watching(stated, play.find, clock=lambda: play.now, disk=play.disk, beside=InTurn())
        play.put("north", message)
        play.steps()
        play.steps(COMMIT_AFTER)
        epoch = play.now // DAY
        assert [path.name for path in (tmp_path / "keys/privacy/north").glob("epoch-*")] == [f"epoch-{epoch}.key"]
        play.watching._upkeep.once(play.now + DAY)
        assert len(list((tmp_path / "lake").rglob("*.parquet"))) == 1
        play.watching._upkeep.once(play.now + 3 * DAY)
        assert list((tmp_path / "lake").rglob("*.parquet")) == []


def test_room_for_the_spool_is_made_before_it_refuses(tmp_path: Path) -> None:
    disk = FaultyDisk(tmp_path)
    with playing(tmp_path, disk) as play:
        play.put("north", event("old"))
        play.steps()
        play.steps(COMMIT_AFTER)
        play.watching._settings = replace(play.watching._settings, spool=replace(SpoolSettings(), reserve=1_000))
        disk.room = 999
        play.steps(SECOND)
        assert play.commands("north") == []
        assert [line for line in play.said if "oldest events were removed" in line] != []
        play.said.clear()
        for _ in range(3):
            play.steps(SECOND)
        assert len(play.said) <= 1, "said once, not each second"


def test_nothing_is_taken_while_what_was_found_cannot_be_kept(tmp_path: Path) -> None:
    disk = FullDisk()
    with playing(tmp_path, disk) as play:
        play.put("north", event("bad"))
        disk.full = disk.stubborn = True
        for _ in range(5):
            play.steps(AGAIN)
            play.put("north", event("bad"))
        assert (play.alerts, play.watching.totals()[0]) == ([], 1), "memory is not filled meanwhile"
        disk.full = False
        play.steps(AGAIN)
        play.steps(COMMIT_AFTER)
        assert play.commands("north") == ["bad"] * 6
        assert play.logged("north").count(BAD) == 6


@pytest.mark.parametrize("processes", [1, 2])
def test_rules_change_without_a_gap(tmp_path: Path, processes: int) -> None:
    with playing(tmp_path, processes=processes) as play:
        play.put("north", event("bad", 1), event("bad", 2))
        play.steps()
        worse = RULES.split("---")[0].replace("0000-000000000001", "0000-00000000000a").replace("bad", "worse")
        (tmp_path / "rules" / "more.yml").write_text(worse)

        def reloaded() -> bool:
            play.steps(2 * SECOND)
            return any(line.startswith("rules taken in: 2") for line in play.said)

        until(reloaded)
        play.put("north", event("bad", 3), event("worse", 4))
        play.steps()
        assert play.logged("north") == [BAD, BAD, BAD, BURST, BAD[:-1] + "a"] or sorted(play.logged("north")) == sorted(
            [BAD, BAD, BAD, BURST, BAD[:-1] + "a"]
        )
        assert [alert.count for alert in play.alerts if alert.rule_id == BURST] == [3], "the count went on"


def test_rules_that_cannot_be_read_leave_those_in_use(tmp_path: Path) -> None:
    with playing(tmp_path) as play:
        (tmp_path / "rules" / "rules.yml").unlink()
        (tmp_path / "rules").rmdir()
        for _ in range(3):
            play.steps(2 * SECOND)
        assert len(play.said) == 1
        assert "the rules are not taken in" in play.said[0]
        play.put("north", event("bad"))
        play.steps(SECOND)
        assert play.logged("north") == [BAD]


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_clock_that_jumps(tmp_path: Path, jump: int) -> None:
    with playing(tmp_path) as play:
        play.put("north", event("bad", 0))
        play.steps()
        play.now += jump
        play.put("north", event("bad", 1))
        play.put("south", event("fine"))
        play.steps()
        play.steps(COMMIT_AFTER)
        assert play.commands("north") == ["bad", "bad"]
        assert play.commands("south") == ["fine"]
        assert play.logged("north") == [BAD, BAD]


def test_a_slow_tenant_delays_the_others_by_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardwatch.pipeline.live.STEP", 2_000)
    with playing(tmp_path) as play:
        for number in range(20):
            play.put("noisy", *(event(f"run {number}") for _ in range(20)))
        play.put("small", event("bad"))
        play.watching.step()
        assert [alert.tenant for alert in play.alerts] == ["small"]
        assert play.watching.totals()[0] < 60
        play.now += SECOND
        play.watching.step()
        assert play.figure("wardwatch_pipeline_backlog_frames")["noisy"] > 300
        assert play.figure("wardwatch_pipeline_backlog_frames")["small"] == 0
        play.steps()
        assert play.watching.totals()[0] == 401


def test_run_until_everything_is_in_the_lake(tmp_path: Path) -> None:
    with playing(tmp_path) as play:
        play.put("north", event("fine"))
        play.watching._clock = _running(NOON)
        play.watching.run(until_empty=True)
        assert play.commands("north") == ["fine"]


def _running(start: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    at = [start]

    def clock() -> int:
        at[0] += SECOND // 10
        return at[0]

    return clock


class ByHand(Executor):
    """Runs what is handed to it when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[None], Callable[[], None]]] = []

    def submit(self, run, /, *args, **more):  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003
        begun: Future[None] = Future()
        self.waiting.append((begun, lambda: run(*args, **more)))
        return begun

    def go(self) -> None:
        while self.waiting:
            begun, run = self.waiting.pop()
            try:
                begun.set_result(run())  # type: ignore[func-returns-value]
            except OSError as error:
                begun.set_exception(error)


def test_the_watch_goes_on_while_a_commit_is_under_way(tmp_path: Path) -> None:
    beside = ByHand()
    with playing(tmp_path, beside=beside) as play:
        play.put("north", event("bad", 1), event("bad", 2))
        play.steps()
        play.steps(COMMIT_AFTER)
        assert len(beside.waiting) == 1
        play.put("north", event("bad", 3), event("fine"))
        play.steps(COMMIT_AFTER)
        assert [alert.rule_id for alert in play.alerts] == [BAD, BAD, BAD, BURST], "no alert waits for the lake"
        assert len(beside.waiting) == 1, "one commit of a lane at a time"
        beside.go()
        play.steps()
        assert play.commands("north") == ["bad", "bad"]
        play.steps(COMMIT_AFTER)
        assert len(beside.waiting) == 1, "and then the next"
        beside.go()
        play.steps()
        assert play.commands("north") == ["bad", "bad", "bad", "fine"]


@pytest.mark.parametrize("done", [True, False])
def test_a_crash_while_a_commit_is_under_way(tmp_path: Path, done: bool) -> None:  # noqa: FBT001
    """Whether it reached the lake or not: every event once, every alert once, and steps end where they ended."""
    beside = ByHand()
    with playing(tmp_path, beside=beside) as play:
        play.put("north", event("bad", 20), event("bad", 21))
        play.steps()
        play.steps(COMMIT_AFTER)
        play.put("north", event("bad", 22))  # makes a burst, behind the picture that is being committed
        play.steps()
        assert BURST in {alert.rule_id for alert in play.alerts}
        play.put("north", event("bad", 5))  # would have been part of it, had both come in one step
        if done:
            beside.go()
        crashed(play)
    with playing(tmp_path) as play:
        play.steps()
        play.steps(COMMIT_AFTER)
        assert play.commands("north") == ["bad"] * 4
        assert play.logged("north") == [BAD] * 4 + [BURST]
        (burst,) = (one for one in play.alerts if one.rule_id == BURST)
        assert (burst.count, burst.supersedes is not None) == (4, True), "the first one is taken back"
        written = [(one.id, one.revision) for one in alert_log.read(tmp_path / "alerts", "north")]
        assert len(written) == len(set(written)) == 6


def crashed(play: Play) -> None:
    """End as a killed process does: nothing more is committed."""
    play.watching.stopping.set()
    for lane in play.watching._lanes.values():
        lane.watch.close()
    play.watching._spool.close()


def test_a_commit_that_fails_is_tried_again_as_it_was(tmp_path: Path) -> None:
    disk, beside = FullDisk(), ByHand()
    with playing(tmp_path, disk, beside) as play:
        play.put("north", event("fine 1"))
        play.steps()
        play.steps(COMMIT_AFTER)
        disk.full = disk.stubborn = True
        beside.go()
        play.steps()
        assert [line for line in play.said if "No space left" in line] != []
        disk.full = False
        play.put("north", event("fine 2"))
        for _ in range(3):
            play.steps(AGAIN)
            beside.go()
        play.steps(COMMIT_AFTER)
        beside.go()
        play.steps()
        assert play.commands("north") == ["fine 1", "fine 2"]
        assert play.watching.troubled == ()


def test_threads_commit_beside_the_watch(tmp_path: Path) -> None:
    with playing(tmp_path, beside=ThreadPoolExecutor(1)) as play:
        for number in range(50):
            play.put("north", event(f"bad {number}", number))
            play.steps(COMMIT_AFTER)
        play.watching.stop()
        assert play.commands("north") == sorted(f"bad {number}" for number in range(50))
        assert play.logged("north").count(BAD) == 50
