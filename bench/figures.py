"""What is measured of the engine and of a scan. CPU-seconds of one process, repeated; the spread is shown."""

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from bench import logs
from wardwatch.cli._rules import cache_folder as default_folder
from wardwatch.detection.match import match, needs
from wardwatch.detection.memory import Memory
from wardwatch.events import batch as layout
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.record import Group
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.reading import MAX_ROWS
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.pipeline.scan import Cutter, Summary
from wardwatch.pipeline.tasks import Settings
from wardwatch.pipeline.work import Worker
from wardwatch.sources import Context, windows_json

NOW = 1_795_514_400_000_000
REPEATS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a value with its spread over the repetitions."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    note: str = ""


def figure(name: str, values: list[float], unit: str, note: str = "") -> Figure:
    """Median, lowest and highest of the repetitions."""
    return Figure(name, statistics.median(values), min(values), max(values), unit, note)


def rule_paths(own: bool = False) -> RulePaths:
    """All SigmaHQ rules, and ours if asked for."""
    paths = [*logs.SIGMA, *([ruleset.shipped_rules()] if own else [])]
    return RulePaths(tuple(paths), (), default_folder())


def settings(rules: RuleSet) -> Settings:
    """A scan that keeps every alert."""
    return Settings("bench", NOW, Level.INFORMATIONAL, needs=tuple(rules.correlations.needs.items()))


def quiet() -> None:
    """As the workers of a scan do: no looking for cycles while millions of objects come and go."""
    gc.collect()
    gc.freeze()
    gc.disable()


def cpu(action: Callable[[], object]) -> float:
    """CPU-seconds of this process for an action."""
    began = time.process_time()
    action()
    return time.process_time() - began


def matching(rules: RuleSet) -> list[Figure]:
    """Batches in memory → matches."""
    memory = Memory(rules.store.databases)
    batches = _batches(rules, memory, logs.real_events())
    events = sum(batch.num_rows for batch in batches)
    cold, warm = [], []
    for _ in range(REPEATS):
        memory = Memory(rules.store.databases)
        for batch in batches:  # patterns are loaded; what is cold is the memory of values and classes
            memory.partition(rules.rules, layout.logsource(batch.schema))
        run = lambda: [match(batch, rules.rules, memory) for batch in batches]  # noqa: E731, B023
        cold.append(events / cpu(run))
        warm.append(events / cpu(run))
    note = f"{events:,} real events, {len(rules.rules.rules):,} rules"
    return [
        figure("matching only, cold", cold, "events/s", note),
        figure("matching only, warm", warm, "events/s", note),
    ]


def _batches(rules: RuleSet, memory: Memory, path: Path) -> list[object]:
    lines = path.read_bytes().split(b"\n")
    batches: list[object] = []
    for start in range(0, len(lines), MAX_ROWS):
        bodies = [(number, line) for number, line in enumerate(lines[start : start + MAX_ROWS]) if line]
        builder = BatchBuilder(Origin("bench", b"", NOW, "windows_json"), lambda one: needs(rules.rules, one, memory))
        for group in windows_json.read(bodies, Context(0)):
            if isinstance(group, Group):
                builder.extend(group)
        batches.extend(builder.finish())
    return batches


def _yard(path: Path) -> Callable[[], float]:
    """Seconds of `orjson.loads` for one line of a log, over lines from all of it: the speed of this machine now."""
    with path.open("rb") as log:  # line by line: a heap full of holes would slow down what is measured after it
        lines = [line for line in islice(log, 0, None, 10) if not line.isspace()]
    return lambda: cpu(lambda: [None for line in lines if orjson.loads(line) is None]) / len(lines)


def scanning(rules: RuleSet, name: str, path: Path) -> list[Figure]:
    """A log on disk → alerts, in one process; the yardstick is taken before and after each repetition."""
    yard = _yard(logs.real_events())
    speeds, yards, ratios = [], [], []
    with tempfile.TemporaryDirectory() as spool:
        tasks = list(Cutter(Summary(), Path(spool)).tasks([str(path)]))
        worker = Worker(rules.rules, Memory(rules.store.databases), settings(rules))
        list(worker.run(tasks[0]))  # loads patterns
        for _ in range(REPEATS):
            worker = Worker(rules.rules, Memory(rules.store.databases), settings(rules))
            results = []
            before = yard()
            spent = cpu(lambda: results.extend(part for task in tasks for part in worker.run(task)))  # noqa: B023
            events = sum(sum(result.events.values()) for result in results)
            yards.append(2 / (before + yard()))
            speeds.append(events / spent)
            ratios.append(yards[-1] / speeds[-1])
    alerts = sum(len(result.alerts) for result in results)
    note = f"{events:,} events, {logs.size_of(path)}, {alerts:,} alerts"
    return [
        figure(f"{name} → alerts", speeds, "events/s", note),
        figure("orjson.loads alone (yardstick)", yards, "events/s", "what parsing JSON costs before anything is done"),
        figure(f"{name} → alerts, in yardsticks", ratios, "×", "the time of an event as a multiple of the yardstick"),
    ]


def scaling(path: Path) -> list[Figure]:
    """The same log with 500 rules and with all."""
    from wardwatch.catalogue import files  # noqa: PLC0415

    found = list(files.find(logs.SIGMA))
    few = ruleset.of_files(found[:: max(1, len(found) // 500)][:500], {})
    everything = ruleset.load(rule_paths())
    times = {}
    for name, rules in (("few", few), ("all", everything)):
        with tempfile.TemporaryDirectory() as spool:
            tasks = list(Cutter(Summary(), Path(spool)).tasks([str(path)]))
            worker = Worker(rules.rules, Memory(rules.store.databases), settings(rules))
            list(worker.run(tasks[0]))
            times[name] = [cpu(lambda: [list(worker.run(task)) for task in tasks]) for _ in range(REPEATS)]  # noqa: B023
    ratios = [slow / fast for slow, fast in zip(sorted(times["all"]), sorted(times["few"]), strict=True)]
    return [
        figure(
            "time from 500 to all rules",
            ratios,
            "×",
            f"{len(few.rules.rules)} → {len(everything.rules.rules)} rules",
        )
    ]


def starting() -> list[Figure]:
    """From the command to the first match and to the end, rules cached: wall seconds of a fresh process; `--help`."""
    event = {
        "@timestamp": "2026-11-23T02:11:04Z",
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Image": "C:\\Windows\\System32\\vssadmin.exe",
        "CommandLine": "vssadmin delete shadows /all /quiet",
    }
    sigma = [part for path in logs.SIGMA for part in ("--rules", str(path))]
    command = [str(Path(sys.executable).parent / "wardwatch")]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "one.json"
        log.write_text(json.dumps(event))
        scan = [*command, "scan", "--no-own-rules", *sigma, "--json", "-", str(log)]
        seconds = {
            name: [measure(argv) for _ in range(REPEATS + 1)][1:]
            for name, measure, argv in (
                ("first", _first_line, scan),
                ("end", _wall, scan),
                ("help", _wall, [*command, "--help"]),
                ("python", _wall, [sys.executable, "-c", "import numpy, pyarrow.compute"]),
            )
        }
    return [
        figure("start, cached rules, to the first match", seconds["first"], "s"),
        figure("start, cached rules, to the end of a one-event scan", seconds["end"], "s"),
        figure("wardwatch --help", seconds["help"], "s"),
        figure("Python, numpy and Arrow alone (yardstick)", seconds["python"], "s"),
    ]


def _first_line(argv: list[str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("the scan found nothing")
        return time.perf_counter() - began


def _wall(argv: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, check=False, capture_output=True)
    return time.perf_counter() - began


def memory_and_cores(path: Path, events: int) -> list[Figure]:
    """Peak resident memory and wall time of the whole command, one process and all cores."""
    sigma = [part for one in logs.SIGMA for part in ("--rules", str(one))]
    command = [
        str(Path(sys.executable).parent / "wardwatch"),
        "scan",
        *sigma,
        "--json",
        os.devnull,
        str(path),
    ]
    found = []
    for jobs in (1, os.cpu_count() or 1):
        probe = (
            "import resource,subprocess,sys,time\n"
            "t=time.perf_counter(); subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)\n"
            "u=resource.getrusage(resource.RUSAGE_CHILDREN)\n"
            "print(time.perf_counter()-t, u.ru_utime+u.ru_stime, u.ru_maxrss)"
        )
        out = subprocess.run(
            [sys.executable, "-c", probe, *command, "--jobs", str(jobs)],
            check=True,
            capture_output=True,
            text=True,
        )
        wall, spent, peak = map(float, out.stdout.split())
        name = f"{events:,} events, {jobs} process{'es' if jobs > 1 else ''}"
        found.append(
            Figure(
                f"{name}: wall",
                events / wall,
                events / wall,
                events / wall,
                "events/s",
                f"{wall:.1f} s, {spent:.1f} CPU-s",
            )
        )
        found.append(Figure(f"{name}: largest process", peak / 1024, peak / 1024, peak / 1024, "MiB"))
    return found
