"""Commits of one lane: events, the position in the spool and the checkpoint go to the lake as one.

A commit is a picture of one moment; it may be brought to the lake by another thread, while the watch goes on.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.pipeline.alert_log import Mark
from wardwatch.pipeline.lake.tenant import Staged, TenantLake
from wardwatch.pipeline.spool import Position


@dataclass(slots=True)
class Pending:
    """Events that are not in the lake yet; `since` is when the first step came that is not (µs UTC)."""

    batches: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    since: int | None = None

    def add(self, batches: Sequence[pa.RecordBatch], now: int) -> None:
        """Take in the events of one step."""
        self.batches += batches
        self.rows += sum(batch.num_rows for batch in batches)
        self.bytes += sum(batch.nbytes for batch in batches)
        self.since = now if self.since is None else self.since


@dataclass(frozen=True, slots=True)
class Commit:
    """What goes to the lake together. `mark` and `aside` are where the logs of alerts ended.

    `replaying` says that steps of before a crash are still to come: the logs must go on remembering.
    """

    name: str
    position: Position
    state: bytes  # of the checkpoint
    pending: Pending
    mark: Mark
    aside: Mark
    replaying: bool


class Committer:
    """Brings commits of one lane to its lake, one after the other; nobody else uses that instance of the lake."""

    def __init__(self, lake: TenantLake, folder: Path, disk: Disk) -> None:
        self._lake = lake
        self._folder = folder
        self._disk = disk
        self._unsure: str | None = None  # the commit that may have taken place

    def run(self, commit: Commit) -> None:
        """Bring a commit to the lake. Raises `OSError`, and then either nothing or everything took place.

        Called again with the same commit, it finds out.
        """
        if self._unsure == commit.name and self._has(commit):
            return
        self._unsure = None
        staged = self._lake.stage(commit.pending.batches)
        try:
            self._disk.make_folder(self._folder)
            atomic_write(self._disk, self._folder / commit.name, commit.state)
        except OSError:
            self._lake.discard(staged)
            raise
        self._unsure = commit.name
        self._take_in(commit, staged)

    def _take_in(self, commit: Commit, staged: Staged) -> None:
        position = [commit.position.segment, commit.position.seq]
        try:
            self._lake.commit(staged, {"position": position, "checkpoint": commit.name})
        except OSError:
            if self._has(commit):
                return
            self._unsure = None
            with suppress(OSError):
                self._disk.unlink(self._folder / commit.name)
                self._lake.discard(staged)
            raise

    def _has(self, commit: Commit) -> bool:
        """Whether the lake says that a commit took place."""
        return (self._lake.note() or {}).get("checkpoint") == commit.name

    def close(self) -> None:
        """Close the lake."""
        self._lake.close()
