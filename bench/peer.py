"""Zircolite beside us: the same rules, the same events, hits reconciled one by one.

Zircolite is not part of the repository. Name its `zircolite.py` in WARDWATCH_ZIRCOLITE, and a Python that has its
requirements in WARDWATCH_ZIRCOLITE_PYTHON.
"""

import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench import figures, logs, reconcile
from bench.figures import Figure
from wardwatch.detection.memory import Memory
from wardwatch.kernel import ids
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.ruleset import RulePaths
from wardwatch.pipeline.scan import Cutter, Summary
from wardwatch.pipeline.work import Worker

# The peer reads Windows only; both get exactly these rules.
RULES = [folder / "windows" for folder in logs.SIGMA[:2]]
_HASHES = """
import sys, json, xxhash
out = {}
with open(sys.argv[1], "rb") as log:
    offset = 0
    for line in log:
        body = line.strip()
        out[offset] = xxhash.xxh64_hexdigest(body)
        offset += len(line)
json.dump(out, sys.stdout)
"""


def available() -> tuple[str, str] | None:
    """The peer's script and the Python that runs it."""
    script, python = os.environ.get("WARDWATCH_ZIRCOLITE"), os.environ.get("WARDWATCH_ZIRCOLITE_PYTHON")
    return (script, python) if script and python and Path(script).is_file() else None


def beside(path: Path) -> tuple[list[Figure], list[str]]:
    """Run both on `path`; returns the figures and a line for each rule whose hits differ."""
    peer = available()
    if peer is None:
        return [], ["Zircolite: not on this machine (WARDWATCH_ZIRCOLITE is not set)"]
    script, python = peer
    # The peer runs in its own folder: every path it gets is absolute.
    hashes = json.loads(subprocess.run([python, "-c", _HASHES, str(path)], check=True, capture_output=True).stdout)
    theirs, their_cpu, their_mib, converting, converted = _theirs(script, python, path)
    by_offset = {int(offset): digest for offset, digest in hashes.items()}
    ours, our_cpu = _ours(path, by_offset)
    events = len(hashes)
    differences = _reconcile(path, by_offset, ours, theirs, converted)
    note = f"{events:,} events, {len(ours):,} of our hits, {len(theirs):,} of the peer's; rules were converted before"
    return [
        Figure(
            "Zircolite: whole job",
            events / their_cpu,
            events / their_cpu,
            events / their_cpu,
            "events/CPU-s",
            f"{their_cpu:.1f} CPU-s, {their_mib:.0f} MiB; its conversion of the rules took {converting:.1f} CPU-s more",
        ),
        Figure(
            "Wardwatch: whole job",
            events / our_cpu,
            events / our_cpu,
            events / our_cpu,
            "events/CPU-s",
            f"{our_cpu:.1f} CPU-s",
        ),
        Figure(
            "less CPU than Zircolite",
            their_cpu / our_cpu,
            their_cpu / our_cpu,
            their_cpu / our_cpu,
            "×",
            note,
        ),
    ], differences


Hits = Counter[reconcile.Hit]


def _theirs(script: str, python: str, path: Path) -> tuple[Hits, float, float, float, frozenset[str]]:
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules"
        rules.mkdir()
        for number, one in enumerate(RULES):
            (rules / str(number)).symlink_to(one)
        for one in RULES:
            for file in one.rglob("*.yml"):
                (rules / f"{abs(hash(str(file)))}.yml").write_bytes(file.read_bytes())
        for number in range(len(RULES)):
            (rules / str(number)).unlink()
        tiny = Path(folder) / "tiny.json"
        tiny.write_text('{"EventID":1,"Channel":"x"}\n')
        base = [
            python,
            script,
            "-j",
            "-q",
            "--hashes",
            "--no-event-filter",
            "-p",
            "sysmon",
            "-p",
            "windows-logsources",
        ]
        base += ["-c", str(Path(script).parent / "config" / "config.yaml"), "-l", str(Path(folder) / "log")]
        converting, _ = _spent(
            [*base, "-r", str(rules), "-sr", "-e", str(tiny), "-o", str(Path(folder) / "tiny.out")], folder
        )
        (converted,) = Path(folder).glob("ruleset-*.json")
        out = Path(folder) / "out.json"
        spent, peak = _spent([*base, "-r", str(converted), "-e", str(path), "-o", str(out)], folder)
        ids_of = frozenset(rule["id"] for rule in json.loads(converted.read_text()))
        found: Hits = Counter()
        for rule in json.loads(out.read_text()):
            for event in rule["matches"]:
                found[rule["id"], event["OriginalLogLinexxHash"]] += 1
    return found, spent, peak, converting, ids_of


def _spent(argv: list[str], folder: str) -> tuple[float, float]:
    """CPU-seconds and peak MiB of a command."""
    before = os.times()
    process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, float(status.split("VmHWM:")[1].split()[0]) / 1024)
        except (OSError, IndexError):
            pass
        time.sleep(0.2)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system, peak


def _ours(path: Path, hashes: dict[int, str]) -> tuple[Hits, float]:
    rules = ruleset.load(RulePaths(tuple(RULES), (), figures.default_folder()))
    with tempfile.TemporaryDirectory() as spool:
        tasks = list(Cutter(Summary(), Path(spool)).tasks([str(path)]))
        worker = Worker(rules.rules, Memory(rules.store.databases), figures.settings(rules))
        list(worker.run(tasks[0]))  # patterns to disk
        began = time.process_time()
        rules = ruleset.load(RulePaths(tuple(RULES), (), figures.default_folder()))
        worker = Worker(rules.rules, Memory(rules.store.databases), figures.settings(rules))
        alerts = [alert for task in tasks for part in worker.run(task) for alert in part.alerts]
        spent = time.process_time() - began
    prefix = ids.event_prefix("bench", tasks[0].input.id)
    by_event = {ids.event_id(prefix, offset).hex(): digest for offset, digest in hashes.items()}
    return Counter((alert.rule_id, by_event[alert.event_ids[0]]) for alert in alerts), spent


def _reconcile(path: Path, by_offset: dict[int, str], ours: Hits, theirs: Hits, converted: frozenset[str]) -> list[str]:
    rules = ruleset.load(RulePaths(tuple(RULES), (), figures.default_folder())).rules.by_id()
    both = set(ours) & set(theirs)
    differing = (set(ours) | set(theirs)) - both
    offsets: dict[str, int] = {}
    for offset, digest in by_offset.items():
        offsets.setdefault(digest, offset)
    events, columns = reconcile.look_up(path, offsets, differing)
    found = reconcile.differences(ours, theirs, rules, events, reconcile.Peer(converted, columns))
    mine, other = len(set(ours) - both), len(set(theirs) - both)
    total = f"hits of both: {len(both):,}; only Wardwatch: {mine:,}; only Zircolite: {other:,}"
    assert sum(one.count for one in found) == mine + other
    return [total, *reconcile.lines(found)]
