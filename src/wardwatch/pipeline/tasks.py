"""A scan cut into tasks: a whole log, or a piece of a large one. A task's result says all that came of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from itertools import islice

from wardwatch.correlation.sighting import Sighting
from wardwatch.events.alert import Alert
from wardwatch.events.logsource import LogSource
from wardwatch.frames.inputs import Input
from wardwatch.kernel.severity import Level

PIECE = 64 * 1024 * 1024  # bytes: a larger log whose lines stand alone is read in pieces
MAX_NAMES = 50_000  # field names of one log source that are noted
MAX_SHOWN_REJECTS = 100  # of one task; all are counted


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for a whole scan.

    `received_at`, `since`, `until` are microseconds UTC; `zone` is for stamps without one; `level` is the lowest of
    alerts that are kept; `needs` are the fields that correlations want from sightings of a rule, by rule id;
    `silenced` are rules that raise no alert alone because correlations speak for them.
    """

    tenant: str
    received_at: int
    level: Level = Level.LOW
    since: int | None = None
    until: int | None = None
    zone: tzinfo = UTC
    needs: tuple[tuple[str, frozenset[str]], ...] = ()
    silenced: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Task:
    """Read bytes `start` to `end` of an input as a source; `first_line` is the number of the line at `start`.

    `mixed` logs hold lines of several syslog sources.
    """

    input: Input
    source: str
    start: int = 0
    end: int | None = None
    first_line: int = 1
    mixed: bool = False


def note_names(known: dict[LogSource, set[str]], found: Mapping[LogSource, set[str]]) -> None:
    """Take in names of fields by log source, of each at most `MAX_NAMES`."""
    for logsource, names in found.items():
        mine = known.setdefault(logsource, set())
        mine.update(islice(names - mine, MAX_NAMES - len(mine)))


@dataclass(frozen=True, slots=True)
class ShownReject:
    """A reject as people see it: where, why, and how the body begins."""

    file: str
    place: str
    reason: str
    head: str


@dataclass(slots=True)
class TaskResult:
    """What came of a task, or of a part of it; the last part is `final`."""

    task: Task
    final: bool = False
    alerts: list[Alert] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    withheld: Counter[tuple[str, str]] = field(default_factory=Counter)  # alerts that a tuning withholds: rule, tuning
    events: Counter[LogSource] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    fields: dict[LogSource, set[str]] = field(default_factory=dict)
    hosts: Counter[str] = field(default_factory=Counter)
    outside: int = 0  # events outside the asked window of time
    untimed: int = 0  # events that state no believable time
    first_at: int | None = None
    last_at: int | None = None
    rejects: Counter[str] = field(default_factory=Counter)
    shown: list[ShownReject] = field(default_factory=list)
    bytes_read: int = 0
