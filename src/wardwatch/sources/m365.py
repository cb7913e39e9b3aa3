"""The unified audit log of Microsoft 365, as the Management Activity API and Search-UnifiedAuditLog give it.

Reference: Microsoft, "Office 365 Management Activity API schema". Lists of `{Name, Value}` become fields
(`Parameters.ForwardTo`), and stay under their own name as JSON text, in which SigmaHQ's rules look too.
Times are UTC by that schema. Alerts of the Security & Compliance Center get the service and names that
SigmaHQ uses for them (threat_management: `eventSource`, `eventName`, `status`); all else is service audit.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import orjson

from wardwatch.events.flat import flatten
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, Record, Reject, Value
from wardwatch.frames import documents
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each

_AUDIT = LogSource("m365", None, "audit")
_ALERT = LogSource("m365", None, "threat_management")
_WRAPPERS = frozenset({"value", "records"})
_SNIFFS = (
    re.compile(rb'"Workload"\s{0,9}:\s{0,9}"'),
    re.compile(rb'"RecordType"\s{0,9}:'),
    re.compile(rb'"Operation"\s{0,9}:\s{0,9}"'),
)
_AUDIT_DATA = re.compile(rb'"AuditData"\s{0,9}:\s{0,9}[{"]')
_ADDRESS = re.compile(r"\[?([0-9A-Fa-f.:]{3,45}?)\]?(?::(\d{1,5}))?")


def _parse(body: bytes, context: Context) -> Record | str:
    del context
    event = orjson.loads(body)
    if isinstance(event, dict) and "AuditData" in event:
        inner = event["AuditData"]
        event = orjson.loads(inner) if isinstance(inner, str) else inner
    if not isinstance(event, dict) or "Operation" not in event or not ("Workload" in event or "RecordType" in event):
        return "JSON, but no record of the unified audit log"
    fields: dict[str, Value] = {}
    for name, value in event.items():
        if _is_pairs(value):
            fields[name] = orjson.dumps(value).decode()
            for pair in value:
                _pair(name, pair, fields)
        else:
            fields.update(flatten({name: value}))
    if address := _ADDRESS.fullmatch(str(fields.get("ClientIP") or fields.get("ClientIPAddress") or "")):
        fields["ClientAddress"] = address[1]
    occurred_at, quality = None, RECEIVED
    if event.get("CreationTime"):
        occurred_at, quality = stamps.iso(str(event["CreationTime"]))[0], STATED
    user = fields.get("UserId")
    source_of = _alert(fields) if fields.get("Workload") == "SecurityComplianceCenter" else _AUDIT
    return Record(
        0, source_of, fields, occurred_at, quality,
        user=str(user) if user else None, record_id=str(event["Id"]) if event.get("Id") else None,
    )  # fmt: skip


def _is_pairs(value: Any) -> bool:  # noqa: ANN401  (whatever JSON holds)
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "Name" in item for item in value)


def _pair(name: str, pair: Mapping[str, Any], fields: dict[str, Value]) -> None:
    for key, value in pair.items():
        if key == "Name" or value is None:
            continue
        full = f"{name}.{pair['Name']}" if key == "Value" else f"{name}.{pair['Name']}.{key}"
        fields[full] = value if isinstance(value, str | int | float) else orjson.dumps(value).decode()


def _alert(fields: dict[str, Value]) -> LogSource:
    if "Name" not in fields:
        return _AUDIT
    fields.setdefault("eventSource", "SecurityComplianceCenter")
    fields.setdefault("eventName", fields["Name"])
    if result := str(fields.get("ResultStatus") or "").lower():
        fields.setdefault("status", "success" if result in ("succeeded", "success", "true") else result)
    return _ALERT


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    yield from documents.json_values(stream, _WRAPPERS)


def _sniff(head: bytes, _name: str) -> int:
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"["):
        return 0
    return 90 if all(pattern.search(head) for pattern in _SNIFFS) or _AUDIT_DATA.search(head) else 0


source = Source("m365", "Microsoft 365 unified audit log", _sniff, each(_parse), split=_split)

SAMPLE = (
    Sample(
        log=b"""{"CreationTime":"2026-11-23T02:11:02","Id":"a-1","Operation":"New-InboxRule","RecordType":1,"ResultStatus":"True","Workload":"Exchange","UserId":"ida@chu.example","ClientIP":"[203.0.113.9]:4711","Parameters":[{"Name":"ForwardTo","Value":"x@evil.example"},{"Name":"Name","Value":"."}],"ModifiedProperties":[{"Name":"Role","NewValue":"admin","OldValue":""}],"AppAccessContext":{"AADSessionId":"s"}}
{"CreationTime":"2026-11-23T02:11:03","Id":"a-2","Operation":"AlertTriggered","RecordType":40,"ResultStatus":"Succeeded","Workload":"SecurityComplianceCenter","Name":"Unusual volume of file deletion"}
{"Operation":"x"}
""",  # noqa: E501
        events=(
            {
                "@logsource": _AUDIT,
                "@time": "2026-11-23T02:11:02Z",
                "@user": "ida@chu.example",
                "Operation": "New-InboxRule",
                "Parameters.ForwardTo": "x@evil.example",
                "Parameters": '[{"Name":"ForwardTo","Value":"x@evil.example"},{"Name":"Name","Value":"."}]',
                "ModifiedProperties.Role.NewValue": "admin",
                "AppAccessContext.AADSessionId": "s",
                "ClientAddress": "203.0.113.9",
            },
            {
                "@logsource": _ALERT,
                "eventSource": "SecurityComplianceCenter",
                "eventName": "Unusual volume of file deletion",
                "status": "success",
            },
        ),
        rejects=1,
    ),
    Sample(
        log=b"""[{"CreationDate": "2026-11-23T02:11:02Z", "Operations": "UserLoggedIn", "AuditData":
 "{\\"CreationTime\\":\\"2026-11-23T02:11:02\\",\\"Operation\\":\\"UserLoggedIn\\",\\"RecordType\\":15,\\"UserId\\":\\"a\\"}"}]
""",
        events=({"@time": "2026-11-23T02:11:02Z", "@user": "a", "Operation": "UserLoggedIn"},),
    ),
)
