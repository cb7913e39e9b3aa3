"""From a log's bytes to EventBatches: cut into blocks, looked through for keywords, read, built."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.keywords import KeywordFilter
from wardwatch.detection.match import Memory, keyword_filter
from wardwatch.events.builder import BatchBuilder, Origin, Wanted
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Group, Record, Reject
from wardwatch.frames import documents
from wardwatch.pipeline import mixed
from wardwatch.pipeline.tasks import MAX_NAMES, Task
from wardwatch.sources import MAX_BODY, Body, Context, Source, every, json_values, lines

BLOCK = 16 * 1024 * 1024  # bytes read at once
CHUNK = 8_192  # bodies read at once where a source cuts its own
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Batch:
    """An EventBatch, and whether a keyword can be in it."""

    events: pa.RecordBatch
    keywords: bool


Item = Batch | Reject


@dataclass(frozen=True, slots=True)
class Block:
    """Some bodies of a log, and what was rejected among them; `data` are the bytes they lie in, from offset `start`."""

    bodies: list[Body]
    rejects: list[Reject]
    data: bytes = b""
    start: int = 0


class Reader:
    """Reads tasks into batches that hold the fields that rules ask for.

    `also` are the fields that correlations want of the events of a rule, by rule id.
    """

    def __init__(self, rules: CompiledRules, memory: Memory, also: Mapping[str, frozenset[str]]) -> None:
        self._rules = rules
        self._memory = memory
        self._also = also
        self._asked_of: dict[int, frozenset[str]] = {}  # by partition, which the memory keeps
        self._keywords: dict[str, KeywordFilter] = {}
        self.fields: dict[LogSource, set[str]] = {}

    def read(self, task: Task, source: Source, context: Context, origin: Origin) -> Iterator[Item]:
        """Yield batches and rejects of one task; the ordinals of rejects are those of their bodies."""
        if by_lines(source, task) and source.independent:
            for block in line_blocks(task):
                yield from block.rejects
                yield from self._block(block, source, context, origin, mixed_log=task.mixed)
            return
        with Path(task.input.path).open("rb") as stream:
            bodies_and_rejects = source.split(stream)
            if source.independent:
                while chunk := _chunk(bodies_and_rejects):
                    yield from (one for one in chunk if isinstance(one, Reject))
                    block = Block([one for one in chunk if not isinstance(one, Reject)], [])
                    yield from self._block(block, source, context, origin)
            else:
                yield from self._whole_log(bodies_and_rejects, source, context, origin)

    def _block(
        self, block: Block, source: Source, context: Context, origin: Origin, *, mixed_log: bool = False
    ) -> Iterator[Item]:
        """Read bodies of a source whose bodies stand alone.

        Where the source is verbatim, only bodies that can hold a keyword are read with all their fields.
        """
        if mixed_log:
            for chosen, share in mixed.dispatch(block.bodies, source, context):
                yield from self._share(chosen, share, context, origin)
            return
        bodies = block.bodies
        keywords = self._filter(source)
        if keywords is not None and keywords.usable:
            suspects = _suspects(block, keywords)
            plain = [body for position, body in enumerate(bodies) if position not in suspects]
            narrow = replace(context, wanted=self._asked)
            yield from self._built(source.read(plain, narrow), origin, self._asked, keywords=False)
            bodies = [bodies[position] for position in sorted(suspects)]
        if bodies:
            yield from self._built(source.read(bodies, context), origin, self._all_asked)

    def _share(self, source: Source, share: list[Body], context: Context, origin: Origin) -> Iterator[Item]:
        """Read lines of a mixed log; what their source rejects is at least a line of syslog."""
        found = list(source.read(share, context))
        rejected = {one.ordinal for one in found if isinstance(one, Reject)} if source.name != mixed.GENERIC else set()
        kept = [one for one in found if not (isinstance(one, Reject) and one.ordinal in rejected)]
        yield from self._built(kept, replace(origin, source=source.name), self._all_asked)
        if rejected:
            yield from self._share(
                every()[mixed.GENERIC], [one for one in share if one[0] in rejected], context, origin
            )

    def _filter(self, source: Source) -> KeywordFilter | None:
        if source.verbatim is None:
            return None
        if source.name not in self._keywords:
            self._keywords[source.name] = keyword_filter(self._rules, source.verbatim, self._memory)
        return self._keywords[source.name]

    def _whole_log(
        self, found: Iterable[Body | Reject], source: Source, context: Context, origin: Origin
    ) -> Iterator[Item]:
        """Read a source that must see its bodies in one run."""
        cut: list[Reject] = []

        def bodies() -> Iterator[Body]:
            for one in found:
                if isinstance(one, Reject):
                    cut.append(one)
                else:
                    yield one

        records = source.read(bodies(), context)
        while chunk := list(islice(records, CHUNK)):
            yield from self._built(chunk, origin, self._all_asked)
        yield from cut

    def _built(
        self,
        found: Iterable[Record | Group | Reject],
        origin: Origin,
        wanted: Wanted,
        *,
        keywords: bool = True,
    ) -> Iterator[Item]:
        builder = BatchBuilder(origin, wanted)
        for one in found:
            if isinstance(one, Reject):
                yield one
            elif isinstance(one, Group):
                builder.extend(one)
            else:
                builder.add(one)
        for logsource, names in builder.names().items():
            known = self.fields.setdefault(logsource, set())
            known.update(islice(names - known, MAX_NAMES - len(known)))
        yield from (Batch(events, keywords) for events in builder.finish())

    def _asked(self, logsource: LogSource) -> frozenset[str]:
        partition = self._memory.partition(self._rules, logsource)
        found = self._asked_of.get(id(partition))
        if found is None:
            ids = {self._rules.keys[number].id for number in partition.rules}
            also = (fields for rule, fields in self._also.items() if rule in ids)
            found = self._asked_of[id(partition)] = partition.needs.union(*also)
        return found

    def _all_asked(self, logsource: LogSource) -> frozenset[str] | None:
        return None if self._memory.partition(self._rules, logsource).keywords else self._asked(logsource)


def _chunk(found: Iterator[Body | Reject]) -> list[Body | Reject]:
    """Take up to `CHUNK` bodies, and not many more bytes than a block holds."""
    chunk: list[Body | Reject] = []
    size = 0
    for one in found:
        chunk.append(one)
        size += 0 if isinstance(one, Reject) else len(one[1])
        if len(chunk) >= CHUNK or size >= BLOCK:
            break
    return chunk


def _suspects(block: Block, keywords: KeywordFilter) -> set[int]:
    if keywords.empty or not block.bodies:
        return set()
    if block.data:
        return set(keywords.candidates(block.data, np.array([offset for offset, _ in block.bodies]) - block.start))
    starts = np.cumsum([0] + [len(body) + 1 for _, body in block.bodies[:-1]])
    return set(keywords.candidates(b"\n".join(body for _, body in block.bodies), starts))


def by_lines(source: Source, task: Task) -> bool:
    """Say whether the log is cut into lines, so that ordinals are byte offsets and pieces can be read apart."""
    if source.split is lines or task.mixed:
        return True
    if source.split is not json_values:
        return False
    with Path(task.input.path).open("rb") as stream:
        return documents.is_json_lines(documents.head_of(stream))


def line_blocks(task: Task) -> Iterator[Block]:
    """Cut the lines that begin between `start` and `end` of a log into blocks of about `BLOCK` bytes."""
    with Path(task.input.path).open("rb") as stream:
        offset = task.start
        if offset:
            stream.seek(offset - 1)
            offset += _skip_line(stream) - 1  # the line before `start` belongs to the piece before
        end = task.input.size if task.end is None else task.end
        first = True
        while offset < end:
            data = stream.read(min(BLOCK, end - offset))
            if not data:
                return
            rest = b"" if data.endswith(b"\n") else stream.readline(MAX_BODY)
            skipped = 0
            if rest and not rest.endswith(b"\n") and len(rest) == MAX_BODY:
                skipped = _skip_line(stream)
            block = data + rest
            yield _lines_of(block, offset, bom=first and not offset)
            first = False
            offset += len(block) + skipped


def _skip_line(stream: BinaryIO) -> int:
    skipped = 0
    while part := stream.readline(BLOCK):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


def _lines_of(data: bytes, start: int, *, bom: bool) -> Block:
    lines = data.split(b"\n")
    if bom and lines[0].startswith(_BOM):
        lines[0] = b" " * len(_BOM) + lines[0][len(_BOM) :]
    offsets = accumulate(map(len, lines), lambda offset, length: offset + length + 1, initial=start)
    bodies = [pair for pair in zip(offsets, lines, strict=False) if pair[1] and not pair[1].isspace()]
    if b"\r" in data:
        bodies = [(offset, line.rstrip(b"\r")) for offset, line in bodies]
    rejects = []
    if max(map(len, lines)) > MAX_BODY:
        reason = f"line longer than {MAX_BODY} bytes"
        rejects = [Reject(offset, reason, line[:80]) for offset, line in bodies if len(line) > MAX_BODY]
        bodies = [(offset, line) for offset, line in bodies if len(line) <= MAX_BODY]
    return Block(bodies, rejects, data, start)
