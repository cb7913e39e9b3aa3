"""How Windows events become rows: groups by form, in which every repeated text is a number.

The hot path of reading. A *layout* says what stands where in events with the same keys; a *label* is what decides
about the log source (event id, channel, event type); a *plan* says how events of one layout and label become rows of
a group. Layouts and plans are remembered from one run of bodies to the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from operator import getitem, itemgetter
from typing import Any

from wardwatch.events.builder import Wanted
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Group
from wardwatch.events.windows import fields_for, log_source
from wardwatch.events.words import Words, text_of

# Positions of the System values in front of the data in a row of a nested event.
SYSTEM = (
    "EventID",
    "Channel",
    "Computer",
    "Provider_Name",
    "Level",
    "Keywords",
    "EventRecordID",
    "TimeCreated",
)
_TIMES = ("TimeCreated", "SystemTime", "UtcTime", "@timestamp", "EventTime")
_IN_UTC = ("SystemTime", "UtcTime")  # whether or not they say so
_IN_UTC_NESTED = (*_IN_UTC, "TimeCreated")  # there it holds SystemTime
_HOSTS = ("Computer", "Hostname", "ComputerName", "computer_name", "host")
_USERS = ("User", "SubjectUserName", "TargetUserName", "AccountName", "UserID")
_RECORD_IDS = ("EventRecordID", "RecordNumber", "record_number")
# Names that flat records use for what Sigma calls otherwise.
_FLAT_NAMES = {"Hostname": "Computer", "SourceName": "Provider_Name", "ComputerName": "Computer"}

# Layouts and plans are remembered from one run of bodies to the next, of shapes with at most so many fields.
_REMEMBERED, _MAX_REMEMBERED = 2_048, 200
_Pick = Callable[[Any], tuple[Any, ...]]
Label = tuple[Any, ...]  # event id, channel, and the event type where there is one
Row = tuple[int, tuple[Any, ...], Mapping[str, Any]]  # ordinal, values of `SYSTEM` (none if flat), the others


class Layout:
    """What stands where in events of one shape: values of `SYSTEM` if they are nested, then those of `keys`."""

    def __init__(self, keys: tuple[str, ...], names: list[str], labels: tuple[int, ...], before: int = 0) -> None:
        """`names` are those of all values, `labels` the positions of what a label consists of."""
        self.keys, self.names, self.labels, self.before = keys, names, labels, before
        self.time, self.host, self.user, self.record_id = (
            tuple(names.index(name) for name in some if name in names) for some in (_TIMES, _HOSTS, _USERS, _RECORD_IDS)
        )
        self.in_utc = tuple(at for at, name in enumerate(names) if name in (_IN_UTC_NESTED if before else _IN_UTC))

    def pickers(self, positions: Sequence[int]) -> tuple[_Pick, _Pick]:
        """Return what takes the values at some positions out of the values of `SYSTEM`, and out of the others."""
        system = [position for position in positions if position < self.before]
        keys = [self.keys[position - self.before] for position in positions if position >= self.before]
        return _picker(system), _picker(keys)


@lru_cache(maxsize=_REMEMBERED)
def _flat_layout(keys: tuple[str, ...]) -> Layout | None:
    names = {key.lower(): key for key in reversed(keys)}
    event_id, channel = names.get("eventid") or names.get("event_id"), names.get("channel") or names.get("log_name")
    if event_id is None or channel is None:
        return None
    labels = (event_id, channel, *(("EventType",) if "EventType" in keys else ()))
    return Layout(keys, [_FLAT_NAMES.get(key, key) for key in keys], tuple(map(keys.index, labels)))


def flat_layout(keys: tuple[str, ...]) -> Layout | None:
    """Return the layout of records that are flat; `None` where their keys name no event id or no channel."""
    return (_flat_layout if len(keys) <= _MAX_REMEMBERED else _flat_layout.__wrapped__)(keys)


def nested_layout(keys: tuple[str, ...]) -> Layout:
    """Return the layout of events whose values of `SYSTEM` stand apart; `keys` are those of their data."""
    return (_nested_layout if len(keys) <= _MAX_REMEMBERED else _nested_layout.__wrapped__)(keys)


@lru_cache(maxsize=_REMEMBERED)
def _nested_layout(keys: tuple[str, ...]) -> Layout:
    labels = (0, 1, *((len(SYSTEM) + keys.index("EventType"),) if "EventType" in keys else ()))
    return Layout(keys, [*SYSTEM, *keys], labels, len(SYSTEM))


def _picker(keys: Sequence[Any]) -> _Pick:
    """Return a function that takes the values of `keys` out of a mapping, as a tuple however many they are."""
    if not keys:
        return lambda _: ()
    pick: Any = itemgetter(*keys)
    return pick if len(keys) > 1 else lambda values: (pick(values),)


@dataclass(frozen=True, slots=True)
class _Form:
    """What a group looks like but for its zone; events of one log source whose keys stand in other order share it."""

    logsource: LogSource
    columns: tuple[tuple[str, int], ...]
    constants: tuple[tuple[str, str], ...]
    names: tuple[str, ...]  # of what is coded
    time: tuple[int, ...]
    host: tuple[int, ...]
    user: tuple[int, ...]
    record_id: tuple[int, ...]
    in_utc: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How an event of one shape and label becomes a row: the form, and which values are coded and which are kept."""

    form: _Form
    coded: list[int]
    pick: tuple[_Pick, _Pick]
    rest: tuple[_Pick, _Pick]


def _plan(
    layout: Layout, label: tuple[Any, ...], logsource: LogSource, asked: frozenset[str] | None, lists: frozenset[int]
) -> _Plan:
    """Plan for what is wanted and what the envelope needs.

    Values are numbered at once, so that no text is kept twice; times, record ids and the values at `lists` are kept.
    """
    columns: dict[str, int] = {}
    for position, name in enumerate(layout.names):
        for field in fields_for(logsource.service, text_of(label[0]), name):
            if asked is None or field in asked:
                columns.setdefault(field, position)
    same = {at: text_of(part) for at, part in zip(layout.labels, label, strict=False) if _is_constant(part)}
    kept = {*layout.time, *layout.record_id, *lists}
    needed = {*columns.values(), *layout.host, *layout.user, *layout.time, *layout.record_id}
    by_name = sorted(needed.difference(same), key=lambda at: (at >= layout.before, layout.names[at], at))
    coded, plain = [at for at in by_name if at not in kept], [at for at in by_name if at in kept]
    place = {at: number for number, at in enumerate([*coded, *plain])}
    form = _Form(
        logsource,
        tuple(sorted((field, place[at]) for field, at in columns.items() if at in place)),
        tuple(sorted((field, same[at]) for field, at in columns.items() if at in same)),
        tuple(layout.names[at] for at in coded),
        *(
            tuple(place[at] for at in positions if at in place)
            for positions in (layout.time, layout.host, layout.user, layout.record_id, layout.in_utc)
        ),
    )
    return _Plan(form, coded, layout.pickers(coded), layout.pickers(plain))


_remembered_plan = lru_cache(maxsize=_REMEMBERED)(_plan)


def _is_constant(part: Any) -> bool:  # noqa: ANN401
    """Say whether all that equals a part of a label has the same text: 0 and 1 equal truth values."""
    return type(part) is str or (type(part) is int and part not in (0, 1))


class Gathered:
    """A group, and how events of one shape and label become its rows."""

    def __init__(self, plan: _Plan, group: Group, lists: frozenset[int]) -> None:
        self.group, self.coded, self.lists = group, plan.coded, lists
        self.pick, self.rest = plan.pick, plan.rest
        # What a caller with events in objects does for each: number, append what is kept, append the ordinal.
        self.fast = (
            group.codes.extend,
            group.words,
            self.pick[1],
            group.rows.append,
            self.rest[1],
            group.ordinals.append,
        )

    def add(self, ordinal: int, system: tuple[Any, ...], data: Mapping[str, Any]) -> list[int]:
        """Take one event; if values in it are lists, which cannot be numbered, return their positions instead."""
        group = self.group
        del group.codes[len(group.ordinals) * len(group.words) :]  # what a first try may have left
        values = self.pick[0](system) + self.pick[1](data)
        try:
            codes = list(map(getitem, group.words, values))
        except TypeError:
            return [at for at, value in zip(self.coded, values, strict=True) if type(value) in (list, dict)]
        group.codes += codes
        group.rows.append(self.rest[0](system) + self.rest[1](data))
        group.ordinals.append(ordinal)
        return []


class _Dictionaries(dict[tuple[LogSource, str], Words]):
    """The texts of each field of each log source."""

    def __missing__(self, key: tuple[LogSource, str]) -> Words:
        self[key] = words = Words()
        return words


class Gatherer:
    """Gathers events into groups; `groups` are those so far."""

    def __init__(self, wanted: Wanted, zone: tzinfo) -> None:
        self._wanted, self._zone = wanted, zone
        self._dictionaries = _Dictionaries()
        self.groups: dict[_Form, Group] = {}

    def add(self, known: dict[Any, Gathered], key: tuple[Any, ...], of: tuple[Label, Layout], row: Row) -> None:
        """Add a row to the group of its layout and label; `known` remembers the latter by `key`.

        Raises `TypeError` where the label is no plain value.
        """
        gathered = known.get(key)
        lists = frozenset[int]()
        while gathered is None or (found := gathered.add(*row)):
            if gathered is not None:  # from now on lists are expected there
                lists = gathered.lists.union(found)
            gathered = known[key] = self._gathered(*of, lists)

    def _gathered(self, label: Label, layout: Layout, lists: frozenset[int]) -> Gathered:
        event_id, channel, *kind = label
        if type(event_id) is bool:  # it would pass for event 0 or 1, and give them its log source
            raise TypeError
        source = log_source(str(channel), text_of(event_id), str(kind[0]) if kind else "")
        plan_of = _remembered_plan if len(layout.keys) <= _MAX_REMEMBERED else _plan
        plan = plan_of(layout, label, source, self._wanted(source), lists)
        form = plan.form
        group = self.groups.get(form)
        if group is None:
            group = self.groups[form] = Group(
                source,
                form.columns,
                form.constants,
                time=form.time,
                host=form.host,
                user=form.user,
                record_id=form.record_id,
                zone=self._zone,
                in_utc=form.in_utc,
                words=tuple(self._dictionaries[source, name] for name in form.names),
            )
        return Gathered(plan, group, lists)
