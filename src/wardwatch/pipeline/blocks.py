"""A log on disk, cut into blocks of bodies small enough to stay in the processor's cache."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from wardwatch.events.record import Reject
from wardwatch.frames import documents
from wardwatch.pipeline.tasks import Task
from wardwatch.sources import MAX_BODY, Body, Source, json_values, lines

BLOCK = 1024 * 1024  # bytes of lines read at once; of a mixed log, whose lines are shared out block by block:
MIXED_BLOCK = 16 * 1024 * 1024
CHUNK = 1_024  # bodies read at once where a source cuts its own
_BOM = b"\xef\xbb\xbf"
_BLANK, _LINE_END, _RETURN = 32, 10, 13  # no white space of ASCII is above a blank


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of some data, which begin at offset `start` of a log; blank ones are passed over.

    They are cut out one by one, and as `views` not even copied: to hold them all at once costs more than to find them.
    """

    data: bytes
    start: int
    views: bool = False

    def __iter__(self) -> Iterator[Body]:
        data, start, find = self.data, self.start, self.data.find
        cut = cast("bytes", memoryview(data)) if self.views else data
        at, size = 0, len(data)
        while at < size:
            after = find(b"\n", at)
            if after < 0:
                after = size
            end = after
            while end > at and data[end - 1] == _RETURN:
                end -= 1
            if end > at and (data[at] > _BLANK or not data[at:end].isspace()):
                yield start + at, cut[at:end]
            at = after + 1


@dataclass(frozen=True, slots=True)
class Block:
    """Some bodies of a log, how many they are (blank lines count), and what was rejected among them.

    `data` are the bytes they lie in, from offset `start`, where the log consists of lines; `line` is the number of
    the line that begins there.
    """

    bodies: Iterable[Body]
    count: int
    rejects: Sequence[Reject] = ()
    data: bytes = b""
    start: int = 0
    line: int = 1


def by_lines(source: Source, task: Task) -> bool:
    """Say whether the log is cut into lines, so that ordinals are byte offsets and pieces can be read apart."""
    if source.split is lines or task.mixed:
        return True
    if source.split is not json_values:
        return False
    with Path(task.input.path).open("rb") as stream:
        return documents.is_json_lines(documents.head_of(stream))


def line_blocks(task: Task, *, views: bool = False) -> Iterator[Block]:
    """Cut the lines that begin between `start` and `end` of a log into blocks; as `views`, lines are no copies."""
    size, line = MIXED_BLOCK if task.mixed else BLOCK, task.first_line
    with Path(task.input.path).open("rb") as stream:
        offset = task.start
        if offset:
            stream.seek(offset - 1)
            offset += _skip_line(stream) - 1  # the line before `start` belongs to the piece before
            line += offset > task.start
        end = task.input.size if task.end is None else task.end
        first = True
        while offset < end:
            data = stream.read(min(size, end - offset))
            if not data:
                return
            rest = b"" if data.endswith(b"\n") else stream.readline(MAX_BODY)
            skipped = 0
            if rest and not rest.endswith(b"\n") and len(rest) == MAX_BODY:
                skipped = _skip_line(stream)
            block = data + rest
            if first and not offset and block.startswith(_BOM):
                block = b" " * len(_BOM) + block[len(_BOM) :]
            first = False
            count = int(np.count_nonzero(np.frombuffer(block, np.uint8) == _LINE_END))
            yield _lines_of(Lines(block, offset, views), count + 1, line)
            offset += len(block) + skipped
            line += count + bool(skipped)


def _skip_line(stream: BinaryIO) -> int:
    skipped = 0
    while part := stream.readline(MIXED_BLOCK):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


def _lines_of(lines: Lines, count: int, number: int) -> Block:
    bodies: Iterable[Body] = lines
    rejects: list[Reject] = []
    if len(lines.data) > MAX_BODY:  # else no line can be too long
        reason = f"line longer than {MAX_BODY} bytes"
        found, bodies = list(bodies), []
        for body in found:
            if len(body[1]) > MAX_BODY:
                rejects.append(Reject(body[0], reason, bytes(body[1][:80])))
            else:
                bodies.append(body)
    return Block(bodies, count, rejects, lines.data, lines.start, number)


def body_blocks(task: Task, source: Source) -> Iterator[Block]:
    """Cut a log into bodies as its source says, and these into blocks."""
    with Path(task.input.path).open("rb") as stream:
        bodies_and_rejects = source.split(stream)
        while chunk := list(islice(bodies_and_rejects, CHUNK)):
            rejects = [one for one in chunk if isinstance(one, Reject)]
            bodies = [one for one in chunk if not isinstance(one, Reject)] if rejects else chunk
            yield Block(cast("list[Body]", bodies), len(bodies), rejects)
