"""The alerts of one tenant as a log that only grows: `alerts/<tenant>/<number>.jsonl`, one Alert v1 a line.

What is appended is on stable storage when `append` returns. After a crash the pipeline runs again over what came after
its last checkpoint, and the log tells what it said before: an alert that is there as it is does not come twice, and
one that has grown gets a revision above all that was written, so that the highest revision is the last word.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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
        self._ahead = dict(ahead or {})
        self._last: dict[str, Alert] = {}  # what was written after the checkpoint
        for alert, _ in _written(self._folder, mark or Mark()):
            self._last[alert.id] = alert

    def append(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Write alerts, and return those that were not there before, as written. Raises `OSError`: then none counts."""
        new: list[Alert] = []
        last: dict[str, Alert] = {}
        ahead: dict[str, int] = {}
        for alert in alerts:
            numbered = self._numbered(alert, last, ahead)
            if numbered is not None:
                new.append(numbered)
                last[alert.id] = numbered
        if new:
            self._write("".join(alert_lines.line(alert) + "\n" for alert in new).encode("utf-8", "replace"))
            self._last |= last
            self._ahead |= ahead
        return new

    def _numbered(self, alert: Alert, last: Mapping[str, Alert], ahead: dict[str, int]) -> Alert | None:
        known = last.get(alert.id) or self._last.get(alert.id)
        revision = max(known.revision if known else -1, ahead.get(alert.id, self._ahead.get(alert.id, -1)))
        if known is not None and replace(alert, revision=known.revision) == known:
            return None
        if alert.revision > revision:
            return alert
        if alert.kind == "event":  # an event's alert does not grow
            return None
        ahead[alert.id] = revision + 1
        return replace(alert, revision=revision + 1)

    def _write(self, data: bytes) -> None:
        if self._file is None or self._size >= _LARGE:
            self._open()
        if self._file is None:
            raise OSError("the alert log is not open")
        try:
            self._file.write(data)
            self._file.sync()
        except OSError:
            self._close()  # what is torn is cut off when the log is opened again
            raise
        self._size += len(data)

    def _open(self) -> None:
        self._close()
        self._disk.make_folder(self._folder)
        names = sorted(path.name for path in self._folder.glob(f"*{_ENDING}"))
        latest = self._folder / names[-1] if names else None
        if latest is not None and (size := latest.stat().st_size) < _LARGE:
            file = self._disk.append(latest)
            whole = _whole(latest, size)
            if whole < size:
                file.truncate(whole)
                file.sync()
            self._file, self._size = file, whole
            return
        number = int(names[-1].removesuffix(_ENDING)) + 1 if names else 1
        self._file, self._size = self._disk.create(self._folder / f"{number:08}{_ENDING}"), 0
        self._disk.sync_folder(self._folder)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def mark(self) -> tuple[Mark, dict[str, int]]:
        """Return what a checkpoint must keep: the end of the log, and the revisions that are ahead."""
        names = sorted(path.name for path in self._folder.glob(f"*{_ENDING}")) if self._folder.is_dir() else []
        if not names:
            return Mark(), dict(self._ahead)
        path = self._folder / names[-1]
        return Mark(names[-1], _whole(path, path.stat().st_size)), dict(self._ahead)

    def settle(self) -> None:
        """Forget what was written before the checkpoint that was just made."""
        self._last.clear()

    def close(self) -> None:
        """Close the file."""
        self._close()


def read(folder: Path, tenant: str) -> Iterator[Alert]:
    """Yield every alert of a tenant in the order of writing, earlier revisions too."""
    yield from (alert for alert, _ in _written(folder / checked(tenant), Mark()))


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


def _written(folder: Path, mark: Mark) -> Iterator[tuple[Alert, str]]:
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
                        yield alert_lines.parse(line.decode()), path.name
                    except (ValueError, TypeError, AttributeError, RecursionError):
                        continue


def _whole(path: Path, size: int) -> int:
    """Return up to where a file holds whole lines."""
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
