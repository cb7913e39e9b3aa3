"""The process that receives: all listeners in one event loop, over one spool."""

import asyncio
import contextlib
import hashlib
import resource
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import fields
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError
from wardwatch.listeners import relp, syslog
from wardwatch.listeners.drop import Drop
from wardwatch.listeners.http import Http, application
from wardwatch.listeners.intake import Intake, Limits
from wardwatch.listeners.marks import Marks
from wardwatch.listeners.sensors import Registry
from wardwatch.listeners.streams import Conversation, Streams
from wardwatch.listeners.syslog import Datagrams
from wardwatch.listeners.tail import Tail
from wardwatch.listeners.tls import server_context
from wardwatch.pipeline import figures
from wardwatch.pipeline import spool as spools
from wardwatch.pipeline.figures import Figure
from wardwatch.pipeline.spool import Keys, Spool
from wardwatch.runtime.kinds import is_loopback, split_address
from wardwatch.runtime.settings import Settings
from wardwatch.runtime.stopping import Stop

PROCESS = "ingest"
_FILES = 65_536  # descriptors asked for: a connection needs one
_EVERY = 1.0  # seconds between publications
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_Ending = Callable[[], Coroutine[object, object, None]]


def wall_clock() -> int:
    """Microseconds UTC."""
    return time.time_ns() // 1_000


def ticks() -> int:
    """Microseconds that only grow."""
    return time.monotonic_ns() // 1_000


class Receiving:
    """The listeners of `settings`. `start` raises `WardwatchError`; `stop` returns when all is on disk."""

    def __init__(self, settings: Settings, *, disk: Disk | None = None, clock: Callable[[], int] = wall_clock) -> None:
        self._settings = settings
        self._disk = disk or Disk()
        self._clock = clock
        self._started_at = clock()
        keys = Keys(settings.below("keys"), self._disk)
        limits = spools.Limits(**{one.name: getattr(settings.spool, one.name) for one in fields(settings.spool)})
        self.spool = Spool(settings.below("spool"), keys, self._disk, limits, clock=clock)
        self.registry = Registry(settings.below("state/sensors.json"), self._disk)
        asked = {one.name: getattr(settings.ingest, one.name) for one in fields(Limits)}
        self.intake = Intake(self.spool, self.registry, Limits(**asked), clock=clock, ticks=ticks)
        self.addresses: dict[str, list[tuple[str, int]]] = {}  # by setting: where it listens
        self._publishes = False
        self._stops: list[_Ending] = []
        self._datagrams: list[Datagrams] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen. Raises `InputError` for an address that cannot be had, or may not be used plainly."""
        self.spool.claim()
        _allow_many_files()
        self.registry.known()  # a damaged list is told now, not at the first message
        ingest = self._settings.ingest
        try:
            for address in ingest.syslog_udp:
                await self._start_datagrams(address)
            await self._start_streams("syslog_tcp", ingest.syslog_tcp, syslog.receive)
            await self._start_streams("syslog_tls", ingest.syslog_tls, syslog.receive)
            await self._start_streams("relp", ingest.relp, relp.receive)
            await self._start_streams("relp_tls", ingest.relp_tls, relp.receive)
            app = application(self.intake)
            await self._start_http("http", ingest.http, app)
            await self._start_http("https", ingest.https, app)
            if ingest.metrics:
                await self._start_http("metrics", (ingest.metrics,), self._metrics())
            self._follow()
            self._publishes = True
        finally:
            if not self._publishes:
                await self.stop()
        self._tasks.append(asyncio.create_task(self._publish()))

    async def stop(self) -> None:
        """Listen no more, bring what was taken to disk, publish the last figures."""
        self.intake.stopping.set()
        await asyncio.gather(*(stop() for stop in self._stops))
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.to_thread(self.spool.close)
        if self._publishes:
            figures.publish(self._settings.below("state"), self._published())

    def current(self) -> Iterator[Figure]:
        """Yield what there is to know now."""
        yield from _of_intake(self.intake)
        for tenant in self.spool.tenants():
            lane, by = self.spool.lane(tenant), {"tenant": tenant}
            yield Figure("wardwatch_spool_held_bytes", "gauge", "Segments on disk.", lane.held, by)
            yield Figure("wardwatch_spool_waiting_bytes", "gauge", "Bodies that wait for a commit.", lane.waiting, by)
            yield Figure("wardwatch_spool_commits_total", "counter", "Group commits.", lane.counts.commits, by)
            yield Figure("wardwatch_spool_failures_total", "counter", "Commits that failed.", lane.counts.failures, by)

    async def _start_datagrams(self, address: str) -> None:
        host, port = self._permitted("syslog_udp", address)
        listener = Datagrams(self.intake)
        self.addresses.setdefault("syslog_udp", []).append(await listener.start(host, port))
        self._datagrams.append(listener)
        self._stops.append(listener.stop)

    async def _start_streams(self, name: str, addresses: tuple[str, ...], conversation: Conversation) -> None:
        for address in addresses:
            context = self._tls() if name.endswith("_tls") else None
            host, port = split_address(address) if context else self._permitted(name, address)
            listener = Streams(self.intake, name, conversation)
            self.addresses.setdefault(name, []).append(await listener.start(host, port, context))
            self._stops.append(listener.stop)

    async def _start_http(self, name: str, addresses: tuple[str, ...], app: Starlette) -> None:
        for address in addresses:
            context = self._tls() if name == "https" else None
            host, port = split_address(address) if context else self._permitted(name, address)
            listener = Http(self.intake, app)
            self.addresses.setdefault(name, []).append(await listener.start(host, port, context))
            self._stops.append(listener.stop)

    def _permitted(self, name: str, address: str) -> tuple[str, int]:
        """Return host and port of a listener without TLS; raises `InputError` where that is not allowed."""
        host, port = split_address(address)
        if not self._settings.ingest.allow_plain and not is_loopback(host):
            hint = "use TLS (wardwatch ingest tls init), or state `allow_plain = true` under [ingest]"
            raise InputError("logs would cross the network in the clear", where=f"{name} {address}", hint=hint)
        return host, port

    def _tls(self) -> ssl.SSLContext:
        ingest, below = self._settings.ingest, self._settings.below
        return server_context(below(ingest.certificate), below(ingest.key), below(ingest.client_ca))

    def _follow(self) -> None:
        for one in self._settings.ingest.tail:
            path = Path(one["path"])
            tail = Tail(self.intake, path, one["sensor"], self._marks("tail", path))
            self._tasks.append(asyncio.create_task(tail.run()))
        for one in self._settings.ingest.drop:
            folder = Path(one["folder"])
            drop = Drop(self.intake, folder, one["sensor"], self._marks("drop", folder), self._disk)
            self._tasks.append(asyncio.create_task(drop.run()))

    def _marks(self, kind: str, path: Path) -> Marks:
        name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        return Marks(self._settings.below(f"state/{kind}/{name}.json"), self._disk)

    def _metrics(self) -> Starlette:
        async def metrics(_: Request) -> Response:
            now = self._clock()
            others = [one for one in figures.read_all(self._settings.below("state")) if one.process != PROCESS]
            return Response(figures.prometheus([self._published(), *others], now), media_type=_METRICS_TYPE)

        return Starlette(routes=[Route("/metrics", metrics)])

    def _published(self) -> figures.Published:
        return figures.of(PROCESS, self._started_at, self._clock(), self.current())

    async def _publish(self) -> None:
        while not self.intake.stopping.is_set():
            for listener in self._datagrams:
                listener.count_lost()
            await asyncio.to_thread(figures.publish, self._settings.below("state"), self._published())
            await self.intake.rest(_EVERY)


def receive(settings: Settings, stopping: Stop, ready: Callable[[Receiving], None] = lambda _: None) -> Receiving:
    """Receive until `stopping` is set; returns what ran, stopped, all on disk. Raises `WardwatchError`.

    `ready` is told once everything listens.
    """
    import uvloop  # noqa: PLC0415  (only a process that receives needs it)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_receive(settings, stopping, ready))


async def _receive(settings: Settings, stopping: Stop, ready: Callable[[Receiving], None]) -> Receiving:
    receiving = Receiving(settings)
    await receiving.start()
    ready(receiving)
    await asyncio.to_thread(stopping.wait)
    await receiving.stop()
    return receiving


def _of_intake(intake: Intake) -> Iterator[Figure]:
    for (listener, tenant, sensor), tally in intake.tallies.items():
        by = {"listener": listener, "tenant": tenant, "sensor": sensor}
        yield Figure("wardwatch_ingest_frames_total", "counter", "Frames acknowledged.", tally.frames, by)
        yield Figure("wardwatch_ingest_bytes_total", "counter", "Bytes of frames acknowledged.", tally.bytes, by)
        yield Figure("wardwatch_ingest_put_off_total", "counter", "Frames to be sent again later.", tally.put_off, by)
        yield Figure("wardwatch_ingest_last_at_seconds", "gauge", "Last acknowledgement.", tally.last_at / 1e6, by)
        for reason, count in tally.rejected.items():
            why = by | {"reason": reason}
            yield Figure("wardwatch_ingest_rejected_total", "counter", "What could not be taken.", count, why)
    for (listener, reason), count in intake.unknown.items():
        why = {"listener": listener, "reason": reason}
        yield Figure("wardwatch_ingest_unknown_total", "counter", "What no sensor can be told of.", count, why)
    refused = intake.connections.refused
    yield Figure("wardwatch_ingest_connections", "gauge", "Open connections.", intake.connections.count)
    yield Figure("wardwatch_ingest_connections_refused_total", "counter", "Connections above the limit.", refused)
    yield Figure("wardwatch_ingest_in_flight_bytes", "gauge", "HTTP requests in memory.", intake.memory.held)


def _allow_many_files() -> None:
    """Ask for as many descriptors as we may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
