r"""HL7 version 2 messages, copied by a tap on MLLP or by the integration engine.

References: HL7 v2.5.1 chapter 2 (control: MSH, MSA, escapes), 3 (PID, MRG), 4 and 7 (ORC, OBR, OBX); MLLP
Release 2 (0x0B message 0x1C 0x0D). Only what tells one kind of message from another is kept: names,
addresses and free text of patients are not. What stands before `MSH` on its line (a tap's stamp and the
peer's address) gives `ClientAddress`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import BinaryIO

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import documents, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each

_LOGSOURCE = LogSource("hl7", None, "mllp")
_MAX_SEGMENTS = 10_000
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(\.\d{1,4})?([+-]\d{4})?")
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{1,4}:){2,7}[0-9a-fA-F:]{1,15})(?![\w.])")
_START = re.compile(rb"(?:\A|[\r\n\x0b])[^\r\n\x0b|]{0,80}MSH[|]")
_CHARSETS = {
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "ASCII": "ascii",
    "": "utf-8",
    "8859/1": "latin-1",
    "8859/15": "iso8859-15",
}
_FROM_MSH = {
    2: "SendingApplication", 3: "SendingFacility", 4: "ReceivingApplication", 5: "ReceivingFacility",
    9: "ControlId", 10: "ProcessingId", 11: "Version",
}  # fmt: skip
# Segment → (index of the field, name, the whole field rather than its first component).
_FROM_SEGMENTS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "EVN": ((4, "EventReason"),),
    "PID": ((3, "PatientID"),),
    "MRG": ((1, "PriorPatientID"),),
    "MSA": ((1, "AckCode"), (2, "AckControlId")),
    "ERR": ((3, "ErrorCode"),),
    "ORC": ((1, "OrderControl"), (2, "PlacerOrder"), (3, "FillerOrder")),
    "OBR": ((2, "PlacerOrder"), (3, "FillerOrder"), (4, "ServiceId")),
    "OBX": ((3, "ObservationId"), (5, "ObservationValue"), (11, "ObservationStatus")),
}
_LISTS = frozenset({"ObservationId", "ObservationValue", "ObservationStatus", "Segments"})
_ESCAPES = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}
_ESCAPE = re.compile(r"\\([FSTRE])\\")


def _parse(body: bytes, context: Context) -> Record | str:
    begin = body.find(b"MSH|")
    if begin < 0:
        return "no MSH segment"
    raw = body[begin:].strip(b"\x0b\x1c\r\n")
    if b"\r" not in raw and b"\n" not in raw:
        raw = raw.replace(b"\\r", b"\r")  # a message that was logged as one line of text
    text, problem = _decoded(raw)
    segments = [segment.split("|") for segment in re.split(r"[\r\n]+", text, maxsplit=_MAX_SEGMENTS)]
    header = segments[0]
    if len(header) < 9:  # noqa: PLR2004  (MSH-9 is the last that every message must have)
        return "MSH segment without a message type"
    component = header[1][:1] or "^"
    kind = header[8].split(component)
    fields: dict[str, Value] = {"MessageType": kind[0]}
    if len(kind) > 1:
        fields["TriggerEvent"] = kind[1]
    for at, name in _FROM_MSH.items():
        if at < len(header) and header[at]:
            fields[name] = _plain(header[at].split(component)[0])
    fields.update(_gathered(segments, component))
    if problem:
        fields["EncodingError"] = problem
    line = syslog.parse(syslog.text(body[:begin]), context.received_at, context.zone)
    address = _ADDRESS.search(syslog.text(body[:begin]))
    if address:
        fields["ClientAddress"] = address[0]
    occurred_at, quality = _time(header[6], context.zone)
    if occurred_at is None:
        occurred_at, quality = line.occurred_at, line.time_quality
    return Record(0, _LOGSOURCE, fields, occurred_at, quality, address[0] if address else None)


def _decoded(raw: bytes) -> tuple[str, str | None]:
    """Return the text, by the character set that MSH-18 states, and what is wrong with it."""
    header = re.split(rb"[\r\n]", raw, maxsplit=1)[0].split(b"|")
    stated = header[17].split(b"~")[0].decode("ascii", "replace").strip() if len(header) > 17 else ""  # noqa: PLR2004
    charset = _CHARSETS.get(stated)
    if charset is None:
        return raw.decode("utf-8", "backslashreplace"), f"character set {stated[:20]!r} is not known here"
    try:
        text = raw.decode(charset)
    except UnicodeDecodeError as error:
        return raw.decode("utf-8", "backslashreplace"), f"byte 0x{raw[error.start]:02x} is not {stated or 'UTF-8'}"
    return text, "NUL in the message" if "\x00" in text else None


def _gathered(segments: list[list[str]], component: str) -> dict[str, Value]:
    found: dict[str, list[str]] = {}
    names = []
    for segment in segments:
        if segment[0]:
            names.append(segment[0][:3])
        for at, name in _FROM_SEGMENTS.get(segment[0], ()):
            if at < len(segment) and segment[at]:
                for repeated in segment[at].split("~"):
                    value = _plain(repeated if name == "ObservationValue" else repeated.split(component)[0])
                    if value and (name in _LISTS or value not in found.get(name, ())):
                        found.setdefault(name, []).append(value)
    fields: dict[str, Value] = {
        name: values if name in _LISTS or len(values) > 1 else values[0] for name, values in found.items()
    }
    fields["Segments"] = names
    return fields


def _plain(value: str) -> str:
    return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], value)


def _time(stamp: str, zone: tzinfo) -> tuple[int | None, str]:
    """Read a time stamp of HL7 (2.A.77): YYYYMMDDHHMM[SS[.S…]][+/-ZZZZ]."""
    found = _STAMP.match(stamp)
    if not found:
        return None, RECEIVED
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    text = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{fraction or ''}{offset or ''}"
    occurred_at, zoned = stamps.iso(text, zone)
    return occurred_at, STATED if zoned else ZONE_ASSUMED


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    yield from documents.hl7_messages(stream)


def _sniff(head: bytes, _name: str) -> int:
    if head.lstrip(b"\x0b\r\n\xef\xbb\xbf").startswith(b"MSH|"):
        return 96
    return 70 if _START.search(head) else 0


source = Source(
    "hl7",
    "HL7 v2 messages (MLLP)",
    _sniff,
    each(_parse),
    split=_split,
    patient=frozenset({"PatientID", "PriorPatientID", "PlacerOrder", "FillerOrder"}),
    patient_texts=frozenset({"ObservationValue", "EventReason", "ErrorCode"}),
)

SAMPLE = (
    Sample(
        log=b"\x0bMSH|^~\\&|HIS|CHU|RIS|CHU|20261123031102.500+0100||ADT^A40^ADT_A39|MSG00001|P|2.5.1\r"
        b"EVN|A40|20261123031102\rPID|1||P0042^^^CHU^PI~990011^^^INS||DOE^JANE\rMRG|P0007^^^CHU\r\x1c\r"
        b"\x0bMSH|^~\\&|LAB|CHU|HIS|CHU|20261123031103||ORU^R01|MSG00002|P|2.3\rPID|1||P0042\r"
        b"ORC|RE|PL1|FI1\rOBR|1|PL1|FI1|NA^Sodium\rOBX|1|NM|NA^Sodium||140|mmol/L|||||F\r"
        b"OBX|2|TX|C^Text||a \\T\\ b\xe9||||||C\r\x1c\r"
        b"10.4.2.66 MSH|^~\\&|RIS|CHU|HIS|CHU|||ACK|MSG00003|P|2.5\rMSA|AE|MSG00002\r\n"
        b"\x0bMSH|^~\\&|X\r\x1c\r",
        events=(
            {
                "@logsource": _LOGSOURCE,
                "@time": "2026-11-23T02:11:02.500000Z",
                "@quality": STATED,
                "SendingApplication": "HIS",
                "SendingFacility": "CHU",
                "ReceivingApplication": "RIS",
                "ReceivingFacility": "CHU",
                "MessageType": "ADT",
                "TriggerEvent": "A40",
                "ControlId": "MSG00001",
                "ProcessingId": "P",
                "Version": "2.5.1",
                "PatientID": ["P0042", "990011"],
                "PriorPatientID": "P0007",
            },
            {
                "@time": "2026-11-23T03:11:03Z",
                "@quality": ZONE_ASSUMED,
                "MessageType": "ORU",
                "TriggerEvent": "R01",
                "PatientID": "P0042",
                "OrderControl": "RE",
                "PlacerOrder": "PL1",
                "FillerOrder": "FI1",
                "ServiceId": "NA",
                "ObservationStatus": ["F", "C"],
                "ObservationValue": ["140", "a & b\\xe9"],
                "EncodingError": "byte 0xe9 is not UTF-8",
            },
            {
                "@quality": RECEIVED,
                "@host": "10.4.2.66",
                "MessageType": "ACK",
                "AckCode": "AE",
                "ClientAddress": "10.4.2.66",
            },
        ),
        rejects=1,
    ),
    Sample(
        log=b"MSH|^~\\&|HIS|CHU|RIS|CHU|202611230311||ORM^O01|7|P|2.3||||||8859/1\rPID|1||P\xe9\r\n"
        b"MSH|^~\\&|HIS|CHU|RIS|CHU|202611230311||ADT^A01|8|P|2.3\\rPID|1||P2\n",
        events=(
            {"@time": "2026-11-23T03:11:00Z", "MessageType": "ORM", "PatientID": "P\xe9"},
            {"ControlId": "8", "TriggerEvent": "A01", "PatientID": "P2"},
        ),
    ),
)
