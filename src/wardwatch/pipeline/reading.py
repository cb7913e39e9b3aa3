"""From a log's bytes to EventBatches: cut into blocks, looked through for keywords, read, built."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.keywords import KeywordFilter
from wardwatch.detection.match import keyword_filter
from wardwatch.detection.memory import Memory
from wardwatch.events.builder import BatchBuilder, Origin, Unnumbered, Wanted
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Group, Record, Reject
from wardwatch.pipeline import blocks, mixed
from wardwatch.pipeline.blocks import Block
from wardwatch.pipeline.tasks import Task, note_names
from wardwatch.sources import Body, Context, Source, every

# One batch is made of what lies in at most so many bodies and bytes: few large batches are fast, small ones lean.
MAX_ROWS, MAX_BYTES = 32_768, 64 * 1024 * 1024
_WHOLE = 8_192  # records of a source that sees its bodies in one run


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one log source, and whether a keyword can be in them."""

    events: Unnumbered
    keywords: bool


Item = Batch | Reject


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
        self.marks: list[tuple[int, int]] = []  # of the log being read: offsets of lines, and their numbers

    def read(self, task: Task, source: Source, context: Context, origin: Origin) -> Iterator[Item]:
        """Yield batches and rejects of one task; the ordinals of rejects are those of their bodies."""
        self.marks = []
        if not source.independent:
            with Path(task.input.path).open("rb") as stream:
                yield from self._whole_log(source.split(stream), source, context, origin)
            return
        lined = blocks.by_lines(source, task)
        found = (
            self._marked(blocks.line_blocks(task, views=source.views)) if lined else blocks.body_blocks(task, source)
        )
        if task.mixed:
            for block in found:
                yield from block.rejects
                for chosen, share in mixed.dispatch(list(block.bodies), source, context):
                    yield from self._share(chosen, share, context, origin)
            return
        more: Block | None = next(found, None)
        while more is not None:
            gathering = _Gathering(more, found, self._filter(source))
            yield from self._gathered(gathering, source, context, origin)
            yield from gathering.rejects
            more = gathering.next

    def _marked(self, found: Iterator[Block]) -> Iterator[Block]:
        for block in found:
            self.marks.append((block.start, block.line))
            yield block

    def _gathered(self, gathering: "_Gathering", source: Source, context: Context, origin: Origin) -> Iterator[Item]:
        """Read bodies of a source whose bodies stand alone.

        Where the source is verbatim, only bodies that can hold a keyword are read with all their fields.
        """
        wide = replace(context, wanted=self._all_asked)
        if gathering.filtered:
            narrow = replace(context, wanted=self._asked)
            plain = source.read(gathering.plain(), narrow)
            yield from self._built(plain, origin, self._asked, keywords=False)
            if gathering.suspects:
                yield from self._built(source.read(gathering.suspects, wide), origin, self._all_asked)
        else:
            yield from self._built(source.read(gathering.plain(), wide), origin, self._all_asked)

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
        while chunk := list(islice(records, _WHOLE)):
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
        note_names(self.fields, builder.names())
        yield from (Batch(unnumbered, keywords) for unnumbered in builder.unnumbered())

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


class _Gathering:
    """The bodies of some blocks, gathered for one batch: plain ones, and those in which a keyword can be.

    Iterate over `plain` first; then the others are known, and `next` is the block that was too much, if any.
    """

    def __init__(self, first: Block, more: Iterator[Block], keywords: KeywordFilter | None) -> None:
        self.filtered = keywords is not None and keywords.usable
        self.suspects: list[Body] = []
        self.rejects: list[Reject] = []
        self.next: Block | None = first
        self._more = more
        self._keywords = keywords

    def plain(self) -> Iterator[Body]:
        """Yield the plain bodies; all of them, where keywords cannot be told beforehand."""
        rows = size = 0
        while self.next is not None and rows < MAX_ROWS and size < MAX_BYTES:
            block = self.next
            self.rejects += block.rejects
            rows += block.count
            size += len(block.data) or sum(len(text) for _, text in block.bodies)
            if self.filtered and self._keywords is not None and (suspects := _suspects(block, self._keywords)):
                for body in block.bodies:
                    if body[0] in suspects:
                        self.suspects.append((body[0], bytes(body[1])))
                    else:
                        yield body
            else:
                yield from block.bodies
            self.next = next(self._more, None)


def _suspects(block: Block, keywords: KeywordFilter) -> set[int]:
    """Return the offsets of the bodies in which a keyword can be."""
    if keywords.empty or not block.count:
        return set()
    if not block.data:
        bodies = list(block.bodies)
        starts = np.cumsum([0] + [len(body) + 1 for _, body in bodies[:-1]])
        return {bodies[at][0] for at in keywords.candidates(b"\n".join(body for _, body in bodies), starts)}
    data, found = block.data, set()
    rest = 0  # all before it is looked through
    for end in keywords.ends(data):
        if end > rest:
            found.add(block.start + data.rfind(b"\n", 0, end - 1) + 1)
            rest = data.find(b"\n", end - 1) + 1 or len(data)
    return found
