"""What all listeners share: who sends → may they → is it within their share → append → on disk, acknowledged."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wardwatch import sources
from wardwatch.frames.frame import Unnumbered
from wardwatch.kernel.errors import ContentError, NotTakenError
from wardwatch.listeners.sensors import Known, Registry, Sensor
from wardwatch.pipeline.spool import Spool

_SECOND = 1_000_000
_MOST_REASONS = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, spans in microseconds, counts; what each means: docs/reference/settings.md."""

    connections: int = 10_000
    connections_per_address: int = 2_500
    idle: int = 3_600 * _SECOND
    request_time: int = 60 * _SECOND
    message: int = 1 << 20
    body: int = 4 << 20
    request: int = 64 << 20
    in_flight: int = 256 << 20
    tenant_rate: int = 25_000
    tenant_burst: int = 500_000


@dataclass(slots=True)
class Tally:
    """What one sensor sent by one listener: frames and bytes acknowledged, bodies put off or rejected."""

    frames: int = 0
    bytes: int = 0
    put_off: int = 0
    last_at: int = 0  # µs UTC of the last acknowledgement
    rejected: Counter[str] = field(default_factory=Counter)


class Share:
    """A tenant's share of events: `rate` a second for long, `burst` at once (a token bucket). No rate: no limit."""

    def __init__(self, rate: int, burst: int, now: int) -> None:
        self._rate = rate
        self._burst = max(burst, rate, 1)
        self._left = float(self._burst)
        self._at = now

    def take(self, count: int, now: int) -> int:
        """Take room for `count` events at `now` (µs); returns 0, or how many seconds to wait for it.

        A bundle that is larger than a full bucket passes when the bucket is full, and is paid for afterwards.
        """
        if not self._rate:
            return 0
        self._left = min(self._burst, self._left + max(0, now - self._at) * self._rate / _SECOND)
        self._at = now
        wanted = min(count, self._burst)
        if self._left < wanted:
            return max(1, math.ceil((wanted - self._left) / self._rate))
        self._left -= count
        return 0


class Connections:
    """How many connections there are, in all and from each address."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self.count = 0
        self.refused = 0

    def enter(self, address: str) -> bool:
        """Count a connection in; `False` if there are too many, and it is to be closed."""
        if self.count >= self._limits.connections or (
            self._by_address[address] >= self._limits.connections_per_address
        ):
            self.refused += 1
            return False
        self.count += 1
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self.count -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


class Memory:
    """Bytes of requests that are being read or wait for the disk; a tenant may hold half of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_tenant: Counter[str] = Counter()
        self.held = 0

    def take(self, tenant: str, size: int) -> None:
        """Count bytes in; raises `NotTakenError` where there is no room."""
        own = self._by_tenant[tenant] + size > self._limit // 2
        if own or self.held + size > self._limit:
            hint = "send smaller requests, or fewer at once"
            raise NotTakenError("too much is being received", where=tenant, hint=hint, retry_after=1, quota=own)
        self.held += size
        self._by_tenant[tenant] += size

    def give_back(self, tenant: str, size: int) -> None:
        """Count bytes out."""
        self.held -= size
        self._by_tenant[tenant] -= size
        if not self._by_tenant[tenant]:
            del self._by_tenant[tenant]


class Intake:
    """Takes bodies of known sensors into the spool. `clock` gives microseconds UTC, `ticks` those that only grow."""

    def __init__(
        self, spool: Spool, registry: Registry, limits: Limits, *, clock: Callable[[], int], ticks: Callable[[], int]
    ) -> None:
        self.limits = limits
        self.connections = Connections(limits)
        self.memory = Memory(limits.in_flight)
        self.tallies: dict[tuple[str, str, str], Tally] = {}  # by listener, tenant, sensor
        self.unknown: Counter[tuple[str, str]] = Counter()  # by listener and reason: nobody's
        self.stopping = asyncio.Event()
        self.clock = clock
        self._spool = spool
        self._registry = registry
        self._ticks = ticks
        self._formats = frozenset(sources.every())
        self._known: Known | None = None
        self._looked_at = 0
        self._shares: dict[str, Share] = {}

    @property
    def known(self) -> Known:
        """The sensors, looked up once a second. A damaged list is counted, and the last good one holds."""
        now = self._ticks()
        if self._known is None or now - self._looked_at >= _SECOND:
            self._looked_at = now
            try:
                self._known = self._registry.known()
            except ContentError:
                self.reject("sensors", None, "the list of sensors is damaged")
                self._known = self._known or Known(())
        return self._known

    def tally(self, listener: str, sensor: Sensor) -> Tally:
        """Return the figures of a sensor at a listener."""
        return self.tallies.setdefault((listener, sensor.tenant, sensor.name), Tally())

    def reject(self, listener: str, sensor: Sensor | None, reason: str, count: int = 1) -> None:
        """Count what cannot be taken, now or later. `reason` is a fixed text, never one that came in."""
        if sensor is not None:
            self.tally(listener, sensor).rejected[reason] += count
        elif (listener, reason) in self.unknown or len(self.unknown) < _MOST_REASONS:
            self.unknown[listener, reason] += count

    async def take(self, listener: str, sensor: Sensor, bodies: Sequence[bytes], hint: str | None = None) -> int:
        """Return the number of frames when all `bodies` are on stable storage.

        Raises `NotTakenError` where they are not to be had now: a quota, a full disk, stopping. None is acknowledged
        then. `hint` is the source as the sender states it. Bodies must not be larger than `limits.body`.
        """
        tally = self.tally(listener, sensor)
        now = self.clock()
        try:
            self._within_share(sensor.tenant, len(bodies))
            stated = hint if hint in self._formats else None
            arrived = Unnumbered(sensor.name, sensor.hint(stated), now, bodies)
            count = await asyncio.wrap_future(self._spool.lane(sensor.tenant).append([arrived]))
        except NotTakenError:
            tally.put_off += len(bodies)
            raise
        tally.frames += count
        tally.bytes += sum(map(len, bodies))
        tally.last_at = now
        return count

    async def take_all(self, listener: str, sensor: Sensor, bodies: Sequence[bytes], hint: str | None = None) -> int:
        """As `take`, for protocols that cannot say no: waits, and tries again, until it is done or stopped.

        The caller reads nothing more meanwhile, so that the sender's TCP stands still. Raises `NotTakenError` only
        where the process stops.
        """
        while True:
            try:
                return await self.take(listener, sensor, bodies, hint)
            except NotTakenError as error:
                if self.stopping.is_set():
                    raise
                await self.rest(error.retry_after)

    async def rest(self, seconds: float) -> None:
        """Wait, but not longer than the process runs."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return

    def _within_share(self, tenant: str, count: int) -> None:
        now = self._ticks()
        share = self._shares.get(tenant)
        if share is None:
            share = self._shares[tenant] = Share(self.limits.tenant_rate, self.limits.tenant_burst, now)
        wait = share.take(count, now)
        if wait:
            hint = "raise ingest.tenant_rate, or send less"
            raise NotTakenError("more than its share", where=tenant, hint=hint, retry_after=wait, quota=True)
