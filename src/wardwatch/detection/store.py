"""The disk cache: compiled rule sets by content, and pattern databases by content, library version and processor.

A cached rule set is plain data. The folder belongs to its owner alone, or it is not used; a file that does not read is
built anew.
"""

import contextlib
import os
import platform
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hyperscan
import orjson

from wardwatch import __version__
from wardwatch.catalogue import files
from wardwatch.detection import compiled
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.scanner import Built
from wardwatch.kernel.errors import ContentError


class Store:
    """A folder of cached files; `None` for no cache at all.

    What others could have put there is not trusted: a folder that is not ours alone is left alone, and `warning` says
    so. Together the files stay within `MAX_SIZE`; those used least recently go first.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.warning = ""
        self._written: int | None = None  # bytes since the folder was last looked through; `None`: not yet
        if folder is None:
            return
        with contextlib.suppress(OSError):  # nothing can be kept there: that costs only the cache
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            whose = _not_ours(folder.stat()) if hasattr(os, "geteuid") else ""
            if whose:
                self._folder = None
                self.warning = f"the cache folder {folder} is {whose}: it is not used, so that every start is slower"

    def _read(self, name: str) -> bytes | None:
        """Return what `_write` wrote, `None` if it is not there as it was written."""
        if self._folder is None:
            return None
        try:
            stored = (self._folder / name).read_bytes()
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(self._folder / name)  # used now
        data = stored[_SUM:]
        return data if stored[:_SUM] == _sum(data) else None

    def _write(self, name: str, data: bytes) -> None:
        """Write whole or not at all: another process may be writing the same. A full disk only costs the cache."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError), contextlib.ExitStack() as undo:
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                part = Path(file.name)
                undo.callback(part.unlink, missing_ok=True)
                file.write(_sum(data) + data)
            part.replace(self._folder / name)
        if self._written is None or self._written > MAX_SIZE // 8:
            with contextlib.suppress(OSError):
                self._prune(self._folder, keep=name)
            self._written = 0
        self._written += len(data)

    def _prune(self, folder: Path, keep: str) -> None:
        """Remove what was used least recently until the rest is small enough.

        Other processes may read, write and prune at the same time: a file that is open stays readable, one that is
        gone is built anew, and one that another process removed is no matter here.
        """
        files = []
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    files.append((path.name != keep, -found.st_mtime_ns, path, found.st_size))
        total = 0
        for _, _, path, size in sorted(files):
            total += size
            if total > MAX_SIZE and path.name != keep:
                with contextlib.suppress(OSError):
                    path.unlink()

    def databases(self, kind: str, patterns: Sequence[bytes], build: Callable[[], Built]) -> Built:
        """Return a Hyperscan database from the folder, or build and keep it (a `DatabaseStore`)."""
        name = f"{kind}-{_key([_environment(), *patterns])}.hsdb"
        stored = self._read(name)
        if stored is not None:
            with contextlib.suppress(hyperscan.error, ValueError):
                header, data = stored.split(b"\n", 1)
                return (_loaded(data) if data else None), orjson.loads(header)
        database, usable = build()
        self._write(name, orjson.dumps(usable) + b"\n" + (hyperscan.dumpb(database) if database is not None else b""))
        return database, usable

    def rules(
        self, paths: Sequence[Path], lists: Mapping[str, Sequence[str]]
    ) -> tuple[CompiledRules, list[ContentError]]:
        """Return the compiled rules of `paths` with `lists`, and the files among them that could not be read.

        The key is the content: names, bytes, lists and versions. Sets with unreadable files are not kept.
        That files are as they were when they were last read is told by their stamps.
        """
        parts = [str(compiled.FORMAT).encode(), __version__.encode(), version("pysigma").encode()]
        parts.append(orjson.dumps(dict(lists)))
        seen = list(files.stamps(paths))
        stamped = f"seen-{_key([*parts, repr(seen).encode('utf-8', 'surrogateescape')])}"
        stored = self._read((self._read(stamped) or b"-").decode())
        if stored is not None:
            with contextlib.suppress(*_NOT_AS_WRITTEN):
                return compiled.restore(stored), []
        found = list(files.find(paths))
        for file in found:
            parts += [file.path.encode("utf-8", "surrogateescape"), file.text]
        name = f"rules-{_key(parts)}.json"
        stored = self._read(name)
        if stored is not None:
            with contextlib.suppress(*_NOT_AS_WRITTEN):
                restored = compiled.restore(stored)
                self._note(stamped, name, seen)
                return restored, []
        # pySigma loads slowly and is not needed for cached rules.
        from wardwatch.detection.compiler import compile_rules  # noqa: PLC0415
        from wardwatch.detection.load import load_files  # noqa: PLC0415

        loaded = load_files(found)
        rules = compile_rules(loaded, lists)
        if not loaded.errors:
            self._write(name, rules.dump())
            self._note(stamped, name, seen)
        return rules, loaded.errors

    def _note(self, stamped: str, name: str, seen: Sequence[tuple[str, int, int, int, int]]) -> None:
        """Note under which name rules with such stamps are kept.

        Not where a file changed a moment ago: it could change once more without its stamps telling so.
        """
        self._write(stamped, name.encode())
        with contextlib.suppress(OSError):
            noted = None if self._folder is None else self._folder / stamped
            if noted is not None and noted.stat().st_mtime_ns - max((max(one[2:4]) for one in seen), default=0) < _SOON:
                noted.unlink()


MAX_SIZE = 512 * 1024 * 1024  # bytes of all cached files; one rule set with its patterns takes some 20 MB


def _not_ours(folder: os.stat_result) -> str:
    """Say why files in a folder may be somebody else's, empty if they cannot be."""
    if folder.st_uid != os.geteuid():
        return "somebody else's"
    return "writable by others" if folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else ""


_SOON = 2_000_000_000  # ns: more than the steps in which file systems write time
_NOT_AS_WRITTEN = (orjson.JSONDecodeError, KeyError, TypeError, ValueError)
_SUM = 16  # bytes of the check sum in front of what is stored


def _sum(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SUM).digest()


def _loaded(data: bytes) -> Any:  # noqa: ANN401  (hyperscan has no types)
    database = hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)
    return database


def _environment() -> bytes:
    """What a pattern database depends on besides its patterns."""
    flags = ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return "|".join((version("hyperscan"), platform.machine(), platform.processor(), flags)).encode()


def _key(parts: Sequence[bytes]) -> str:
    hasher = blake2b(digest_size=16)
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)
    return hasher.hexdigest()
