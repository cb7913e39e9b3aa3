"""Rows of the lake as EventBatches v1 again, for replay and retro-hunts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wardwatch.events.batch import STAMP
from wardwatch.pipeline.lake.columns import COLUMNS, SCHEMA
from wardwatch.pipeline.lake.manifest import LakeFile, State
from wardwatch.pipeline.lake.rows import from_lake

ROWS = 32_768  # in a batch, at most
REPLACED = "_replaced"  # files that compaction replaced, for those who still read them
GRACE = 86_400_000_000  # µs that these are kept
_PROMOTED = frozenset(COLUMNS.values())


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of a file: events from `since` to `until` (µs UTC, both included), and fields (`None`: all)."""

    since: int | None = None
    until: int | None = None
    fields: frozenset[str] | None = None

    def covers(self, file: LakeFile) -> bool:
        """Say whether a file lies wholly in the asked time."""
        return (self.since is None or file.first_at >= self.since) and (
            self.until is None or file.last_at <= self.until
        )

    def columns(self) -> list[str]:
        """The columns that must be read."""
        if self.fields is None:
            return list(SCHEMA.names)
        wanted = {COLUMNS[name] for name in self.fields if name in COLUMNS}
        unwanted = _PROMOTED - wanted
        if self.fields <= COLUMNS.keys():
            unwanted |= {"fields"}
        return [name for name in SCHEMA.names if name not in unwanted]


def chosen(state: State, since: int | None, until: int | None, sources: Iterable[str] | None) -> tuple[LakeFile, ...]:
    """Return the files that can hold events of these times and sources, the earliest first."""
    wanted = None if sources is None else frozenset(sources)
    found = (
        file
        for file in state.files.values()
        if (since is None or file.last_at >= since)
        and (until is None or file.first_at <= until)
        and (wanted is None or file.source in wanted)
    )
    return tuple(sorted(found, key=lambda file: (file.first_at, file.path)))


def aside(folder: Path, path: str) -> Path:
    """Where a replaced file of a tenant's lake is kept; no pattern for `.parquet` finds it there."""
    return folder / REPLACED / f"{PurePosixPath(path).stem}.replaced"


def batches(tenant: str, folder: Path, file: LakeFile, asked: Asked) -> Iterator[pa.RecordBatch]:
    """Yield the events of one file that are asked for, by log source; nothing where the file has expired."""
    try:
        found = pq.ParquetFile(folder / file.path)
    except FileNotFoundError:
        try:
            found = pq.ParquetFile(aside(folder, file.path))
        except FileNotFoundError:
            return
    with found:
        groups = [group for group in range(found.num_row_groups) if _overlaps(found.metadata.row_group(group), asked)]
        for rows in found.iter_batches(batch_size=ROWS, row_groups=groups, columns=asked.columns()):
            some = rows if asked.covers(file) else rows.filter(_within(rows, asked))
            if some.num_rows:
                yield from from_lake(some, tenant, file.source, asked.fields)


def _within(rows: pa.RecordBatch, asked: Asked) -> pa.BooleanArray:
    times = rows.column("occurred_at")
    since = pa.scalar(asked.since, pa.int64()).cast(STAMP)
    until = pa.scalar(asked.until, pa.int64()).cast(STAMP)
    kept = pc.fill_null(pc.greater_equal(times, since), fill_value=True)
    return pc.and_(kept, pc.fill_null(pc.less_equal(times, until), fill_value=True))


def _overlaps(group: "pq.RowGroupMetaData", asked: Asked) -> bool:
    """Say by its statistics whether a row group can hold what is asked."""
    stated = group.column(_OCCURRED).statistics
    if stated is None or not stated.has_min_max:
        return True
    low, high = (pa.scalar(one, STAMP).value for one in (stated.min, stated.max))
    return (asked.since is None or high >= asked.since) and (asked.until is None or low <= asked.until)


_OCCURRED = SCHEMA.get_field_index("occurred_at")
