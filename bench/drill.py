"""Kill the real processes at random moments, under load, and look whether anything is lost or doubled.

`python -m bench.drill KILLS [SEED]` runs `wardwatch ingest` and `wardwatch pipeline` over a home of their own; a test
runs ten kills of it. What must hold: every acknowledged event is in the lake exactly once, and the alerts are those of
the events in the lake, each once.
"""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bench.figures import Figure, figure
from wardwatch.correlation.correlator import Correlator
from wardwatch.detection.match import Memory
from wardwatch.events.alert import Alert
from wardwatch.kernel.disk import Disk
from wardwatch.listeners.sensors import Registry, Sensor, hashed
from wardwatch.pipeline import alert_log, ruleset
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.matched import Matcher, Numbered
from wardwatch.pipeline.ruleset import RulePaths

TENANT, TOKEN = "drill", "ww_drill"
TOGETHER = 20  # events of one request
EVERY = 25  # of which one is an attack
PAUSE = 0.02  # seconds between requests
_START = 120.0  # seconds until a process must be there


@dataclass(slots=True)
class Verdict:
    """What a drill found; all but the first three must be empty."""

    kills: int
    acknowledged: int
    alerts: int
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    missing: list[object] = field(default_factory=list)  # alerts
    surplus: list[object] = field(default_factory=list)


def event(number: int) -> bytes:
    """A start of a process; some are an attack."""
    attack = number % EVERY == 0
    return orjson.dumps(
        {
            "@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "EventID": 1,
            "Computer": f"PC{number % 7}",
            "Image": "C:\\Windows\\System32\\vssadmin.exe",
            "OriginalFileName": "VSSADMIN.EXE",
            "CommandLine": f"vssadmin {'delete shadows /all /quiet' if attack else 'list writers'} n{number}",
        }
    )


def number_of(command: str) -> int:
    """The number in a command line of `event`."""
    return int(command.rsplit(" n", 1)[1])


class Drill:
    """Two processes over one home, and a sender that goes on whatever happens to them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        sensor = Sensor("drill", TENANT, ("windows_json",), token=hashed(TOKEN), addresses=("127.0.0.1",))
        Registry(home / "state" / "sensors.json", Disk()).add(sensor)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        others = dict.fromkeys(("SYSLOG_UDP", "SYSLOG_TCP", "METRICS"), "") | {"HTTP": f"127.0.0.1:{self._port}"}
        self._environ = os.environ | {f"WARDWATCH_INGEST_{name}": value for name, value in others.items()}
        self._environ |= {"WARDWATCH_HOME": str(home), "WARDWATCH_SPOOL_RESERVE": "0"}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stop = threading.Event()
        self.acknowledged: list[int] = []
        self._sender = threading.Thread(target=self._send)

    def start(self, verb: str, *options: str) -> None:
        """Start a process and wait until it says that it works."""
        command = [sys.executable, "-c", "from wardwatch.cli import main; main()", verb, *options]
        process = subprocess.Popen(command, env=self._environ, stderr=subprocess.PIPE)
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith((b"watching", b"listening")), line
        self._running[verb] = process

    def kill(self, verb: str, number: int = signal.SIGKILL) -> None:
        """End a process."""
        process = self._running.pop(verb)
        process.send_signal(number)
        process.communicate(timeout=_START)

    def _send(self) -> None:
        number = 0
        while not self._stop.wait(PAUSE):
            some = range(number, number + TOGETHER)
            number += TOGETHER
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            try:
                connection.request(
                    "POST", "/ndjson", b"\n".join(map(event, some)), {"Authorization": f"Bearer {TOKEN}"}
                )
                if connection.getresponse().status == 200:
                    self.acknowledged += some
            except (OSError, http.client.HTTPException):
                pass  # not acknowledged: what was sent may be there or not
            finally:
                connection.close()

    def run(self, kills: int, seed: int) -> None:
        """Send, kill and start again; then let everything come to rest."""
        dice = random.Random(seed)
        self.start("ingest")
        self.start("pipeline")
        self._sender.start()
        try:
            for _ in range(kills):
                time.sleep(dice.uniform(0.05, 2.5))
                verb = dice.choice(("ingest", "pipeline"))
                self.kill(verb)
                self.start(verb)
            time.sleep(1)
        finally:
            self._stop.set()
            self._sender.join()
            for verb in tuple(self._running):
                self.kill(verb, signal.SIGTERM)
        self.start("pipeline", "--until-empty")
        _, said = self._running["pipeline"].communicate(timeout=_START)
        assert self._running.pop("pipeline").returncode == 0, said

    def judge(self, kills: int) -> Verdict:
        """Compare what was acknowledged with what is there."""
        rules = ruleset.load(RulePaths((ruleset.shipped_rules(),), (), self.home / "cache"))
        matcher = Matcher(rules.rules, Memory(rules.store.databases), rules.correlations.needs)
        counted: Counter[int] = Counter()
        alerts, sightings = [], []
        with closing(Lake(self.home / "lake").tenant(TENANT)) as lake:
            for batch in lake.read():
                counted.update(map(number_of, batch.column("f.CommandLine").to_pylist()))
                found = matcher.of(Numbered(batch), None, "drill")
                alerts += [one for one in found[0] if one.rule_id not in rules.correlations.silenced]
                sightings += found[1]
        alerts += Correlator(rules.correlations).feed(sightings, time.time_ns() // 1_000)
        logged = list(alert_log.read(self.home / "alerts", TENANT))
        expected = Counter(map(_shape, alert_log.final(alerts).values()))
        said = Counter(map(_shape, alert_log.final(logged).values()))
        twice = Counter((one.id, one.revision) for one in logged)
        return Verdict(
            kills,
            len(self.acknowledged),
            said.total(),
            lost=sorted(set(self.acknowledged) - set(counted)),
            doubled=[number for number, count in counted.items() if count > 1],
            missing=list((expected - said).elements()),
            surplus=[*(said - expected).elements(), *(one for one, count in twice.items() if count > 1)],
        )


def _shape(alert: Alert) -> tuple[object, ...]:
    ids = alert.event_ids if alert.kind == "event" else ()
    return alert.rule_id, alert.occurred_at, alert.last_at, alert.count, alert.host, ids


def drill(home: Path, kills: int, seed: int) -> Verdict:
    """Run one drill."""
    made = Drill(home)
    made.run(kills, seed)
    return made.judge(kills)


def figures(kills: int, seed: int = 1) -> list[Figure]:
    """Run one drill; what was lost, doubled, missing or too much must be 0."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as place:
        found = drill(Path(place), kills, seed)
    wrong = {name: len(getattr(found, name)) for name in ("lost", "doubled", "missing", "surplus")}
    note = f"{found.acknowledged:,} events acknowledged, {found.alerts:,} alerts; {wrong}"
    return [figure(f"drill: wrong after {kills} kills", [float(sum(wrong.values()))], "events or alerts", note)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as place:
        print(drill(Path(place), int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
