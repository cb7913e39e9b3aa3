"""What the listeners take: acknowledged events a second, beside rsyslog writing the same messages to disk.

The receiver runs in a process of its own, as users run it, with fsync; senders run here. What is compared is events
per CPU-second of the receiving process: wall time also holds the senders, who share the cores.
"""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from bench.figures import Figure, figure
from wardwatch.kernel.disk import Disk
from wardwatch.listeners.sensors import Registry, Sensor, hashed

REPEATS = 3
SENDERS = 4
TOGETHER = 500  # events of one request
TOKEN = "bench"
LINE = (
    b"<134>1 2026-11-23T02:11:04.123456Z fw1 fortigate - - - date=2026-11-23 time=02:11:04 devname=fw1 type=traffic "
    b"subtype=forward level=notice srcip=10.20.%d.%d srcport=51412 dstip=10.30.4.5 dstport=443 proto=6 action=accept "
    b"policyid=12 service=HTTPS sentbyte=%d rcvdbyte=52113 duration=31 sessionid=%d"
)
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Way:
    """A listener, and how `count` events are sent to it; returns when they were sent, or answered where it answers."""

    name: str
    listener: str
    send: Callable[["Receiver", int], None]


class Receiver:
    """`wardwatch ingest` in a process of its own."""

    def __init__(self, home: Path) -> None:
        sensor = Sensor("bench", "bench", token=hashed(TOKEN), addresses=("127.0.0.1",))
        Registry(home / "state" / "sensors.json", Disk()).add(sensor)
        asked = dict.fromkeys(("SYSLOG_UDP", "SYSLOG_TCP", "RELP", "HTTP", "METRICS"), "127.0.0.1:0")
        environ = os.environ | {f"WARDWATCH_INGEST_{name}": value for name, value in asked.items()}
        environ |= {"WARDWATCH_HOME": str(home), "WARDWATCH_INGEST_TENANT_RATE": "0", "WARDWATCH_SPOOL_RESERVE": "0"}
        command = [sys.executable, "-c", "from wardwatch.cli import main; main()", "ingest"]
        self.process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.ports: dict[str, int] = {}
        while "metrics" not in self.ports:
            _, name, address = self.process.stderr.readline().split()
            self.ports[name] = int(address.rsplit(":", 1)[1])

    def cpu(self) -> float:
        """CPU-seconds that the process has spent."""
        return cpu_of(self.process.pid)

    def taken(self, listener: str) -> int:
        """Events acknowledged so far by a listener."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["metrics"])
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        mark = f'wardwatch_ingest_frames_total{{listener="{listener}"'
        return sum(round(float(line.rsplit(" ", 1)[1])) for line in text.splitlines() if line.startswith(mark))

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.communicate()


def cpu_of(pid: int) -> float:
    """CPU-seconds of a process, all its threads (proc(5): stat, columns 14 and 15)."""
    columns = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(columns[11]) + int(columns[12])) / _TICK


def lines(count: int) -> list[bytes]:
    """Messages of a firewall, about 300 bytes each."""
    return [LINE % (n >> 8 & 255, n & 255, n * 7919 % 100_000, n) for n in range(count)]


def ingest(count: int) -> list[Figure]:
    """Measure every listener, and rsyslog."""
    found: list[Figure] = []
    best: dict[str, float] = {}
    for way in WAYS:
        rates, walls, lost = [], [], 0
        for _ in range(REPEATS):
            with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as home:
                rate, wall, missing = _measured(Path(home), way, count)
                rates.append(rate)
                walls.append(wall)
                lost += missing
        note = f"{count:,} events of 300 bytes, fsync" + (f", {lost / REPEATS / count:.1%} lost" if lost else "")
        found += [
            figure(f"ingest {way.name}, per core", rates, "events/s", note),
            figure(f"ingest {way.name}, wall", walls, "events/s", "the senders share the cores"),
        ]
        best[way.name] = max(rates)
    for name, options in (("buffered", ""), ("fsync at each batch", ' sync="on"')):
        rates = [rate for _ in range(REPEATS) if (rate := _rsyslog(count, options)) is not None]
        if rates:
            ratio = f"syslog TCP here: {best['syslog TCP'] / max(rates):.2f} of it"
            found.append(figure(f"rsyslog imtcp to file, {name}, per core", rates, "events/s", ratio))
    return found


def _measured(home: Path, way: Way, count: int) -> tuple[float, float, int]:
    receiver = Receiver(home)
    try:
        way.send(receiver, 2_000)  # warm
        _settled(lambda: receiver.taken(way.listener), 2_000)
        before, began, spent = receiver.taken(way.listener), time.monotonic(), receiver.cpu()
        way.send(receiver, count)
        taken = _settled(lambda: receiver.taken(way.listener) - before, count)
        wall, spent = time.monotonic() - began, receiver.cpu() - spent
        return taken / spent, taken / wall, count - taken
    finally:
        receiver.stop()


def _settled(taken: Callable[[], int], wanted: int) -> int:
    """Wait until all has come, or nothing more comes."""
    last, quiet = -1, 0
    while (now := taken()) < wanted and quiet < 40:
        quiet = quiet + 1 if now == last else 0
        last = now
        time.sleep(0.05)
    return now


def _in_parallel(parts: list[list[bytes]], act: Callable[[list[bytes]], None]) -> None:
    threads = [threading.Thread(target=act, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _shares(count: int) -> list[list[bytes]]:
    every = lines(count)
    return [every[number::SENDERS] for number in range(SENDERS)]


def _stream(port: int, count: int) -> None:
    def act(part: list[bytes]) -> None:
        data = b"\n".join(part) + b"\n"
        with socket.create_connection(("127.0.0.1", port)) as sender:
            sender.sendall(data)
            sender.shutdown(socket.SHUT_WR)
            while sender.recv(1_000):
                pass

    _in_parallel(_shares(count), act)


def _tcp(receiver: Receiver, count: int) -> None:
    _stream(receiver.ports["syslog_tcp"], count)


def _udp(receiver: Receiver, count: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", receiver.ports["syslog_udp"]))
        for number, line in enumerate(lines(count)):
            sender.send(line)
            if number % 200 == 0:
                time.sleep(0.004)  # at most 50,000 a second


def _relp(receiver: Receiver, count: int) -> None:
    def act(part: list[bytes]) -> None:
        with (
            socket.create_connection(("127.0.0.1", receiver.ports["relp"])) as sender,
            sender.makefile("rb") as answers,
        ):
            sender.sendall(b"1 open 0\n")
            for _ in range(4):  # `rsp` and the offers
                answers.readline()
            for start in range(0, len(part), 128):  # a window, as librelp has it
                window = part[start : start + 128]
                sender.sendall(
                    b"".join(b"%d syslog %d %b\n" % (start + n + 2, len(x), x) for n, x in enumerate(window))
                )
                for _ in window:
                    answers.readline()

    _in_parallel(_shares(count), act)


def _posting(path: str, kind: str, encode: Callable[[list[bytes]], bytes]) -> Callable[[Receiver, int], None]:
    def send(receiver: Receiver, count: int) -> None:
        def act(part: list[bytes]) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", receiver.ports["http"])
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind, "User-Agent": "bench"}
            for start in range(0, len(part), TOGETHER):
                connection.request("POST", path, encode(part[start : start + TOGETHER]), headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
            connection.close()

        _in_parallel(_shares(count), act)

    return send


def _bulk(part: list[bytes]) -> bytes:
    return b"".join(b'{"create":{"_index":"logs"}}\n{"message":"%b"}\n' % one for one in part)


def _hec(part: list[bytes]) -> bytes:
    return b"\n".join(b'{"event":"%b","sourcetype":"manual"}' % one for one in part)


def _otlp(part: list[bytes]) -> bytes:
    records = [LogRecord(body=AnyValue(string_value=one.decode())) for one in part]
    return ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])]
    ).SerializeToString()


WAYS = (
    Way("syslog TCP", "syslog_tcp", _tcp),
    Way("syslog UDP", "syslog_udp", _udp),
    Way("RELP", "relp", _relp),
    Way("Elasticsearch _bulk", "elastic", _posting("/_bulk", "application/x-ndjson", _bulk)),
    Way("Splunk HEC", "hec", _posting("/services/collector/event", "application/json", _hec)),
    Way("OTLP", "otlp", _posting("/v1/logs", "application/x-protobuf", _otlp)),
    Way("NDJSON", "ndjson", _posting("/ndjson", "application/x-ndjson", b"\n".join)),
)


def _rsyslog(count: int, options: str) -> float | None:
    """Events per CPU-second of rsyslog, which writes the same messages to a file; `None` without rsyslog."""
    if shutil.which("rsyslogd") is None:
        return None
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder,
        _peer(Path(folder), options) as (pid, port),
    ):
        target = Path(folder) / "out.log"

        def written() -> int:
            with contextlib.suppress(FileNotFoundError):
                return target.read_bytes().count(b"\n")
            return 0

        _stream(port, 2_000)
        _settled(written, 2_000)
        spent = cpu_of(pid)
        _stream(port, count)
        taken = _settled(written, count + 2_000) - 2_000
        return taken / (cpu_of(pid) - spent)


@contextmanager
def _peer(folder: Path, options: str) -> Iterator[tuple[int, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "conf").write_text(
        f'global(workDirectory="{folder}")\nmodule(load="imtcp")\n'
        f'input(type="imtcp" port="{port}" address="127.0.0.1")\n'
        'template(name="raw" type="string" string="%rawmsg%\\n")\n'
        f'action(type="omfile" file="{folder}/out.log" template="raw"{options})\n'
    )
    command = ["rsyslogd", "-n", "-f", str(folder / "conf"), "-i", str(folder / "pid")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()
