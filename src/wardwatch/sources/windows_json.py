"""Windows events as JSON, in the shapes found in the wild; one event per line, or a JSON array.

* nested `Event.System` / `Event.EventData`, as `evtx_dump` and XML-to-JSON converters write it
  (schema: https://learn.microsoft.com/windows/win32/wes/eventschema-schema)
* Winlogbeat 7+ and Elastic Agent: `winlog.channel`, `winlog.event_id`, `winlog.event_data` (ECS); Winlogbeat 6
* flat: NXLog `im_msvistalog` (`EventID`, `Channel`, `Hostname`, `SourceName`), Mordor, and Sigma names as they are

Fields carry the names of the event's data, as the Sigma taxonomy has them, plus `EventID`, `Channel`, `Computer`,
`Provider_Name`, `Level`, `Keywords`. A 4688 (process creation audit) also looks like Sysmon's: Image, ParentImage.

This is the format that matters for speed: rows are gathered by shape and never built one by one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import orjson

from wardwatch.events.record import Group, Record, Reject
from wardwatch.events.windows import fields_for, is_windows, log_source
from wardwatch.sources import Body, Context, RefusedError, Sample, Source, json_values, reason

MAX_FIELDS = 4096  # in one event; more is refused as hostile

# Positions of the System values in front of the data in a row of a nested event.
_SYSTEM = (
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
_IN_UTC = ("SystemTime", "UtcTime")  # whether or not they say so; of a nested event `TimeCreated` holds SystemTime
_HOSTS = ("Computer", "Hostname", "ComputerName", "computer_name", "host")
_USERS = ("User", "SubjectUserName", "TargetUserName", "AccountName", "UserID")
_RECORD_IDS = ("EventRecordID", "RecordNumber", "record_number")
# Names that flat records use for what Sigma calls otherwise.
_FLAT_NAMES = {"Hostname": "Computer", "SourceName": "Provider_Name", "ComputerName": "Computer"}


class _Flat:
    """Records with the same top-level keys, all of them fields."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        names = {key.lower(): key for key in reversed(keys)}
        event_id, channel = names.get("eventid") or names.get("event_id"), names.get("channel") or names.get("log_name")
        if event_id is None or channel is None:
            raise RefusedError("JSON without EventID and Channel: no Windows event in a known shape")
        self.keys = keys
        self.names = [_FLAT_NAMES.get(key, key) for key in keys]
        self.label = itemgetter(event_id, channel, *(("EventType",) if "EventType" in keys else ()))
        self.gathered: dict[tuple[Any, ...], _Gathered] = {}


class _Gathered:
    """A group, and which values of an event make a row of it: those that are wanted, and those of the envelope."""

    def __init__(self, label: tuple[Any, ...], names: list[str], keys: Sequence[str], context: Context) -> None:
        """`names` are those of all values; the last are picked from the event by `keys`, the others come first."""
        event_id, channel = str(label[0]), str(label[1])
        source = log_source(channel, event_id, str(label[2]) if len(label) > 2 else "")  # noqa: PLR2004
        asked = context.wanted(source)
        before = len(names) - len(keys)
        columns: dict[str, int] = {}
        for position, name in enumerate(names):
            for field in fields_for(source.service, event_id, name):
                if asked is None or field in asked:
                    columns.setdefault(field, position)
        envelope = [_positions(names, candidates) for candidates in (_TIMES, _HOSTS, _USERS, _RECORD_IDS)]
        needed = sorted({p for p in chain(columns.values(), *envelope) if p >= before})
        moved = {position: before + number for number, position in enumerate(needed)} | {p: p for p in range(before)}
        time, host, user, record_id = (tuple(moved[position] for position in positions) for positions in envelope)
        in_utc = _positions(names, _IN_UTC) + ((_SYSTEM.index("TimeCreated"),) if before else ())
        self.group = Group(
            source,
            tuple((field, moved[position]) for field, position in columns.items()),
            time=time,
            host=host,
            user=user,
            record_id=record_id,
            zone=context.zone,
            in_utc=tuple(moved[position] for position in in_utc),
        )
        self.pick = _picker([keys[position - before] for position in needed])
        self.row, self.ordinal = self.group.rows.append, self.group.ordinals.append


def _picker(keys: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return a function that takes the values of `keys` out of a mapping, as a tuple however many they are."""
    if not keys:
        return lambda _: ()
    pick = itemgetter(*keys)
    return pick if len(keys) > 1 else lambda values: (pick(values),)


def _positions(names: list[str], candidates: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(names.index(name) for name in candidates if name in names)


class _Reader:
    """Gathers the events of one run of bodies into groups."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.flat: dict[tuple[str, ...], _Flat | None] = {}  # None: records with these keys are nested
        self.nested: dict[tuple[Any, ...], _Gathered] = {}

    def take(self, ordinal: int, event: Any) -> None:  # noqa: ANN401  (whatever JSON holds)
        """Take one parsed event; raises `RefusedError` with the reason where it is none."""
        if type(event) is not dict:
            raise RefusedError("JSON, but not an object")
        keys = tuple(event)
        try:
            shape = self.flat[keys]
        except KeyError:
            shape = self.flat[keys] = _shape(event, keys)
        if shape is None:
            self._take_nested(ordinal, *_parts(event))
            return
        label = shape.label(event)
        try:
            gathered = shape.gathered.get(label)
        except TypeError:
            raise RefusedError("EventID or Channel is not a plain value") from None
        if gathered is None:
            gathered = shape.gathered[label] = _Gathered(label, shape.names, shape.keys, self.context)
        gathered.row(gathered.pick(event))
        gathered.ordinal(ordinal)

    def _take_nested(self, ordinal: int, system: tuple[Any, ...], data: dict[str, Any]) -> None:
        if "Data" in data:
            data = _unnamed(data)
        keys = tuple(data)
        if len(keys) > MAX_FIELDS:
            raise RefusedError(f"more than {MAX_FIELDS} fields")
        label = (system[0], system[1], data.get("EventType", ""))
        try:
            gathered = self.nested.get((keys, label))
        except TypeError:
            raise RefusedError("EventID or Channel is not a plain value") from None
        if gathered is None:
            gathered = self.nested[keys, label] = _Gathered(label, [*_SYSTEM, *keys], keys, self.context)
        gathered.row(system + gathered.pick(data))
        gathered.ordinal(ordinal)

    def groups(self) -> Iterator[Group]:
        """Yield what was gathered."""
        yield from (gathered.group for gathered in self.nested.values())
        for shape in self.flat.values():
            if shape is not None:
                yield from (gathered.group for gathered in shape.gathered.values())


def _shape(event: Mapping[str, Any], keys: tuple[str, ...]) -> _Flat | None:
    if len(keys) > MAX_FIELDS:
        raise RefusedError(f"more than {MAX_FIELDS} fields")
    nested = any(type(event.get(name)) is dict for name in ("Event", "winlog", "event_data", "System"))
    return None if nested else _Flat(keys)


def _parts(event: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Take a nested event apart: the values of `_SYSTEM`, and its data."""
    winlog = event.get("winlog")
    if type(winlog) is dict or "event_data" in event:
        return _winlogbeat(event, winlog if type(winlog) is dict else event)
    inner = event.get("Event") if type(event.get("Event")) is dict else event
    system = inner.get("System") if inner else None
    if type(system) is not dict:
        raise RefusedError("an Event without System")
    return _system(system), _event_data(inner or {})


def _winlogbeat(event: Mapping[str, Any], winlog: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    channel, event_id = winlog.get("channel") or winlog.get("log_name"), winlog.get("event_id")
    if channel is None or event_id is None:
        raise RefusedError("winlog without channel and event_id")
    system = (
        event_id,
        channel,
        winlog.get("computer_name"),
        winlog.get("provider_name") or winlog.get("source_name"),
        winlog.get("level") or (event.get("log") or {}).get("level"),
        winlog.get("keywords"),
        winlog.get("record_id") or winlog.get("record_number"),
        event.get("@timestamp"),
    )
    data = dict(winlog.get("event_data") or {})
    for inner in (winlog.get("user_data") or {}).items():
        data.setdefault(*inner)
    if event.get("message") is not None:
        data.setdefault("Message", event["message"])
    return system, data


def _attribute(holder: Any, name: str) -> Any:  # noqa: ANN401
    """An XML attribute in the spellings of the converters: `#attributes.X`, `@X`, `X`."""
    if type(holder) is not dict:
        return None
    found = holder.get("#attributes") or holder
    return found.get(name, found.get("@" + name))


def _system(system: Mapping[str, Any]) -> tuple[Any, ...]:
    event_id = system.get("EventID")
    if type(event_id) is dict:
        event_id = event_id.get("#text", event_id.get("text"))
    if event_id is None or system.get("Channel") is None:
        raise RefusedError("an Event without EventID and Channel")
    return (
        event_id,
        system["Channel"],
        system.get("Computer"),
        _attribute(system.get("Provider") or system.get("Provider_attributes"), "Name"),
        system.get("Level"),
        system.get("Keywords"),
        system.get("EventRecordID"),
        _attribute(system.get("TimeCreated") or system.get("TimeCreated_attributes"), "SystemTime"),
    )


def _event_data(inner: Mapping[str, Any]) -> dict[str, Any]:
    data = inner.get("EventData")
    if type(data) is dict:
        data.pop("#attributes", None)
        return data
    if type(data) is list:
        return {"Data": data}
    user = inner.get("UserData")
    if type(user) is dict:
        for value in user.values():
            if type(value) is dict:
                value.pop("#attributes", None)
                return value
    return {}


def _unnamed(data: dict[str, Any]) -> dict[str, Any]:
    """Bring `Data` elements into shape: named ones become fields, unnamed ones the list `Data`."""
    found = data["Data"]
    if type(found) is dict and "#text" in found and not _attribute(found, "Name"):
        found = found["#text"]
    items = found if type(found) is list else [found]
    if not any(type(item) is dict for item in items):
        return {**data, "Data": found}
    named: dict[str, Any] = {}
    unnamed = []
    for item in items:
        if name := _attribute(item, "Name"):
            named[str(name)] = item.get("#text")
        else:
            unnamed.append(item.get("#text", item) if type(item) is dict else item)
    rest = {key: value for key, value in data.items() if key != "Data"}
    return rest | named | ({"Data": unnamed} if unnamed else {})


def read(bodies: Iterable[Body], context: Context) -> Iterator[Record | Group | Reject]:
    """Read JSON events; see `Source.read`."""
    reader = _Reader(context)
    flat, take, loads = reader.flat, reader.take, orjson.loads
    for ordinal, body in bodies:
        try:
            event = loads(body)
            try:  # a flat event of a shape and kind that were seen before, as most are
                shape = flat[tuple(event)]
                gathered = shape.gathered[shape.label(event)]  # type: ignore[union-attr]
            except (KeyError, AttributeError, TypeError):
                take(ordinal, event)
            else:
                gathered.row(gathered.pick(event))
                gathered.ordinal(ordinal)
        except (AttributeError, TypeError, ValueError) as error:
            yield Reject(ordinal, reason(error), body[:80])
    yield from reader.groups()


_CERTAIN = 95


def sniff(head: bytes, _: str) -> int:
    """Certain where a JSON object names an event id and a channel."""
    if head.lstrip()[:1] not in (b"{", b"["):
        return 0
    has_id = b'"EventID"' in head or b'"event_id"' in head
    has_channel = any(mark in head for mark in (b'"Channel"', b'"channel"', b'"log_name"'))
    return _CERTAIN if has_id and has_channel else 0


source = Source("windows_json", "Windows events as JSON", sniff, read, json_values, verbatim=is_windows)

_XML_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
SAMPLE = Sample(
    log=b"\n".join(
        orjson.dumps(event)
        for event in (
            {
                "@timestamp": "2026-11-23T02:11:04.123Z",
                "Channel": "Microsoft-Windows-Sysmon/Operational",
                "EventID": 1,
                "Hostname": "SRV-PACS01",
                "SourceName": "Microsoft-Windows-Sysmon",
                "Image": "C:\\Windows\\System32\\cmd.exe",
                "CommandLine": "cmd.exe /c whoami",
                "User": "CHU\\svc_pacs",
            },
            {
                "Event": {
                    "#attributes": {"xmlns": _XML_NAMESPACE},
                    "System": {
                        "Provider": {"#attributes": {"Name": "PowerShell"}},
                        "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 400},
                        "Level": 4,
                        "TimeCreated": {"#attributes": {"SystemTime": "2026-11-23T02:12:00.5Z"}},
                        "EventRecordID": 789,
                        "Channel": "Windows PowerShell",
                        "Computer": "PC-URG-07",
                    },
                    "EventData": {"Data": {"#text": ["Available", "HostName=ConsoleHost"]}},
                }
            },
            {
                "@timestamp": "2026-11-23T02:13:00Z",
                "winlog": {
                    "channel": "Security",
                    "event_id": "4688",
                    "computer_name": "PC-URG-07",
                    "record_id": 17,
                    "provider_name": "Microsoft-Windows-Security-Auditing",
                    "event_data": {
                        "NewProcessName": "C:\\x.exe",
                        "SubjectUserName": "ida",
                        "ParentProcessName": "-",
                    },
                },
            },
            {"EventID": 5},
        )
    ),
    events=(
        {
            "@logsource": "windows/process_creation/sysmon",
            "@time": "2026-11-23T02:11:04.123000Z",
            "@host": "SRV-PACS01",
            "@user": "CHU\\svc_pacs",
            "Computer": "SRV-PACS01",
            "EventID": "1",
            "Provider_Name": "Microsoft-Windows-Sysmon",
            "CommandLine": "cmd.exe /c whoami",
        },
        {
            "@logsource": "windows/ps_classic_start/powershell-classic",
            "@time": "2026-11-23T02:12:00.500000Z",
            "@host": "PC-URG-07",
            "EventID": "400",
            "Data": ["Available", "HostName=ConsoleHost"],
        },
        {
            "@logsource": "windows/process_creation/security",
            "@time": "2026-11-23T02:13:00Z",
            "@user": "ida",
            "Image": "C:\\x.exe",
            "NewProcessName": "C:\\x.exe",
            "User": "ida",
        },
    ),
    rejects=1,
)
