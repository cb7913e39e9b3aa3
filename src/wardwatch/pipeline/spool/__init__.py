"""The spool: what was acknowledged, on disk and encrypted, until the lake has it. One lane for each tenant.

One process writes (`Lane.append`), another may read (`Lane.read`). An acknowledgement means that the frames are on
stable storage.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from wardwatch.frames.frame import Unnumbered
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import WardwatchError
from wardwatch.kernel.tenants import checked
from wardwatch.pipeline.spool.backlog import Backlog
from wardwatch.pipeline.spool.keys import Keys
from wardwatch.pipeline.spool.limits import Limits
from wardwatch.pipeline.spool.reader import Chunk, Reader
from wardwatch.pipeline.spool.segment import Damage, Position
from wardwatch.pipeline.spool.writer import Clock, Counts, Writer, WriterLock, held

__all__ = ["Backlog", "Chunk", "Damage", "Keys", "Lane", "Limits", "Position", "Spool"]


def _wall_clock() -> int:
    return time.time_ns() // 1_000


class Lane:
    """One tenant's frames, in the order in which they were acknowledged."""

    def __init__(self, tenant: str, reader: Reader, writer: Writer) -> None:
        self.tenant = tenant
        self._reader = reader
        self._writer = writer

    def append(self, arrived: Sequence[Unnumbered]) -> "Future[int]":
        """Take frames; the future's result is their number, once they are on stable storage.

        Raises `NotTakenError` at once where too much waits, `InputError` for a body that is too large; the future
        fails with `NotTakenError` where the disk is full, fails, or the lane holds too much.
        """
        return self._writer.append(arrived)

    def read(self, position: Position | None, max_bytes: int = 8 * 1024 * 1024) -> Iterator[Chunk]:
        """Yield what lies behind `position` now (`None`: everything), in chunks of about `max_bytes`, then end.

        The segment of `position` may be gone: reading goes on with the one behind it. Raises `InputError` if the
        lane's key is missing; what is damaged is left out and reported (`take_damages`).
        """
        return self._reader.read(position, max_bytes)

    def release(self, position: Position) -> int:
        """Delete the segments before that of `position`, once what was read is durable elsewhere; returns how many."""
        return self._reader.release(position)

    def backlog(self, position: Position | None = None) -> Backlog:
        """Count the frames and bytes behind `position`, without decrypting them."""
        return self._reader.backlog(position)

    @property
    def held(self) -> int:
        """Bytes of the lane on disk."""
        return held(self._writer.folder)

    @property
    def waiting(self) -> int:
        """Bytes of bodies that wait in memory for their commit."""
        return self._writer.waiting

    @property
    def counts(self) -> Counts:
        """What was written by this process."""
        return self._writer.counts

    @property
    def damaged(self) -> int:
        """How many damaged places this process found."""
        return self._reader.damaged

    def take_damages(self) -> tuple[Damage, ...]:
        """Return the damages found since the last call, each once."""
        return self._reader.take_damages()


class Spool:
    """The lanes below `folder` (`$WARDWATCH_HOME/spool`); `clock` gives microseconds UTC."""

    def __init__(
        self,
        folder: Path,
        keys: Keys,
        disk: Disk | None = None,
        limits: Limits | None = None,
        *,
        clock: Clock = _wall_clock,
    ) -> None:
        self._folder = folder
        self._keys = keys
        self._disk = disk or Disk()
        self._limits = limits or Limits()
        self._clock = clock
        self._executor = ThreadPoolExecutor(self._limits.committing, "spool")
        self._lock = WriterLock(folder)
        self._lanes: dict[str, tuple[Lane, Writer]] = {}

    def lane(self, tenant: str) -> Lane:
        """Return a tenant's lane; it comes into being with its first frame. Raises `InputError` for no slug."""
        if tenant not in self._lanes:
            folder = self._folder / checked(tenant)
            writer = Writer(
                folder,
                self._keys,
                disk=self._disk,
                limits=self._limits,
                clock=self._clock,
                executor=self._executor,
                lock=self._lock,
            )
            self._lanes[tenant] = Lane(tenant, Reader(folder, self._keys, self._disk), writer), writer
        return self._lanes[tenant][0]

    def tenants(self) -> tuple[str, ...]:
        """Return the tenants that have a lane on disk, by name."""
        found = []
        for path in sorted(self._folder.glob("*/")):
            try:
                found.append(checked(path.name))
            except WardwatchError:
                continue
        return tuple(found)

    def claim(self) -> None:
        """Be the one process that writes; raises `InputError` if there is another. Else the first frame does so."""
        self._disk.make_folder(self._folder)
        self._lock.take()

    def close(self) -> None:
        """Commit what waits, and close. Nothing may be appended afterwards."""
        for _, writer in self._lanes.values():
            writer.close()
        self._executor.shutdown(wait=True)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()
