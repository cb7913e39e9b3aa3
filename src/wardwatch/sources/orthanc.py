"""The log of the Orthanc DICOM server.

Reference: the Orthanc Book, "Log files" (a glog-like line: severity, month and day, time, thread since
1.12.4, source file and line, category in brackets, message). The stamp has neither year nor zone.
"""

import re

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import ZONE_ASSUMED, Record, Value
from wardwatch.frames import heads, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Context, Sample, Source, each

_LOGSOURCE = LogSource("orthanc", None, "log")
_SEVERITIES = {"I": "INFO", "W": "WARNING", "E": "ERROR", "T": "TRACE", "F": "FATAL"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHAPE = rb"(?m)(?:^|\s)[IWETF]\d{4} \d\d:\d\d:\d\d\.\d{6}\s[^\]\r\n]{0,160}\.(?:cpp|cxx|hpp|h):\d{1,6}\]\s"
_LINE = re.compile(
    r"([IWETF])(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6}) +"
    r"(?:(\S[^\]:]{0,60}?) +)?([\w.+-]{1,80}):(\d{1,6})\] ?(.*)",
    re.DOTALL,
)
_CATEGORY = re.compile(r"\((http|dicom|sqlite|generic|jobs|lua|plugins)\) ")
_EXTRACTS = (
    ("RemoteAET", re.compile(r"(?:from|to) (?:remote )?(?:AET|modality) \"?([^\s\",:]{1,64})\"?")),
    (
        "RemoteAddress",
        re.compile(r"\b(?:on|from) (?:IP|host) \"?([0-9A-Za-z.:-]{1,64}?)(?=[\s,\"]|:\d{1,5}\b|:?$)"),
    ),
    ("CalledAET", re.compile(r"\bcall(?:ing|ed) AET \"?([^\s\",:]{1,64})\"?")),
    (
        "Username",
        re.compile(r"\b(?:from|by|for) user:? \"?([\w.@\\-]{1,80})\"?|\busername:? \"?([\w.@\\-]{1,80})\"?"),
    ),
    ("ResourceID", re.compile(r"\b([0-9a-f]{8}(?:-[0-9a-f]{8}){4})\b")),
)
_HTTP = re.compile(r"\b(GET|PUT|POST|DELETE|HEAD) (/\S{0,2000})")
_REQUEST = re.compile(r"Incoming (?:C-)?(Store|Find|Move|Get|Echo|Find Worklist)\b[^\n]{0,20}request", re.IGNORECASE)
_COMMAND = re.compile(r"\bC-(STORE|FIND|MOVE|GET|ECHO)\b")


def _parse(body: bytes, context: Context) -> Record | str:
    line = syslog.parse(syslog.text(body), context.received_at, context.zone)
    text = line.message if not line.bare else syslog.text(body).strip()
    found = _LINE.match(text)
    if not found:
        return "no line of an Orthanc log"
    severity, month, day, clock, thread, file, number, message = found.groups()
    if not 1 <= int(month) <= len(_MONTHS):
        return "no such month"
    occurred_at = stamps.bsd(f"{_MONTHS[int(month) - 1]} {day} {clock}", context.received_at, context.zone)
    fields: dict[str, Value] = {
        "Severity": _SEVERITIES[severity],
        "SourceFile": file,
        "SourceLine": int(number),
    }
    if thread:
        fields["Thread"] = thread
    if category := _CATEGORY.match(message):
        fields["Category"] = category[1]
        message = message[category.end() :]
    fields["Message"] = message
    for name, pattern in _EXTRACTS:
        if part := pattern.search(message):
            fields[name] = part[part.lastindex or 1]
    _operation(message, fields)
    user = fields.get("Username")
    return Record(0, _LOGSOURCE, fields, occurred_at, ZONE_ASSUMED, line.host, str(user) if user else None)


def _operation(message: str, fields: dict[str, Value]) -> None:
    if http := _HTTP.search(message):
        fields["HttpMethod"], fields["Uri"] = http[1], http[2]
        fields["Operation"] = "Delete" if http[1] == "DELETE" else "Http"
    elif request := _REQUEST.search(message) or _COMMAND.search(message):
        fields["Operation"] = request[1].capitalize()
    elif message.startswith(("Deleting ", "Deleted ")) or " has been deleted" in message:
        fields["Operation"] = "Delete"
    elif "ssociation" in message or message.startswith("Incoming connection"):
        fields["Operation"] = "Association"
    elif "New instance stored" in message or message.startswith("Instance "):
        fields["Operation"] = "Store"


def _sniff(head: bytes, _name: str) -> int:
    return heads.confidence(head, _SNIFFED, 85)


_SNIFFED = re.compile(_SHAPE)
source = Source(
    "orthanc",
    "Orthanc DICOM server log",
    _sniff,
    each(_parse),
    patient=frozenset({"ResourceID"}),
    patient_texts=frozenset({"Message", "Uri"}),
)

SAMPLE = Sample(
    log=b"""I1123 02:12:03.512449 CommandDispatcher.cpp:490] Association Received from AET EVILSCU on IP 10.4.2.66
I1123 02:12:03.600000             DICOM-1 OrthancInitialization.cpp:88] (dicom) Incoming Move request from AET EVILSCU on IP 10.4.2.66, calling AET ORTHANC
W1123 02:12:04.000000 HTTP-3 HttpServer.cpp:1211] (http) DELETE /studies/6b9e19d9-62094390-5f9ddb01-4a191ae7-9766b715 from user "amartin"
<134>Nov 23 02:12:05 pacs02 orthanc[12]: E1123 02:12:05.000001 ServerContext.cpp:323] Cannot store an instance
I1123 02:12:03.512449 not a line of the log
I1399 02:12:03.512449 Main.cpp:1] no such day
""",  # noqa: E501
    events=(
        {
            "@logsource": _LOGSOURCE,
            "@time": "2026-11-23T02:12:03.512449Z",
            "@quality": ZONE_ASSUMED,
            "Severity": "INFO",
            "SourceFile": "CommandDispatcher.cpp",
            "SourceLine": "490",
            "RemoteAET": "EVILSCU",
            "RemoteAddress": "10.4.2.66",
            "Operation": "Association",
        },
        {
            "Thread": "DICOM-1",
            "Message": "Incoming Move request from AET EVILSCU on IP 10.4.2.66, calling AET ORTHANC",
            "RemoteAET": "EVILSCU",
            "RemoteAddress": "10.4.2.66",
            "CalledAET": "ORTHANC",
            "Operation": "Move",
        },
        {
            "Severity": "WARNING",
            "@user": "amartin",
            "HttpMethod": "DELETE",
            "Uri": "/studies/6b9e19d9-62094390-5f9ddb01-4a191ae7-9766b715",
            "Username": "amartin",
            "Operation": "Delete",
            "ResourceID": "6b9e19d9-62094390-5f9ddb01-4a191ae7-9766b715",
        },
        {"@host": "pacs02", "Severity": "ERROR", "Message": "Cannot store an instance"},
    ),
    rejects=2,
)
