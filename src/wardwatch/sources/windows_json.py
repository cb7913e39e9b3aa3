"""Windows events as JSON, in the shapes found in the wild; one event per line, or a JSON array.

* nested `Event.System` / `Event.EventData`, as `evtx_dump` and XML-to-JSON converters write it
  (schema: https://learn.microsoft.com/windows/win32/wes/eventschema-schema)
* Winlogbeat 7+ and Elastic Agent: `winlog.channel`, `winlog.event_id`, `winlog.event_data` (ECS); Winlogbeat 6
* flat: NXLog `im_msvistalog` (`EventID`, `Channel`, `Hostname`, `SourceName`), Mordor, and Sigma names as they are

Fields carry the names of the event's data, as the Sigma taxonomy has them, plus `EventID`, `Channel`, `Computer`,
`Provider_Name`, `Level`, `Keywords`. A 4688 (process creation audit) also looks like Sysmon's: Image, ParentImage.

This is the format that matters for speed: see `events.windows_rows`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from operator import getitem, itemgetter
from typing import Any

import orjson

from wardwatch.events.record import Group, Record, Reject
from wardwatch.events.windows import SYSMON, is_windows
from wardwatch.events.windows_rows import Gathered, Gatherer, Label, Layout, Row, flat_layout, nested_layout
from wardwatch.sources import Body, Context, RefusedError, Sample, Source, json_values, reason

MAX_FIELDS = 4096  # in one event; more is refused as hostile

_REGISTRY = (12, 13, 14, "12", "13", "14")  # Sysmon's events about the registry, which have an EventType of their own
_EVENT_TYPE = re.compile(r"EventType: ([A-Za-z]{3,20})\r?\n")
_MESSAGE_HEAD = 1_000  # characters of a message in which it stands


class _Flat:
    """Records with the same top-level keys, all of them fields."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        layout = flat_layout(keys)
        if layout is None:
            raise RefusedError("JSON without EventID and Channel: no Windows event in a known shape")
        self.layout = layout
        self.label = itemgetter(*(keys[at] for at in layout.labels))
        self.gathered: dict[tuple[Any, ...], Gathered] = {}


class _Reader:
    """Gathers the events of one run of bodies into groups."""

    def __init__(self, context: Context) -> None:
        self.flat: dict[tuple[str, ...], _Flat | None] = {}  # None: records with these keys are nested
        self.nested: dict[tuple[Any, ...], Gathered] = {}
        self.gatherer = Gatherer(context.wanted, context.zone)

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
        known = shape.gathered
        if label[0] in _REGISTRY and label[1] == SYSMON and _is_of_nxlog(event):
            event["EventType"] = _own_event_type(event)
            # What is remembered by the label would be taken for what the next event says, too.
            label, known = shape.label(event), {}
        self._add(known, label, (label, shape.layout), (ordinal, (), event))

    def _take_nested(self, ordinal: int, system: tuple[Any, ...], data: dict[str, Any]) -> None:
        if "Data" in data:
            data = _unnamed(data)
        keys = tuple(data)
        if len(keys) > MAX_FIELDS:
            raise RefusedError(f"more than {MAX_FIELDS} fields")
        label = (system[0], system[1], data.get("EventType", ""))
        try:
            gathered = self.nested[keys, label]
        except (KeyError, TypeError):
            gathered = None
        if gathered is None or gathered.add(ordinal, system, data):
            self._add(self.nested, (keys, label), (label, nested_layout(keys)), (ordinal, system, data))

    def _add(self, known: dict[Any, Gathered], key: tuple[Any, ...], of: tuple[Label, Layout], row: Row) -> None:
        try:
            self.gatherer.add(known, key, of, row)
        except TypeError:
            raise RefusedError("EventID or Channel is not a plain value") from None


def _is_of_nxlog(event: Mapping[str, Any]) -> bool:
    """Say whether `EventType` is NXLog's (INFO, ERROR …), so that the event's own is only in its message."""
    stated = event.get("EventType")
    return type(stated) is str and stated.isupper() and type(event.get("Message")) is str


def _own_event_type(event: Mapping[str, Any]) -> str:
    """What Sysmon says was done to the registry (NXLog's manual, im_msvistalog: fields of the event log)."""
    found = _EVENT_TYPE.search(event["Message"], 0, _MESSAGE_HEAD)
    return found[1] if found else str(event["EventType"])


def _shape(event: Mapping[str, Any], keys: tuple[str, ...]) -> _Flat | None:
    if len(keys) > MAX_FIELDS:
        raise RefusedError(f"more than {MAX_FIELDS} fields")
    nested = any(type(event.get(name)) is dict for name in ("Event", "winlog", "event_data", "System"))
    return None if nested else _Flat(keys)


def _parts(event: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Take a nested event apart: the values of `SYSTEM`, and its data."""
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
    flat, take, loads, number = reader.flat, reader.take, orjson.loads, getitem
    for ordinal, body in bodies:
        try:
            event = loads(body)
            try:  # a flat event of a shape and kind that were seen before, as most are
                shape = flat[tuple(event)]
                codes, words, pick, rows, rest, ordinals = shape.gathered[shape.label(event)].fast  # type: ignore[union-attr]
                codes(map(number, words, pick(event)))
            except (KeyError, AttributeError, TypeError):
                take(ordinal, event)
            else:
                rows(rest(event))
                ordinals(ordinal)
        except (AttributeError, TypeError, ValueError) as error:
            yield Reject(ordinal, reason(error), bytes(body[:80]))
    yield from (group for group in reader.gatherer.groups.values() if group.ordinals)


_CERTAIN = 95


def sniff(head: bytes, _: str) -> int:
    """Certain where a JSON object names an event id and a channel."""
    if head.lstrip()[:1] not in (b"{", b"["):
        return 0
    has_id = b'"EventID"' in head or b'"event_id"' in head
    has_channel = any(mark in head for mark in (b'"Channel"', b'"channel"', b'"log_name"'))
    return _CERTAIN if has_id and has_channel else 0


source = Source("windows_json", "Windows events as JSON", sniff, read, json_values, verbatim=is_windows, views=True)

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
