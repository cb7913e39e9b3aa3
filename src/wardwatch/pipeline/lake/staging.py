"""Parquet files written aside, in a folder of the writer's own, until a manifest entry takes them in.

Each writer holds a lock on its folder: what a stopped writer left is known by nobody holding its lock, and removed.
"""

import contextlib
import fcntl
import hashlib
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wardwatch.kernel.disk import Disk, DiskFile
from wardwatch.pipeline.lake.columns import COLUMNS, SCHEMA
from wardwatch.pipeline.lake.manifest import LakeFile

FOLDER = "_staging"
ROW_GROUP = 131_072  # rows
MAX_NAMES = 200  # of fields of a file that are noted; a log can invent them
_PIECE = 1024 * 1024  # bytes that are written at once
_LEVEL = 3  # of zstd
# Values of these seldom repeat, and have shorter forms than a dictionary: differences, and common beginnings.
_ENCODED = {
    "occurred_at": "DELTA_BINARY_PACKED", "received_at": "DELTA_BINARY_PACKED", "record_id": "DELTA_BYTE_ARRAY",
    "event_id": "PLAIN",
}  # fmt: skip
_DICTIONARY = [
    *(one.name for one in SCHEMA if pa.types.is_string(one.type) and one.name not in _ENCODED),
    "fields.key_value.key",
    "fields.key_value.value",
    "lists.list.element",
    "nulls.list.element",
]


class Staging:
    """The staging folder of one writer."""

    def __init__(self, tenant_folder: Path, disk: Disk) -> None:
        self._tenant = tenant_folder
        self._disk = disk
        self._name = ""
        self._lock: BinaryIO | None = None

    def open(self) -> None:
        """Make the folder, if that is not done; the caller holds the manifest's lock, so that nobody sweeps it up."""
        if self._lock is None:
            self._name = secrets.token_hex(8)
            folder = self._tenant / FOLDER / self._name
            self._disk.make_folder(folder)
            self._lock = (folder / "lock").open("xb")
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    @property
    def is_open(self) -> bool:
        """Whether there is a folder."""
        return self._lock is not None

    def _folder(self) -> Path:
        return self._tenant / FOLDER / self._name

    def write(self, batches: Iterable[pa.RecordBatch | pa.Table], day: str, source: str) -> tuple[LakeFile, str]:
        """Write rows, which are in order of time, to a file; returns it, and where it lies below the tenant's folder.

        A file that could not be written whole is removed again.
        """
        folder = self._folder()
        name = secrets.token_hex(12)
        aside = folder / f"{name}.staged"
        try:
            with self._disk.create(aside) as stream:
                written = _Written(stream)
                _write(batches, written)
                written.flush()
                stream.sync()
        except OSError:
            with contextlib.suppress(OSError):
                self._disk.unlink(aside)
            raise
        file = LakeFile(
            f"day={day}/source={source}/{name}.parquet",
            written.rows,
            written.bytes,
            *written.occurred,
            *written.received,
            written.digest.hexdigest(),
            tuple(sorted(written.promoted)),
            _noted(written.others),
            _noted(written.lists),
        )
        return file, f"{FOLDER}/{self._name}/{aside.name}"

    def settle(self) -> None:
        """Make the names of staged files durable."""
        self._disk.sync_folder(self._folder())

    def close(self) -> None:
        """Give up the folder; the next writer removes it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def sweep(self) -> None:
        """Remove what writers that were stopped have left; the caller has finished all entries of the manifest."""
        folder = self._tenant / FOLDER
        for one in folder.iterdir() if folder.is_dir() else ():
            if one.name != self._name and one.is_dir() and _abandoned(one / "lock"):
                for path in one.iterdir():
                    self._disk.unlink(path)
                one.rmdir()


def _note(known: set[str], parts: Iterable[pa.Array]) -> None:
    for part in parts:
        if len(known) <= MAX_NAMES:
            known.update(pc.unique(part).to_pylist())


def _noted(names: set[str]) -> tuple[str, ...] | None:
    return tuple(sorted(names)) if len(names) <= MAX_NAMES else None


def _abandoned(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    return True


class _Written:
    """A file being written, as pyarrow wants one; counts and hashes what goes through, and writes large pieces."""

    def __init__(self, stream: DiskFile) -> None:
        self._stream = stream
        self._waiting = bytearray()
        self.digest = hashlib.blake2b(digest_size=16)
        self.bytes = 0
        self.rows = 0
        self.occurred = (0, 0)
        self.received = (0, 0)
        self.promoted: set[str] = set()
        self.others: set[str] = set()
        self.lists: set[str] = set()
        self.closed = False

    def write(self, data: bytes) -> int:
        self._waiting += data
        self.bytes += len(data)
        if len(self._waiting) >= _PIECE:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if self._waiting:
            self.digest.update(self._waiting)
            self._stream.write(self._waiting)
            self._waiting.clear()

    def tell(self) -> int:
        return self.bytes

    def close(self) -> None:
        self.closed = True

    def note(self, rows: pa.Table) -> None:
        """Take in what the rows say of the file."""
        spans = []
        for name, known in (("occurred_at", self.occurred), ("received_at", self.received)):
            low, high = pc.min_max(rows.column(name).cast(pa.int64())).as_py().values()
            spans.append((min(low, known[0]), max(high, known[1])) if self.rows else (low, high))
        self.occurred, self.received = spans
        self.rows += rows.num_rows
        self.promoted |= {name for name, column in COLUMNS.items() if rows.column(column).null_count < rows.num_rows}
        _note(self.others, (part.keys for part in rows.column("fields").chunks))
        _note(self.lists, (part.values for part in rows.column("lists").chunks))


def _write(batches: Iterable[pa.RecordBatch | pa.Table], written: _Written) -> None:
    writer = pq.ParquetWriter(
        pa.PythonFile(written, mode="w"),
        SCHEMA,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=_DICTIONARY,
        column_encoding=_ENCODED,
    )
    with writer:
        for rows in batches:
            table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
            written.note(table)
            writer.write_table(table, row_group_size=ROW_GROUP)
