"""A segment: a file of blocks that one run of a writer wrote, named so that names sort by time and are used once.

It begins with `WWSPOOL1` and 8 bytes that name the lane's key. It is never appended to after a restart, so that a
segment and a seq name one frame forever; nothing follows in it once a newer segment is there.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from wardwatch.pipeline.spool import block
from wardwatch.pipeline.spool.block import HEAD_SIZE, MAGIC, Head

OPENING = b"WWSPOOL1"
OPENING_SIZE = len(OPENING) + 8
_NAME = re.compile(r"([0-9a-f]{16})-[0-9a-f]{16}\.seg")
_STEP = 1024 * 1024


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a lane: the next frame to read is the one with `seq` in `segment`, or what comes behind it."""

    segment: str
    seq: int


@dataclass(frozen=True, slots=True)
class Span:
    """Where a block lies in its segment: `start` to `end`, with its head."""

    head: Head
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that cannot be read, and why. Frames that lay in them are lost."""

    segment: str
    start: int
    size: int
    reason: str


def name(created_at: int, random: bytes) -> str:
    """Name a segment by its time of creation (microseconds UTC) and 8 random bytes."""
    return f"{created_at:016x}-{random.hex()}"


def created_at(segment: str) -> int:
    """When a segment was created, in microseconds UTC by the writer's clock, or later if that went back."""
    return int(segment[:16], 16)


def path(folder: Path, segment: str) -> Path:
    """The file of a segment."""
    return folder / f"{segment}.seg"


def names(folder: Path) -> list[str]:
    """The segments in a lane's folder, oldest first; none if there is no folder."""
    try:
        return sorted(one.removesuffix(".seg") for one in os.listdir(folder) if _NAME.fullmatch(one))  # noqa: PTH208
    except FileNotFoundError:
        return []


def size(file: BinaryIO) -> int:
    """Bytes of an open file now."""
    return os.fstat(file.fileno()).st_size


def spans(file: BinaryIO, segment: str, start: int, *, ended: bool) -> Iterator[Span | Damage]:
    """Yield the blocks from `start` on, and what is damaged between them.

    A block that is not all there is not yielded: it is being written, or never was acknowledged. `ended` says that
    nothing more will be written; until then what cannot be understood at the end may still become a block.
    """
    end = size(file)
    descriptor = file.fileno()
    while end - start >= HEAD_SIZE:
        found = block.head(os.pread(descriptor, HEAD_SIZE, start))
        if found is not None:
            stop = start + HEAD_SIZE + found.length
            if stop > end:
                return
            yield Span(found, start, stop)
            start = stop
            continue
        next_start = _next_head(descriptor, start + 1, end)
        if next_start is None:
            if ended and not _only_zeros(descriptor, start, end):
                yield Damage(segment, start, end - start, "no block can be recognised")
            return
        yield Damage(segment, start, next_start - start, "no block can be recognised")
        start = next_start


def _only_zeros(descriptor: int, start: int, end: int) -> bool:
    """Say whether nothing was written: a power cut may leave a file longer than what had reached the disk."""
    while start < end:
        part = os.pread(descriptor, _STEP, start)
        if not part or part.strip(b"\0"):
            return not part
        start += len(part)
    return True


def _next_head(descriptor: int, start: int, end: int) -> int | None:
    """Find where the next sound head begins."""
    while start < end:
        part = os.pread(descriptor, _STEP + HEAD_SIZE, start)
        at = part.find(MAGIC)
        while at >= 0 and at < _STEP:
            if block.head(part[at : at + HEAD_SIZE]) is not None:
                return start + at
            at = part.find(MAGIC, at + 1)
        start += _STEP
    return None
