"""What tests of the live watch share: frames, rules of a few lines, lanes over a home, and what came of it all."""

import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pyarrow as pa
from tests.pipeline.spool.spooling import NOON, spool

from wardwatch.catalogue.files import ContentFile
from wardwatch.events.alert import Alert
from wardwatch.frames.frame import Unnumbered, frames
from wardwatch.kernel import ids
from wardwatch.kernel.disk import Disk
from wardwatch.pipeline import alert_log, ruleset
from wardwatch.pipeline.assembling import Carry
from wardwatch.pipeline.detecting import Detected, Detector, Hide
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.live import LaneWatch
from wardwatch.pipeline.live_reading import Work
from wardwatch.pipeline.privacy import Privacy
from wardwatch.pipeline.ruleset import RuleSet
from wardwatch.pipeline.spool import Lane

T = TypeVar("T")
SAMPLES = Path(__file__).parents[2] / "src/wardwatch/content/samples"
SEGMENT = "0000000000000001-00000000"
SECOND = 1_000_000

BAD = "00000000-0000-0000-0000-000000000001"
BURST = "00000000-0000-0000-0000-000000000002"
RULES = f"""
title: Bad
name: bad
id: {BAD}
level: high
logsource: {{product: windows, category: process_creation}}
detection: {{selection: {{CommandLine|contains: bad}}, condition: selection}}
---
title: Burst
id: {BURST}
level: critical
correlation: {{type: event_count, rules: [bad], group-by: [Computer], timespan: 1m, condition: {{gte: 3}}, generate: true}}
"""
QUIET_RULES = RULES.replace("contains: bad", "contains: other")


def rules(text: str = RULES) -> RuleSet:
    return ruleset.of_files([ContentFile("rules.yml", text.encode())], {})


def event(command: str, at: int = 0, host: str = "PC1") -> bytes:
    """The start of a process, `at` seconds after noon."""
    minutes, seconds = divmod(at, 60)
    return orjson.dumps(
        {
            "@timestamp": f"2026-11-24T{12 + minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z",
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "EventID": 1,
            "Computer": host,
            "Image": "C:\\x.exe",
            "CommandLine": command,
        }
    )


def batch(
    *bodies: bytes, sensor: str = "s1", hint: str | None = None, first: int = 0, at: int = NOON
) -> pa.RecordBatch:
    return frames("north", [Unnumbered(sensor, hint, at, bodies)], first)


def work(found: pa.RecordBatch, carry: Carry | None = None, segment: str = SEGMENT, due: int | None = None) -> Work:
    return Work("north", segment, found, carry or Carry(), due)


def visible(_: str) -> Hide:
    """Hide nothing."""
    return lambda batch: batch


def detector(text: str = RULES, hide: Callable[[str], Hide] = visible) -> Detector:
    return Detector(rules(text), hide)


def in_pieces(detector: Detector, whole: pa.RecordBatch, sizes: Iterable[int], segment: str = SEGMENT) -> Detected:
    """Run frames in steps of these sizes, and what waits in the end."""
    found = detector.run(work(whole.slice(0, 0), due=0))
    start = 0
    for size in sizes:
        found.add(detector.run(work(whole.slice(start, size), found.outcome.carry, segment)))
        start += size
    found.add(detector.run(work(whole.slice(start), found.outcome.carry, segment)))
    found.add(detector.run(work(whole.slice(0, 0), found.outcome.carry, "", due=1 << 60)))
    return found


def split(dice: random.Random, count: int) -> list[int]:
    """Sizes of steps."""
    sizes = []
    while sum(sizes) < count:
        sizes.append(dice.choice((1, 2, 3, 7, 40)))
    return sizes[:-1]


def rows(batches: Iterable[pa.RecordBatch]) -> dict[bytes, dict[str, Any]]:
    """Every event by its id: its log source, envelope and fields that are there. Each must be there once."""
    found: dict[bytes, dict[str, Any]] = {}
    for one in batches:
        for row in one.to_pylist():
            key = row["event_id"]
            assert key not in found, f"twice: {row}"
            found[key] = {name: value for name, value in row.items() if value is not None}
    return found


HOMES: list["Home"] = []  # those that are open


class InTurn(Executor):
    """Runs what is handed to it at once, in the caller's thread."""

    def submit(self, run: Callable[..., T], /, *args: object, **more: object) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(run(*args, **more))
        except OSError as error:
            done.set_exception(error)
        return done


class Home:
    """A Wardwatch home with one tenant, whose spool is written and watched here."""

    def __init__(self, folder: Path, disk: Disk | None = None, loaded: RuleSet | None = None) -> None:
        self.folder = folder
        self.disk = disk or Disk()
        self.rules = loaded or rules()
        self.engine = Detector(self.rules, lambda tenant: Privacy(folder / "keys", tenant, self.disk).apply)
        self.spool = spool(folder, self.disk)
        self.now = NOON
        self._watches: list[LaneWatch] = []
        HOMES.append(self)

    @property
    def lane(self) -> Lane:
        return self.spool.lane("north")

    def put(self, *bodies: bytes, hint: str | None = None, sensor: str = "s1", at: int | None = None) -> None:
        self.lane.append([Unnumbered(sensor, hint, self.now if at is None else at, bodies)]).result(10)

    def watch(self) -> LaneWatch:
        lake = Lake(self.folder / "lake", self.disk).tenant("north")
        made = LaneWatch(self.spool.lane("north"), lake, self.folder, self.rules.correlations, self.disk)
        self._watches.append(made)
        return made

    def steps(self, watch: LaneWatch) -> list[Alert]:
        """Work until nothing waits; returns the new alerts."""
        new: list[Alert] = []
        while (piece := watch.work(self.now)) is not None:
            new += watch.take(self.engine.run(piece), self.now)
        return new

    def logged(self) -> list[Alert]:
        return list(alert_log.read(self.folder / "alerts", "north"))

    def alerts(self) -> dict[str, Alert]:
        return alert_log.final(self.logged())

    def events(self) -> dict[bytes, dict[str, Any]]:
        with closing(Lake(self.folder / "lake").tenant("north")) as lake:
            return rows(lake.read())

    def commands(self) -> list[str]:
        """The command lines of all events in the lake."""
        return sorted(row["f.CommandLine"] for row in self.events().values())

    def close(self) -> None:
        """Let go of files, as the end of a process does; nothing is committed."""
        self.spool.close()
        for watch in self._watches:
            watch.close()


def restarted(home: Home, disk: Disk | None = None) -> Home:
    """The same home after a crash: nothing is remembered but what is on disk."""
    home.close()
    return Home(home.folder, disk or home.disk, home.rules)


def sample_frames(names: Sequence[str] = ()) -> list[Unnumbered]:
    return [
        Unnumbered(path.name, None, NOON, path.read_bytes().splitlines())
        for path in sorted(SAMPLES.iterdir())
        if not names or path.name in names
    ]


def event_id(segment: str, seq: int, tenant: str = "north") -> bytes:
    return ids.event_id(ids.event_prefix(tenant, segment.encode()), seq)
