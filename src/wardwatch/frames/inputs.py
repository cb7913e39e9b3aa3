"""Open what a user points at: files, folders, globs, archives and stdin, unpacked within limits.

Archives are known by their first bytes, not by their names, and opened into each other at most `MAX_DEPTH` deep. A
packed log is unpacked into a spool folder first, so that every reader sees a plain file; the caller removes it when it
is read (`Input.release`). All that comes out of one file on disk, by however many layers, shares one budget of bytes
and members. What cannot be opened is an `Unopened` with the reason, never an exception in mid-scan.
"""

import bz2
import glob
import gzip
import hashlib
import io
import lzma
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

import zstandard

from wardwatch.frames.zstd import ZstdFile
from wardwatch.kernel import ids

HEAD = 65_536  # bytes that sniffers see, and of which a fingerprint is made
MAX_DEPTH = 4
# Of one file on disk, and everything that is packed in it:
MAX_MEMBERS = 100_000
MAX_RATIO = 300  # unpacked size over packed size (of each member, too) …
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
    `temporary` files were unpacked for this run; `whole` is the BLAKE2b of all their bytes, taken on the way.
    """

    name: str
    id: bytes
    path: str
    size: int
    modified_at: int = 0
    temporary: bool = False
    whole: bytes = b""

    @property
    def short_name(self) -> str:
        """The log's own name, without folders, archives and the ending of a compression."""
        return _without_ending(self.name.replace("!", "/").replace("\\", "/").rsplit("/", 1)[-1])

    def release(self) -> None:
        """Remove the file if it was unpacked for this run."""
        if self.temporary:
            Path(self.path).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Copy:
    """An input that holds the same bytes as an earlier one."""

    name: str
    of: str


Found = Input | Unopened | Copy


class Copies:
    """Tells inputs that were there before from new ones, by their bytes: events of copies would have the same ids."""

    def __init__(self) -> None:
        self._seen: dict[bytes, list[Input]] = {}  # by fingerprint

    def distinct(self, found: Input) -> Input | Copy:
        """Return the input, or that it is a copy of which other.

        Inputs that only look alike (size, beginning and end) are told apart by all their bytes, and get ids of their
        own.
        """
        alike = self._seen.setdefault(fingerprint(found.path, found.size), [])
        small = found.size <= 2 * HEAD  # then the fingerprint is of all its bytes
        if alike and small:
            return Copy(found.name, alike[0].name)
        if alike or (found.temporary and not small):  # an unpacked file is gone when the next one comes
            found = _with_whole(found)
        for place, other in enumerate(alike):
            alike[place] = _with_whole(other)
            if alike[place].whole == found.whole:
                return Copy(found.name, other.name)
        alike.append(found)
        return replace(found, id=ids.digest("file/2", found.id, found.whole)) if len(alike) > 1 else found


def _with_whole(found: Input) -> Input:
    if found.whole:
        return found
    with Path(found.path).open("rb") as file:
        return replace(found, whole=hashlib.file_digest(file, "blake2b").digest())


def find(paths: Iterable[str], spool: Path, leave_out: Collection[str] = ()) -> Iterator[Found]:
    """Yield every log in `paths`: files, folders (hidden files left out), globs, stdin (`-`), and what archives hold.

    A file named twice, or reached through a link, comes once; files in `leave_out` (real paths) do not come. Of the
    copies of an archive one is unpacked, the others come as a `Copy`.
    """
    seen: set[str] = set(leave_out)
    archives = Copies()
    for path in paths:
        for found in _stdin(spool) if path == "-" else _named(path):
            if not isinstance(found, Input):
                yield found
                continue
            real = os.path.realpath(found.path)
            if real in seen:
                continue
            seen.add(real)
            yield from _Unpacking(found, spool, archives).all()


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
        return Unopened(path, _why(error))
    return Input(path, identity, path, stat.st_size, stat.st_mtime_ns // 1000)


def fingerprint(path: str, size: int) -> bytes:
    """16 bytes that name a file's content: its size, beginning and end. Copies have the same fingerprint."""
    with Path(path).open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(size - HEAD, 0))
        return ids.digest("file/1", size.to_bytes(8, "little"), head, file.read(HEAD))


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


class _Unpacking:
    """One file on disk and everything that is packed in it, within one budget of bytes and members."""

    def __init__(self, top: Input, spool: Path, archives: Copies) -> None:
        self._top = top
        self._spool = spool
        self._archives = archives
        self._allowed = max(FREE_SIZE, top.size * MAX_RATIO)  # unpacked bytes
        self._bytes, self._members = self._allowed, MAX_MEMBERS  # that may yet come
        self._refused = ""  # why nothing more of it is unpacked

    def all(self) -> Iterator[Found]:
        """Yield the file itself, or what is packed in it."""
        yield from self._opened(self._top, 0)
        if self._refused:
            yield Unopened(self._top.name, self._refused)

    def _opened(self, found: Input, depth: int) -> Iterator[Found]:
        try:
            kind = _kind(found.path)
            if kind is None:
                yield found
                return
            distinct = self._archives.distinct(found)
            if isinstance(distinct, Copy):
                yield distinct
            elif depth >= MAX_DEPTH:
                yield Unopened(found.name, f"packed more than {MAX_DEPTH} times: refused")
            else:
                with closing(self._members_of(distinct, kind)) as members:
                    for member in members:
                        yield from self._opened(member, depth + 1) if isinstance(member, Input) else [member]
                        if self._refused:
                            break
        except _UNREADABLE as error:
            yield Unopened(found.name, _why(error))
        found.release()

    def _members_of(self, found: Input, kind: str) -> Generator[Found]:
        if kind == "zip":
            yield from self._zip(found)
        elif kind == "tar":
            yield from self._tar(found)
        else:
            with _STREAMS[kind](found.path) as stream:
                yield from self._spooled(found, stream, "", found.size)

    def _zip(self, found: Input) -> Iterator[Found]:
        with zipfile.ZipFile(found.path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not _is_shadow(info.filename)]
            if not self._has_room_for(len(members)):
                return
            for info in sorted(members, key=lambda one: one.filename):
                if info.flag_bits & _ENCRYPTED:
                    yield Unopened(f"{found.name}!{info.filename}", "encrypted: unpack it with its password")
                    continue
                try:
                    with archive.open(info) as stream:
                        yield from self._spooled(found, stream, info.filename, info.compress_size)
                except _UNREADABLE as error:
                    yield Unopened(f"{found.name}!{info.filename}", _why(error))

    def _tar(self, found: Input) -> Iterator[Found]:
        with tarfile.open(found.path) as archive:
            for member in archive:
                if not self._has_room_for(1):
                    return
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None and not _is_shadow(member.name):
                    yield from self._spooled(found, stream, member.name, found.size)

    def _has_room_for(self, members: int) -> bool:
        """Charge members to the budget; once it is spent nothing more is unpacked."""
        self._members -= members
        if self._members < 0:
            self._refused = f"holds more than {MAX_MEMBERS} files: refused"
        return not self._refused

    def _spooled(self, holder: Input, stream: IO[bytes], member: str, packed: int) -> Iterator[Found]:
        """Copy a packed stream to a plain file. What is damaged is kept up to the damage, and reported.

        `member` is its name in an archive; empty where `holder` is this one file, compressed.
        """
        # Named as it lies there, so that it can be found.
        name = f"{holder.name}!{member}" if member else holder.name
        identity = ids.digest("member/1", holder.id, member.encode("utf-8", "surrogateescape"))
        limit = max(FREE_SIZE, packed * MAX_RATIO)
        hasher = hashlib.blake2b()
        problem, size = "", 0
        with tempfile.NamedTemporaryFile(dir=self._spool, delete=False) as copy:
            try:
                # `read1` hands over what was unpacked before a damage; `read` would lose up to a whole block of it.
                while data := stream.read1(_COPY):  # type: ignore[attr-defined]
                    size += len(data)
                    if size > limit:
                        problem = (
                            f"unpacks to more than {limit} bytes, over {MAX_RATIO} times its size: refused as a bomb"
                        )
                        break
                    if not self._has_room_for_bytes(len(data)):
                        break
                    copy.write(data)
                    hasher.update(data)
            except _UNREADABLE as error:
                problem = f"damaged after {size} bytes: {_why(error)}"
        unpacked = Input(name, identity, copy.name, size, holder.modified_at, temporary=True, whole=hasher.digest())
        if problem:
            yield Unopened(name, problem)
        if size and size <= limit and not self._refused:
            yield unpacked
        else:
            unpacked.release()

    def _has_room_for_bytes(self, count: int) -> bool:
        self._bytes -= count
        if self._bytes < 0:
            self._refused = f"unpacks to more than {self._allowed} bytes in all: refused as a bomb"
        return not self._refused


def _why(error: Exception) -> str:
    """Say in our own words why something cannot be unpacked: what libraries say is not for everybody."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, EOFError):
        return "its end is missing"
    if isinstance(error, NotImplementedError):
        return "packed in a way that is not known here"
    return "what is packed is damaged"


def _without_ending(name: str) -> str:
    for ending in (".gz", ".zst", ".bz2", ".xz"):
        name = name.removesuffix(ending)
    return name


def _is_shadow(name: str) -> bool:
    """Say whether a member only holds what macOS knows about another file."""
    return Path(name).name.startswith("._")


def _open_gzip(path: str) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path))


def _open_bz2(path: str) -> IO[bytes]:
    return cast("IO[bytes]", bz2.open(path))


def _open_lzma(path: str) -> IO[bytes]:
    return cast("IO[bytes]", lzma.open(path))


def _open_zstd(path: str) -> IO[bytes]:
    return cast("IO[bytes]", io.BufferedReader(ZstdFile(path, _WINDOW), _COPY))


_STREAMS: dict[str, Callable[[str], IO[bytes]]] = {
    "gzip": _open_gzip,
    "zstd": _open_zstd,
    "bzip2": _open_bz2,
    "xz": _open_lzma,
}
