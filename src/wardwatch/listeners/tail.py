"""Files that grow: Samba's audit, Orthanc's log, Suricata's EVE. Survives rotation, truncation and restarts.

A file is known by its inode and the hash of its beginning, not by its name. What was renamed is read to its end before
its successor is begun; what was cut off is read from its new beginning. What was compressed before it was
read is lost to us, and counted. The place is kept after each acknowledgement.
"""

import asyncio
import hashlib
import io
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from wardwatch import sources
from wardwatch.events.record import Reject
from wardwatch.kernel.errors import NotTakenError
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.marks import Marks
from wardwatch.listeners.sensors import Sensor

NAME = "tail"
LONG, MISSED, UNREADABLE, UNKNOWN = "line too long", "rotated away unread", "file cannot be read", "unknown sensor"
_READ = 1024 * 1024
_HEAD = 256  # bytes by which a file's beginning is known
_EVERY = 0.25  # seconds


class Tail:
    """Follows one file for a sensor."""

    def __init__(self, intake: Intake, path: Path, sensor: str, marks: Marks) -> None:
        self._intake = intake
        self._path = path
        self._sensor = sensor
        self._marks = marks
        self._file: BinaryIO | None = None
        self._offset = 0
        self._skipping = False

    async def run(self) -> None:
        """Follow the file until the process stops."""
        try:
            while not self._intake.stopping.is_set():
                if not await self.step():
                    await self._intake.rest(_EVERY)
        except NotTakenError:
            pass  # we stop; what was not acknowledged will be read again
        finally:
            self._close()

    async def step(self) -> bool:
        """Take in what is there now, up to a limit; says whether there was anything. Raises `NotTakenError`."""
        sensor = self._intake.known.sensors.get(self._sensor)
        if sensor is None:
            self._intake.reject(NAME, None, UNKNOWN)
            return False
        try:
            if self._file is None and not self._open():
                return False
            return await self._advance(sensor)
        except OSError:
            self._intake.reject(NAME, sensor, UNREADABLE)
            self._close()
            return False

    async def _advance(self, sensor: Sensor) -> bool:
        assert self._file is not None
        if self._was_cut():
            self._offset, self._skipping = 0, False
        data = os.pread(self._file.fileno(), _READ, self._offset)
        whole = data.rfind(b"\n") + 1
        renamed = not self._is_current()
        if data and not whole and (len(data) == _READ or renamed):
            whole = len(data)  # a line longer than what is read at once, or the last of a file that is finished
        if whole:
            await self._take(sensor, data[:whole])
            return True
        if renamed and os.fstat(self._file.fileno()).st_size <= self._offset:
            found = os.fstat(self._file.fileno())
            return self._begin(self._successor(found.st_mtime_ns, found.st_ino))
        return False

    async def _take(self, sensor: Sensor, data: bytes) -> None:
        bodies: list[bytes] = []
        used = len(data)
        if self._skipping:
            end = data.find(b"\n") + 1
            self._skipping = not end
            data = data[end:] if end else b""
        elif not data.endswith(b"\n") and used == _READ:
            self._intake.reject(NAME, sensor, LONG)
            self._skipping, data = True, b""
        for body in _bodies(data, sensor):
            if len(body) > self._intake.limits.message:
                self._intake.reject(NAME, sensor, LONG)
            else:
                bodies.append(body)
        if bodies:
            await self._intake.take_all(NAME, sensor, bodies)
        self._offset += used
        await asyncio.to_thread(self._mark)

    def _open(self) -> bool:
        """Open the file where it was left: the one that bore the name then, if it can still be found."""
        mark = self._marks.get(self._path)
        if mark is None:
            return self._begin(self._path)
        for path in (self._path, *self._siblings()):
            with suppress(OSError):
                file = path.open("rb")
                if _is_marked(file, mark):
                    self._file, self._offset, self._skipping = file, mark["offset"], mark["skipping"]
                    return True
                file.close()
        with suppress(OSError):
            if self._path.stat().st_ino == mark["inode"]:  # cut off and begun anew
                return self._begin(self._path)
        successor = self._successor(mark["modified"], mark["inode"])
        if successor is not None:
            self._intake.reject(NAME, None, MISSED)
        return self._begin(successor)

    def _begin(self, path: Path | None) -> bool:
        """Go on with a file from its beginning, if it is there."""
        try:
            file = path.open("rb") if path is not None else None
        except FileNotFoundError:
            return False
        if file is None:
            return False
        self._close()
        self._file, self._offset, self._skipping = file, 0, False
        self._mark()
        return True

    def _successor(self, modified: int, inode: int) -> Path | None:
        """Return what came after a file that was last changed then: there may have been several rotations since."""
        found = []
        for path in (self._path, *self._siblings()):
            with suppress(OSError):
                stat = path.stat()
                if stat.st_ino != inode and (stat.st_mtime_ns >= modified or path == self._path):
                    found.append((path == self._path, stat.st_mtime_ns, path))
        return min(found)[2] if found else None

    def _siblings(self) -> list[Path]:
        """Return what this file may have been renamed to: `x.log.1`, `x.log-20261123`, `x-1.log`, `x.log.old`."""
        name, stem, ending = (re.escape(one) for one in (self._path.name, self._path.stem, self._path.suffix))
        rotated = re.compile(rf"{name}(?:[.-]\d[\d.-]*|\.old)|{stem}[.-]\d[\d.-]*{ending}")
        return [one for one in self._path.parent.iterdir() if rotated.fullmatch(one.name) and one.is_file()]

    def _is_current(self) -> bool:
        """Say whether the open file still bears the name."""
        assert self._file is not None
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False
        opened = os.fstat(self._file.fileno())
        return (named.st_ino, named.st_dev) == (opened.st_ino, opened.st_dev)

    def _was_cut(self) -> bool:
        """Say whether the file was cut off and begun anew: it is shorter, or begins otherwise."""
        assert self._file is not None
        mark = self._marks.get(self._path)
        return mark is not None and self._offset > 0 and not _is_marked(self._file, mark)

    def _mark(self) -> None:
        assert self._file is not None
        size = min(_HEAD, self._offset)
        head = hashlib.sha256(os.pread(self._file.fileno(), size, 0)).hexdigest()
        found = os.fstat(self._file.fileno())
        mark = {
            "inode": found.st_ino,
            "modified": found.st_mtime_ns,
            "offset": self._offset,
            "skipping": self._skipping,
        }
        self._marks.put(self._path, mark | {"head": head, "head_size": size})

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _is_marked(file: BinaryIO, mark: dict[str, object]) -> bool:
    """Say whether this is the file of the mark: the same inode, at least as long, with the same beginning."""
    found = os.fstat(file.fileno())
    size, offset = mark["head_size"], mark["offset"]
    assert isinstance(size, int)
    assert isinstance(offset, int)
    if found.st_ino != mark["inode"] or found.st_size < offset:
        return False
    return hashlib.sha256(os.pread(file.fileno(), size, 0)).hexdigest() == mark["head"]


def _bodies(data: bytes, sensor: Sensor) -> list[bytes]:
    """Cut whole lines into bodies: as the sensor's format does where it has one, else line by line."""
    source = sources.every().get(sensor.hint() or "")
    split = source.split if source is not None else sources.lines
    return [one[1] for one in split(io.BytesIO(data)) if not isinstance(one, Reject)]
