"""How much of a lane waits, asked every second: heads of blocks are read once and remembered."""

from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from wardwatch.pipeline.spool import segment as segments
from wardwatch.pipeline.spool.segment import OPENING_SIZE, Position, Span


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a lane holds behind a position."""

    frames: int
    bytes: int

    def plus(self, other: "Backlog") -> "Backlog":
        """Add up."""
        return Backlog(self.frames + other.frames, self.bytes + other.bytes)


_NOTHING = Backlog(0, 0)


@dataclass(slots=True)
class _Heads:
    """The blocks of one segment so far: for each its numbers of frames, and what lies before it in the segment."""

    firsts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    before: list[Backlog] = field(default_factory=list)
    whole: Backlog = _NOTHING
    read_to: int = OPENING_SIZE  # byte

    def add(self, span: Span) -> None:
        head = span.head
        self.firsts.append(head.first_seq)
        self.ends.append(head.end_seq)
        self.before.append(self.whole)
        self.whole = self.whole.plus(Backlog(head.end_seq - head.first_seq, span.end - span.start))

    def behind(self, seq: int) -> Backlog:
        """What lies behind a frame; the block in which it lies counts with all its bytes."""
        at = bisect_right(self.ends, seq)
        if at == len(self.ends):
            return _NOTHING
        done = self.before[at].frames + max(0, seq - self.firsts[at])
        return Backlog(self.whole.frames - done, self.whole.bytes - self.before[at].bytes)


class Counting:
    """Counts what waits in the lane in `folder`, without decrypting it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, _Heads] = {}

    def behind(self, position: Position | None) -> Backlog:
        """Count what lies behind a position (`None`: everything)."""
        names = [name for name in segments.names(self._folder) if position is None or name >= position.segment]
        self._forget(names)
        found = _NOTHING
        for name in names:
            with suppress(FileNotFoundError):  # released meanwhile
                seq = position.seq if position is not None and name == position.segment else 0
                found = found.plus(self._heads(name).behind(seq))
        return found

    def _forget(self, names: Iterable[str]) -> None:
        self._known = {name: self._known[name] for name in names if name in self._known}

    def _heads(self, name: str) -> _Heads:
        """Read the heads that are new in a segment."""
        with segments.path(self._folder, name).open("rb") as file:
            heads = self._known.get(name)
            if heads is None or segments.size(file) < heads.read_to:  # a failed commit was cut off
                heads = self._known[name] = _Heads()
            for found in segments.spans(file, name, heads.read_to, ended=False):
                if isinstance(found, Span):
                    heads.add(found)
                    heads.read_to = found.end
        return heads
