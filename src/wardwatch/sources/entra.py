"""Sign-in, audit and risk logs of Microsoft Entra ID (Azure AD), and Azure's activity log.

References: Microsoft Graph `signIn`, `directoryAudit`, `riskDetection`; Azure Monitor, "Microsoft Entra log
schema". Read as Graph gives them, as Azure Monitor exports them (`properties` around the record, `records`
around all) and as Log Analytics names them. Every field stays under its own name; what stood in
`properties` also stands without that prefix, and the names of Log Analytics that SigmaHQ's rules use
(`ResultType`, `OperationName` …) are added.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import orjson

from wardwatch.events.flat import flatten
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import documents
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each

_WRAPPERS = frozenset({"value", "records"})
_SNIFFS = (
    re.compile(
        rb'"category"\s{0,9}:\s{0,9}"(?:\w{0,30}SignInLogs|AuditLogs|UserRiskEvents|Administrative)"',
        re.IGNORECASE,
    ),
    re.compile(
        rb'"(?:conditionalAccessStatus|loggedByService|riskEventType|authenticationRequirement)"\s{0,9}:',
        re.IGNORECASE,
    ),
)
_TIMES = (
    "createddatetime",
    "activitydatetime",
    "timegenerated",
    "time",
    "detecteddatetime",
    "eventtimestamp",
)
_USERS = ("userprincipalname", "initiatedby.user.userprincipalname", "initiatedby.app.displayname", "caller")
# Name that rules use → where it comes from, in lower case, tried in order (Azure Monitor, table references).
_SIGN_IN = {
    "ResultType": ("resulttype", "status.errorcode"),
    "ResultDescription": ("resultdescription", "status.failurereason", "status.additionaldetails"),
    "AuthenticationRequirement": ("authenticationrequirement",),
    "ConditionalAccessStatus": ("conditionalaccessstatus",),
    "conditionalAccessStatus": ("conditionalaccessstatus",),
    "RiskState": ("riskstate",),
    "ResourceDisplayName": ("resourcedisplayname",),
    "AppDisplayName": ("appdisplayname",),
    "ClientApp": ("clientappused",),
    "Username": ("userprincipalname",),
    "userAgent": ("useragent",),
    "NetworkLocationDetails": ("networklocationdetails",),
    "DeviceDetail.deviceId": ("devicedetail.deviceid",),
    "DeviceDetail.trusttype": ("devicedetail.trusttype",),
    "DeviceDetail.isCompliant": ("devicedetail.iscompliant",),
    "properties.message": ("authenticationprotocol",),
}
_AUDIT = {
    "OperationName": ("operationname", "activitydisplayname"),
    "operationName": ("operationname", "activitydisplayname"),
    "ActivityDisplayName": ("activitydisplayname", "operationname"),
    "properties.message": ("activitydisplayname", "operationname"),
    "ActivityType": ("activitydisplayname", "operationname"),
    "activityType": ("activitydisplayname", "operationname"),
    "Category": ("properties.category", "category"),
    "LoggedByService": ("loggedbyservice",),
    "Status": ("result", "resultsignature"),
    "Initiatedby": ("initiatedby.user.userprincipalname", "initiatedby.app.displayname"),
    "Target": ("targetresources.userprincipalname", "targetresources.displayname"),
    "TargetResources.ModifiedProperties.DisplayName": ("targetresources.modifiedproperties.displayname",),
    "TargetResources.ModifiedProperties.NewValue": ("targetresources.modifiedproperties.newvalue",),
    "TargetResources.modifiedProperties.newValue": ("targetresources.modifiedproperties.newvalue",),
    "targetResources.type": ("targetresources.type",),
}
_RISK = {"riskEventType": ("riskeventtype", "risktype")}
_NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "signinlogs": _SIGN_IN,
    "auditlogs": _AUDIT,
    "riskdetection": _RISK,
    "activitylogs": {
        "operationName": ("operationname",),
        "OperationNameValue": ("operationname", "operationnamevalue"),
    },
}


def _parse(body: bytes, context: Context) -> Record | str:
    event = orjson.loads(body)
    if not isinstance(event, dict):
        return "JSON, but not an object"
    fields = flatten(event)
    inner = event.get("properties")
    if isinstance(inner, dict):
        for name, value in flatten(inner).items():
            fields.setdefault(name, value)
    by_name = {name.lower(): value for name, value in reversed(fields.items())}
    service = _service(by_name)
    if service is None:
        return "JSON, but no log of Entra ID in a known shape"
    if service == "auditlogs":
        _targets(inner if isinstance(inner, dict) else event, fields)
    _aliases(service, by_name, fields)
    occurred_at, quality = None, RECEIVED
    if stamp := next((by_name[name] for name in _TIMES if by_name.get(name)), None):
        occurred_at, zoned = stamps.iso(str(stamp), context.zone)
        quality = STATED if zoned else ZONE_ASSUMED
    user = next((by_name[name] for name in _USERS if isinstance(by_name.get(name), str)), None)
    device = by_name.get("devicedetail.displayname")
    record_id = by_name.get("id", by_name.get("correlationid"))
    return Record(
        0, LogSource("azure", None, service), fields, occurred_at, quality,
        str(device) if device else None, str(user) if user else None,
        record_id if isinstance(record_id, str) else None,
    )  # fmt: skip


def _aliases(service: str, by_name: Mapping[str, Value], fields: dict[str, Value]) -> None:
    """Add the names that rules use."""
    for alias, origins in _NAMES[service].items():
        value = next((by_name[origin] for origin in origins if origin in by_name), None)
        if value is not None:
            fields.setdefault(alias, value)
    if service == "signinlogs" and "ResultType" in fields:
        fields.setdefault("Status", "Success" if str(fields["ResultType"]) == "0" else "Failure")


def _service(by_name: Mapping[str, Value]) -> str | None:
    category = str(by_name.get("category", "")).lower()
    if category.endswith("signinlogs") or {"conditionalaccessstatus", "appdisplayname"} <= by_name.keys():
        return "signinlogs"
    if category == "auditlogs" or ("loggedbyservice" in by_name and "category" in by_name):
        return "auditlogs"
    if category == "userriskevents" or "riskeventtype" in by_name:
        return "riskdetection"
    if str(by_name.get("resourceid", "")).lower().startswith("/subscriptions/") and "operationname" in by_name:
        return "activitylogs"
    return None


def _targets(event: Mapping[str, Any], fields: dict[str, Value]) -> None:
    """Keep the targets as JSON text too: rules look for words in all of it."""
    targets = next((value for name, value in event.items() if name.lower() == "targetresources"), None)
    if isinstance(targets, list) and targets:
        fields.setdefault("TargetResources", orjson.dumps(targets).decode())
        fields.setdefault("properties.targetResources", fields["TargetResources"])
        changed = [item.get("modifiedProperties") for item in targets if isinstance(item, dict)]
        fields.setdefault(
            "TargetResources.modifiedProperties", orjson.dumps([item for item in changed if item]).decode()
        )


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    yield from documents.json_values(stream, _WRAPPERS)


def _sniff(head: bytes, _name: str) -> int:
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"["):
        return 0
    return 80 if any(pattern.search(head) for pattern in _SNIFFS) else 0


source = Source("entra", "Microsoft Entra ID and Azure activity", _sniff, each(_parse), split=_split)

SAMPLE = (
    Sample(
        log=b"""{"id":"s1","createdDateTime":"2026-11-23T02:11:02Z","userPrincipalName":"ida@chu.example","appDisplayName":"Office 365","ipAddress":"203.0.113.9","clientAppUsed":"IMAP4","conditionalAccessStatus":"failure","status":{"errorCode":53003,"failureReason":"Blocked"},"deviceDetail":{"deviceId":"","trustType":null},"authenticationRequirement":"singleFactorAuthentication"}
{"id":"d1","activityDateTime":"2026-11-23T02:11:03.5Z","activityDisplayName":"Add member to role","category":"RoleManagement","loggedByService":"Core Directory","result":"success","initiatedBy":{"user":{"userPrincipalName":"eve@chu.example"}},"targetResources":[{"type":"User","displayName":"ida","modifiedProperties":[{"displayName":"Role.DisplayName","newValue":"Global Administrator"}]}]}
{"id":"r1","riskEventType":"impossibleTravel","detectedDateTime":"2026-11-23T02:11:04Z"}
{"id":"x"}
""",  # noqa: E501
        events=(
            {
                "@logsource": LogSource("azure", None, "signinlogs"),
                "@time": "2026-11-23T02:11:02Z",
                "@user": "ida@chu.example",
                "ResultType": "53003",
                "ResultDescription": "Blocked",
                "Status": "Failure",
                "ClientApp": "IMAP4",
                "AuthenticationRequirement": "singleFactorAuthentication",
                "status.errorCode": "53003",
                "DeviceDetail.deviceId": "",
            },
            {
                "@logsource": LogSource("azure", None, "auditlogs"),
                "@user": "eve@chu.example",
                "OperationName": "Add member to role",
                "properties.message": "Add member to role",
                "Category": "RoleManagement",
                "Status": "success",
                "Initiatedby": "eve@chu.example",
                "TargetResources.modifiedProperties.newValue": ["Global Administrator"],
            },
            {"@logsource": LogSource("azure", None, "riskdetection"), "riskEventType": "impossibleTravel"},
        ),
        rejects=1,
    ),
    Sample(
        log=b"""{"records": [{"time": "2026-11-23T02:11:02Z", "category": "SignInLogs", "operationName": "Sign-in activity", "resultType": "0",
  "properties": {"userPrincipalName": "ida@chu.example", "userAgent": "azurehound/1.0", "conditionalAccessStatus": "success"}},
 {"time": "2026-11-23T02:11:03Z", "category": "Administrative", "resourceId": "/SUBSCRIPTIONS/1/X",
  "operationName": "MICROSOFT.COMPUTE/SNAPSHOTS/DELETE"}]}
""",  # noqa: E501
        events=(
            {
                "@user": "ida@chu.example",
                "ResultType": "0",
                "Status": "Success",
                "userAgent": "azurehound/1.0",
            },
            {
                "@logsource": LogSource("azure", None, "activitylogs"),
                "operationName": "MICROSOFT.COMPUTE/SNAPSHOTS/DELETE",
            },
        ),
    ),
)
