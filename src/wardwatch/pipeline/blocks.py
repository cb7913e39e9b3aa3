"""A log on disk, cut into blocks of bodies small enough to stay in the processor's cache."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO, cast

from wardwatch.events.record import Reject
from wardwatch.frames import documents
from wardwatch.pipeline.tasks import Task
from wardwatch.sources import MAX_BODY, Body, Source, json_values, lines

BLOCK = 1024 * 1024  # bytes of lines read at once; of a mixed log, whose lines are shared out block by block:
MIXED_BLOCK = 16 * 1024 * 1024
CHUNK = 1_024  # bodies read at once where a source cuts its own
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Some bodies of a log, and what was rejected among them.

    `data` are the bytes they lie in, from offset `start`, where the log consists of lines; `line` is the number of
    the line that begins there.
    """

    bodies: list[Body]
    rejects: list[Reject]
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


def line_blocks(task: Task) -> Iterator[Block]:
    """Cut the lines that begin between `start` and `end` of a log into blocks."""
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
            texts = block.split(b"\n")
            yield _lines_of(block, texts, offset, line, bom=first and not offset)
            first = False
            offset += len(block) + skipped
            line += len(texts) - 1 + bool(skipped)


def _skip_line(stream: BinaryIO) -> int:
    skipped = 0
    while part := stream.readline(MIXED_BLOCK):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


def _lines_of(data: bytes, lines: list[bytes], start: int, number: int, *, bom: bool) -> Block:
    if bom and lines[0].startswith(_BOM):
        lines[0] = b" " * len(_BOM) + lines[0][len(_BOM) :]
    offsets = accumulate(map(len, lines), lambda offset, length: offset + length + 1, initial=start)
    bodies = [pair for pair in zip(offsets, lines, strict=False) if pair[1] and not pair[1].isspace()]
    if b"\r\n" in data or data.endswith(b"\r"):
        bodies = [(offset, line.rstrip(b"\r")) for offset, line in bodies]
    rejects = []
    if max(map(len, lines)) > MAX_BODY:
        reason = f"line longer than {MAX_BODY} bytes"
        rejects = [Reject(offset, reason, line[:80]) for offset, line in bodies if len(line) > MAX_BODY]
        bodies = [(offset, line) for offset, line in bodies if len(line) <= MAX_BODY]
    return Block(bodies, rejects, data, start, number)


def body_blocks(task: Task, source: Source) -> Iterator[Block]:
    """Cut a log into bodies as its source says, and these into blocks."""
    with Path(task.input.path).open("rb") as stream:
        bodies_and_rejects = source.split(stream)
        while chunk := list(islice(bodies_and_rejects, CHUNK)):
            rejects = [one for one in chunk if isinstance(one, Reject)]
            bodies = [one for one in chunk if not isinstance(one, Reject)] if rejects else chunk
            yield Block(cast("list[Body]", bodies), rejects)
