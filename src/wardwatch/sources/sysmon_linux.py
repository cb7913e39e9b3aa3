"""Sysmon for Linux: XML events in syslog lines, or bare.

Reference: Sysmon for Linux writes the Windows event schema (`Event/System`, `Event/EventData/Data[@Name]`)
into syslog. Categories are those of Sysmon on Windows.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.events.windows import SYSMON_CATEGORIES
from wardwatch.frames import documents, syslog
from wardwatch.frames.safe_xml import local, parse
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each

_SNIFF = re.compile(rb"<Provider Name=[\"']Linux-Sysmon[\"']|<Channel>Linux-Sysmon/")
_SKIP = re.compile(rb"(?:<\?xml[^>]{0,200}\?>|</?Events>|\s)*")
_BEGIN = re.compile(r"<!DOCTYPE|<Event[\s>]")


def _parse(body: bytes, context: Context) -> Record | str:
    text = syslog.text(body)
    begin = _BEGIN.search(text)
    if not begin:
        return "no Event"
    line = syslog.parse(text[: begin.start()], context.received_at, context.zone)
    root = parse(text[begin.start() :].strip())
    fields, stamp, record_id = _fields(root)
    event_id = str(fields.get("EventID", ""))
    if not event_id:
        return "an Event without EventID"
    occurred_at, quality = line.occurred_at, line.time_quality
    if stamp or fields.get("UtcTime"):
        occurred_at, zoned = stamps.iso(stamp or str(fields["UtcTime"]))
        quality = STATED if zoned or not stamp else ZONE_ASSUMED
    host, user = fields.get("Computer") or line.host, fields.get("User")
    source_of = LogSource("linux", SYSMON_CATEGORIES.get(event_id), "sysmon")
    return Record(
        0,
        source_of,
        fields,
        occurred_at,
        quality,
        str(host) if host else None,
        str(user) if user else None,
        record_id,
    )


def _fields(root: Element) -> tuple[dict[str, Value], str | None, str | None]:
    """Return the fields of both sections, the time as written, and the record's number."""
    fields: dict[str, Value] = {}
    stamp = record_id = None
    for section in root:
        for child in section:
            match local(child.tag):
                case "TimeCreated":
                    stamp = child.get("SystemTime")
                case "Data" if child.get("Name"):
                    fields[str(child.get("Name"))] = child.text or ""
                case "Provider":
                    fields["Provider_Name"] = child.get("Name")
                case "EventRecordID":
                    record_id = child.text
                case "EventID" | "Computer" | "Channel" | "Level" | "Keywords" as name if child.text:
                    fields[name] = child.text
    return fields, stamp, record_id


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    yield from documents.elements(stream, "Event", _SKIP)


def _sniff(head: bytes, _name: str) -> int:
    return 96 if _SNIFF.search(head) else 0


source = Source("sysmon_linux", "Sysmon for Linux", _sniff, each(_parse), split=_split)

SAMPLE = Sample(
    log=b"""Nov 23 03:11:02 web01 sysmon: <Event><System><Provider Name="Linux-Sysmon" Guid="{ff}"/><EventID>1</EventID><Version>5</Version><Level>4</Level><TimeCreated SystemTime="2026-11-23T02:11:02.123456000Z"/><EventRecordID>77</EventRecordID><Channel>Linux-Sysmon/Operational</Channel><Computer>web01.chu</Computer></System><EventData><Data Name="RuleName">-</Data><Data Name="UtcTime">2026-11-23 02:11:02.123</Data><Data Name="Image">/usr/bin/curl</Data><Data Name="CommandLine">curl http://x/?a=1&amp;b=2</Data><Data Name="User">www-data</Data><Data Name="LogonId">33</Data></EventData></Event>
<Event><System><Provider Name="Linux-Sysmon"/><EventID>3</EventID><Computer>web01</Computer></System><EventData><Data Name="UtcTime">2026-11-23 02:11:03.000</Data><Data Name="DestinationIp">10.4.2.66</Data><Data Name="Initiated">true</Data></EventData></Event>
<Event><System></System></Event>
Nov 23 03:11:02 web01 sysmon: started
""",  # noqa: E501
    events=(
        {
            "@logsource": LogSource("linux", "process_creation", "sysmon"),
            "@time": "2026-11-23T02:11:02.123456Z",
            "@host": "web01.chu",
            "@user": "www-data",
            "@quality": STATED,
            "EventID": "1",
            "Computer": "web01.chu",
            "Image": "/usr/bin/curl",
            "CommandLine": "curl http://x/?a=1&b=2",
            "User": "www-data",
            "LogonId": "33",
        },
        {
            "@logsource": LogSource("linux", "network_connection", "sysmon"),
            "@time": "2026-11-23T02:11:03Z",
            "DestinationIp": "10.4.2.66",
            "Initiated": "true",
        },
    ),
    rejects=2,
)
