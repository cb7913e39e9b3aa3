"""How long from an event to its alert: the real processes, a paced sender over one listener, the log of alerts.

An event leaves the sender at a known moment, which stands in it; its alert is there when its line is in the log of
alerts on disk. In between lie the network, the spool (with fsync), reading, detection, and the log (with fsync).
"""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson

from bench.figures import Figure, figure
from bench.ingest import TOKEN, Receiver, cpu_of

RATES = (5_000, 20_000)  # events a second
SECONDS = 20
WARM = 5  # seconds that do not count
TICK = 0.02  # seconds between requests
ATTACKS = 50  # alerts a second
EVENT = (
    b'{"@timestamp":"%b","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Computer":"PC%d",'
    b'"User":"CHU\\\\ida","Image":"C:\\\\Windows\\\\System32\\\\vssadmin.exe","OriginalFileName":"VSSADMIN.EXE",'
    b'"ParentImage":"C:\\\\Windows\\\\explorer.exe","CommandLine":"vssadmin %b n%d"}'
)


def latency(seconds: int = SECONDS) -> list[Figure]:
    """Measure at each rate: the median and the 99th hundredth of the time to the alert, and what was kept up with."""
    found = []
    for rate in RATES:
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as home:
            found += _measured(Path(home), rate, seconds)
    return found


def _measured(home: Path, rate: int, seconds: int) -> list[Figure]:
    receiver = Receiver(home)
    environ = os.environ | {"WARDWATCH_HOME": str(home), "WARDWATCH_SPOOL_RESERVE": "0"}
    command = [sys.executable, "-c", "from wardwatch.cli import main; main()", "pipeline"]
    pipeline = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE)
    assert pipeline.stderr is not None
    pipeline.stderr.readline()
    seen: dict[int, float] = {}
    stop = threading.Event()
    reader = threading.Thread(target=_watch, args=(home / "alerts" / "bench", seen, stop))
    reader.start()
    try:
        began, spent = time.monotonic(), cpu_of(pipeline.pid) + cpu_of(receiver.process.pid)
        sent, count = _send(receiver.ports["http"], rate, seconds)
        wall = time.monotonic() - began
        cpu = cpu_of(pipeline.pid) + cpu_of(receiver.process.pid) - spent
        end = time.monotonic() + 60
        while len(seen) < len(sent) and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        stop.set()
        reader.join()
        pipeline.terminate()
        pipeline.communicate()
        receiver.stop()
    first = min(sent.values()) + WARM
    waited = [seen[number] - at for number, at in sent.items() if number in seen and at >= first]
    hundredths = statistics.quantiles(waited, n=100)
    note = f"{count / wall:,.0f} events/s sent, {cpu / wall:.2f} cores, {len(sent) - len(seen)} alerts missing, "
    note += f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    return [
        figure(f"event to alert at {rate:,} events/s, p50", [hundredths[49]], "s", note),
        figure(f"event to alert at {rate:,} events/s, p99", [hundredths[98]], "s", note),
    ]


def _send(port: int, rate: int, seconds: int) -> tuple[dict[int, float], int]:
    """Send at a steady rate; returns when each attack was sent, and how many events were."""
    together, every = int(rate * TICK), rate // ATTACKS
    sent: dict[int, float] = {}
    number = 0
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-ndjson", "User-Agent": "bench"}
    began = time.monotonic()
    for tick in range(int(seconds / TICK)):
        time.sleep(max(0.0, began + tick * TICK - time.monotonic()))
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()).encode()
        bodies = []
        for one in range(number, number + together):
            attack = one % every == 0
            bodies.append(EVENT % (stamp, one % 50, b"delete shadows /all" if attack else b"list writers", one))
            if attack:
                sent[one] = began + tick * TICK  # when it was due: a sender that is held up counts against us
        number += together
        connection.request("POST", "/ndjson", b"\n".join(bodies), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    connection.close()
    return sent, number


def _watch(folder: Path, seen: dict[int, float], stop: threading.Event) -> None:
    """Note when each alert of an event stands in the log."""
    offset = 0
    path = folder / "00000001.jsonl"
    while not stop.wait(0.005):
        if not path.exists():
            continue
        with path.open("rb") as stream:
            stream.seek(offset)
            data = stream.read()
        now = time.monotonic()
        whole = data.rfind(b"\n") + 1
        offset += whole
        for line in data[:whole].splitlines():
            command = orjson.loads(line)["fields"].get("CommandLine")
            if command:
                seen.setdefault(int(command.rsplit(" n", 1)[1]), now)
