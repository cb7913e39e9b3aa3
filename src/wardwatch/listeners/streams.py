"""Connections of protocols that are no HTTP: counted, known by certificate or address, closed after a long silence."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from wardwatch.kernel.errors import InputError, NotTakenError
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.sensors import Sensor
from wardwatch.listeners.tls import peer_certificate

READ = 256 * 1024  # bytes taken from a connection at once
UNKNOWN = "unknown sender"
_BACKLOG = 2_048
_HANDSHAKE = 10.0  # seconds
_LAST_COMMITS = 10.0  # seconds

# Talks with one sender until the connection ends: intake, the listener's name, the sensor, and both ways.
Conversation = Callable[[Intake, str, Sensor, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Streams:
    """A TCP or TLS listener; `name` is that of its setting."""

    def __init__(self, intake: Intake, name: str, conversation: Conversation) -> None:
        self._intake = intake
        self._name = name
        self._conversation = conversation
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, context: ssl.SSLContext | None) -> tuple[str, int]:
        """Listen; returns the address. Raises `InputError` if it cannot be had."""
        handshake = _HANDSHAKE if context else None
        try:
            self._server = await asyncio.start_server(
                self._connected,
                host,
                port,
                ssl=context,
                limit=READ,
                backlog=_BACKLOG,
                ssl_handshake_timeout=handshake,
            )
        except OSError as error:
            raise InputError(f"cannot listen: {error.strerror}", where=f"{self._name} {host}:{port}") from None
        address: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        return address

    async def stop(self) -> None:
        """Listen no more, commit what was read, and close. The intake is stopping already."""
        if self._server is not None:
            self._server.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_COMMITS)
        for task in self._tasks:
            task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        address = str((writer.get_extra_info("peername") or ("",))[0])
        entered = self._intake.connections.enter(address)
        try:
            sensor = self._sensor(writer, address) if entered else None
            if sensor is not None:
                await self._conversation(self._intake, self._name, sensor, reader, writer)
        except (OSError, TimeoutError, NotTakenError):
            pass  # the sender went, was silent, or we stop: what was acknowledged is on disk
        finally:
            if entered:
                self._intake.connections.leave(address)
            self._tasks.discard(task)
            writer.close()

    def _sensor(self, writer: asyncio.StreamWriter, address: str) -> Sensor | None:
        """Return who sends. Who shows a certificate is who it says, or nobody."""
        known = self._intake.known
        certificate = peer_certificate(writer.get_extra_info("ssl_object"))
        sensor = known.by_address(address) if certificate is None else known.by_certificate(certificate)
        if sensor is None:
            self._intake.reject(self._name, None, UNKNOWN)
        return sensor


async def read(intake: Intake, reader: asyncio.StreamReader) -> bytes | None:
    """Read what is there; empty at the end, `None` when we stop. Raises `TimeoutError` after too long a silence."""
    stop = asyncio.ensure_future(intake.stopping.wait())
    data = asyncio.ensure_future(reader.read(READ))
    try:
        async with asyncio.timeout(intake.limits.idle / 1e6):
            await asyncio.wait((stop, data), return_when=asyncio.FIRST_COMPLETED)
        return data.result() if data.done() else None
    finally:
        stop.cancel()
        data.cancel()
