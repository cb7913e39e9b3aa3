"""Writing a lane: one block and one sync for all that waits (group commit)."""

import errno
import fcntl
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wardwatch.frames.frame import Unnumbered, frames
from wardwatch.kernel.disk import Disk, DiskFile
from wardwatch.kernel.errors import InputError, NotTakenError, WardwatchError
from wardwatch.pipeline.spool import segment as segments
from wardwatch.pipeline.spool.block import Cipher
from wardwatch.pipeline.spool.keys import Keys, derived, fingerprint
from wardwatch.pipeline.spool.limits import Limits

Clock = Callable[[], int]
_LOOK_AGAIN = 1_000_000  # microseconds between looks at what a lane holds on disk
_WAIT_DISK, _WAIT_BACKLOG, _WAIT_MEMORY = 30, 30, 2  # seconds that a sender is asked to wait


class WriterLock:
    """Sees to it that one process writes a spool: the frames of a segment have one author."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1

    def take(self) -> None:
        """Raise `InputError` if another process writes this spool."""
        if self._descriptor >= 0:
            return
        descriptor = os.open(self._folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            hint = "stop it first; one process receives for one Wardwatch home"
            raise InputError("another process writes this spool", where=str(self._folder), hint=hint) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process write."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrived: tuple[Unnumbered, ...]
    frames: int
    size: int
    future: "Future[int]"


class _Open:
    """The segment that is being written."""

    def __init__(self, name: str, file: DiskFile, cipher: Cipher) -> None:
        self.name = name
        self.file = file
        self.cipher = cipher
        self.size = segments.OPENING_SIZE  # written
        self.committed = 0  # bytes on stable storage; 0: not even the name is
        self.seq = 0
        self.blocks = 0


@dataclass(slots=True)
class Counts:
    """What a writer did since it was made."""

    frames: int = 0
    bytes: int = 0
    commits: int = 0
    failures: int = 0


class Writer:
    """The writing side of a lane. `append` may be called from any thread; commits run one after the other."""

    def __init__(
        self,
        folder: Path,
        keys: Keys,
        *,
        disk: Disk,
        limits: Limits,
        clock: Clock,
        executor: Executor,
        lock: WriterLock,
    ) -> None:
        self.counts = Counts()
        self.folder = folder
        self._tenant = folder.name
        self._keys = keys
        self._disk = disk
        self._limits = limits
        self._clock = clock
        self._executor = executor
        self._writer_lock = lock
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._closing = False
        self._queue: deque[_Waiting] = deque()
        self._waiting = 0
        self._scheduled = False
        self._open: _Open | None = None
        self._held = 0  # bytes of the lane on disk when last looked at, and what was written since
        self._looked_at: int | None = None

    @property
    def waiting(self) -> int:
        """Bytes of bodies that wait for their commit."""
        return self._waiting

    def append(self, arrived: Sequence[Unnumbered]) -> "Future[int]":
        """Take frames; the future's result is their number, once they are on stable storage.

        Raises `NotTakenError` at once where too much waits, `InputError` for a body that is too large; the future
        fails with `NotTakenError` where the disk is full, fails, or the lane holds too much.
        """
        size = sum(len(body) for one in arrived for body in one.bodies)
        largest = max((len(body) for one in arrived for body in one.bodies), default=0)
        if largest > self._limits.body:
            raise InputError(f"a frame of {largest:,} bytes", where=self._tenant, hint=f"at most {self._limits.body:,}")
        waiting = _Waiting(tuple(arrived), sum(len(one.bodies) for one in arrived), size, Future())
        if not waiting.frames:
            waiting.future.set_result(0)
            return waiting.future
        with self._lock:
            if self._closing:
                raise self._not_taken("Wardwatch is stopping", _WAIT_MEMORY)
            if self._waiting + size > self._limits.waiting:
                raise self._not_taken("more arrives than the disk takes", _WAIT_MEMORY, quota=True)
            self._queue.append(waiting)
            self._waiting += size
            if not self._scheduled:
                self._scheduled = True
                self._executor.submit(self._commit)
        return waiting.future

    def close(self) -> None:
        """Take nothing more, commit what waits, and close the segment."""
        with self._idle:
            self._closing = True
            self._idle.wait_for(lambda: not self._scheduled)
        self._close_segment()

    def _close_segment(self) -> None:
        if self._open is not None:
            self._open.file.close()
            self._open = None

    def _not_taken(self, what: str, retry_after: int, *, quota: bool = False) -> NotTakenError:
        return NotTakenError(
            what, where=f"spool of {self._tenant}", hint="send it again later", retry_after=retry_after, quota=quota
        )

    def _commit(self) -> None:
        """Commit what waits, up to a block or a little more; then let other lanes have their turn."""
        taken = self._take()
        try:
            self._write(taken)
        except Exception as error:  # noqa: BLE001  (a worker's loop: whoever waits must hear of it)
            self.counts.failures += 1
            self._abandon()
            failure = self._failure(error)
            for one in taken:
                one.future.set_exception(failure)
        else:
            for one in taken:
                one.future.set_result(one.frames)
        with self._lock:
            self._scheduled = bool(self._queue)
            if self._scheduled:
                self._executor.submit(self._commit)
            else:
                self._idle.notify_all()

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        size = 0
        with self._lock:
            while self._queue and size < self._limits.block:
                one = self._queue.popleft()
                self._waiting -= one.size
                if one.future.set_running_or_notify_cancel():  # a sender that went away waits no more
                    taken.append(one)
                    size += one.size
        return taken

    def _failure(self, error: Exception) -> WardwatchError:
        if isinstance(error, WardwatchError):
            return error
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return self._not_taken("the disk is full", _WAIT_DISK)
        return self._not_taken(f"the disk failed: {error}", _WAIT_DISK)

    def _write(self, taken: list[_Waiting]) -> None:
        if not taken:
            return
        self._refuse_full()
        current = self._current()
        for part in _parts(taken, self._limits.block):
            batch = frames(self._tenant, part, current.seq)
            data = current.cipher.encode(batch, current.seq, current.blocks)
            current.blocks += 1  # whatever becomes of the write: a nonce is used once
            current.file.write(data)
            current.seq += batch.num_rows
            current.size += len(data)
        current.file.sync()
        if not current.committed:
            self._disk.sync_folder(self.folder)
        self._held += current.size - current.committed
        self.counts.bytes += current.size - current.committed
        self.counts.frames += sum(one.frames for one in taken)
        self.counts.commits += 1
        current.committed = current.size

    def _refuse_full(self) -> None:
        now = self._clock()
        if self._looked_at is None or not 0 <= now - self._looked_at < _LOOK_AGAIN:
            self._looked_at = now
            self._held = held(self.folder)
        if self._held > self._limits.backlog:
            what = f"the spool holds {self._held:,} bytes that were not worked off yet"
            raise self._not_taken(what, _WAIT_BACKLOG, quota=True)
        self._disk.make_folder(self.folder)
        if self._disk.free(self.folder) < self._limits.reserve:
            raise self._not_taken("the disk is nearly full", _WAIT_DISK)

    def _current(self) -> _Open:
        """Return the open segment, or begin one: the first, after a failure, and when the last is large or old."""
        now = self._clock()
        current = self._open
        if current is not None:
            age = now - segments.created_at(current.name)
            if current.size < self._limits.segment and age < self._limits.segment_age:
                return current
            self._close_segment()
        self._writer_lock.take()
        key = self._keys.lane_or_new(self._tenant)
        # Names sort in the order of writing even where the clock went back.
        latest = max((segments.created_at(one) for one in segments.names(self.folder)), default=-1)
        name = segments.name(max(now, latest + 1), secrets.token_bytes(8))
        file = self._disk.create(segments.path(self.folder, name))
        self._open = _Open(name, file, Cipher(derived(key, name)))
        file.write(segments.OPENING + fingerprint(key))
        return self._open

    def _abandon(self) -> None:
        """After a failure: take back what was not acknowledged, as far as possible, and begin anew next time."""
        current, self._open = self._open, None
        self._looked_at = None
        if current is None:
            return
        with suppress(OSError):
            if current.committed:
                current.file.truncate(current.committed)
            else:
                self._disk.unlink(current.file.path)
        with suppress(OSError):
            current.file.close()


def held(folder: Path) -> int:
    """Bytes of the segments in a lane's folder."""
    total = 0
    for name in segments.names(folder):
        with suppress(FileNotFoundError):  # the reader may just have released it
            total += segments.path(folder, name).stat().st_size
    return total


def _parts(taken: list[_Waiting], limit: int) -> list[list[Unnumbered]]:
    """Share out what was taken into blocks with about `limit` bytes of bodies each."""
    parts: list[list[Unnumbered]] = [[]]
    room = limit
    for arrived in (arrived for one in taken for arrived in one.arrived):
        begin = 0
        for end, body in enumerate(arrived.bodies, 1):
            room -= len(body)
            if room <= 0:
                parts[-1].append(_some(arrived, begin, end))
                parts.append([])
                begin, room = end, limit
        if begin < len(arrived.bodies):
            parts[-1].append(_some(arrived, begin, len(arrived.bodies)))
    return [part for part in parts if part]


def _some(arrived: Unnumbered, begin: int, end: int) -> Unnumbered:
    if begin == 0 and end == len(arrived.bodies):
        return arrived
    return Unnumbered(arrived.sensor, arrived.source_hint, arrived.received_at, arrived.bodies[begin:end])
