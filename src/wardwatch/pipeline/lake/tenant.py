"""The lake of one tenant: staged files, commits, reading, compaction, retention, holds."""

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from wardwatch.kernel import stamps
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake import compaction, reading, retention
from wardwatch.pipeline.lake.columns import is_source
from wardwatch.pipeline.lake.manifest import Entry, Hold, LakeFile, Manifest, State
from wardwatch.pipeline.lake.retention import Expired, Retention
from wardwatch.pipeline.lake.rows import to_lake
from wardwatch.pipeline.lake.staging import Staging

_DAY = 86_400_000_000  # µs


@dataclass(frozen=True, slots=True)
class Staged:
    """Files that are written and durable, and not yet part of the lake: each with where it lies now."""

    files: tuple[tuple[LakeFile, str], ...] = ()

    @property
    def rows(self) -> int:
        """How many events are in them."""
        return sum(file.rows for file, _ in self.files)


class TenantLake:
    """One tenant's lake. One thread at a time uses an instance; other instances and processes may work beside it.

    After an `OSError` from `commit` it is not known whether the commit took place: `note()` says so.
    """

    def __init__(self, tenant: str, folder: Path, disk: Disk) -> None:
        self.tenant = tenant
        self.folder = folder
        self._disk = disk
        self._manifest = Manifest(folder, disk)
        self._staging = Staging(folder, disk)

    def recover(self) -> None:
        """Finish what a stopped writer began, and remove what it left unfinished. Not needed where nothing is there."""
        if self.folder.is_dir():
            with self._manifest.locked():
                self._finish()
                self._staging.sweep()

    def stage(self, batches: Iterable[pa.RecordBatch]) -> Staged:
        """Write EventBatches to files aside, one for each day of arrival and source, durably.

        Raises `OSError` (with `ENOSPC` where the disk is full), and then leaves nothing behind; `ValueError` for what
        is no EventBatch v1 of this tenant.
        """
        parts: dict[tuple[str, str], list[pa.RecordBatch]] = defaultdict(list)
        for batch in batches:
            if batch.num_rows:
                for day, source, rows in self._partitioned(batch):
                    parts[day, source].append(rows)
        files: list[tuple[LakeFile, str]] = []
        self._open_staging()
        try:
            for (day, source), some in sorted(parts.items(), key=lambda part: part[0]):
                files.append(self._staging.write([compaction.in_order(pa.Table.from_batches(some))], day, source))
            if files:
                self._staging.settle()
        except OSError:
            self.discard(Staged(tuple(files)))
            raise
        return Staged(tuple(files))

    def _open_staging(self) -> None:
        if not self._staging.is_open:
            with self._manifest.locked():
                self._staging.open()

    def _partitioned(self, batch: pa.RecordBatch) -> Iterator[tuple[str, str, pa.RecordBatch]]:
        """Yield the rows of a batch by (day, source)."""
        if batch.column("tenant").unique().to_pylist() != [self.tenant]:
            raise ValueError(f"events of another tenant than {self.tenant}")
        rows = to_lake(batch)
        days = batch.column("received_at").cast(pa.int64()).to_numpy() // _DAY
        sources = batch.column("source").dictionary_encode()
        for code, source in enumerate(sources.dictionary.to_pylist()):
            if not is_source(source):
                raise ValueError(f"no name of a source: {source[:40]!r}")
            mine = sources.indices.to_numpy() == code
            for day in np.unique(days[mine]):
                chosen = mine & (days == day)
                some = rows if chosen.all() else rows.filter(pa.array(chosen))
                yield stamps.moment(int(day) * _DAY).date().isoformat(), source, some

    def discard(self, staged: Staged) -> None:
        """Remove files that will not be committed."""
        for _, where in staged.files:
            self._disk.unlink(self.folder / where)

    def commit(self, staged: Staged, note: Mapping[str, Any]) -> None:
        """Take staged files into the lake together with the caller's note (JSON), durably and all at once."""
        self._commit(
            Entry(
                add=tuple(file for file, _ in staged.files),
                staged={file.path: where for file, where in staged.files},
                note=dict(note),
            )
        )

    def _commit(self, entry: Entry) -> State:
        with self._manifest.locked():
            state = self._manifest.append(entry)
            self._finish()
        return state

    def _finish(self) -> None:
        """Do the renames and removals of entries that may not be finished; the caller holds the lock."""
        entries = self._manifest.unfinished()
        gone = {path for entry in entries for path in entry.remove}
        replaced = {path for entry in entries for path in entry.replaced}
        moves = [
            (self.folder / where, self.folder / path)
            for entry in entries
            for path, where in entry.staged.items()
            if path not in gone | replaced
        ]
        moves += [(self.folder / path, reading.aside(self.folder, path)) for path in replaced]
        done = [(source, target) for source, target in moves if self._moved(source, target)]
        removed = [self.folder / path for path in gone if (self.folder / path).exists()]
        for path in removed:
            self._disk.unlink(path)
        # A file's new name is made durable before its old one is given up.
        targets = {target.parent for _, target in done}
        for folder in [*targets, *({path.parent for path in [*removed, *(one for one, _ in done)]} - targets)]:
            self._disk.sync_folder(folder)
        self._manifest.finished()

    def _moved(self, source: Path, target: Path) -> bool:
        """Rename a file, if that was not done; says whether it was done now."""
        if not source.exists():
            return False
        self._disk.make_folder(target.parent)
        self._disk.replace(source, target)
        return True

    def state(self) -> State:
        """What is committed: files, note, holds."""
        return self._manifest.load()

    def note(self) -> Mapping[str, Any] | None:
        """The note of the last commit; `None` before the first."""
        return self.state().note

    def files(
        self, since: int | None = None, until: int | None = None, sources: Iterable[str] | None = None
    ) -> tuple[LakeFile, ...]:
        """The files that can hold events from `since` to `until` (µs UTC, both included), the earliest first."""
        return reading.chosen(self.state(), since, until, sources)

    def read(
        self,
        since: int | None = None,
        until: int | None = None,
        sources: Iterable[str] | None = None,
        fields: Iterable[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield EventBatches of what occurred from `since` to `until`, file after file, in each by time.

        `fields` leaves out the others. The files are those of the beginning: no event twice and none missed, though
        compaction replaces them meanwhile; what expires meanwhile is left out.
        """
        wanted = None if fields is None else frozenset(fields)
        for file in self.files(since, until, sources):
            yield from reading.batches(self.tenant, self.folder, file, reading.Asked(since, until, wanted))

    def compact(self, day: str, *, final: bool = False) -> compaction.Compacted:
        """Merge small files of a day (YYYY-MM-DD) into larger ones sorted by time; `final`: all of them, not only many.

        Files under a legal hold stay as they are.
        """
        done = compaction.Compacted()
        state = self.state()
        files = [file for file in state.files.values() if file.day == day and not state.held(file)]
        for group in compaction.groups(files, final=final):
            staged = self._merged(group)
            with self._manifest.locked() as now:
                if any(file.path not in now.files or now.held(file) for file in group):
                    self.discard(staged)  # another process was faster
                    continue
                self._manifest.append(
                    Entry(
                        add=tuple(file for file, _ in staged.files),
                        staged={file.path: where for file, where in staged.files},
                        replaced=tuple(file.path for file in group),
                    )
                )
                self._finish()
            done = done.plus(group, [file for file, _ in staged.files])
        return done

    def _merged(self, group: list[LakeFile]) -> Staged:
        self._open_staging()
        rows = compaction.merged([self.folder / file.path for file in group])
        staged = Staged((self._staging.write(rows, group[0].day, group[0].source),))
        self._staging.settle()
        return staged

    def expire(self, policy: Retention, now: int) -> Expired:
        """Remove what is older than the policy allows at `now` (µs UTC), but for what is held."""
        return self._remove(lambda state: retention.expired(state, policy, now))

    def remove(self, paths: Iterable[str]) -> Expired:
        """Remove these files, but for what is held."""
        wanted = frozenset(paths)
        return self._remove(lambda state: [file for path, file in state.files.items() if path in wanted])

    def _remove(self, choose: "retention.Choice") -> Expired:
        with self._manifest.locked() as state:
            found = choose(state)
            held = tuple(file for file in found if state.held(file))
            removed = tuple(file for file in found if not state.held(file))
            if removed:
                self._manifest.append(Entry(remove=tuple(file.path for file in removed)))
                self._finish()
        return Expired(self.tenant, removed, held)

    def damaged(self) -> tuple[LakeFile, ...]:
        """Read all files, and return those that are no more what was committed."""
        found = []
        for file in self.files():
            place = self.folder / file.path
            if not place.exists():
                if file.path in self.state().files:  # else it was replaced or removed meanwhile
                    found.append(file)
                continue
            with place.open("rb") as stream:
                digest = hashlib.file_digest(stream, partial(hashlib.blake2b, digest_size=16))
            if digest.hexdigest() != file.digest:
                found.append(file)
        return tuple(found)

    def sweep(self, now: int) -> int:
        """Delete what compaction replaced longer than `reading.GRACE` ago, and nobody reads; returns the bytes."""
        folder, freed = self.folder / reading.REPLACED, 0
        for path in folder.iterdir() if folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                found = path.stat()
                if now - found.st_ctime_ns // 1000 > reading.GRACE:
                    self._disk.unlink(path)
                    freed += found.st_size
        return freed

    def hold(self, hold: Hold) -> None:
        """Place a legal hold, or replace the one of the same name."""
        if not hold.name or not hold.reason:
            raise InputError("a hold has a name and a reason", where=self.tenant, hint="say which case it is for")
        self._commit(Entry(hold=(hold,)))

    def lift(self, name: str) -> None:
        """Lift a legal hold; raises `InputError` where there is none of that name."""
        with self._manifest.locked() as state:
            if name not in state.holds:
                hint = f"holds: {', '.join(sorted(state.holds)) or 'none'}"
                raise InputError(f"no hold {name!r}", where=self.tenant, hint=hint)
            self._manifest.append(Entry(lift=(name,)))
            self._finish()

    def close(self) -> None:
        """Let go of the staging folder."""
        self._staging.close()
