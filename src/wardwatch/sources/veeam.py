r"""Veeam Backup & Replication events, forwarded by syslog.

Reference: Veeam Backup & Replication Event Reference. RFC 5424 with app `Veeam_MP`, structured data
`[origin enterpriseId="31023"] [categoryId=0 instanceId=41600 Name="value" …]`: `instanceId` (the event's
number) stands without quotes, and backslashes are not escaped (`DOM\user`), so the data is read here and
not by RFC 5424. Also read: RFC 3164 headers, and lines that give the event as `Event ID: 41600` or
`instanceId=41600` with text.
"""

import re

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, Record, Value
from wardwatch.frames import heads, syslog
from wardwatch.sources import Context, Sample, Source, each

_LOGSOURCE = LogSource("veeam", None, "backup")
_SNIFF = re.compile(rb'enterpriseId="31023"|\bVeeam[_ ]MP\b[^\r\n]{0,200}(?:instanceId=|Event ?ID)')
_PARAM = re.compile(r"(?:^|[\s\[])([A-Za-z_][\w.-]{0,63})=(?:\"([^\"]*)\"|([^\s\]\"]+))")
_TEXT_ID = re.compile(r"\bEvent ?ID[:= ]{1,3}(\d{1,6})\b", re.IGNORECASE)
_NOT_FIELDS = frozenset({"enterpriseId"})
_USERS = ("UserName", "InitiatorName", "InitiatorFullInfo", "UserFullInfo")


def _parse(body: bytes, context: Context) -> Record | str:
    text = syslog.text(body)
    line = syslog.parse(text, context.received_at, context.zone)
    begin = text.find("[origin ")
    data = text[begin:] if begin >= 0 else line.message
    fields: dict[str, Value] = {}
    for name, quoted, plain in _PARAM.findall(data):
        if name not in _NOT_FIELDS:
            fields.setdefault(name, plain or quoted)
    event_id = fields.pop("instanceId", None)
    if event_id is None and (stated := _TEXT_ID.search(data)):
        event_id = stated[1]
    if event_id is None:
        return "no instanceId of a Veeam event"
    fields["EventID"] = event_id
    fields.setdefault("Description", data.rpartition("]")[2].strip() if begin >= 0 else line.message)
    user = next((str(fields[name]) for name in _USERS if fields.get(name)), None)
    host = line.host or fields.get("VbrHostName")
    return Record(0, _LOGSOURCE, fields, line.occurred_at, line.time_quality, str(host) if host else None, user)


def _sniff(head: bytes, _name: str) -> int:
    return heads.confidence(head, _SNIFF, 94)


source = Source("veeam", "Veeam Backup & Replication", _sniff, each(_parse))

SAMPLE = Sample(
    log=rb"""<14>1 2026-11-23T03:11:02.656473+01:00 VBRSRV01 Veeam_MP - - [origin enterpriseId="31023"] [categoryId=0 instanceId=41600 DetectionTimeUTC="11/23/2026 02:10:41" OibID="0e54" ActivityType="EncryptedData" UserName="CHU\amartin" ObjectName="PACS01" VbrHostName="vbr01.chu.local" VbrVersion="13.0.1.180" Version="1" Description="Potential malware activity detected"]
Nov 23 03:11:03 VBRSRV01 Veeam_MP: [origin enterpriseId="31023"] [categoryId=0 instanceId=28200 RepositoryName="Immutable 1" UserFullInfo="CHU\admin" VbrHostName="vbr01" Description="Repository 'Immutable 1' has been deleted."]
1 2026-11-23T02:11:04Z VBRSRV01 Veeam_MP - - [origin enterpriseId="31023"] [categoryId=0 instanceId=42402 Operation="Delete backup" OperationId="100" InitiatorFullInfo="CHU\eve" VbrHostName="vbr01" Description="request"]
Nov 23 03:11:05 VBRSRV01 Veeam MP: Event ID: 42401 Four-eyes authorization was disabled
Nov 23 03:11:05 VBRSRV01 Veeam_MP: service started
""",  # noqa: E501
    events=(
        {
            "@logsource": _LOGSOURCE,
            "@time": "2026-11-23T02:11:02.656473Z",
            "@host": "VBRSRV01",
            "@user": r"CHU\amartin",
            "@quality": STATED,
            "EventID": "41600",
            "VbrHostName": "vbr01.chu.local",
            "Description": "Potential malware activity detected",
            "UserName": r"CHU\amartin",
            "ActivityType": "EncryptedData",
            "OibID": "0e54",
            "categoryId": "0",
        },
        {"EventID": "28200", "RepositoryName": "Immutable 1", "@user": r"CHU\admin"},
        {
            "@time": "2026-11-23T02:11:04Z",
            "EventID": "42402",
            "Operation": "Delete backup",
            "OperationId": "100",
            "InitiatorFullInfo": r"CHU\eve",
        },
        {"EventID": "42401", "@host": "VBRSRV01"},
    ),
    rejects=1,
)
