"""Reading a lane, in the writer's process or another one."""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from wardwatch.frames.frame import SCHEMA
from wardwatch.kernel.disk import Disk
from wardwatch.pipeline.spool import segment as segments
from wardwatch.pipeline.spool.backlog import Backlog, Counting
from wardwatch.pipeline.spool.block import HEAD_SIZE, Cipher
from wardwatch.pipeline.spool.keys import Keys, derived, fingerprint
from wardwatch.pipeline.spool.segment import OPENING, OPENING_SIZE, Damage, Position, Span

_KEPT_DAMAGES = 1_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames of one segment, in order: a Frame v1 batch; `next` is the position behind them."""

    segment: str
    batch: pa.RecordBatch
    next: Position


class Reader:
    """The reading side of a lane: polls cheaply, remembers where it was, and never sees half a block."""

    def __init__(self, folder: Path, keys: Keys, disk: Disk) -> None:
        self.damaged = 0  # places that could not be read
        self._folder = folder
        self._keys = keys
        self._disk = disk
        self._counting = Counting(folder)
        self._damages: deque[Damage] = deque(maxlen=_KEPT_DAMAGES)
        self._reported: set[tuple[str, int]] = set()
        self._at: tuple[Position, int] | None = None  # a position and the byte where it lies in its segment

    def read(self, position: Position | None, max_bytes: int) -> Iterator[Chunk]:
        """Yield what lies behind `position` now (`None`: everything), in chunks of about `max_bytes`, then end.

        The segment of `position` may be gone: reading goes on with the one behind it. Raises `InputError` if the
        lane's key is missing; what is damaged is left out and reported (`take_damages`).
        """
        known = segments.names(self._folder)  # before anything is read: a segment with a successor gets no more
        for name in known:
            if position is not None and name < position.segment:
                continue
            seq = position.seq if position is not None and name == position.segment else 0
            yield from self._segment(Position(name, seq), max_bytes, ended=name != known[-1])

    def take_damages(self) -> tuple[Damage, ...]:
        """Return the damages found since the last call, each once."""
        found = tuple(self._damages)
        self._damages.clear()
        return found

    def release(self, position: Position) -> int:
        """Delete the segments before that of `position`: they are wholly read. Returns how many.

        Called when what was read of them is durable elsewhere. The segment of `position` stays until a newer one
        is read, so that names go on growing.
        """
        done = [name for name in segments.names(self._folder) if name < position.segment]
        for name in done:
            self._disk.unlink(segments.path(self._folder, name))
        if done:
            self._reported = {one for one in self._reported if one[0] >= position.segment}
        return len(done)

    def backlog(self, position: Position | None) -> Backlog:
        """Count what lies behind `position`, without decrypting it."""
        return self._counting.behind(position)

    def _begin(self, position: Position) -> int:
        return self._at[1] if self._at is not None and self._at[0] == position else OPENING_SIZE

    def _segment(self, position: Position, max_bytes: int, *, ended: bool) -> Iterator[Chunk]:
        try:
            file = segments.path(self._folder, position.segment).open("rb", buffering=0)
        except FileNotFoundError:  # released meanwhile
            return
        with file:
            start = self._begin(position)
            if segments.size(file) <= start:
                return
            cipher = self._cipher(file, position.segment)
            if cipher is None:
                return
            yield from self._chunks(file, cipher, position, max_bytes, ended=ended)

    def _chunks(
        self, file: BinaryIO, cipher: Cipher, position: Position, max_bytes: int, *, ended: bool
    ) -> Iterator[Chunk]:
        gathered: list[pa.RecordBatch] = []
        size = 0
        name, seq = position.segment, position.seq
        end = self._begin(position)
        for found in segments.spans(file, name, end, ended=ended):
            if isinstance(found, Damage):
                self._report(found)
                continue
            if found.head.end_seq <= seq:
                continue
            batch = self._decoded(file, cipher, found, name)
            if batch is None:
                continue
            gathered.append(batch.slice(max(0, seq - found.head.first_seq)))
            size += gathered[-1].nbytes
            seq, end = found.head.end_seq, found.end
            if size >= max_bytes:
                yield self._chunk(gathered, Position(name, seq), end)
                gathered, size = [], 0
        if gathered:
            yield self._chunk(gathered, Position(name, seq), end)

    def _chunk(self, gathered: list[pa.RecordBatch], behind: Position, end: int) -> Chunk:
        self._at = (behind, end)
        batch = gathered[0]
        if len(gathered) > 1:
            batch = pa.Table.from_batches(gathered, SCHEMA).combine_chunks().to_batches()[0]
        return Chunk(behind.segment, batch, behind)

    def _decoded(self, file: BinaryIO, cipher: Cipher, span: Span, name: str) -> pa.RecordBatch | None:
        try:
            sealed = os.pread(file.fileno(), span.head.length, span.start + HEAD_SIZE)
            return cipher.decode(span.head, sealed)
        except (OSError, ValueError) as error:
            self._report(Damage(name, span.start, span.end - span.start, f"a block cannot be read: {error}"))
            return None

    def _cipher(self, file: BinaryIO, name: str) -> Cipher | None:
        """Return what reads the segment; reports a segment whose beginning is damaged or whose key is another one."""
        key = self._keys.lane(self._folder.name)
        opening = os.pread(file.fileno(), OPENING_SIZE, 0)
        if opening == OPENING + fingerprint(key):
            return Cipher(derived(key, name))
        whole = opening.startswith(OPENING) and len(opening) == OPENING_SIZE
        reason = "written with another key" if whole else "its beginning is damaged"
        self._report(Damage(name, 0, segments.size(file), reason))
        # Blocks carry their own proof: what can be read in spite of the damage is read.
        return Cipher(derived(key, name))

    def _report(self, damage: Damage) -> None:
        if (damage.segment, damage.start) not in self._reported:
            self._reported.add((damage.segment, damage.start))
            self.damaged += 1
            self._damages.append(damage)
