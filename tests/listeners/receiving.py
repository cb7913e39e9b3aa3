"""A running receiver for tests: real sockets on loopback, a real spool, and sensors with tokens."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from wardwatch.frames.described import Description, parts
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import WardwatchError
from wardwatch.listeners.sensors import Registry, Sensor, hashed
from wardwatch.runtime.ingest import Receiving
from wardwatch.runtime.settings import Ingest, Settings, SpoolSettings

ANY = ("127.0.0.1:0",)
TOKEN = "ww_north"
NORTH = Sensor("north-any", "north", token=hashed(TOKEN), addresses=("127.0.0.1",))
SOUTH = Sensor("south-evtx", "south", ("windows_json",), token=hashed("ww_south"))


class Running:
    """A receiver in a thread of its own."""

    def __init__(self, receiving: Receiving, home: Path) -> None:
        self.receiving = receiving
        self.home = home
        self._ready = threading.Event()
        self._failure: WardwatchError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                runner.run(self._serve())
            except WardwatchError as error:
                self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self.receiving.start()
        self._ready.set()
        await self._stop.wait()
        await self.receiving.stop()

    def address(self, name: str) -> tuple[str, int]:
        return self.receiving.addresses[name][0]

    def bodies(self, tenant: str = "north") -> list[bytes]:
        """All that is in a tenant's lane."""
        return [
            body for chunk in self.receiving.spool.lane(tenant).read(None) for body in chunk.batch["body"].to_pylist()
        ]

    def plain(self, tenant: str = "north") -> list[bytes]:
        """The same, without what is said beside them."""
        return [parts(body)[1] for body in self.bodies(tenant)]

    def said(self, tenant: str = "north") -> list[Description | None]:
        """What is said beside them."""
        return [parts(body)[0] for body in self.bodies(tenant)]

    def frames(self, tenant: str = "north") -> list[dict[str, Any]]:
        return [row for chunk in self.receiving.spool.lane(tenant).read(None) for row in chunk.batch.to_pylist()]

    def rejected(self) -> dict[str, int]:
        """What was rejected, by reason, of known and unknown senders."""
        intake = self.receiving.intake
        found: dict[str, int] = {}
        for tally in intake.tallies.values():
            for reason, count in tally.rejected.items():
                found[reason] = found.get(reason, 0) + count
        for (_, reason), count in intake.unknown.items():
            found[reason] = found.get(reason, 0) + count
        return found

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None, method: str = "POST") -> "Answer":
        return ask(
            self.address("http"),
            method,
            path,
            body,
            {"Authorization": f"Bearer {TOKEN}", "User-Agent": "tests"} | dict(headers or {}),
        )

    def connect(self, name: str) -> socket.socket:
        return socket.create_connection(self.address(name), 10)


class Answer:
    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)


def ask(address: tuple[str, int], method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


@contextmanager
def running(
    home: Path,
    sensors: tuple[Sensor, ...] = (NORTH, SOUTH),
    *,
    disk: Disk | None = None,
    clock: Callable[[], int] | None = None,
    spool: Mapping[str, int] | None = None,
    **ingest: object,
) -> Iterator[Running]:
    """Run a receiver on free ports of loopback."""
    asked: dict[str, Any] = (
        dict.fromkeys(("syslog_udp", "syslog_tcp", "relp", "http"), ANY) | {"metrics": ANY[0]} | ingest
    )
    limits = replace(SpoolSettings(), **({"reserve": 0} | dict(spool or {})))
    registry = Registry(home / "state" / "sensors.json", Disk())
    for sensor in sensors:
        if sensor.name not in registry.known().sensors:
            registry.add(sensor)
    more: dict[str, Any] = {"clock": clock} if clock else {}
    found = Running(Receiving(Settings(home, Ingest(**asked), limits), disk=disk, **more), home)
    found.start()
    try:
        yield found
    finally:
        found.stop()


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for what another thread or process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)
