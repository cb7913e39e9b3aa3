"""A disk on which anything can go wrong: it fails at a chosen operation, and shows what a power cut would leave.

It works on real files (and leaves the waiting for the disk out) and records every operation. What is on stable storage follows from fsync(2): of a file what
it held when it was last synced, of a folder the names that it held when it was last synced.
"""

import errno
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from wardwatch.kernel.disk import Disk, DiskFile

GONE, TORN, ZEROS, ALL = "gone", "torn", "zeros", "all"  # what a power cut leaves of what was not synced


@dataclass
class Inode:
    live: bytearray = field(default_factory=bytearray)
    durable: bytes = b""

    def left(self, what: str) -> bytes:
        """The content after a power cut."""
        if what == ALL:
            return bytes(self.live)
        new = bytes(self.live[len(self.durable) :])
        if what == TORN:
            return self.durable + new[: len(new) // 2]
        return self.durable + (b"\0" * len(new) if what == ZEROS else b"")


@dataclass(frozen=True)
class Fault:
    """Fail at operation `at` (and at all that follow, if `forever`), before it, `half` through a write, or behind it."""

    at: int
    how: str = "before"
    forever: bool = False
    number: int = errno.EIO


class FaultyFile(DiskFile):
    def __init__(self, disk: "FaultyDisk", path: Path, flags: int, inode: Inode) -> None:
        self._disk = disk
        self._inode = inode
        super().__init__(path, flags)

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        data = bytes(data)
        with self._disk.operation("write", self.path.name) as fault:
            part = data[: len(data) // 2] if fault == "half" else data
            super().write(part)
            self._disk.ops.append(("write", self._inode, part))
        return len(data)

    def sync(self) -> None:
        with self._disk.operation("sync", self.path.name):
            self._disk.ops.append(("sync", self._inode))

    def truncate(self, size: int | None = None) -> int:
        with self._disk.operation("truncate", self.path.name):
            self._disk.ops.append(("truncate", self._inode, size))
            return super().truncate(size)


class Operation:
    """One boundary: raises before or behind it where the fault says so."""

    def __init__(self, disk: "FaultyDisk", name: str) -> None:
        self._disk = disk
        self._name = name
        self._fault: Fault | None = None

    def __enter__(self) -> str:
        self._disk.lock.acquire()
        fault = self._disk.fault
        number, self._disk.count = self._disk.count, self._disk.count + 1
        if fault is not None and (number == fault.at or (fault.forever and number > fault.at)):
            self._fault = fault
            if fault.how == "before":
                self._disk.lock.release()
                raise OSError(fault.number, f"fault at {self._name}")
        return self._fault.how if self._fault else ""

    def __exit__(self, kind: object, *_: object) -> None:
        self._disk.lock.release()
        if self._fault is not None and kind is None:
            raise OSError(self._fault.number, f"fault at {self._name}")


class FaultyDisk(Disk):
    """`root` is where all that matters lies. `ops` records; `count` numbers the boundaries at which it can fail."""

    def __init__(self, root: Path, fault: Fault | None = None, room: int = 1 << 40) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.fault = fault
        self.room = room
        self.ops: list[tuple] = []
        self.count = 0
        self.lock = threading.RLock()
        self._inodes: dict[Path, Inode] = {}

    def operation(self, name: str, about: str) -> Operation:
        return Operation(self, f"{name} {about}")

    def mark(self, what: object) -> None:
        """Note in the record that something happened, such as an acknowledgement."""
        with self.lock:
            self.ops.append(("mark", what))

    def create(self, path: Path) -> DiskFile:
        with self.operation("create", path.name):
            inode = Inode()
            file = FaultyFile(self, path, os.O_CREAT | os.O_EXCL, inode)
            self._inodes[path] = inode
            self.ops.append(("name", path, inode))
            return file

    def append(self, path: Path) -> DiskFile:
        with self.operation("append", path.name):
            new = not path.exists()
            inode = self._inodes.setdefault(path, Inode())
            file = FaultyFile(self, path, os.O_CREAT | os.O_APPEND, inode)
            if new:
                self.ops.append(("name", path, inode))
            return file

    def replace(self, source: Path, target: Path) -> None:
        with self.operation("replace", target.name):
            super().replace(source, target)
            self._inodes[target] = self._inodes.pop(source)
            self.ops.append(("replace", source, target))

    def unlink(self, path: Path) -> None:
        with self.operation("unlink", path.name):
            super().unlink(path)
            self._inodes.pop(path, None)
            self.ops.append(("unlink", path))

    def make_folder(self, path: Path) -> None:
        if path.is_dir():
            return
        self.make_folder(path.parent)
        with self.operation("mkdir", path.name):
            path.mkdir()
            self.ops.append(("name", path, None))
        self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        with self.operation("sync folder", path.name):
            self.ops.append(("sync_folder", path))

    def free(self, path: Path) -> int:
        assert path.exists()
        return self.room


class QuickFile(DiskFile):
    def sync(self) -> None:
        pass


class QuickDisk(Disk):
    """A disk that does not wait: for what comes after a fault, where only the result matters."""

    def create(self, path: Path) -> DiskFile:
        return QuickFile(path, os.O_CREAT | os.O_EXCL)

    def append(self, path: Path) -> DiskFile:
        return QuickFile(path, os.O_CREAT | os.O_APPEND)

    def sync_folder(self, path: Path) -> None:
        pass


def marks(ops: list[tuple]) -> list:
    """What was marked in a record, in order."""
    return [op[1] for op in ops if op[0] == "mark"]


class _Platter:
    """What is visible and what is on stable storage, as a record of operations is played again."""

    def __init__(self) -> None:
        self.live: dict[Path, Inode | None] = {}  # None: a folder
        self.durable: dict[Path, Inode | None] = {}

    def name(self, path: Path, inode: Inode | None) -> None:
        self.live[path] = inode
        if inode is not None:
            inode.live, inode.durable = bytearray(), b""

    def write(self, inode: Inode, data: bytes) -> None:
        inode.live += data

    def truncate(self, inode: Inode, size: int) -> None:
        del inode.live[size:]
        inode.durable = inode.durable[:size]

    def sync(self, inode: Inode) -> None:
        inode.durable = bytes(inode.live)

    def replace(self, source: Path, target: Path) -> None:
        self.live[target] = self.live.pop(source)

    def unlink(self, path: Path) -> None:
        self.live.pop(path, None)

    def sync_folder(self, folder: Path) -> None:
        self.durable = {path: inode for path, inode in self.durable.items() if path.parent != folder}
        self.durable |= {path: inode for path, inode in self.live.items() if path.parent == folder}

    def mark(self, _: object) -> None:
        pass


def power_cut(ops: list[tuple], root: Path, into: Path, what: str = GONE) -> None:
    """Write below `into` what a power cut behind the last of `ops` leaves of what lay below `root`.

    `gone`: only what was synced. `torn`, `zeros`, `all`: names too, and half, zeros in place, or all of the bytes
    that were not synced.
    """
    platter = _Platter()
    for op, *about in ops:
        getattr(platter, op)(*about)
    into.mkdir(parents=True)
    for path, inode in sorted((platter.durable if what == GONE else platter.live).items()):
        target = into / path.relative_to(root)
        if not target.parent.is_dir():  # its folder is lost
            continue
        if inode is None:
            target.mkdir()
        else:
            target.write_bytes(inode.left(what))
            target.chmod(0o600)
