"""The alerts of one tenant as a log that only grows: `alerts/<tenant>/<number>.jsonl`, one Alert v1 a line.

What is appended is on stable storage when `append` returns. After a crash the pipeline runs again over what came after
its last checkpoint, and the log tells what it said before: an alert that is there as it is does not come twice, and
one that has grown gets a revision above all that was written, so that the highest revision is the last word.
"""

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from wardwatch.events import alert_lines
from wardwatch.events.alert import Alert
from wardwatch.kernel.disk import Disk, DiskFile
from wardwatch.kernel.tenants import checked

_LARGE = 64 * 1024 * 1024  # bytes after which a new file is begun
_ENDING = ".jsonl"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the log: everything before it was written before a checkpoint."""

    file: str = ""
    offset: int = 0


@dataclass(slots=True)
class _Known:
    """Alerts that were written: the last of each, each, and whether another took its place."""

    last: MutableMapping[str, Alert] = field(default_factory=dict)
    said: MutableMapping[tuple[str, int], Alert] = field(default_factory=dict)
    gone: MutableMapping[str, bool] = field(default_factory=dict)

    def keep(self, alert: Alert) -> None:
        """Take in one more."""
        self.last[alert.id] = self.said[alert.id, alert.revision] = alert
        self.gone[alert.id] = False
        if alert.supersedes:
            self.gone[alert.supersedes] = True

    def add(self, later: "_Known") -> None:
        """Take in what was written later."""
        self.last.update(later.last)
        self.said.update(later.said)
        self.gone.update(later.gone)


class AlertLog:
    """Writes the alerts of one tenant; one writer at a time. `mark` and `ahead` come from the last checkpoint.

    `ahead` are the revisions of alerts that are higher than their correlation knows.
    """

    def __init__(
        self,
        folder: Path,
        tenant: str,
        disk: Disk,
        mark: Mark | None = None,
        ahead: Mapping[str, int] | None = None,
    ) -> None:
        self._folder = folder / checked(tenant)
        self._disk = disk
        self._file: DiskFile | None = None
        self._size = 0
        self._torn: tuple[Path, int] | None = None  # a file whose last write failed, and where that began
        self._ahead = dict(ahead or {})
        self._marked = _Known()  # what was written after the last checkpoint and before the one that is being made
        self._known = _Known()  # what was written after that
        for alert in _written(self._folder, mark or Mark()):
            self._known.keep(alert)

    def append(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Write alerts, and return those that were not there before, as written. Raises `OSError`: then none counts."""
        new: list[Alert] = []
        ahead = ChainMap[str, int]({}, self._ahead)
        fresh = _Known()
        there = _Known(
            ChainMap(fresh.last, self._known.last, self._marked.last),
            ChainMap(fresh.said, self._known.said, self._marked.said),
            ChainMap(fresh.gone, self._known.gone, self._marked.gone),
        )
        for alert in alerts:
            if there.said.get((alert.id, alert.revision)) == alert:  # as before a crash
                continue
            known = there.last.get(alert.id)
            if known is not None and self._stands(alert, known, there.gone):
                continue
            highest = max(known.revision if known else -1, ahead.get(alert.id, -1))
            numbered = alert
            if alert.revision <= highest:
                numbered = replace(alert, revision=highest + 1)
                ahead[alert.id] = highest + 1
            new.append(numbered)
            fresh.keep(numbered)
        if new:
            self._write("".join(alert_lines.line(alert) + "\n" for alert in new).encode("utf-8", "replace"))
            self._ahead |= ahead.maps[0]
            self._known.add(fresh)
        return new

    @staticmethod
    def _stands(alert: Alert, known: Alert, gone: Mapping[str, bool]) -> bool:
        """Whether the log says already what an alert would: an event's alert does not grow."""
        if alert.kind == "event":
            return True
        if replace(alert, revision=known.revision) != known:
            return False
        withdrawn = alert.supersedes == alert.id
        return gone.get(alert.id, False) == withdrawn and gone.get(alert.supersedes or "", True)

    def _write(self, data: bytes) -> None:
        file = self._file if self._file is not None and self._size < _LARGE else self._open()
        try:
            file.write(data)
            file.sync()
        except OSError:
            self._torn = file.path, self._size
            self._close()
            raise
        self._size += len(data)

    def _open(self) -> DiskFile:
        """Open the last file, without what is torn at its end, or begin a new one."""
        self._close()
        self._disk.make_folder(self._folder)
        names = sorted(path.name for path in self._folder.glob(f"*{_ENDING}"))
        path = self._folder / (names[-1] if names else f"{1:08}{_ENDING}")
        size = path.stat().st_size if names else 0
        if size >= _LARGE:
            path = self._folder / f"{int(path.stem) + 1:08}{_ENDING}"
            size = 0
        # What a failed write left would else be there twice; of what a crash left, whole lines count.
        whole = self._torn[1] if self._torn is not None and self._torn[0] == path else _whole(path, size)
        file = self._disk.append(path)
        try:
            if whole < size:
                file.truncate(whole)
                file.sync()
            self._disk.sync_folder(self._folder)
        except OSError:
            file.close()
            raise
        self._file, self._size, self._torn = file, whole, None
        return file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def mark(self) -> tuple[Mark, dict[str, int]]:
        """Begin a checkpoint; returns what it must keep: the end of the log, and the revisions that are ahead."""
        self._marked.add(self._known)
        self._known = _Known()
        names = sorted(path.name for path in self._folder.glob(f"*{_ENDING}")) if self._folder.is_dir() else []
        if not names:
            return Mark(), dict(self._ahead)
        path = self._folder / names[-1]
        return Mark(names[-1], _whole(path, path.stat().st_size)), dict(self._ahead)

    def settle(self) -> None:
        """The checkpoint counts: forget what was written before the last `mark`."""
        self._marked = _Known()

    def close(self) -> None:
        """Close the file."""
        self._close()


def read(folder: Path, tenant: str) -> Iterator[Alert]:
    """Yield every alert of a tenant in the order of writing, earlier revisions too."""
    yield from _written(folder / checked(tenant), Mark())


def follow(folder: Path, tenant: str, mark: Mark, limit: int) -> tuple[list[Alert], Mark]:
    """Return at most `limit` alerts behind a mark, in the order of writing, and the mark behind the last of them.

    A damaged line is passed over; a torn last one waits until it is whole.
    """
    found: list[Alert] = []
    for path in sorted((folder / checked(tenant)).glob(f"*{_ENDING}")):
        if path.name < mark.file:
            continue
        offset = mark.offset if path.name == mark.file else 0
        with path.open("rb") as stream:
            stream.seek(offset)
            while len(found) < limit and (line := stream.readline(alert_lines.MAX_LINE)).endswith(b"\n"):
                offset += len(line)
                with suppress(ValueError, TypeError, AttributeError, RecursionError):
                    found.append(alert_lines.parse(line.decode()))
        mark = Mark(path.name, offset)
        if len(found) >= limit:
            break
    return found, mark


def tenants(folder: Path) -> list[str]:
    """The hospitals that have a log of alerts, by name."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def final(alerts: Iterable[Alert]) -> dict[str, Alert]:
    """Upsert alerts in their order: the highest revision of each id, without what was superseded."""
    found: dict[str, Alert] = {}
    for alert in alerts:
        known = found.get(alert.id)
        if known is None or alert.revision >= known.revision:
            found[alert.id] = alert
        if alert.supersedes:  # the alert itself, where a late event undid it
            found.pop(alert.supersedes, None)
    return found


def _written(folder: Path, mark: Mark) -> Iterator[Alert]:
    """Yield the alerts behind a mark; a torn last line, and one that is damaged, are passed over."""
    if not folder.is_dir():
        return
    for path in sorted(folder.glob(f"*{_ENDING}")):
        if path.name < mark.file:
            continue
        with path.open("rb") as stream:
            stream.seek(mark.offset if path.name == mark.file else 0)
            while line := stream.readline(alert_lines.MAX_LINE):
                if line.endswith(b"\n"):
                    try:
                        yield alert_lines.parse(line.decode())
                    except (ValueError, TypeError, AttributeError, RecursionError):
                        continue


def _whole(path: Path, size: int) -> int:
    """Return up to where a file of `size` bytes holds whole lines."""
    if not size:
        return 0
    with path.open("rb") as stream:
        end = size
        while end > 0:
            start = max(0, end - 65_536)
            stream.seek(start)
            found = stream.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0
