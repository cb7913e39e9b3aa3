"""Server events of Mirth Connect (NextGen Connect), the integration engine.

Reference: the model `ServerEvent` of NextGen Connect (REST `/api/events`, as XML or JSON; CSV export of the
event browser: ID, Date and Time, Level, Outcome, Name, User ID, IP Address, Attributes in Base64-URL,
ChannelID-MessageID, ChannelName, PatientID). Attributes become `attributes.<key>`.
"""

import base64
import binascii
import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

import orjson

from wardwatch.events.flat import flatten
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import documents, syslog
from wardwatch.frames.safe_xml import parse as parse_xml
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each, lines

_LOGSOURCE = LogSource("mirth", None, "events")
_SKIP = re.compile(rb"(?:<\?xml[^>]{0,200}\?>|</?list/?>|\s)*")
_WRAPPERS = frozenset({"list", "event"})
_CSV_COLUMNS = (
    "ID", "Date and Time", "Level", "Outcome", "Name", "User ID", "IP Address", "Attributes",
    "ChannelID-MessageID", "ChannelName", "PatientID",
)  # fmt: skip
_NAMES = {
    "id": "EventID", "name": "EventName", "level": "Level", "outcome": "Outcome", "userId": "UserId",
    "ipAddress": "IpAddress", "serverId": "ServerId",
}  # fmt: skip
_CSV_NAMES = {
    "ID": "id", "Date and Time": "eventTime", "Level": "level", "Outcome": "outcome", "Name": "name",
    "User ID": "userId", "IP Address": "ipAddress", "Server ID": "serverId",
}  # fmt: skip
_CHANNEL = re.compile(r"Channel\[id=([0-9A-Za-z-]{1,64}),\s?name=([^\]]{0,200})\]")
_CHANNEL_MESSAGE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-?(\d{1,19})?")
_ATTRIBUTE_NAMES = {"messageId": "MessageId", "patientId": "PatientId", "Exception": "Exception"}
_CSV_SNIFF = re.compile(rb'"?ID"?, ?"?Date and Time"?, ?"?Level"?, ?"?Outcome"?, ?"?Name"?', re.IGNORECASE)
_JSON_SNIFF = re.compile(rb'"eventTime"\s{0,20}:')


def _record(event: Mapping[str, Any], context: Context) -> Record | str:
    """Make the record of one event, with the keys of the REST interface."""
    if "id" not in event or "name" not in event:
        return "no id and name of a Mirth event"
    fields: dict[str, Value] = {}
    for key, value in event.items():
        if key in _NAMES:
            if value not in (None, ""):
                fields[_NAMES[key]] = value
        elif key not in ("attributes", "eventTime"):
            fields.update(flatten({key: value}))
    _attributes(_entries(event.get("attributes")), fields)
    occurred_at, quality = _time(event.get("eventTime"), context)
    user, record_id = fields.get("UserId"), fields["EventID"]
    return Record(
        0, _LOGSOURCE, fields, occurred_at, quality,
        user=None if user is None else str(user), record_id=str(record_id),
    )  # fmt: skip


def _time(stamp: Any, context: Context) -> tuple[int | None, str]:  # noqa: ANN401  (whatever JSON holds)
    if isinstance(stamp, dict):
        stamp = stamp.get("time")
    if stamp is None:
        return None, RECEIVED
    if isinstance(stamp, str) and not stamp.lstrip("-").isdigit():
        occurred_at, zoned = stamps.iso(stamp, context.zone)
        return occurred_at, STATED if zoned else ZONE_ASSUMED
    return stamps.epoch(stamp), STATED


def _entries(attributes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return attributes as a mapping; XStream writes them as `{"entry": [{"string": [key, value]}]}`."""
    if not isinstance(attributes, dict):
        return {}
    entries = attributes.get("entry")
    if entries is None:
        return {key: value for key, value in attributes.items() if not key.startswith("@")}
    found: dict[str, Any] = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        pair = entry.get("string")
        if isinstance(pair, list) and len(pair) > 1:
            found[str(pair[0])] = pair[1]
        elif isinstance(pair, str):
            found[pair] = next((value for key, value in entry.items() if key != "string"), None)
    return found


def _attributes(attributes: Mapping[str, Any], fields: dict[str, Value]) -> None:
    fields.update(flatten(attributes, "attributes."))
    for key, value in attributes.items():
        if key in _ATTRIBUTE_NAMES and isinstance(value, str | int):
            fields[_ATTRIBUTE_NAMES[key]] = value
        elif key.lower() == "channel" and isinstance(value, str) and (channel := _CHANNEL.search(value)):
            fields["ChannelId"], fields["ChannelName"] = channel[1], channel[2]
        elif key in ("channelId", "channelName") and isinstance(value, str):
            fields[key[0].upper() + key[1:]] = value


def _xml(text: str) -> dict[str, Any]:
    begin = re.search(r"<event[\s>/]", text)
    if not begin:
        raise ValueError("no event element")
    event: dict[str, Any] = {}
    for child in parse_xml(text[begin.start() :]):
        if child.tag == "attributes":
            event["attributes"] = {key: value for key, value in map(_pair, child) if key}
        elif child.tag == "eventTime":
            event["eventTime"] = child.findtext("time") or child.text
        else:
            event[child.tag] = child.text
    return event


def _pair(entry: Element) -> tuple[str | None, str | None]:
    parts = [part.text for part in entry]
    return (parts[0], parts[1]) if len(parts) > 1 else (None, None)


def _csv(text: str, columns: list[str]) -> dict[str, Any]:
    row = dict(zip(columns, next(csv.reader([text], skipinitialspace=True)), strict=False))
    event: dict[str, Any] = {_CSV_NAMES[column]: value for column, value in row.items() if column in _CSV_NAMES}
    attributes = _decoded(next((value for column, value in row.items() if column.startswith("Attributes")), ""))
    if message := _CHANNEL_MESSAGE.fullmatch(row.get("ChannelID-MessageID", "").strip()):
        attributes["channelId"] = message[1]
        if message[2]:
            attributes["messageId"] = message[2]
    if row.get("ChannelName"):
        attributes["channelName"] = row["ChannelName"]
    if row.get("PatientID"):
        attributes["patientId"] = row["PatientID"]
    event["attributes"] = attributes
    return event


def _decoded(encoded: str) -> dict[str, Any]:
    """Return the attributes of a CSV row: Base64-URL of JSON, of XML, or of text that is kept as it is."""
    if not encoded:
        return {}
    try:
        text = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, ValueError):
        return {"text": encoded}
    try:
        if text.lstrip().startswith("<"):
            return {key: value for key, value in map(_pair, parse_xml(text).iter("entry")) if key}
        decoded = orjson.loads(text)
    except ValueError:
        return {"text": text}
    return _entries(decoded) if isinstance(decoded, dict) else {"text": text}


def _read(bodies: Iterable[Body], context: Context) -> Iterator[Record | Reject]:
    columns = list(_CSV_COLUMNS)

    def parse(body: bytes, context: Context) -> Record | str:
        text = syslog.text(body).strip()
        if text.startswith("{"):
            return _record(orjson.loads(text), context)
        if text.startswith("<"):
            return _record(_xml(text), context)
        try:
            return _record(_csv(text, columns), context)
        except csv.Error:
            return "not CSV"

    def without_header() -> Iterator[Body]:
        nonlocal columns
        for body in bodies:
            if _CSV_SNIFF.match(body[1].removeprefix(b"\xef\xbb\xbf")):
                columns = [name.strip(' "\ufeff') for name in syslog.text(body[1]).split(",")]
            else:
                yield body

    yield from each(parse)(without_header(), context)


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    first, stream = documents.peeked(stream)
    begin = first.lstrip(b"\xef\xbb\xbf \t")[:1]
    if begin == b"<":
        yield from documents.elements(stream, "event", _SKIP)
    elif begin in (b"{", b"["):
        yield from documents.json_values(stream, _WRAPPERS)
    else:
        yield from lines(stream)


def _sniff(head: bytes, _name: str) -> int:
    if _CSV_SNIFF.match(head.removeprefix(b"\xef\xbb\xbf")):
        return 95
    if b"<eventTime>" in head and b"<event>" in head:
        return 92
    if _JSON_SNIFF.search(head) and b'"outcome"' in head and (b'"serverId"' in head or b'"ipAddress"' in head):
        return 92
    return 0


source = Source(
    "mirth",
    "Mirth Connect server events",
    _sniff,
    _read,
    split=_split,
    independent=False,
    patient=frozenset({"PatientId", "attributes.patientId"}),
    patient_texts=frozenset({"attributes.*", "Exception", "EventName"}),
)

SAMPLE = (
    Sample(
        log=b"""{"list": {"event": [
 {"id": 12, "eventTime": {"time": 1795399862123, "timezone": "Europe/Paris"}, "level": "INFORMATION", "name": "Login",
  "outcome": "FAILURE", "userId": 1, "ipAddress": "10.4.2.66", "serverId": "a7f0", "attributes": null},
 {"id": 13, "eventTime": 1795399863000, "level": "INFORMATION", "name": "Remove messages", "outcome": "SUCCESS",
  "userId": 1, "ipAddress": "10.4.2.66", "serverId": "a7f0", "attributes": {"@class": "linked-hash-map", "entry": [
   {"string": ["channel", "Channel[id=0f3b,name=ADT from HIS]"]}, {"string": ["messageId", "77"]},
   {"string": ["patientId", "P0042"]}]}},
 {"nothing": 1}]}}
""",
        events=(
            {
                "@logsource": _LOGSOURCE,
                "@time": "2026-11-23T02:11:02.123000Z",
                "@user": "1",
                "EventID": "12",
                "EventName": "Login",
                "Level": "INFORMATION",
                "Outcome": "FAILURE",
                "UserId": "1",
                "IpAddress": "10.4.2.66",
                "ServerId": "a7f0",
            },
            {
                "EventName": "Remove messages",
                "ChannelId": "0f3b",
                "ChannelName": "ADT from HIS",
                "MessageId": "77",
                "PatientId": "P0042",
                "attributes.channel": "Channel[id=0f3b,name=ADT from HIS]",
            },
        ),
        rejects=1,
    ),
    Sample(
        log=b"""<list>
  <event><id>14</id><eventTime><time>1795399862123</time><timezone>UTC</timezone></eventTime><level>ERROR</level>
    <name>Update channel</name><outcome>FAILURE</outcome><userId>2</userId><ipAddress>10.4.2.66</ipAddress>
    <attributes class="linked-hash-map"><entry><string>Exception</string><string>java.lang.X</string></entry></attributes>
    <serverId>a7f0</serverId></event>
  <event><id>15</id>
</list>
""",  # noqa: E501
        events=(
            {
                "@time": "2026-11-23T02:11:02.123000Z",
                "EventID": "14",
                "EventName": "Update channel",
                "Exception": "java.lang.X",
                "attributes.Exception": "java.lang.X",
            },
        ),
        rejects=1,
    ),
    Sample(
        log=b"""ID, Date and Time, Level, Outcome, Name, User ID, IP Address, Attributes (Base64-URL), ChannelID-MessageID, ChannelName, PatientID
16, 2026-11-23 03:11:02.123, INFORMATION, SUCCESS, "View, message", 2, 10.4.2.66, eyJrZXkiOiJ2YWx1ZSJ9, 0f3b0f3b-0000-4000-8000-0123456789ab-78, ADT, P0042
""",  # noqa: E501
        events=(
            {
                "@time": "2026-11-23T03:11:02.123000Z",
                "@quality": ZONE_ASSUMED,
                "EventID": "16",
                "EventName": "View, message",
                "UserId": "2",
                "ChannelId": "0f3b0f3b-0000-4000-8000-0123456789ab",
                "ChannelName": "ADT",
                "MessageId": "78",
                "PatientId": "P0042",
                "attributes.key": "value",
            },
        ),
    ),
)
