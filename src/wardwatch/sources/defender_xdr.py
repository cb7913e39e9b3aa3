"""Alerts of Microsoft Defender XDR, as Microsoft Graph (security) and Defender for Endpoint give them.

References: Microsoft Graph `alert` (security, alerts_v2); Microsoft Defender for Endpoint, "Alert resource
type". SigmaHQ's names for alerts are added: `eventName` is the title, `eventSource` the product that raised
it.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

import orjson

from wardwatch.events.flat import flatten
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import documents
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each

_LOGSOURCE = LogSource("m365", None, "threat_detection")
_WRAPPERS = frozenset({"value", "records"})
_SNIFF = re.compile(
    rb'"(?:serviceSource|detectionSource|alertCreationTime|AlertId|providerAlertId|threatFamilyName)"\s{0,9}:'
)
_TITLE = re.compile(rb'"(?:title|Title)"\s{0,9}:')
_TIMES = (
    "firstActivityDateTime",
    "firstEventTime",
    "createdDateTime",
    "alertCreationTime",
    "Timestamp",
    "time",
)
_HOSTS = ("evidence.deviceDnsName", "evidence.hostName", "computerDnsName", "DeviceName")
_USERS = (
    "evidence.userAccount.userPrincipalName", "evidence.userAccount.accountName", "relatedUser.userName",
    "AccountName",
)  # fmt: skip
_ALIASES = {
    "eventName": ("title", "Title"),
    "eventSource": ("serviceSource", "ServiceSource", "detectionSource"),
    "Signature": ("evidence.fileDetails.signature", "threatName", "threatDisplayName", "threatFamilyName"),
    "Filename": ("evidence.fileDetails.fileName", "evidence.fileName"),
}


def _parse(body: bytes, context: Context) -> Record | str:
    event = orjson.loads(body)
    if isinstance(event, dict) and isinstance(event.get("properties"), dict):
        event = {**event, **event.pop("properties")}
    if not isinstance(event, dict) or not (event.get("title") or event.get("Title")):
        return "JSON, but no alert with a title"
    fields = flatten(event)
    for alias, origins in _ALIASES.items():
        value = next((fields[name] for name in origins if fields.get(name) not in (None, [], "")), None)
        if value is not None:
            fields.setdefault(alias, value)
    occurred_at, quality = None, RECEIVED
    if stamp := next((fields[name] for name in _TIMES if fields.get(name)), None):
        occurred_at, zoned = stamps.iso(str(stamp), context.zone)
        quality = STATED if zoned else ZONE_ASSUMED
    record_id = event.get("id") or event.get("AlertId")
    return Record(
        0, _LOGSOURCE, fields, occurred_at, quality, _first(fields, _HOSTS), _first(fields, _USERS),
        str(record_id) if record_id else None,
    )  # fmt: skip


def _first(fields: dict[str, Value], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        for item in value if isinstance(value, list) else [value]:
            if item:
                return str(item)
    return None


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    yield from documents.json_values(stream, _WRAPPERS)


def _sniff(head: bytes, _name: str) -> int:
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"["):
        return 0
    return 85 if _SNIFF.search(head) and _TITLE.search(head) else 0


source = Source("defender_xdr", "Microsoft Defender XDR alerts", _sniff, each(_parse), split=_split)

SAMPLE = Sample(
    log=b"""{"value": [
 {"id": "da1", "title": "Ransomware behavior", "severity": "high", "status": "new", "category": "Ransomware",
  "serviceSource": "microsoftDefenderForEndpoint", "createdDateTime": "2026-11-23T02:13:00Z",
  "firstActivityDateTime": "2026-11-23T02:11:02.5Z", "mitreTechniques": ["T1486"],
  "evidence": [{"deviceDnsName": "pc-0417.chu.local", "fileDetails": {"fileName": "locker.exe", "sha256": "ab"}},
               {"userAccount": {"accountName": "ida", "userPrincipalName": "ida@chu.example"}}]},
 {"id": "da2", "severity": "low"}]}
""",
    events=(
        {
            "@logsource": _LOGSOURCE,
            "@time": "2026-11-23T02:11:02.500000Z",
            "@host": "pc-0417.chu.local",
            "@user": "ida@chu.example",
            "title": "Ransomware behavior",
            "eventName": "Ransomware behavior",
            "eventSource": "microsoftDefenderForEndpoint",
            "mitreTechniques": ["T1486"],
            "Filename": ["locker.exe"],
            "evidence.fileDetails.sha256": ["ab"],
        },
    ),
    rejects=1,
)
