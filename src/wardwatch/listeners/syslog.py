"""Syslog over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425). Frames hold messages as they came, not parsed.

Syslog knows no acknowledgements. Over TCP nothing more is read until what was read is on disk, so that a sender
stands still where the disk does; what it had sent and we had not read is its own to send again. Over UDP nobody can
know what was lost on the way; what was lost in this computer is counted (`/proc/net/udp`).
"""

import asyncio
import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wardwatch.kernel.errors import InputError, NotTakenError
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.sensors import Sensor
from wardwatch.listeners.streams import UNKNOWN, read

_COUNT = re.compile(rb"([1-9]\d{0,8}) <")
_MAYBE_COUNT = re.compile(rb"[1-9]\d{0,8}(?: )?\Z")
_LARGEST_COUNT = 16 * 1024 * 1024  # a count above this is no count
_DATAGRAM = 65_536
_DATAGRAMS_AT_ONCE = 512
_WAITING_DATAGRAMS = 65_536
_WAITING_BYTES = 64 * 1024 * 1024
_ROUNDS_AT_THE_END = 256  # a flood does not keep us from stopping
_RECEIVE_BUFFER = 32 * 1024 * 1024
_SO_RCVBUFFORCE = 33  # socket(7): above the system's limit, for those who may

LOST, LATE = "lost in the kernel", "came faster than the disk"
TOO_LONG, BAD_COUNT = "message too long", "a count that is none"
CUT = "cut off by the end of the connection"


class Framer:
    """Cuts a stream into messages: by octet counts (RFC 6587, 3.4.1; RFC 5425, 4.3) or by line ends (3.4.2).

    Each message may be framed either way, as senders do. Messages longer than `largest` are passed over and counted
    in `too_long`. `feed` raises `ValueError` where the stream cannot be understood any more.
    """

    def __init__(self, largest: int) -> None:
        self.too_long = 0
        self.cut = False
        self._largest = largest
        self._buffer = bytearray()
        self._skip = 0  # octets of a message that is passed over
        self._skip_line = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes of the stream; returns the messages that are complete."""
        self._buffer += data
        return list(self._messages())

    def rest(self) -> list[bytes]:
        """Return what a closed connection leaves: a line without an end is a message, half a counted one is `cut`."""
        line = bytes(self._buffer)
        self._buffer.clear()
        self.cut = bool(self._skip or _COUNT.match(line))
        message = b"" if self._skip_line or self.cut else line.strip(b"\r\n\0")
        return [message] if message.strip() else []

    def _messages(self) -> Iterator[bytes]:
        buffer = self._buffer
        at = 0
        while at < len(buffer):
            if self._skip or self._skip_line:
                at = self._skipped(at)
                continue
            counted = _COUNT.match(buffer, at)
            if counted is not None:
                found = self._counted(int(counted[1]), counted.end() - 1)
                if found is None:
                    break
                message, at = found
            elif len(buffer) - at <= 10 and _MAYBE_COUNT.match(buffer, at):  # noqa: PLR2004  (digits and a blank)
                break
            else:
                end = buffer.find(b"\n", at)
                if end < 0:
                    at = self._unended(at)
                    break
                message, at = bytes(buffer[at:end]), end + 1
                if len(message) > self._largest:
                    self.too_long += 1
                    continue
            message = message.strip(b"\r\n\0")
            if message:
                yield message
        del buffer[:at]

    def _counted(self, length: int, start: int) -> tuple[bytes, int] | None:
        """Return a counted message and where the next begins; `None` if it is not all there yet."""
        if length > _LARGEST_COUNT:
            raise ValueError(BAD_COUNT)
        if length > self._largest:
            self.too_long += 1
            self._skip = length
            return b"", start
        if len(self._buffer) - start < length:
            return None
        return bytes(self._buffer[start : start + length]), start + length

    def _skipped(self, at: int) -> int:
        if self._skip:
            step = min(self._skip, len(self._buffer) - at)
            self._skip -= step
            return at + step
        end = self._buffer.find(b"\n", at)
        self._skip_line = end < 0
        return end + 1 if end >= 0 else len(self._buffer)

    def _unended(self, at: int) -> int:
        """Keep a line that has no end yet, unless it is too long already."""
        if len(self._buffer) - at <= self._largest:
            return at
        self.too_long += 1
        self._skip_line = True
        return len(self._buffer)


async def receive(
    intake: Intake, name: str, sensor: Sensor, reader: asyncio.StreamReader, _: asyncio.StreamWriter
) -> None:
    """Take the messages of one connection until it ends; the sender waits while they are brought to disk."""
    framer = Framer(intake.limits.message)
    while (data := await read(intake, reader)) is not None:
        try:
            messages = framer.feed(data) if data else framer.rest()
        except ValueError as error:
            intake.reject(name, sensor, str(error))
            return
        if framer.too_long:
            intake.reject(name, sensor, TOO_LONG, framer.too_long)
            framer.too_long = 0
        if messages:
            await intake.take_all(name, sensor, messages)
        if not data:
            if framer.cut:
                intake.reject(name, sensor, CUT)
            return


class _Queue:
    """Messages of one tenant that wait for their commit; the others do not wait for it."""

    def __init__(self, intake: Intake, name: str) -> None:
        self._intake = intake
        self._name = name
        self._waiting: dict[str, tuple[Sensor, list[bytes]]] = {}
        self._count = self._bytes = 0
        self.filled = asyncio.Event()
        self.task = asyncio.create_task(self._commit())

    def put(self, sensor: Sensor, message: bytes) -> None:
        """Add a message, or count it as lost if too many wait."""
        if self._count >= _WAITING_DATAGRAMS or self._bytes >= _WAITING_BYTES:
            self._intake.reject(self._name, sensor, LATE)
            return
        self._waiting.setdefault(sensor.name, (sensor, []))[1].append(message)
        self._count += 1
        self._bytes += len(message)
        self.filled.set()

    async def _commit(self) -> None:
        while not (self._intake.stopping.is_set() and not self._waiting):
            await self.filled.wait()
            self.filled.clear()
            taken, self._waiting = self._waiting, {}
            for sensor, messages in taken.values():
                try:
                    await self._intake.take_all(self._name, sensor, messages)
                except NotTakenError:  # we stop
                    self._intake.reject(self._name, sensor, LATE, len(messages))
                # Only now: what is being committed is held in memory too.
                self._count -= len(messages)
                self._bytes -= sum(map(len, messages))


class Datagrams:
    """The UDP listener: one message in each datagram."""

    name = "syslog_udp"

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._socket: socket.socket | None = None
        self._queues: dict[str, _Queue] = {}
        self._lost = 0

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; returns the address. Raises `InputError` if it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        found = socket.socket(family, socket.SOCK_DGRAM)
        found.setblocking(False)
        try:
            found.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
        except OSError:  # only root may go above net.core.rmem_max
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        try:
            found.bind((host, port))
        except OSError as error:
            found.close()
            raise InputError(f"cannot listen: {error.strerror}", where=f"{self.name} {host}:{port}") from None
        self._socket = found
        asyncio.get_running_loop().add_reader(found, self._readable)
        address: tuple[str, int] = found.getsockname()[:2]
        return address

    async def stop(self) -> None:
        """Take what the kernel has, commit it, and close."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            for _ in range(_ROUNDS_AT_THE_END):
                if not self._readable():
                    break
            self.count_lost()
            self._socket.close()
            self._socket = None
        for queue in self._queues.values():
            queue.filled.set()
            await queue.task

    def count_lost(self) -> int:
        """Count what the kernel dropped because we were too slow; returns all of it since the start."""
        if self._socket is not None:
            inode = str(os.fstat(self._socket.fileno()).st_ino)
            lost = kernel_drops(inode)
            if lost > self._lost:
                self._intake.reject(self.name, None, LOST, lost - self._lost)
                self._lost = lost
        return self._lost

    def _readable(self) -> bool:
        """Take datagrams; says whether there may be more."""
        assert self._socket is not None
        by_address = self._intake.known.by_address
        for _ in range(_DATAGRAMS_AT_ONCE):
            try:
                data, peer = self._socket.recvfrom(_DATAGRAM)
            except OSError:  # nothing more
                return False
            sensor = by_address(peer[0])
            if sensor is None:
                self._intake.reject(self.name, None, UNKNOWN)
            elif message := data.strip(b"\r\n\0"):
                if sensor.tenant not in self._queues:
                    self._queues[sensor.tenant] = _Queue(self._intake, self.name)
                self._queues[sensor.tenant].put(sensor, message)
        return True


def kernel_drops(inode: str, tables: tuple[str, ...] = ("/proc/net/udp", "/proc/net/udp6")) -> int:
    """Return how many datagrams the kernel dropped at a socket (proc(5): the last column of its row)."""
    for table in tables:
        with suppress(OSError):
            for row in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                columns = row.split()
                if columns[9] == inode:
                    return int(columns[12])
    return 0
