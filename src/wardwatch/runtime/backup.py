"""A backup of everything: made while Wardwatch runs, proved when it is restored.

A backup is a tar archive, packed with zstd: the database as lines of JSON, the lake, spool, alerts, evidence, keys and
settings, and last a list of all members with their SHA-256, the counts of rows and events, and the end of the audit
chain. The spool is copied before the lake, so that no event falls between; the database before the alerts, so that it
never knows more than the log; of each hospital's lake the files that its manifest names at one moment.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

from wardwatch import __version__
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.lake.manifest import FOLDER, Manifest
from wardwatch.records import chain, dump
from wardwatch.runtime.restoring import DATABASE, FORMAT, LIST, Proof

_LAST = ("alerts", "evidence", "keys", "tuning", "rules", "lists", "state", "wardwatch.toml")
_PASSING = (".lock", ".part")


class _Archive:
    """Members as they are written, each with its hash."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.members: dict[str, str] = {}

    def add(self, name: str, path: Path) -> None:
        """Add a file as it is now; one that has gone meanwhile is left out."""
        try:
            with path.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                self._put(name, stream, size)
        except FileNotFoundError:
            return

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a member from memory."""
        self._put(name, io.BytesIO(data), len(data))

    def _put(self, name: str, stream: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        hashed = _Hashed(stream, size)
        self._archive.addfile(member, hashed)
        self.members[name] = hashed.digest.hexdigest()


class _Hashed:
    """A stream of exactly `size` bytes that hashes what is read: a file may grow while it is copied."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        if len(data) < min(size, self._left) and self._left:
            data += bytes(
                min(size, self._left) - len(data)
            )  # it was cut meanwhile; what is missing is told by its hash
        self._left -= len(data)
        self.digest.update(data)
        return data


def make(home: Path, target: Path) -> Proof:
    """Write a backup to a new file, readable by its owner only. Raises `InputError` and `OSError`."""
    part = target.with_name(f".{target.name}.part")
    if target.exists():
        raise InputError(
            "there is a file already", where=str(target), hint="name another one: backups are not replaced"
        )
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with (
                zstandard.ZstdCompressor(level=3, threads=-1).stream_writer(raw, closefd=False) as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                proof = _write(home, _Archive(tar))
            raw.flush()
            os.fsync(raw.fileno())
        part.rename(target)
        Disk().sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)
    return proof


def _write(home: Path, archive: _Archive) -> Proof:
    for path in _files(home / "spool"):
        archive.add(str(path.relative_to(home)), path)
    with tempfile.NamedTemporaryFile(dir=home, prefix=".backup-", mode="w+", encoding="utf-8") as text:
        with dump.snapshot():
            rows = dump.counts()
            text.writelines(dump.lines())
            verdict = chain.verify()
        text.flush()
        archive.add(DATABASE, Path(text.name))
    events = _write_lake(home, archive)
    for name in _LAST:
        path = home / name
        for file in _files(path) if path.is_dir() else [path]:
            if str(file.relative_to(home)) not in archive.members:
                archive.add(str(file.relative_to(home)), file)
    proof = Proof(rows, events, (verdict.entries, verdict.last), archive.members)
    stated = {
        "format": FORMAT,
        "version": __version__,
        "rows": rows,
        "events": events,
        "audit": list(proof.audit),
        "members": dict(archive.members),
    }
    archive.add_bytes(LIST, json.dumps(stated).encode())
    return proof


def _write_lake(home: Path, archive: _Archive) -> dict[str, int]:
    """Copy each hospital's lake as its manifest has it at one moment; returns its events."""
    lake = Lake(home / "lake")
    events = {}
    for tenant in lake.tenants():
        folder = lake.folder / f"tenant={tenant}"
        with tempfile.TemporaryDirectory(dir=home, prefix=".backup-") as aside:
            links: list[tuple[str, Path]] = []
            with Manifest(folder, Disk()).locked() as state:
                for path in (*(folder / FOLDER).iterdir(), *(folder / name for name in state.files)):
                    if path.name != "lock" and path.is_file():
                        link = Path(aside) / str(len(links))
                        _linked(path, link)
                        links.append((str(path.relative_to(home)), link))
                checkpoint = (state.note or {}).get("checkpoint")
                if checkpoint:
                    kept = home / "state" / "pipeline" / tenant / str(checkpoint)
                    for path in kept.parent.glob(f"{kept.name}*"):
                        archive.add(str(path.relative_to(home)), path)
            events[tenant] = sum(file.rows for file in state.files.values())
            for name, link in links:
                archive.add(name, link)
    return events


def _linked(path: Path, link: Path) -> None:
    """Keep a file from vanishing: by a hard link, or a copy where the file system has none."""
    try:
        link.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, link)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if (
            path.is_file()
            and not path.is_symlink()
            and path.suffix not in _PASSING
            and not path.name.startswith("figures-")
        ):
            yield path


def load(home: Path) -> Proof:
    """Load the database that `restore` unpacked, and count what is there now. Django must be ready and migrated."""
    path = home / DATABASE
    with path.open(encoding="utf-8") as lines:
        dump.load(lines)
    path.unlink()
    return measured(home)


def measured(home: Path) -> Proof:
    """What there is: rows, events, and the audit chain, read as a whole. Raises `InputError` where that is broken."""
    verdict = chain.verify()
    if verdict.broken_at is not None:
        raise InputError(f"the audit chain is broken at entry {verdict.broken_at}: {verdict.why}")
    lake = Lake(home / "lake")
    events = {
        tenant: sum(file.rows for file in lake.tenant(tenant).state().files.values()) for tenant in lake.tenants()
    }
    return Proof(dump.counts(), events, (verdict.entries, verdict.last))
