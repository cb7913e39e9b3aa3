"""Searches over the lakes of a scope: events, histogram, top values, what happened around a moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import orjson

from wardwatch.events.logsource import LogSource
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import InputError
from wardwatch.kernel.tenants import checked
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.lake.columns import COLUMNS, LOGSOURCE
from wardwatch.pipeline.lake.manifest import LakeFile
from wardwatch.pipeline.search.database import Limits, connect
from wardwatch.pipeline.search.fields import ENVELOPE
from wardwatch.pipeline.search.query import All, Like, Node, Term
from wardwatch.pipeline.search.skipping import flat_in, may_match, span, wanted_sources
from wardwatch.pipeline.search.sql import Condition, Tokens, compiled, no_tokens, value_of

T = TypeVar("T")
MAX_EVENTS = 100_000  # that one search returns
MAX_ANSWERS = 10_000  # of a histogram or of top values
BARS = 60  # of a histogram, at most
_FIRST = 4  # files that are looked through first, newest first; then twice as many, and so on
_RETRIES = 5
_STEPS = (1, 5, 15, 60, 300, 900, 3_600, 10_800, 43_200, 86_400, 604_800, 2_592_000)  # seconds
_SECOND = 1_000_000
_TYPES = "hive_types = {'tenant': VARCHAR, 'day': VARCHAR, 'source': VARCHAR}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The tenants that somebody may see; every search takes one."""

    tenants: frozenset[str]

    def __post_init__(self) -> None:
        for tenant in self.tenants:
            checked(tenant)


@dataclass(frozen=True, slots=True)
class Event:
    """One event that was found; times in µs UTC. `fields` hold lists as lists and explicit nulls as `None`."""

    tenant: str
    event_id: str
    occurred_at: int
    received_at: int
    host: str | None
    user: str | None
    source: str
    record_id: str
    time_quality: str
    logsource: tuple[str | None, str | None, str | None]
    fields: Mapping[str, str | list[str | None] | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query's tree, and the time within which it is asked (µs UTC, both included; `None`: open)."""

    node: Node = field(default_factory=All)
    since: int | None = None
    until: int | None = None


class Search:
    """Searches the lake at `folder` for a scope; nothing of other tenants is ever opened."""

    def __init__(self, folder: Path, scope: Scope, limits: Limits | None = None, tokens: Tokens = no_tokens) -> None:
        self._lake = Lake(folder)
        self.scope = scope
        self.tokens = tokens
        limits = limits or Limits()
        self._limits = limits
        self._connection = connect(limits)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def paths(self, asked: Asked) -> list[tuple[Path, LakeFile]]:
        """The files of the scope that a query must look through, the newest first."""
        low, high = span(asked.node)
        since = max((one for one in (low, asked.since) if one is not None), default=None)
        until = min((one for one in (high, asked.until) if one is not None), default=None)
        there = set(self._lake.tenants())
        found = []
        for tenant in sorted(self.scope.tenants & there):
            lake = self._lake.tenant(tenant)
            files = lake.files(since, until, wanted_sources(asked.node))
            found += [(lake.folder / file.path, file) for file in files if may_match(asked.node, file)]
        return sorted(found, key=lambda one: (-one[1].last_at, str(one[0])))

    def events(self, asked: Asked, limit: int = 100, *, oldest_first: bool = False) -> list[Event]:
        """Return the newest events of a query (or the oldest), in that order, at most `limit`."""
        limit = min(limit, MAX_EVENTS)
        return self._again(lambda: self._events(asked, limit, oldest_first=oldest_first))

    def _again(self, run: Callable[[], T]) -> T:
        """Run a search; again where compaction replaced a file under it."""
        for attempt in range(_RETRIES):
            try:
                return run()
            except duckdb.IOException as error:
                if attempt == _RETRIES - 1:
                    raise InputError(f"a file of the lake cannot be read: {str(error)[:200]}") from None
            except duckdb.OutOfMemoryException:
                hint = "ask for less time, or allow more memory"
                raise InputError(f"the search needs more than {self._limits.memory} of memory", hint=hint) from None
            except duckdb.InterruptException:
                hint = "ask for less time, or allow more seconds"
                raise InputError(f"the search took longer than {self._limits.seconds:g} s", hint=hint) from None
        raise AssertionError

    def _events(self, asked: Asked, limit: int, *, oldest_first: bool) -> list[Event]:
        files = self.paths(asked)
        if oldest_first:
            files.sort(key=lambda one: (one[1].first_at, str(one[0])))
        condition = self._condition(asked, files)
        order = "ASC" if oldest_first else "DESC"
        found: list[tuple[int, str, int]] = []  # time, file, row
        at, size = 0, _FIRST
        while at < len(files) and not (len(found) >= limit and self._behind(found, files[at][1], oldest_first)):
            some, at, size = files[at : at + size], at + size, size * 2
            text = (
                f"SELECT epoch_us(occurred_at), filename, file_row_number FROM {_from(some, numbered=True)} "  # noqa: S608
                f"WHERE {condition.text} ORDER BY occurred_at {order}, event_id LIMIT {limit}"
            )
            found += self._rows(text, condition.values)
            found.sort(key=lambda one: one[0], reverse=not oldest_first)
            del found[limit:]
        return self._whole(found)

    @staticmethod
    def _behind(found: Sequence[tuple[int, str, int]], file: LakeFile, oldest_first: bool) -> bool:  # noqa: FBT001
        """Say whether everything in a file, and in those after it, comes after what was found."""
        return file.first_at > found[-1][0] if oldest_first else file.last_at < found[-1][0]

    def _whole(self, found: Sequence[tuple[int, str, int]]) -> list[Event]:
        """Read the rows that were found with all their columns, in their order."""
        places = {(path, row): at for at, (_, path, row) in enumerate(found)}
        rows: list[Event | None] = [None] * len(found)
        for path in sorted({path for _, path, _ in found}):
            times = [time for time, where, _ in found if where == path]
            wanted = [row for _, where, row in found if where == path]
            text = (
                f"SELECT * FROM {_from_paths([path], numbered=True)} WHERE occurred_at BETWEEN "  # noqa: S608
                "make_timestamptz($low) AND make_timestamptz($high) AND list_contains($rows::BIGINT[], file_row_number)"
            )
            values: dict[str, object] = {"low": min(times), "high": max(times), "rows": wanted}
            for one in _dicts(self._run(text, values)):
                rows[places[path, one["file_row_number"]]] = _event(one)
        return [row for row in rows if row is not None]

    def count(self, asked: Asked) -> int:
        """How many events a query finds."""
        return self._again(lambda: self._count(asked))

    def _count(self, asked: Asked) -> int:
        files = self.paths(asked)
        condition = self._condition(asked, files)
        text = f"SELECT count(*) FROM {_from(files)} WHERE {condition.text}"  # noqa: S608
        return int(self._rows(text, condition.values)[0][0]) if files else 0

    def histogram(self, asked: Asked, step: int | None = None) -> list[tuple[int, int]]:
        """Return (begin of the bar in µs UTC, events), in order, empty bars included; `step` in seconds."""
        return self._again(lambda: self._histogram(asked, step))

    def _histogram(self, asked: Asked, step: int | None) -> list[tuple[int, int]]:
        files = self.paths(asked)
        condition = self._condition(asked, files)
        if not files:
            return []
        first = min(file.first_at for _, file in files)
        last = max(file.last_at for _, file in files)
        if step is None:
            step = self._step(asked, files, condition)
        wide = step * _SECOND
        if (last - first) // wide > 10**9:
            raise InputError("a step that is too small for this time", hint="ask for less time, or a longer step")
        text = (
            f"SELECT epoch_us(occurred_at) // {wide} AS bar, count(*) FROM {_from(files)} "  # noqa: S608
            f"WHERE {condition.text} GROUP BY bar ORDER BY bar LIMIT {MAX_ANSWERS}"
        )
        counts = dict(self._rows(text, condition.values))
        if not counts:
            return []
        bars = range(min(counts), max(counts) + 1)
        if len(bars) > MAX_ANSWERS:
            return [(bar * wide, counts[bar]) for bar in sorted(counts)]
        return [(bar * wide, counts.get(bar, 0)) for bar in bars]

    def _step(self, asked: Asked, files: Sequence[tuple[Path, LakeFile]], condition: Condition) -> int:
        text = (
            f"SELECT epoch_us(min(occurred_at)), epoch_us(max(occurred_at)) FROM {_from(files)} "  # noqa: S608
            f"WHERE {condition.text}"
        )
        low, high = (asked.since, asked.until)
        if low is None or high is None:
            ((low, high),) = self._rows(text, condition.values)
        seconds = 0 if low is None or high is None else (high - low) // _SECOND
        return next((step for step in _STEPS if seconds // step < BARS), _STEPS[-1])

    def seen(self, asked: Asked) -> dict[LogSource, set[str]]:
        """The log sources that arrived, and the names of fields that their files hold."""
        return self._again(lambda: self._seen(asked))

    def _seen(self, asked: Asked) -> dict[LogSource, set[str]]:
        by_source: dict[str, list[tuple[Path, LakeFile]]] = {}
        for path, file in self.paths(asked):
            by_source.setdefault(file.source, []).append((path, file))
        found: dict[LogSource, set[str]] = {}
        for files in by_source.values():
            names = {name for _, file in files for name in (*(file.promoted or ()), *(file.others or ()))}
            condition = self._condition(asked, files)
            text = f"SELECT DISTINCT {', '.join(LOGSOURCE)} FROM {_from(files)} WHERE {condition.text}"  # noqa: S608
            for terms in self._rows(text, condition.values):
                found.setdefault(LogSource(*terms), set()).update(names)
        return found

    def top(self, asked: Asked, name: str, limit: int = 10) -> list[tuple[str | None, int]]:
        """Return the most frequent values of a field (or a column of the envelope); `None`: absent.

        Each element of a list counts.
        """
        return self._again(lambda: self._top(asked, name, limit))

    def _top(self, asked: Asked, name: str, limit: int) -> list[tuple[str | None, int]]:
        files = self.paths(asked)
        condition = self._condition(asked, files)
        if not files:
            return []
        value = ENVELOPE.get(name) or value_of(name)
        quoted = name.replace("'", "''")
        elements = f"TRY_CAST(TRY_CAST({value} AS JSON) AS VARCHAR[])"
        each = value if name in ENVELOPE else (
            f"unnest(CASE WHEN list_contains(lists, '{quoted}') THEN {elements} ELSE [{value}] END)"
        )  # fmt: skip
        text = (
            f"SELECT value, count(*) FROM (SELECT {each} AS value FROM {_from(files)} WHERE {condition.text}) "  # noqa: S608
            f"GROUP BY value ORDER BY count(*) DESC, value LIMIT {min(limit, MAX_ANSWERS)}"
        )
        found: list[tuple[str | None, int]] = self._rows(text, condition.values)
        return found

    def _condition(self, asked: Asked, files: Sequence[tuple[Path, LakeFile]]) -> Condition:
        condition = compiled(asked.node, self.tokens, flat_in([file for _, file in files]))
        text, values = f"coalesce({condition.text}, false)", dict(condition.values)
        for name, sign, limit in (("since", ">=", asked.since), ("until", "<=", asked.until)):
            if limit is not None:
                text += f" AND occurred_at {sign} make_timestamptz(${name})"
                values[name] = limit
        return Condition(text, values)

    def _run(self, text: str, values: Mapping[str, object]) -> "duckdb.DuckDBPyConnection":
        return self._connection.execute(text, dict(values))

    def _rows(self, text: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self._run(text, values).fetchall()


def _dicts(result: "duckdb.DuckDBPyConnection") -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _from(files: Sequence[tuple[Path, LakeFile]], *, numbered: bool = False) -> str:
    return _from_paths([str(path) for path, _ in files], numbered=numbered)


def _from_paths(paths: Sequence[str], *, numbered: bool = False) -> str:
    listed = ", ".join("'{}'".format(path.replace("'", "''")) for path in paths)
    more = ", filename = true, file_row_number = true" if numbered else ""
    return f"read_parquet([{listed}], hive_partitioning = true, {_TYPES}{more})"


def _event(row: Mapping[str, Any]) -> Event:
    lists = set(row["lists"] or ())
    texts = {name: row[column] for name, column in COLUMNS.items() if row[column] is not None}
    texts |= dict(row["fields"])
    fields: dict[str, Any] = {name: orjson.loads(text) if name in lists else text for name, text in texts.items()}
    fields |= dict.fromkeys(row["nulls"] or ())
    return Event(
        row["tenant"], row["event_id"].hex(), stamps.micros(row["occurred_at"]), stamps.micros(row["received_at"]),
        row["host"], row["user"], row["source"], row["record_id"], row["time_quality"],
        (row["product"], row["category"], row["service"]), fields,
    )  # fmt: skip


def around(host: str, at: int, before: int, after: int) -> Asked:
    """What happened on a host around a moment; spans in µs."""
    return Asked(Term("host", Like((host,))), at - before, at + after)
