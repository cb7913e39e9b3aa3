"""Unpack a backup, every member checked, before there is a database to speak of (`runtime.backup` has the rest)."""

import hashlib
import json
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import zstandard

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError

FORMAT = "wardwatch/backup/1"
LIST = "MANIFEST.json"
DATABASE = "database.jsonl"
_LARGEST_LIST = 256 << 20


@dataclass(frozen=True, slots=True)
class Proof:
    """What a backup holds: rows by kind, events by tenant, entries and last hash of the audit chain."""

    rows: dict[str, int]
    events: dict[str, int]
    audit: tuple[int, str]
    members: dict[str, str] = field(default_factory=dict)

    def same(self, other: "Proof") -> list[str]:
        """What differs, in words; empty where nothing does."""
        found = [f"rows of {kind}: {self.rows.get(kind, 0)} and {other.rows.get(kind, 0)}"
                 for kind in sorted(self.rows.keys() | other.rows.keys())
                 if self.rows.get(kind, 0) != other.rows.get(kind, 0)]  # fmt: skip
        found += [
            f"events of {tenant}: {self.events.get(tenant, 0)} and {other.events.get(tenant, 0)}"
            for tenant in sorted(self.events.keys() | other.events.keys())
            if self.events.get(tenant, 0) != other.events.get(tenant, 0)
        ]
        if self.audit != other.audit:
            found.append("the audit chains end differently")
        return found


def restore(source: Path, home: Path) -> Proof:
    """Unpack a backup into an empty home: every member's hash is checked. Returns what the backup says it holds.

    The database is loaded by `load`, once Django is ready. Raises `InputError` for what is damaged or no backup.
    """
    if home.exists() and any(home.iterdir()):
        raise InputError(
            "the home is not empty", where=str(home), hint="restore into a new one: nothing is written over"
        )
    Disk().make_folder(home)
    found: dict[str, str] = {}
    stated: dict[str, Any] | None = None
    try:
        with (
            source.open("rb") as raw,
            zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|") as tar,
        ):
            for member in tar:
                stream = tar.extractfile(member)
                if stream is None:
                    continue
                if member.name == LIST:
                    stated = json.loads(stream.read(_LARGEST_LIST))
                else:
                    found[member.name] = _unpack(stream, _inside(home, member.name))
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError) as error:
        raise InputError(f"not a whole backup: {error}"[:200], where=str(source)) from None
    if stated is None or stated.get("format") != FORMAT:
        raise InputError("not a backup of Wardwatch, or one that was cut off", where=str(source))
    wrong = sorted(name for name, digest in stated["members"].items() if found.get(name) != digest)
    if wrong:
        raise InputError(f"{len(wrong)} members are damaged, {wrong[0]} among them", where=str(source))
    return Proof(stated["rows"], stated["events"], (stated["audit"][0], stated["audit"][1]), found)


def _inside(home: Path, name: str) -> Path:
    """Where a member goes; raises `InputError` for a name that leads out of the home."""
    path = home / name
    if name.startswith("/") or ".." in Path(name).parts or not path.resolve().is_relative_to(home.resolve()):
        raise InputError("a member leads out of the home", where=name[:200])
    return path


def _unpack(stream: IO[bytes], path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()
