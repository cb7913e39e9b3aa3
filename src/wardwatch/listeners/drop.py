"""A folder whose files are taken in: logs, archives, exports of any format that Wardwatch reads.

A file is taken when it has not changed for a while. Then it is moved to `done/`, or to `rejected/` with a text beside
it that says why. Names that begin with a dot or end in `.part` or `.tmp` are left alone: they are being written.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from wardwatch import sources
from wardwatch.events.record import Reject
from wardwatch.frames import inputs
from wardwatch.frames.inputs import Copy, Input, Unopened
from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import NotTakenError
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.marks import Marks
from wardwatch.listeners.sensors import Sensor
from wardwatch.pipeline.mixed import is_mixed

NAME = "drop"
BROKEN, UNKNOWN_FORMAT, NOT_ALLOWED = "a record cannot be read", "unknown format", "format not allowed for this sensor"
UNOPENED, UNKNOWN = "file cannot be opened", "unknown sensor"
_EVERY = 1.0  # seconds between looks; a file must be the same at two of them
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
_PART_BODIES, _PART_BYTES = 10_000, 8 * 1024 * 1024
_SNIFFED = 16_384


class Drop:
    """Watches one folder for a sensor."""

    def __init__(self, intake: Intake, folder: Path, sensor: str, marks: Marks, disk: Disk) -> None:
        self._intake = intake
        self._folder = folder
        self._sensor = sensor
        self._marks = marks
        self._disk = disk
        self._seen: dict[Path, tuple[int, int]] = {}

    async def run(self) -> None:
        """Watch until the process stops."""
        try:
            while not self._intake.stopping.is_set():
                await self.step()
                await self._intake.rest(_EVERY)
        except NotTakenError:
            pass  # we stop; the file is taken on from its mark next time

    async def step(self) -> int:
        """Take in the files that have not changed since the last step; returns how many."""
        sensor = self._intake.known.sensors.get(self._sensor)
        if sensor is None:
            self._intake.reject(NAME, None, UNKNOWN)
            return 0
        ready = self._ready()
        for path in ready:
            await self._take(path, sensor)
        return len(ready)

    def _ready(self) -> list[Path]:
        now: dict[Path, tuple[int, int]] = {}
        try:
            for path in self._folder.iterdir():
                if path.name.startswith(".") or path.name.endswith(_UNFINISHED) or path.is_symlink():
                    continue
                if path.is_file():
                    found = path.stat()
                    now[path] = (found.st_size, found.st_mtime_ns)
        except FileNotFoundError:  # the folder, or a file that was taken away while we looked
            return []
        ready = [path for path, looks in sorted(now.items()) if self._seen.get(path) == looks]
        self._seen = now
        return ready

    async def _take(self, path: Path, sensor: Sensor) -> None:
        problems: list[str] = []
        with tempfile.TemporaryDirectory(prefix="wardwatch-") as unpacked:
            found = inputs.find([str(path)], Path(unpacked))
            number = 0
            while (one := await asyncio.to_thread(next, found, None)) is not None:
                problem = await self._one(path, number, one, sensor)
                problems += [problem] if problem else []
                number += 1
        await asyncio.to_thread(self._move, path, "; ".join(problems))
        await asyncio.to_thread(self._marks.put, path, None)

    async def _one(self, path: Path, number: int, found: inputs.Found, sensor: Sensor) -> str:
        """Take in a log; returns what is wrong with it."""
        if isinstance(found, Unopened):
            self._intake.reject(NAME, sensor, UNOPENED)
            return f"{found.name}: {found.reason}"
        if isinstance(found, Copy):  # of an archive beside it, which was taken in
            return ""
        try:
            head = await asyncio.to_thread(_head, found.path)
            source = sources.sniff(head.removeprefix(b"\xef\xbb\xbf"), found.short_name)
            if source is None or (sensor.sources and source.name not in sensor.sources):
                reason = UNKNOWN_FORMAT if source is None else NOT_ALLOWED
                self._intake.reject(NAME, sensor, reason)
                return f"{found.name}: {reason}"
            hint = None if is_mixed(head, source) else source.name
            bodies = self._bodies(found, source, sensor)
            await self._send(path, number, bodies, sensor, hint)
        finally:
            found.release()
        return ""

    def _bodies(self, found: Input, source: sources.Source, sensor: Sensor) -> Iterator[bytes]:
        with Path(found.path).open("rb") as stream:
            for one in source.split(stream):
                if isinstance(one, Reject) or len(one[1]) > self._intake.limits.body:
                    self._intake.reject(NAME, sensor, BROKEN)
                else:
                    yield one[1]

    async def _send(self, path: Path, number: int, bodies: Iterator[bytes], sensor: Sensor, hint: str | None) -> None:
        """Send the bodies of log `number` in a file, but for those that were acknowledged before a restart."""
        looks = list(self._seen[path])
        mark = self._marks.get(path) or {}
        at = (mark["log"], mark["bodies"]) if mark.get("looks") == looks else (0, 0)
        done = at[1] if number == at[0] else 0
        if number < at[0]:
            return
        await asyncio.to_thread(lambda: next(islice(bodies, done, done), None))
        while part := await asyncio.to_thread(_part, bodies):
            await self._intake.take_all(NAME, sensor, part, hint)
            done += len(part)
            await asyncio.to_thread(self._marks.put, path, {"looks": looks, "log": number, "bodies": done})

    def _move(self, path: Path, problem: str) -> None:
        folder = self._folder / ("rejected" if problem else "done")
        self._disk.make_folder(folder)
        target, number = folder / path.name, 0
        while target.exists():
            number += 1
            target = folder / f"{path.name}.{number}"
        if problem:
            atomic_write(self._disk, target.with_name(f"{target.name}.why.txt"), f"{problem}\n".encode())
        self._disk.replace(path, target)
        self._disk.sync_folder(folder)
        self._disk.sync_folder(self._folder)


def _head(path: str) -> bytes:
    with Path(path).open("rb") as stream:
        return stream.read(_SNIFFED)


def _part(bodies: Iterator[bytes]) -> list[bytes]:
    part: list[bytes] = []
    size = 0
    for body in bodies:
        part.append(body)
        size += len(body)
        if len(part) >= _PART_BODIES or size >= _PART_BYTES:
            break
    return part
