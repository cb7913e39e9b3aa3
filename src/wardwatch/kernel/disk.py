"""The few operations on files that durability needs, so that tests can play a fault at every one of them.

What is written is on stable storage after `DiskFile.sync`; a name (of a new, renamed or removed file) after
`Disk.sync_folder` (fsync(2), "Calling fsync() does not necessarily ensure that the entry in the directory
containing the file has also reached disk"). Every operation raises `OSError`.
"""

import io
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Self

_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


class DiskFile(io.RawIOBase):
    """A file that is written from its beginning or its end, without a buffer of our own."""

    def __init__(self, path: Path, flags: int) -> None:
        super().__init__()
        self.path = path
        self._descriptor = os.open(path, flags | os.O_WRONLY | os.O_CLOEXEC, _PRIVATE_FILE)

    def __enter__(self) -> Self:
        return self

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def tell(self) -> int:
        """Where the next byte goes."""
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Write all of `data`: the system may take less at once."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        return size

    def sync(self) -> None:
        """Return when what was written is on stable storage."""
        getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def truncate(self, size: int | None = None) -> int:
        """Cut the file off after `size` bytes."""
        assert size is not None
        os.ftruncate(self._descriptor, size)
        return size

    def close(self) -> None:
        """Close; what was not synced may be lost."""
        if not self.closed:
            super().close()
            os.close(self._descriptor)


class Disk:
    """The real disk. Files are readable by their owner only."""

    def create(self, path: Path) -> DiskFile:
        """Open a new file; raises `FileExistsError` if there is one."""
        return DiskFile(path, os.O_CREAT | os.O_EXCL)

    def append(self, path: Path) -> DiskFile:
        """Open a file to write behind its end; it is made if it is not there."""
        return DiskFile(path, os.O_CREAT | os.O_APPEND)

    def replace(self, source: Path, target: Path) -> None:
        """Rename, over what bears the name; on the same file system."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it, durably; nothing happens if it is there."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        with suppress(FileExistsError):
            path.mkdir(mode=_PRIVATE_FOLDER)
        self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        """Return when the names in a folder are on stable storage."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def free(self, path: Path) -> int:
        """Bytes that may still be written where `path` is."""
        return shutil.disk_usage(path).free


def atomic_write(disk: Disk, path: Path, data: bytes) -> None:
    """Write a whole file durably: whoever looks, also after a power cut, sees the old content or the new one."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with disk.create(part) as file:
            file.write(data)
            file.sync()
        disk.replace(part, path)
        disk.sync_folder(path.parent)
    except OSError:
        with suppress(OSError):
            disk.unlink(part)
        raise
