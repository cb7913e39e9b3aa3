"""Any syslog line: RFC 3164, RFC 5424, and what rsyslog and journald write to files.

References: RFC 3164, RFC 5424, RFC 6587. The log source comes from the program (sshd, sudo, cron …); the
most modest of all formats carried in syslog: whatever knows a line better has a higher claim to it.
"""

import re

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, Record, Value
from wardwatch.frames import heads, syslog
from wardwatch.sources import Context, Sample, Source, each

_SERVICES = {
    "sshd": "sshd", "sshd-session": "sshd", "sshd-auth": "sshd", "sudo": "sudo", "cron": "cron",
    "crond": "cron", "crontab": "cron",
    "anacron": "cron", "clamd": "clamav", "freshclam": "clamav", "clamav": "clamav", "clamonacc": "clamav",
    "clamscan": "clamav",
    "clamav-milter": "clamav", "vsftpd": "vsftpd", "guacd": "guacamole", "guacamole": "guacamole",
    "su": "auth", "login": "auth", "passwd": "auth",
    "useradd": "auth", "userdel": "auth", "usermod": "auth", "groupadd": "auth", "chpasswd": "auth",
    "systemd-logind": "auth",
    "polkitd": "auth", "pkexec": "auth", "gdm-password]": "auth", "dropbear": "auth",
}  # fmt: skip
_SOURCES = {service: LogSource("linux", None, service) for service in (*_SERVICES.values(), "syslog")}
_AUTH_FACILITIES = (4, 10)  # auth, authpriv (RFC 5424, table 1)
_AUTH_FILES = ("auth", "secure", "authlog")
_SUDO = re.compile(r"\b(TTY|PWD|USER|GROUP|ENV|COMMAND)=((?:(?! ; ).)*)", re.DOTALL)
_SUDO_BY = re.compile(r"\s*([^\s:]{1,128}) : ")
_SSH = re.compile(
    r"(?:Accepted|Failed) (\S{1,40}) for (?:invalid user )?(\S{1,128}) from (\S{1,64})"
    r"|Invalid user (\S{0,128}) from (\S{1,64})"
)
_SNIFF = re.compile(
    rb"^(?:\d{1,7} )?(?:<\d{1,3}>)?(?:1 )?"
    rb"(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S{0,16})"
    rb"\s+\S{1,255}(?:\s|$)|^<\d{1,3}>\S"
)


def _parse(body: bytes, context: Context) -> Record | str:
    line = syslog.parse(syslog.text(body), context.received_at, context.zone)
    if line.bare:
        return "no syslog header"
    fields: dict[str, Value] = {"Message": line.message}
    header = {
        "Program": line.app,
        "pid": line.pid,
        "msgid": line.msgid,
        "facility": line.facility,
        "severity": line.severity,
    }
    fields.update({name: value for name, value in header.items() if value is not None})
    for sd_id, parameters in line.data.items():
        fields.update((f"{sd_id}.{name}", value) for name, value in parameters.items())
    service = _service(line, context.name)
    user = _user(service, line.message, fields)
    return Record(0, _SOURCES[service], fields, line.occurred_at, line.time_quality, line.host, user)


def _service(line: syslog.Line, name: str) -> str:
    program = (line.app or "").rpartition("/")[2].lower()
    if known := _SERVICES.get(program):
        return known
    if line.facility in _AUTH_FACILITIES or name.partition(".")[0] in _AUTH_FILES:
        return "auth"
    return "syslog"


def _user(service: str, message: str, fields: dict[str, Value]) -> str | None:
    """Add what sudo and sshd say in a fixed form; return who acted."""
    if service == "sudo":
        fields.update((name, value.strip()) for name, value in _SUDO.findall(message))
        by = _SUDO_BY.match(message)
        return by[1] if by else None
    if service == "sshd" and (found := _SSH.search(message)):
        user, address = found[2] or found[4], found[3] or found[5]
        fields["User"], fields["ClientAddress"] = user, address
        if found[1]:
            fields["Method"] = found[1]
        return user or None
    return None


def _sniff(head: bytes, _name: str) -> int:
    return heads.confidence(head, _SNIFF, 30)


source = Source("syslog", "Syslog", _sniff, each(_parse))

SAMPLE = (
    Sample(
        log=b"""<38>Nov 23 03:11:02 web01 sshd[812]: Failed password for invalid user oracle from 10.4.2.66 port 51122 ssh2
Nov 23 03:11:03 web01 sudo:  ida : TTY=pts/0 ; PWD=/home/ida ; USER=root ; COMMAND=/usr/bin/cat /etc/shadow
<165>1 2026-11-23T03:11:04.003+01:00 web01 evntslog 77 ID47 [app@32473 iut="3" src="a\\"b\\]"][b@1 c="d"] An event
2026-11-23T03:11:05.250000+01:00 web01 CRON[99]: (root) CMD (/opt/x)
<86>Nov 23 03:11:06 web01 myd: opened
Nov 23 03:11:07 web01 kernel: [ 1.0] segfault at 0
Nov 23 03:11:08 -- MARK --
no header at all
""",  # noqa: E501
        events=(
            {
                "@logsource": LogSource("linux", None, "sshd"),
                "@time": "2026-11-23T03:11:02Z",
                "@host": "web01",
                "@user": "oracle",
                "Program": "sshd",
                "pid": "812",
                "facility": "4",
                "severity": "6",
                "Message": "Failed password for invalid user oracle from 10.4.2.66 port 51122 ssh2",
                "ClientAddress": "10.4.2.66",
            },
            {
                "@logsource": LogSource("linux", None, "sudo"),
                "@user": "ida",
                "USER": "root",
                "COMMAND": "/usr/bin/cat /etc/shadow",
            },
            {
                "@logsource": LogSource("linux", None, "syslog"),
                "@time": "2026-11-23T02:11:04.003000Z",
                "@quality": STATED,
                "Program": "evntslog",
                "msgid": "ID47",
                "app@32473.iut": "3",
                "app@32473.src": 'a"b]',
                "b@1.c": "d",
                "Message": "An event",
            },
            {"@logsource": LogSource("linux", None, "cron"), "Message": "(root) CMD (/opt/x)"},
            {"@logsource": LogSource("linux", None, "auth"), "Program": "myd"},
            {"Program": "kernel", "Message": "[ 1.0] segfault at 0"},
            {"@time": "2026-11-23T03:11:08Z"},
        ),
        rejects=1,
    ),
    Sample(
        log=b"Nov 23 03:11:06 web01 customd: opened\n",
        events=({"@logsource": LogSource("linux", None, "auth")},),
        name="auth.log",
    ),
)
