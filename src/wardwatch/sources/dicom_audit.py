"""DICOM and IHE ATNA audit messages, as imaging archives and modalities send them by syslog.

References: RFC 3881; DICOM PS3.15 annex A.5 (the same with other attribute names: `csd-code` for `code`,
`originalText` for `displayName`); IHE ITI-20 for the transport (RFC 5424, message id `IHE+RFC-3881`).
Messages may be bare, one per line or over many lines. Documents with a DTD or with entities are rejected.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import documents, syslog
from wardwatch.frames.safe_xml import local, parse
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each

_LOGSOURCE = LogSource("dicom", None, "audit")
_BEGIN = re.compile(r"<\?xml|<!DOCTYPE|<(?:[\w.-]{1,64}:)?AuditMessage[\s>]")
_SKIP = re.compile(rb"(?:<\?xml[^>]{0,200}\?>|</?AuditMessages>|<!--[^>]{0,200}-->|\s)*")
_SOURCE_ROLE, _DESTINATION_ROLE = "110153", "110152"  # DICOM PS3.16, CID 402
_STUDY_UID = "110180"  # DICOM PS3.16, CID 404: Study Instance UID
_PERSON, _PATIENT = "1", "1"  # RFC 3881, 5.5.1 and 5.5.2


class _Gathered:
    """Values by field name, in order of appearance: one stays a value, several become a list."""

    def __init__(self) -> None:
        self._values: dict[str, list[str]] = {}

    def add(self, name: str, value: str | None) -> None:
        if value:
            self._values.setdefault(name, []).append(value)

    def fields(self) -> dict[str, Value]:
        return {name: found[0] if len(found) == 1 else found for name, found in self._values.items()}


def _parse(body: bytes, context: Context) -> Record | str:
    text = syslog.text(body)
    begin = _BEGIN.search(text)
    if not begin:
        return "no AuditMessage"
    line = syslog.parse(text[: begin.start()], context.received_at, context.zone)
    root = parse(text[begin.start() :].strip())
    if local(root.tag) != "AuditMessage":
        return "the root element is not AuditMessage"
    found = _Gathered()
    stamp = ""
    for child in root:
        name = local(child.tag)
        if name == "EventIdentification":
            stamp = _event(child, found) or stamp
        elif name == "ActiveParticipant":
            _participant(child, found)
        elif name == "AuditSourceIdentification":
            _audit_source(child, found)
        elif name == "ParticipantObjectIdentification":
            _object(child, found)
    fields = found.fields()
    if "EventCode" not in fields:
        return "AuditMessage without EventID"
    occurred_at, quality = line.occurred_at, line.time_quality
    if stamp:
        occurred_at, zoned = stamps.iso(stamp, context.zone)
        quality = STATED if zoned else ZONE_ASSUMED
    host = line.host or _first(fields.get("AuditSourceID"))
    user = _first(fields.get("RequestorUserID", fields.get("UserID")))
    return Record(0, _LOGSOURCE, fields, occurred_at, quality, host, user)


def _first(value: Value) -> str | None:
    if isinstance(value, list):
        value = value[0]
    return None if value is None else str(value)


def _attributes(element: Element) -> dict[str, str]:
    return {local(name): value for name, value in element.attrib.items()}


def _code(element: Element) -> tuple[str | None, str | None]:
    """Return (code, name) of a coded value in either dialect."""
    own = _attributes(element)
    return own.get("csd-code", own.get("code")), own.get("originalText", own.get("displayName"))


def _event(element: Element, found: _Gathered) -> str | None:
    own = _attributes(element)
    found.add("EventActionCode", own.get("EventActionCode"))
    found.add("EventOutcomeIndicator", own.get("EventOutcomeIndicator"))
    for child in element:
        code, meaning = _code(child)
        match local(child.tag):
            case "EventID":
                found.add("EventCode", code)
                found.add("EventName", meaning)
            case "EventTypeCode":
                found.add("EventTypeCode", code)
                found.add("EventTypeName", meaning)
            case "PurposeOfUse":
                found.add("PurposeOfUse", code)
            case "EventOutcomeDescription":
                found.add("EventOutcomeDescription", child.text)
    return own.get("EventDateTime")


def _participant(element: Element, found: _Gathered) -> None:
    own = _attributes(element)
    for name in (
        "UserID",
        "AlternativeUserID",
        "UserName",
        "NetworkAccessPointID",
        "NetworkAccessPointTypeCode",
    ):
        found.add(name, own.get(name))
    if own.get("UserIsRequestor", "").lower() in ("true", "1"):
        found.add("RequestorUserID", own.get("UserID"))
        found.add("RequestorAddress", own.get("NetworkAccessPointID"))
    for child in element:
        code, _ = _code(child)
        if local(child.tag) == "RoleIDCode":
            found.add("RoleIDCode", code)
            if code in (_SOURCE_ROLE, _DESTINATION_ROLE):
                name = "SourceAETitle" if code == _SOURCE_ROLE else "DestinationAETitle"
                for title in _titles(own):
                    found.add(name, title)
        elif local(child.tag) == "MediaIdentifier":
            for media in child:
                found.add("MediaType", _code(media)[0])


def _titles(participant: dict[str, str]) -> list[str]:
    """Return the application entity titles of a participant (PS3.15, A.5.2.2: `AETITLES=A;B`)."""
    alternative = participant.get("AlternativeUserID", "")
    if alternative.upper().startswith("AETITLES="):
        return [title.strip() for title in alternative.partition("=")[2].split(";")]
    return [participant.get("UserID", "")]


def _audit_source(element: Element, found: _Gathered) -> None:
    own = _attributes(element)
    found.add("AuditSourceID", own.get("AuditSourceID"))
    found.add("AuditEnterpriseSiteID", own.get("AuditEnterpriseSiteID"))
    found.add("AuditSourceTypeCode", own.get("csd-code", own.get("code")))
    for child in element:
        found.add("AuditSourceTypeCode", _code(child)[0] or child.text)


def _object(element: Element, found: _Gathered) -> None:
    own = _attributes(element)
    identifier = own.get("ParticipantObjectID")
    for name, value in own.items():
        found.add(name, value)
    kind = own.get("ParticipantObjectTypeCode"), own.get("ParticipantObjectTypeCodeRole")
    if kind == (_PERSON, _PATIENT):
        found.add("PatientID", identifier)
    _object_parts(element, identifier, found)


def _object_parts(element: Element, identifier: str | None, found: _Gathered) -> None:
    for child in element.iter():
        code, _ = _code(child)
        below = _attributes(child)
        match local(child.tag):
            case "ParticipantObjectIDTypeCode":
                found.add("ParticipantObjectIDTypeCode", code)
                if code == _STUDY_UID:
                    found.add("StudyInstanceUID", identifier)
            case "ParticipantObjectName":
                found.add("ParticipantObjectName", child.text)
            case "ParticipantObjectQuery":
                found.add("ObjectQuery", _query(child.text))
            case "ParticipantObjectDetail":
                found.add("ParticipantObjectDetail", _detail(below))
            case "Accession":
                found.add("AccessionNumber", below.get("Number"))
            case "SOPClass":
                found.add("SOPClassUID", below.get("UID"))
                found.add("NumberOfInstances", below.get("NumberOfInstances"))


def _detail(attributes: dict[str, str]) -> str:
    return f"{attributes.get('type', '')}={_query(attributes.get('value')) or ''}"


def _query(encoded: str | None) -> str | None:
    """Decode base64 that holds text; a binary query (a DICOM data set) stays encoded."""
    if not encoded:
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return encoded.strip()
    return text if text.isprintable() or text.replace("\n", "").replace("\r", "").isprintable() else encoded.strip()


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    yield from documents.elements(stream, "AuditMessage", _SKIP)


def _sniff(head: bytes, _name: str) -> int:
    if b"AuditMessage" not in head:
        return 0
    return 95 if b"EventIdentification" in head or b"IHE+" in head else 60


source = Source(
    "dicom_audit",
    "DICOM / IHE ATNA audit",
    _sniff,
    each(_parse),
    split=_split,
    patient=frozenset(
        {"PatientID", "ParticipantObjectID", "ParticipantObjectName", "StudyInstanceUID", "AccessionNumber"}
    ),
    patient_texts=frozenset(
        {
            "ObjectQuery",
            "ParticipantObjectDetail",
            "EventOutcomeDescription",
            "UserID",
            "UserName",
            "AlternativeUserID",
            "RequestorUserID",
        }
    ),
)

SAMPLE = Sample(
    log=b"""<85>1 2026-11-23T03:11:02.500+01:00 pacs01 dcm4chee 77 IHE+RFC-3881 - \xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?><AuditMessage><EventIdentification EventActionCode="R" EventDateTime="2026-11-23T03:11:02.123+01:00" EventOutcomeIndicator="0"><EventID csd-code="110104" codeSystemName="DCM" originalText="DICOM Instances Transferred"/></EventIdentification><ActiveParticipant UserID="PACS" AlternativeUserID="AETITLES=PACS;PACS2" UserIsRequestor="false" NetworkAccessPointID="10.4.9.2" NetworkAccessPointTypeCode="2"><RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID"/></ActiveParticipant><ActiveParticipant UserID="EVIL" UserIsRequestor="true" NetworkAccessPointID="10.4.2.66"><RoleIDCode csd-code="110152" codeSystemName="DCM" originalText="Destination Role ID"/></ActiveParticipant><AuditSourceIdentification AuditSourceID="pacs01" AuditEnterpriseSiteID="CHU"/><ParticipantObjectIdentification ParticipantObjectID="1.2.3.4" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3"><ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID"/></ParticipantObjectIdentification><ParticipantObjectIdentification ParticipantObjectID="P0042" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"><ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/></ParticipantObjectIdentification></AuditMessage>
<?xml version="1.0"?>
<AuditMessage>
  <EventIdentification EventActionCode="E" EventDateTime="2026-11-23T02:00:00Z" EventOutcomeIndicator="4">
    <EventID code="110114" codeSystemName="DCM" displayName="User Authentication"/>
    <EventTypeCode code="110122" codeSystemName="DCM" displayName="Login"/>
    <EventTypeCode code="110127" codeSystemName="DCM" displayName="Emergency Override Started"/>
    <PurposeOfUse code="BTG" codeSystemName="v3"/>
  </EventIdentification>
  <ActiveParticipant UserID="amartin" UserName="A. Martin" UserIsRequestor="true" NetworkAccessPointID="10.4.2.17"/>
  <AuditSourceIdentification AuditSourceID="ris02"/>
  <ParticipantObjectIdentification ParticipantObjectID="q" ParticipantObjectTypeCode="2">
    <ParticipantObjectQuery>UGF0aWVudE5hbWU9Kg==</ParticipantObjectQuery>
  </ParticipantObjectIdentification>
</AuditMessage>
<!DOCTYPE x [<!ENTITY a "b">]><AuditMessage>&a;</AuditMessage>
not an audit message
<AuditMessage><EventIdentification EventDateTime="2026-11-23T02:00:00Z"/></AuditMessage>
""",  # noqa: E501
    events=(
        {
            "@logsource": _LOGSOURCE,
            "@time": "2026-11-23T02:11:02.123000Z",
            "@host": "pacs01",
            "@user": "EVIL",
            "EventCode": "110104",
            "EventName": "DICOM Instances Transferred",
            "EventActionCode": "R",
            "EventOutcomeIndicator": "0",
            "UserID": ["PACS", "EVIL"],
            "NetworkAccessPointID": ["10.4.9.2", "10.4.2.66"],
            "RequestorUserID": "EVIL",
            "RequestorAddress": "10.4.2.66",
            "SourceAETitle": ["PACS", "PACS2"],
            "DestinationAETitle": "EVIL",
            "AuditSourceID": "pacs01",
            "AuditEnterpriseSiteID": "CHU",
            "StudyInstanceUID": "1.2.3.4",
            "PatientID": "P0042",
            "ParticipantObjectID": ["1.2.3.4", "P0042"],
        },
        {
            "@time": "2026-11-23T02:00:00Z",
            "@host": "ris02",
            "@user": "amartin",
            "@quality": STATED,
            "EventCode": "110114",
            "EventTypeCode": ["110122", "110127"],
            "EventTypeName": ["Login", "Emergency Override Started"],
            "UserID": "amartin",
            "UserName": "A. Martin",
            "ObjectQuery": "PatientName=*",
            "PurposeOfUse": "BTG",
        },
    ),
    rejects=3,
)
