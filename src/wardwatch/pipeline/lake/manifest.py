"""The manifest of a tenant's lake: which files are in it, the note of the last commit, and the legal holds.

A log of numbered entries in `_manifest/`, each a file that is written aside, fsynced and renamed: its name appearing is
the commit. Now and then an entry is whole (it states everything), and earlier ones go. Writers of several processes
take turns by a lock on `_manifest/lock`; readers take none.
"""

import fcntl
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake.columns import COLUMNS

FORMAT = "wardwatch/lake-manifest/1"
FOLDER = "_manifest"
WHOLE_EVERY = 64  # entries
_NAME = re.compile(r"(\d{20})(\.whole)?\.json")
_RETRIES = 8


@dataclass(frozen=True, slots=True)
class LakeFile:
    """One Parquet file: its path below the tenant's folder, what is in it (times in µs UTC), and its BLAKE2b-128.

    `promoted`, `others` and `lists` are the names of fields that hold a value in any event, those with a column of
    their own and those without; and of fields that are a list in any event. `None`: not known (written before names
    were noted), or too many.
    """

    path: str  # day=…/source=…/….parquet
    rows: int
    bytes: int
    first_at: int  # occurred_at of the earliest and the latest event
    last_at: int
    received_first: int
    received_last: int
    digest: str
    promoted: tuple[str, ...] | None = None
    others: tuple[str, ...] | None = None
    lists: tuple[str, ...] | None = None

    def may_hold(self, field: str) -> bool:
        """Say whether any event can have a value of a field."""
        known = self.promoted if field in COLUMNS else self.others
        return known is None or field in known

    @property
    def day(self) -> str:
        """The day of arrival, YYYY-MM-DD (UTC)."""
        return self.path.split("/")[0].removeprefix("day=")

    @property
    def source(self) -> str:
        """The source that read its events."""
        return self.path.split("/")[1].removeprefix("source=")


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: what arrived from `since` to `until` (µs UTC) of `source` is neither removed nor rewritten.

    `None` sets no limit.
    """

    name: str
    reason: str
    by: str
    placed_at: int
    since: int | None = None
    until: int | None = None
    source: str | None = None

    def covers(self, file: LakeFile) -> bool:
        """Say whether any event of a file may be held."""
        return (
            self.source in (None, file.source)
            and (self.since is None or file.received_last >= self.since)
            and (self.until is None or file.received_first <= self.until)
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One change.

    `staged` says where an added file lies (below the tenant's folder) until it is renamed into place. What is in
    `remove` is deleted; what is `replaced` by added files with the same events is kept aside for those who read it.
    """

    add: tuple[LakeFile, ...] = ()
    remove: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    staged: Mapping[str, str] = field(default_factory=dict)
    note: Mapping[str, Any] | None = None
    hold: tuple[Hold, ...] = ()
    lift: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What the manifest says after entry `number`."""

    number: int = 0
    files: Mapping[str, LakeFile] = field(default_factory=dict)
    note: Mapping[str, Any] | None = None
    holds: Mapping[str, Hold] = field(default_factory=dict)

    def after(self, entry: Entry, number: int) -> "State":
        """Return the state after one more entry."""
        gone = frozenset(entry.remove + entry.replaced)
        files = {path: file for path, file in self.files.items() if path not in gone}
        files |= {file.path: file for file in entry.add}
        holds = {name: hold for name, hold in self.holds.items() if name not in entry.lift}
        holds |= {hold.name: hold for hold in entry.hold}
        return State(number, files, self.note if entry.note is None else entry.note, holds)

    def held(self, file: LakeFile) -> bool:
        """Say whether a legal hold covers a file."""
        return any(hold.covers(file) for hold in self.holds.values())


class Manifest:
    """The manifest in a tenant's folder; see the module."""

    def __init__(self, tenant_folder: Path, disk: Disk) -> None:
        self._folder = tenant_folder / FOLDER
        self._disk = disk
        self._state = State()
        self._since_whole = 0  # entries
        self._unfinished: list[Entry] = []

    def load(self) -> State:
        """Return the state as it is now; reads only what is new. Raises `InputError` where it cannot be read."""
        for _ in range(_RETRIES):
            try:
                return self._load()
            except FileNotFoundError:  # a writer has just written a whole entry and removed earlier ones
                self._state, self._unfinished = State(), []
        raise InputError("the manifest changes faster than it can be read", where=str(self._folder), hint="try again")

    def _load(self) -> State:
        names = _listed(self._folder)
        whole = max((number for number, is_whole in names.items() if is_whole), default=0)
        state = self._state
        if state.number < whole or state.number > max(names, default=0):
            state, self._unfinished = State(), []
        begin = max(whole, state.number + 1)
        for number in range(begin, max(names, default=0) + 1):
            entry, is_whole = _read(self._folder / _name(number, whole=names.get(number, False)))
            state = (State() if is_whole else state).after(entry, number)
            if not is_whole:
                self._unfinished.append(entry)
        self._state, self._since_whole = state, state.number - whole
        return state

    def unfinished(self) -> tuple[Entry, ...]:
        """Entries whose renames and removals may not have been finished."""
        return tuple(self._unfinished)

    def finished(self) -> None:
        """Note that all entries are finished, durably, and begin anew with a whole entry if it is time.

        The caller holds the lock.
        """
        self._unfinished = []
        if self._since_whole >= WHOLE_EVERY:
            self._write_whole()

    @contextmanager
    def locked(self) -> Iterator[State]:
        """Hold the writers' lock; yields the state as it is now."""
        self._disk.make_folder(self._folder)
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.load()

    def append(self, entry: Entry) -> State:
        """Commit an entry; the caller holds the lock. When this returns, the entry is durable."""
        number = self._state.number + 1
        self._write(entry, number, whole=False)
        self._state = self._state.after(entry, number)
        self._unfinished.append(entry)
        self._since_whole += 1
        return self._state

    def _write_whole(self) -> None:
        state = self._state
        number = state.number + 1
        whole = Entry(add=tuple(state.files.values()), note=state.note, hold=tuple(state.holds.values()))
        self._write(whole, number, whole=True)
        self._state, self._since_whole = replace(state, number=number), 0
        for earlier, is_whole in _listed(self._folder).items():
            if earlier < number:
                self._disk.unlink(self._folder / _name(earlier, whole=is_whole))

    def _write(self, entry: Entry, number: int, *, whole: bool) -> None:
        stated = {"format": FORMAT, "number": number, "whole": whole} | asdict(entry)
        atomic_write(self._disk, self._folder / _name(number, whole=whole), orjson.dumps(stated))


def _name(number: int, *, whole: bool) -> str:
    return f"{number:020d}{'.whole' if whole else ''}.json"


def _listed(folder: Path) -> dict[int, bool]:
    """The numbers of the entries in a folder, in order, and whether each is whole."""
    if not folder.is_dir():
        return {}
    found = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return dict(sorted((int(one[1]), one[2] is not None) for one in found if one))


def _read(path: Path) -> tuple[Entry, bool]:
    try:
        return _entry(orjson.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError) as error:
        hint = "restore this file from a copy; other tenants are not concerned"
        raise InputError(f"a manifest entry cannot be read: {error}", where=str(path), hint=hint) from None


def _entry(stated: Mapping[str, Any]) -> tuple[Entry, bool]:
    if stated["format"] != FORMAT:
        raise ValueError(f"format {stated['format']!r}")
    entry = Entry(
        add=tuple(map(_file, stated["add"])),
        remove=tuple(stated["remove"]),
        replaced=tuple(stated["replaced"]),
        staged=stated["staged"],
        note=stated["note"],
        hold=tuple(Hold(**one) for one in stated["hold"]),
        lift=tuple(stated["lift"]),
    )
    return entry, bool(stated["whole"])


def _file(stated: Mapping[str, Any]) -> LakeFile:
    names = {name: tuple(value) for name, value in stated.items() if isinstance(value, list)}
    return LakeFile(**{**stated, **names})
