"""Where the steps ended that made alerts, since the last checkpoint.

What a correlation says of the same events may differ with the steps in which it sees them: an alert that a later event
supersedes was never there if both come at once. So the end of such a step is on stable storage before its alerts are,
and after a crash the steps end at the same places.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from wardwatch.kernel.disk import Disk, DiskFile
from wardwatch.pipeline.spool import Position

_MAX_LINE = 1_000


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of a step; `due` if it was about parts of events that had waited (see `live_reading.Work`)."""

    position: Position
    due: int | None = None

    def plain(self) -> list[str | int | None]:
        """Return it as JSON can hold it."""
        return [self.position.segment, self.position.seq, self.due]

    @classmethod
    def read(cls, plain: Sequence[Any]) -> Self:
        """Rebuild what `plain` returned; raises `ValueError` or `TypeError`."""
        segment, seq, due = plain
        return cls(Position(segment, seq), due)


class Cuts:
    """The noted ends of one lane's steps, in `<folder>/<checkpoint>.cuts`: those behind a checkpoint being made.

    Until that one counts, those behind the one before are there, too; so all are read, and what lies before the
    position is passed over. `left` are those of before a crash that are still to come; `known` are those that the
    checkpoint holds.
    """

    def __init__(self, folder: Path, disk: Disk, checkpoint: str, known: Iterable[Cut] = ()) -> None:
        self._folder = folder
        self._disk = disk
        self._file: DiskFile | None = None
        self._path = folder / _name(checkpoint)
        noted = (cut for path in folder.glob("*.cuts") for cut in _read(path))
        every = dict.fromkeys((*known, *noted))  # a step that was run again may be noted again
        self.left = sorted(every, key=_order)

    def next(self, position: Position | None) -> Cut | None:
        """Return the next end behind a position, if there is one."""
        while self.left and position is not None and _order(self.left[0]) <= _order(Cut(position)):
            self.left.pop(0)
        return self.left[0] if self.left else None

    def passed(self, cut: Cut) -> None:
        """Take note that a step ended here."""
        if self.left and self.left[0] == cut:
            self.left.pop(0)

    def note(self, cut: Cut) -> None:
        """Write down where a step ends, durably. Raises `OSError`."""
        line = json.dumps(cut.plain()) + "\n"
        try:
            if self._file is None:
                self._disk.make_folder(self._folder)
                self._file = self._disk.append(self._path)
                self._disk.sync_folder(self._folder)
                line = "\n" + line  # behind what a crash may have torn
            self._file.write(line.encode())
            self._file.sync()
        except OSError:
            self.close()
            raise

    def begin(self, checkpoint: str) -> None:
        """Go on behind a checkpoint that is being made, which holds what is left.

        Old files are the caller's to remove, once it counts.
        """
        self.close()
        self._path = self._folder / _name(checkpoint)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        self._file = None


def _order(cut: Cut) -> tuple[Position, bool, int]:
    """Steps about what waits come behind the step that ended at the same place."""
    return cut.position, cut.due is not None, cut.due or 0


def _name(checkpoint: str) -> str:
    return f"{checkpoint.removesuffix('.json') or 'first'}.cuts"


def _read(path: Path) -> Iterator[Cut]:
    """Yield what was noted; a line that a crash tore was not relied upon."""
    if not path.exists():
        return
    with path.open("rb") as stream:
        while line := stream.readline(_MAX_LINE):
            try:
                yield Cut.read(json.loads(line))
            except (ValueError, TypeError):
                continue
