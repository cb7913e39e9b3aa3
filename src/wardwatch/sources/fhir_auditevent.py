"""FHIR AuditEvent resources, R4 and R5, as NDJSON, as a Bundle or as an array.

References: HL7 FHIR R4 and R5 "AuditEvent"; IHE Basic Audit Log Patterns. R5 renames (`category` and `code`
for `type` and `subtype`, `authorization` for purposes, `network[x]`); the fields here are the same for
both.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import orjson

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import documents
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each

_LOGSOURCE = LogSource("fhir", None, "auditevent")
_WRAPPERS = frozenset({"entry", "resource"})
_SNIFF = re.compile(rb'"resourceType"\s{0,20}:\s{0,20}"AuditEvent"')
_PATIENT = re.compile(r"(?:^|/)Patient/([A-Za-z0-9.:|_-]{1,128})")
_Found = dict[str, list[str]]
_LISTS = frozenset({"Agent", "AgentName", "EntityReference", "PurposeOfUse"})


def _parse(body: bytes, context: Context) -> Record | str:
    event = orjson.loads(body)
    if not isinstance(event, dict) or event.get("resourceType") != "AuditEvent":
        return "JSON, but no AuditEvent"
    found: _Found = {}
    _codes(found, "Type", event.get("type"), event.get("category"))
    _codes(found, "Subtype", event.get("subtype"), event.get("code"))
    _codes(found, "PurposeOfUse", event.get("purposeOfEvent"), event.get("authorization"))
    _add(found, "Action", event.get("action"))
    outcome = event.get("outcome")
    _codes(found, "Outcome", outcome.get("code") if isinstance(outcome, dict) else outcome)
    _add(found, "OutcomeDescription", event.get("outcomeDesc"))
    _add(found, "Id", event.get("id"))
    _add(found, "Severity", event.get("severity"))
    for agent in _many(event.get("agent")):
        _agent(found, agent)
    for entity in _many(event.get("entity")):
        _entity(found, entity)
    if patient := _PATIENT.search(str(_get(event, "patient", "reference") or "")):
        _add(found, "PatientID", patient[1])
    _source(found, event.get("source") or {})
    fields: dict[str, Value] = {
        name: values if name in _LISTS or len(values) > 1 else values[0] for name, values in found.items()
    }
    occurred_at, quality = None, RECEIVED
    if recorded := event.get("recorded"):
        occurred_at, zoned = stamps.iso(recorded, context.zone)
        quality = STATED if zoned else ZONE_ASSUMED
    record_id = event.get("id")
    return Record(
        0,
        _LOGSOURCE,
        fields,
        occurred_at,
        quality,
        host=next(iter(found.get("SourceObserver", ())), None),
        user=next(iter(found.get("Requestor") or found.get("Agent") or ()), None),
        record_id=str(record_id) if record_id else None,
    )


def _add(found: _Found, name: str, value: Any) -> None:  # noqa: ANN401  (whatever JSON holds)
    if isinstance(value, str | int | float) and value != "" and str(value) not in found.get(name, ()):
        found.setdefault(name, []).append(str(value))


def _many(value: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item


def _get(value: Any, *keys: str) -> Any:  # noqa: ANN401
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _codes(found: _Found, name: str, *values: Any) -> None:  # noqa: ANN401
    """Add the codes of Codings, CodeableConcepts or plain codes, one or many."""
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict):
                _add(found, name, item)
                continue
            codings = item.get("coding") or [item]
            for coding in codings if isinstance(codings, list) else [codings]:
                _add(found, name, _get(coding, "code") or _get(coding, "display"))
            if "code" not in item and not item.get("coding"):
                _add(found, name, item.get("text"))


def _identity(reference: Any) -> str | None:  # noqa: ANN401
    """Return how a Reference names somebody: by reference, identifier or display."""
    found = _get(reference, "reference") or _get(reference, "identifier", "value") or _get(reference, "display")
    return str(found) if found else None


def _agent(found: _Found, agent: Mapping[str, Any]) -> None:
    identity = _identity(agent.get("who")) or agent.get("altId") or agent.get("name")
    _add(found, "Agent", identity)
    patient = _PATIENT.search(str(identity or ""))  # a patient may use a portal
    if patient:
        _add(found, "PatientID", patient[1])
    _add(found, "PatientName" if patient else "AgentName", agent.get("name") or _get(agent, "who", "display"))
    address = (
        _get(agent, "network", "address")
        or agent.get("networkString")
        or agent.get("networkUri")
        or _get(agent, "networkReference", "reference")
    )
    _add(found, "AgentAddress", address)
    _codes(found, "AgentType", agent.get("type"))
    _codes(found, "AgentRole", agent.get("role"))
    _codes(found, "PurposeOfUse", agent.get("purposeOfUse"), agent.get("authorization"))
    for policy in agent.get("policy") or []:
        _add(found, "AgentPolicy", policy)
    if agent.get("requestor") is True:
        _add(found, "Requestor", identity)
        _add(found, "RequestorAddress", address)


def _entity(found: _Found, entity: Mapping[str, Any]) -> None:
    reference = _identity(entity.get("what"))
    _add(found, "EntityReference", reference)
    _codes(found, "EntityType", entity.get("type"))
    _codes(found, "EntityRole", entity.get("role"))
    _codes(found, "EntitySecurityLabel", entity.get("securityLabel"))
    _codes(found, "EntityLifecycle", entity.get("lifecycle"))
    if patient := _PATIENT.search(reference or ""):
        _add(found, "PatientID", patient[1])
    elif _get(entity, "what", "type") == "Patient":
        _add(found, "PatientID", _get(entity, "what", "identifier", "value"))
    if isinstance(query := entity.get("query"), str):
        try:
            _add(found, "EntityQuery", base64.b64decode(query, validate=True).decode())
        except (binascii.Error, ValueError):
            _add(found, "EntityQuery", query)


def _source(found: _Found, source: Mapping[str, Any]) -> None:
    _add(found, "SourceObserver", _get(source.get("observer"), "display") or _identity(source.get("observer")))
    site = source.get("site")
    _add(found, "SourceSite", _identity(site) if isinstance(site, dict) else site)
    _codes(found, "SourceType", source.get("type"))


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    yield from documents.json_values(stream, _WRAPPERS)


def _sniff(head: bytes, _name: str) -> int:
    return 95 if _SNIFF.search(head) else 0


source = Source(
    "fhir_auditevent",
    "FHIR AuditEvent",
    _sniff,
    each(_parse),
    split=_split,
    patient=frozenset({"PatientID", "PatientName"}),
    patient_texts=frozenset({"EntityReference", "Agent", "AgentName", "Requestor", "OutcomeDescription"}),
    patient_queries=frozenset({"EntityQuery"}),
)

SAMPLE = (
    Sample(
        log=b"""{"resourceType":"AuditEvent","id":"a1","type":{"system":"x","code":"rest"},"subtype":[{"code":"read"},{"code":"vread"}],"action":"R","recorded":"2026-11-23T03:11:02.123+01:00","outcome":"0","purposeOfEvent":[{"coding":[{"code":"BTG"}]}],"agent":[{"who":{"reference":"Practitioner/77","display":"Dr. Martin"},"requestor":true,"network":{"address":"10.4.2.17","type":"2"},"purposeOfUse":[{"coding":[{"code":"ETREAT"}]}]},{"who":{"identifier":{"value":"device-9"}},"requestor":false}],"source":{"site":"CHU","observer":{"display":"fhir01"}},"entity":[{"what":{"reference":"Patient/P0042"}},{"query":"bmFtZT1kb2U="}]}
{"resourceType":"Patient","id":"P0042"}
{"resourceType":"AuditEvent"
""",  # noqa: E501
        events=(
            {
                "@logsource": _LOGSOURCE,
                "@time": "2026-11-23T02:11:02.123000Z",
                "@host": "fhir01",
                "@user": "Practitioner/77",
                "Type": "rest",
                "Subtype": ["read", "vread"],
                "Action": "R",
                "Outcome": "0",
                "Agent": ["Practitioner/77", "device-9"],
                "AgentName": ["Dr. Martin"],
                "AgentAddress": "10.4.2.17",
                "Requestor": "Practitioner/77",
                "PurposeOfUse": ["BTG", "ETREAT"],
                "EntityReference": ["Patient/P0042"],
                "PatientID": "P0042",
                "EntityQuery": "name=doe",
                "SourceObserver": "fhir01",
                "SourceSite": "CHU",
            },
        ),
        rejects=2,
    ),
    Sample(
        log=b"""{"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "self", "url": "u"}],
 "entry": [{"fullUrl": "u/1", "resource": {"resourceType": "AuditEvent", "category": [{"coding": [{"code": "rest"}]}],
   "code": {"coding": [{"code": "search-type"}]}, "recorded": "2026-11-23T02:11:02Z",
   "outcome": {"code": {"code": "success"}}, "patient": {"reference": "https://fhir.example/Patient/P7"},
   "authorization": [{"coding": [{"code": "TREAT"}]}],
   "agent": [{"who": {"display": "portal"}, "requestor": true, "networkString": "10.4.2.66"}],
   "source": {"observer": {"reference": "Device/9"}, "site": {"display": "North"}}}}]}
""",
        events=(
            {
                "@time": "2026-11-23T02:11:02Z",
                "Type": "rest",
                "Subtype": "search-type",
                "Outcome": "success",
                "Agent": ["portal"],
                "AgentAddress": "10.4.2.66",
                "PatientID": "P7",
                "PurposeOfUse": ["TREAT"],
                "SourceObserver": "Device/9",
                "SourceSite": "North",
            },
        ),
    ),
)
