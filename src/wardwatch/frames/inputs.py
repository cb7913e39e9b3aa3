"""Open what a user points at: files, folders, globs, archives and stdin, unpacked within limits.

Archives are known by their first bytes, not by their names, and opened into each other at most `MAX_DEPTH` deep. A
packed log is unpacked into a spool folder first, so that every reader sees a plain file; the caller removes it when it
is read (`Input.release`). What cannot be opened is an `Unopened` with the reason, never an exception in mid-scan.
"""

import bz2
import glob
import gzip
import io
import lzma
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import zstandard

from wardwatch.frames.zstd import ZstdFile
from wardwatch.kernel import ids

HEAD = 65_536  # bytes that sniffers see, and of which a fingerprint is made
MAX_DEPTH = 4
MAX_MEMBERS = 100_000  # of one archive
MAX_RATIO = 300  # unpacked size over packed size …
FREE_SIZE = 256 * 1024 * 1024  # … looked at beyond this many unpacked bytes
_WINDOW = 128 * 1024 * 1024  # bytes of memory that a zstd frame may ask for
_COPY = 1024 * 1024

_UNREADABLE = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    zipfile.BadZipFile,
    tarfile.TarError,
    RuntimeError,  # zip: encrypted member
    NotImplementedError,  # zip: unknown compression
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Unopened:
    """An input that could not be opened, or only in part, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Input:
    """One log to read.

    `name` is what people see (`archive.zip!folder/file.log`), `path` the plain file that holds its bytes, `size` their
    number, `modified_at` its time of change in µs UTC (0 unknown), `id` (16 bytes) the origin of its events.
    `temporary` files were unpacked for this run.
    """

    name: str
    id: bytes
    path: str
    size: int
    modified_at: int = 0
    temporary: bool = False

    @property
    def short_name(self) -> str:
        """The log's own name, without folders, archives and the ending of a compression."""
        last = self.name.replace("!", "/").replace("\\", "/").rsplit("/", 1)[-1]
        for ending in (".gz", ".zst", ".bz2", ".xz"):
            last = last.removesuffix(ending)
        return last

    def release(self) -> None:
        """Remove the file if it was unpacked for this run."""
        if self.temporary:
            Path(self.path).unlink(missing_ok=True)


Found = Input | Unopened


def find(paths: Iterable[str], spool: Path, leave_out: Collection[str] = ()) -> Iterator[Found]:
    """Yield every log in `paths`: files, folders (hidden files left out), globs, stdin (`-`), and what archives hold.

    A file named twice, or reached through a link, comes once; files in `leave_out` (real paths) do not come.
    """
    seen: set[str] = set(leave_out)
    for path in paths:
        for found in _stdin(spool) if path == "-" else _named(path):
            if isinstance(found, Input):
                real = os.path.realpath(found.path)
                if real in seen:
                    continue
                seen.add(real)
            yield from _unpacked(found, spool, 0)


def _stdin(spool: Path) -> Iterator[Found]:
    with tempfile.NamedTemporaryFile(dir=spool, delete=False) as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
    size = Path(copy.name).stat().st_size
    yield Input("-", fingerprint(copy.name, size), copy.name, size, temporary=True)


def _named(path: str) -> Iterator[Found]:
    if Path(path).is_dir():
        unread: list[OSError] = []
        for folder, folders, names in os.walk(path, onerror=unread.append):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in folders:
                if (Path(folder) / name).is_symlink():
                    yield Unopened(str(Path(folder) / name), "a link to a folder: name it to read it")
            yield from (_file(str(Path(folder) / name)) for name in sorted(names) if not name.startswith("."))
        yield from (Unopened(str(error.filename), error.strerror or "cannot be read") for error in unread)
    elif Path(path).exists():
        yield _file(path)
    else:
        matched = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  (absolute patterns too)
        if not matched:
            yield Unopened(path, "no such file or folder")
        for one in matched:
            yield from _named(one)


def _file(path: str) -> Found:
    try:
        if not Path(path).is_file():
            return Unopened(path, "no regular file")
        stat = Path(path).stat()
        identity = fingerprint(path, stat.st_size)
    except OSError as error:
        return Unopened(path, error.strerror or str(error))
    return Input(path, identity, path, stat.st_size, stat.st_mtime_ns // 1000)


def fingerprint(path: str, size: int) -> bytes:
    """16 bytes that name a file's content: its size, beginning and end. Copies have the same fingerprint."""
    with Path(path).open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(size - HEAD, 0))
        return ids.digest("file/1", size.to_bytes(8, "little"), head, file.read(HEAD))


def _unpacked(found: Found, spool: Path, depth: int) -> Iterator[Found]:
    """Yield the input itself, or what is packed in it."""
    if isinstance(found, Unopened):
        yield found
        return
    try:
        kind = _kind(found.path)
        if kind is None:
            yield found
            return
        if depth >= MAX_DEPTH:
            yield Unopened(found.name, f"packed more than {MAX_DEPTH} times: refused")
        else:
            for member in _MEMBERS[kind](found, spool):
                yield from _unpacked(member, spool, depth + 1)
    except _UNREADABLE as error:
        yield Unopened(found.name, str(error) or type(error).__name__)
    found.release()


_ENCRYPTED = 1  # APPNOTE.TXT 4.4.4, bit 0
_TAR_MAGIC_AT = 257
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
)


def _kind(path: str) -> str | None:
    with Path(path).open("rb") as file:
        head = file.read(_TAR_MAGIC_AT + 8)
    if head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar":
        return "tar"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def _spooled(holder: Input, stream: IO[bytes], name: str, spool: Path, packed: int) -> Iterator[Found]:
    """Copy a packed stream to a plain file. What is damaged is kept up to the damage, and reported."""
    limit = max(FREE_SIZE, packed * MAX_RATIO)
    problem = ""
    with tempfile.NamedTemporaryFile(dir=spool, delete=False) as copy:
        size = 0
        try:
            # `read1` hands over what was unpacked before a damage; `read` would lose up to a whole block of it.
            while data := stream.read1(_COPY):  # type: ignore[attr-defined]
                size += len(data)
                if size > limit:
                    problem = f"unpacks to more than {limit} bytes, over {MAX_RATIO} times its size: refused as a bomb"
                    break
                copy.write(data)
        except _UNREADABLE as error:
            problem = f"damaged after {size} bytes: {str(error) or type(error).__name__}"
    identity = ids.digest("member/1", holder.id, name.encode("utf-8", "surrogateescape"))
    unpacked = Input(name, identity, copy.name, size, holder.modified_at, temporary=True)
    if problem:
        yield Unopened(name, problem)
    if size and size <= limit:
        yield unpacked
    else:
        unpacked.release()


def _compressed(opened: Callable[[str], IO[bytes]], ending: str) -> "Members":
    def members(found: Input, spool: Path) -> Iterator[Found]:
        with opened(found.path) as stream:
            yield from _spooled(found, stream, found.name.removesuffix(ending), spool, found.size)

    return members


def _open_gzip(path: str) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path))


def _open_bz2(path: str) -> IO[bytes]:
    return cast("IO[bytes]", bz2.open(path))


def _open_lzma(path: str) -> IO[bytes]:
    return cast("IO[bytes]", lzma.open(path))


def _unzstd(path: str) -> IO[bytes]:
    return cast("IO[bytes]", io.BufferedReader(ZstdFile(path, _WINDOW), _COPY))


def _zip(found: Input, spool: Path) -> Iterator[Found]:
    with zipfile.ZipFile(found.path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir() and not _is_shadow(info.filename)]
        if len(members) > MAX_MEMBERS:
            yield Unopened(found.name, f"holds more than {MAX_MEMBERS} files: refused")
            return
        for info in sorted(members, key=lambda one: one.filename):
            name = f"{found.name}!{info.filename}"
            if info.flag_bits & _ENCRYPTED:
                yield Unopened(name, "encrypted: unpack it with its password")
                continue
            try:
                with archive.open(info) as stream:
                    yield from _spooled(found, stream, name, spool, info.compress_size)
            except _UNREADABLE as error:
                yield Unopened(name, str(error) or type(error).__name__)


def _is_shadow(name: str) -> bool:
    """Say whether a member only holds what macOS knows about another file."""
    return Path(name).name.startswith("._")


def _tar(found: Input, spool: Path) -> Iterator[Found]:
    with tarfile.open(found.path) as archive:
        for count, member in enumerate(archive):
            if count >= MAX_MEMBERS:
                yield Unopened(found.name, f"holds more than {MAX_MEMBERS} files: refused")
                return
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None and not _is_shadow(member.name):
                yield from _spooled(found, stream, f"{found.name}!{member.name}", spool, found.size)


Members = Callable[[Input, Path], Iterator[Found]]
_MEMBERS: dict[str, Members] = {
    "gzip": _compressed(_open_gzip, ".gz"),
    "zstd": _compressed(_unzstd, ".zst"),
    "bzip2": _compressed(_open_bz2, ".bz2"),
    "xz": _compressed(_open_lzma, ".xz"),
    "zip": _zip,
    "tar": _tar,
}
