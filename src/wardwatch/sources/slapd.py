"""The log of OpenLDAP's server, slapd, at `loglevel stats`.

Reference: slapd.conf(5), "loglevel"; OpenLDAP Administrator's Guide, "Logging". Lines are `conn=… op=… WORD
key=value …`, behind a syslog header or behind slapd's own hexadecimal stamp (seconds, with a fraction in
nanoseconds since 2.6). The client's address stands only on the ACCEPT line of a connection; `Connection`
ties the lines together.
"""

import re

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, Record, Value
from wardwatch.frames import heads, syslog
from wardwatch.sources import Context, Sample, Source, each

_LOGSOURCE = LogSource("openldap", None, "slapd")
_SNIFF = re.compile(rb"\bconn=-?\d{1,19} (?:op|fd)=\d{1,19} |\bslapd(?:\[\d{1,10}\])?: ")
_OWN_STAMP = re.compile(r"([0-9a-f]{8})(?:\.([0-9a-f]{1,8}))? (?:0x[0-9a-f]{1,16} )?")
_LINE = re.compile(r"conn=(-?\d{1,19}) (?:op=(\d{1,19}) )?(?:fd=(\d{1,19}) )?(.*)", re.DOTALL)
_PAIR = re.compile(r"(?:^|\s)([A-Za-z_]{1,30})=(?:\"([^\"]*)\"|(\S*))")
_ACCEPT = re.compile(r"ACCEPT from (?:IP=(\S{1,80}):(\d{1,5})|PATH=(\S{1,300}))")
_NAMES = {
    "dn": "DN", "mech": "Mech", "base": "Base", "scope": "Scope", "filter": "Filter", "err": "ErrorCode",
    "nentries": "Entries",
}  # fmt: skip
_WORDS = {"SEARCH": "RESULT", "CLOSED": "CLOSE", "STARTTLS": "EXT", "PASSMOD": "EXT"}
_TEXT = re.compile(r" text=(.*)$", re.DOTALL)


def _parse(body: bytes, context: Context) -> Record | str:
    line = syslog.parse(syslog.text(body), context.received_at, context.zone)
    message, occurred_at, quality = line.message.strip(), line.occurred_at, line.time_quality
    if own := _OWN_STAMP.match(message):
        occurred_at = int(own[1], 16) * 1_000_000 + int(own[2] or "0", 16) // 1000
        quality = STATED
        message = message[own.end() :]
    found = _LINE.match(message)
    fields: dict[str, Value] = {"Message": message}
    if not found:
        if line.app != "slapd" and not own:
            return "no line of slapd's log"
        return Record(0, _LOGSOURCE, fields, occurred_at, quality, line.host)
    connection, operation_id, descriptor, rest = found.groups()
    fields["Connection"] = int(connection)
    if operation_id is not None:
        fields["OperationId"] = int(operation_id)
    if descriptor is not None:
        fields["fd"] = int(descriptor)
    word = rest.partition(" ")[0].upper()
    fields["Operation"] = _WORDS.get(word, word)
    if word in ("STARTTLS", "PASSMOD"):
        fields["Extension"] = word
    _details(rest, fields)
    dn = fields.get("DN")
    user = str(dn) if dn and fields["Operation"] == "BIND" else None
    return Record(0, _LOGSOURCE, fields, occurred_at, quality, line.host, user)


def _details(rest: str, fields: dict[str, Value]) -> None:
    if text := _TEXT.search(rest):
        fields["text"] = text[1]
        rest = rest[: text.start()]
    if accept := _ACCEPT.match(rest):
        fields["ClientAddress"] = (accept[1] or accept[3]).strip("[]")
        if accept[2]:
            fields["ClientPort"] = int(accept[2])
        return
    head, attributes, listed = rest.partition(" attr=")
    if attributes:
        fields["Attributes"] = listed.split()[:1000]
        rest = head
    for name, quoted, plain in _PAIR.findall(rest):
        fields.setdefault(_NAMES.get(name, name), quoted or plain)


def _sniff(head: bytes, _name: str) -> int:
    return heads.confidence(head, _SNIFF, 86)


source = Source("slapd", "OpenLDAP slapd", _sniff, each(_parse))

SAMPLE = Sample(
    log=b"""Nov 23 03:11:02 ldap01 slapd[812]: conn=1000 fd=12 ACCEPT from IP=10.4.2.66:53422 (IP=0.0.0.0:389)
Nov 23 03:11:02 ldap01 slapd[812]: conn=1000 op=0 BIND dn="cn=admin,dc=chu" mech=SIMPLE bind_ssf=0 ssf=0
Nov 23 03:11:02 ldap01 slapd[812]: conn=1000 op=0 RESULT tag=97 err=49 qtime=0.000011 etime=0.002 text=
Nov 23 03:11:03 ldap01 slapd[812]: conn=1001 op=1 SRCH base="dc=chu" scope=2 deref=0 filter="(objectClass=*)"
Nov 23 03:11:03 ldap01 slapd[812]: conn=1001 op=1 SRCH attr=uid userPassword
6a1c2e00.1dcd6500 0x7f22 conn=1001 op=1 SEARCH RESULT tag=101 err=0 nentries=812 text=
conn=1001 op=2 MODRDN dn="uid=a,dc=chu"
Nov 23 03:11:04 ldap01 slapd[812]: conn=1001 op=3 UNBIND
Nov 23 03:11:05 ldap01 slapd[812]: slapd starting
something else
""",
    events=(
        {
            "@logsource": _LOGSOURCE,
            "@time": "2026-11-23T03:11:02Z",
            "@host": "ldap01",
            "Connection": "1000",
            "Operation": "ACCEPT",
            "ClientAddress": "10.4.2.66",
        },
        {
            "@user": "cn=admin,dc=chu",
            "Operation": "BIND",
            "OperationId": "0",
            "DN": "cn=admin,dc=chu",
            "Mech": "SIMPLE",
        },
        {"Operation": "RESULT", "ErrorCode": "49", "tag": "97"},
        {"Operation": "SRCH", "Base": "dc=chu", "Scope": "2", "Filter": "(objectClass=*)"},
        {"Operation": "SRCH", "Attributes": ["uid", "userPassword"]},
        {"@time": "2026-05-31T12:48:00.500000Z", "@quality": STATED, "Operation": "RESULT", "Entries": "812"},
        {"Operation": "MODRDN", "DN": "uid=a,dc=chu"},
        {"Operation": "UNBIND"},
        {"Message": "slapd starting"},
    ),
    rejects=1,
)
