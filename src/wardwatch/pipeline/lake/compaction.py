"""Which small files become one, and how they are merged."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wardwatch.pipeline.lake.columns import SCHEMA
from wardwatch.pipeline.lake.manifest import LakeFile

LARGE = 64 * 1024 * 1024  # bytes of a file that is left as it is
MAX_ROWS = 1_000_000  # of a merged file: what is sorted in memory at once
MANY = 8  # files of one size that are worth merging
_SMALLEST = 16 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did: files and bytes before and after, and events in them."""

    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    rows: int = 0

    def plus(self, before: Sequence[LakeFile], after: Sequence[LakeFile]) -> "Compacted":
        """Add one merge."""
        return Compacted(
            self.files_before + len(before),
            self.files_after + len(after),
            self.bytes_before + sum(file.bytes for file in before),
            self.bytes_after + sum(file.bytes for file in after),
            self.rows + sum(file.rows for file in after),
        )


def groups(files: Iterable[LakeFile], *, final: bool) -> Iterator[list[LakeFile]]:
    """Yield the files to merge, neighbours in time, at most `MAX_ROWS` rows and about `LARGE` bytes at once.

    While a day is running, only files of about the same size, and many of them, are merged: each event is then
    rewritten a few times a day, not with every merge.
    """
    alike: dict[tuple[str, int], list[LakeFile]] = defaultdict(list)
    for file in files:
        if file.bytes < LARGE // 2 and file.rows < MAX_ROWS // 2:
            tier = 0 if final else int(math.log(max(file.bytes, _SMALLEST) / _SMALLEST, MANY))
            alike[file.source, tier].append(file)
    for _, some in sorted(alike.items()):
        some.sort(key=lambda file: (file.first_at, file.path))
        least = 2 if final else MANY
        yield from (group for group in _cut(some) if len(group) >= least)


def _cut(files: Iterable[LakeFile]) -> Iterator[list[LakeFile]]:
    group: list[LakeFile] = []
    for file in files:
        group_rows, group_bytes = sum(one.rows for one in group), sum(one.bytes for one in group)
        if group and (group_rows + file.rows > MAX_ROWS or group_bytes + file.bytes > LARGE):
            yield group
            group = []
        group.append(file)
    if group:
        yield group


def merged(paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Yield all rows of some files, by time."""
    yield in_order(pa.concat_tables(pq.ParquetFile(path).read().cast(SCHEMA) for path in paths))


def in_order(rows: pa.Table) -> pa.Table:
    """Sort rows by time, and by id where that is the same."""
    return rows.combine_chunks().sort_by([("occurred_at", "ascending"), ("event_id", "ascending")])
