r"""The Linux audit log: raw records of auditd (also through syslog or journald), and the JSON of laurel.

References: Linux audit "Field Dictionary" and "Message Dictionary"; auparse(3) for the encoding of strings;
laurel(7). The records of one event (the same `audit(time:serial)`) become one event. A field that several
records have becomes a list (`type: [SYSCALL, EXECVE, …]`). Sigma rules mean by `a0` the argument of a
program, so that an event with an EXECVE record keeps the registers of its SYSCALL record as `syscall_a0` …
An event that starts a program is labelled process_creation too, with Image, CommandLine and so on.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, Record, Reject, Value
from wardwatch.frames import heads, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, reason

_AUDITD = LogSource("linux", None, "auditd")
_PROCESS = LogSource("linux", "process_creation", "auditd")
_MAX_OPEN = 256  # events whose records may still come
_MAX_RECORDS = 512  # of one event
_MAX_AGE = 2_000_000  # µs: when no more records of an event are expected (as ausearch has it)
_SNIFF = re.compile(
    rb"\btype=[A-Z0-9_\[\]]{3,40} (?:msg=)?audit\(\d{9,11}\.\d{1,3}:\d{1,20}\)"
    rb"|^\{\"ID\":\"\d{9,11}\.\d{3}:\d+\""
)
_RECORD = re.compile(r"type=([A-Z0-9_\[\]]{3,40}) (?:msg=)?audit\((\d{9,11})\.(\d{1,3}):(\d{1,20})\): ?(.*)", re.DOTALL)
_NODE = re.compile(r"\bnode=(\S{1,255}) ")
_PAIR = re.compile(r"(?<![\w-])([A-Za-z0-9_-]{1,40}(?:\[\d{1,5}\])?)=(?:\"([^\"]*)\"|'([^']*)'|(\{[^}]{0,200}\}|\S*))")
_PART = re.compile(r"(a\d{1,4})\[\d{1,5}\]")
_ENCODED = frozenset(
    {"proctitle", "comm", "exe", "name", "cwd", "key", "acct", "cmd", "data", "path", "dir", "unit", "sw"}
)
_ARGUMENT = re.compile(r"a\d{1,4}")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_ALONE = (
    "USER_",
    "CRED_",
    "SERVICE_",
    "SYSTEM_",
    "DAEMON_",
    "ADD_",
    "DEL_",
    "GRP_",
    "VIRT_",
    "CRYPTO_",
    "ACCT_",
    "CHGRP_",
    "ROLE_",
)
_X86_64, _AARCH64 = "c000003e", "c00000b7"
# The system calls that rules speak of, by architecture; auditd's ENRICHED format and laurel name them all.
_SYSCALLS = {
    _X86_64: {
        2: "open", 41: "socket", 42: "connect", 43: "accept", 49: "bind", 56: "clone", 57: "fork",
        58: "vfork", 59: "execve", 62: "kill",
        76: "truncate", 82: "rename", 84: "rmdir", 87: "unlink", 88: "symlink", 90: "chmod", 91: "fchmod",
        92: "chown", 99: "sysinfo",
        101: "ptrace", 103: "syslog", 105: "setuid", 133: "mknod", 135: "personality", 159: "adjtimex",
        161: "chroot",
        164: "settimeofday", 165: "mount", 166: "umount2", 169: "reboot", 170: "sethostname",
        175: "init_module",
        176: "delete_module", 188: "setxattr", 227: "clock_settime", 246: "kexec_load", 257: "openat",
        259: "mknodat", 263: "unlinkat",
        264: "renameat", 268: "fchmodat", 288: "accept4", 310: "process_vm_readv", 311: "process_vm_writev",
        313: "finit_module",
        316: "renameat2", 319: "memfd_create", 320: "kexec_file_load", 321: "bpf", 322: "execveat",
        323: "userfaultfd",
    },
    _AARCH64: {
        33: "mknodat", 35: "unlinkat", 38: "renameat", 40: "mount", 51: "chroot", 53: "fchmodat",
        56: "openat", 92: "personality",
        105: "init_module", 106: "delete_module", 116: "syslog", 117: "ptrace", 129: "kill", 142: "reboot",
        146: "setuid",
        179: "sysinfo", 198: "socket", 200: "bind", 202: "accept", 203: "connect", 220: "clone",
        221: "execve", 242: "accept4",
        271: "process_vm_writev", 273: "finit_module", 276: "renameat2", 279: "memfd_create", 280: "bpf",
        281: "execveat",
    },
}  # fmt: skip
_Fields = list[tuple[str, str]]


class _Event:
    """The records of one event so far: (type, its fields)."""

    def __init__(self, ordinal: int, occurred_at: int, serial: str, host: str | None) -> None:
        self.ordinal, self.occurred_at, self.serial, self.host = ordinal, occurred_at, serial, host
        self.records: list[tuple[str, _Fields]] = []

    def record(self) -> Record:
        """Join the records."""
        types = [kind for kind, _ in self.records]
        runs = "EXECVE" in types
        found: dict[str, list[str]] = {}
        for kind, fields in self.records:
            registers = runs and kind == "SYSCALL"
            for name, value in fields:
                known = f"syscall_{name}" if registers and _ARGUMENT.fullmatch(name) else name
                found.setdefault(known, []).append(value)
        joined: dict[str, Value] = {"type": types if len(types) > 1 else types[0]}
        joined.update((name, values if len(values) > 1 else values[0]) for name, values in found.items())
        _name_syscall(joined)
        starts = runs or str(joined.get("SYSCALL")) in ("execve", "execveat")
        if starts:
            _process(joined)
        user = _one(joined, "acct") or _one(joined, "UID") or _one(joined, "AUID") or _one(joined, "uid")
        source = _PROCESS if starts else _AUDITD
        return Record(self.ordinal, source, joined, self.occurred_at, STATED, self.host, user, self.serial)


def _one(fields: Mapping[str, Value], name: str) -> str | None:
    value = fields.get(name)
    if isinstance(value, list):
        value = value[0]
    return None if value in (None, "") else str(value)


def _name_syscall(fields: dict[str, Value]) -> None:
    number, arch = _one(fields, "syscall"), (_one(fields, "arch") or "").removeprefix("0x")
    if "SYSCALL" not in fields and number and number.isdecimal():
        name = _SYSCALLS.get(arch, {}).get(int(number[:6]))
        if name:
            fields["SYSCALL"] = name


def _process(fields: dict[str, Value]) -> None:
    """Add the names that process_creation rules use."""
    arguments = [str(fields[f"a{at}"]) for at in range(len(fields)) if isinstance(fields.get(f"a{at}"), str)]
    has_arguments = "argc" in fields and arguments
    uid = _one(fields, "uid")
    added = {
        "Image": _one(fields, "exe"),
        "CommandLine": " ".join(arguments) if has_arguments else _one(fields, "proctitle"),
        "CurrentDirectory": _one(fields, "cwd"),
        "User": _one(fields, "UID") or ("root" if uid == "0" else uid),
        "ProcessId": _one(fields, "pid"),
        "ParentProcessId": _one(fields, "ppid"),
        "LogonId": uid,  # as Sysmon for Linux has it
    }
    for name, value in added.items():
        if value is not None:
            fields.setdefault(name, value)


def _raw(text: str) -> tuple[str, int, str, _Fields] | None:
    """Return (type, micros, serial, fields) of a raw record; `None` if it is none."""
    found = _RECORD.search(text)
    if not found:
        return None
    kind, seconds, millis, serial, rest = found.groups()
    fields: _Fields = []
    parts: dict[str, str] = {}
    for name, double, single, plain in _PAIR.findall(rest):
        if name == "msg" and single:
            fields.extend((inner, _decoded(inner, b or c, not a, kind)) for inner, a, b, c in _inner(single))
            continue
        value = double or single or _decoded(name, plain, True, kind)
        if part := _PART.fullmatch(name):  # a long argument comes in pieces
            parts[part[1]] = parts.get(part[1], "") + value
        elif value not in ("", "(null)", "(none)", "?") and not (kind == "EXECVE" and name.endswith("_len")):
            fields.append((name, value))
    fields.extend(parts.items())
    return kind, int(seconds) * 1_000_000 + int(millis.ljust(3, "0")) * 1000, serial, fields


def _inner(text: str) -> Iterator[tuple[str, str, str, str]]:
    for name, double, single, plain in _PAIR.findall(text):
        value = double or single or plain
        if value not in ("", "?", "(null)"):
            yield name, double, double or single, plain


def _decoded(name: str, value: str, unquoted: bool, kind: str) -> str:  # noqa: FBT001
    """Decode what auditd wrote in hexadecimal because it held blanks, quotes or bytes beyond ASCII."""
    known = name in _ENCODED or (kind == "EXECVE" and name.startswith("a") and name != "argc")
    if not (unquoted and known and len(value) > 1 and _HEX.fullmatch(value)):
        return value
    raw = bytes.fromhex(value).rstrip(b"\x00")
    return raw.replace(b"\x00", b" ").decode("utf-8", "backslashreplace")


def _laurel(text: str, ordinal: int) -> _Event | str:
    found = orjson.loads(text)
    stamp, _, serial = str(found.get("ID", "")).partition(":")
    if not serial:
        return "JSON, but no event of laurel"
    event = _Event(ordinal, stamps.epoch(stamp), serial, found.get("NODE") and str(found["NODE"]))
    for kind, content in found.items():
        if kind == "PARENT_INFO" and isinstance(content, dict):
            parent = {"ParentImage": content.get("exe"), "ParentCommandLine": content.get("ARGV")}
            event.records.append((kind, _listed(parent)))
        elif isinstance(content, dict | list) and kind.isupper():
            for item in content if isinstance(content, list) else [content]:
                event.records.append((kind, _listed(item)))
    if not event.records:
        return "an event of laurel without records"
    return event


def _listed(content: Mapping[str, Any]) -> _Fields:
    fields: _Fields = []
    for name, value in content.items():
        if name == "ARGV" and isinstance(value, list):
            fields.extend((f"a{at}", str(argument)) for at, argument in enumerate(value[:1000]))
        elif name == "ParentCommandLine" and isinstance(value, list):
            fields.append((name, " ".join(map(str, value))))
        elif value is not None:
            fields.append((name, value if isinstance(value, str) else orjson.dumps(value).decode()))
    return fields


def _read(bodies: Iterable[Body], context: Context) -> Iterator[Record | Reject]:
    pending: dict[tuple[str | None, str], _Event] = {}
    for ordinal, body in bodies:
        try:
            found = _take(pending, ordinal, syslog.text(body), context)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            found = reason(error)
        if isinstance(found, str):
            yield Reject(ordinal, found[:200], body[:80])
            continue
        for event in found:
            yield event.record()
    for event in pending.values():
        yield event.record()


def _take(
    pending: dict[tuple[str | None, str], _Event], ordinal: int, text: str, context: Context
) -> list[_Event] | str:
    """Take one body; return the events that are now complete, or the reason for a reject."""
    if text.startswith("{"):
        whole = _laurel(text, ordinal)
        return whole if isinstance(whole, str) else [whole]
    found = _raw(text)
    if not found:
        return "no audit record"
    kind, occurred_at, serial, fields = found
    node = _NODE.search(text[: text.find("type=")])
    host = node[1] if node else syslog.parse(text, context.received_at, context.zone).host
    key = (host, f"{occurred_at}:{serial}")
    event = pending.get(key) or _Event(ordinal, occurred_at, serial, host)
    if kind != "EOE" and len(event.records) < _MAX_RECORDS:
        event.records.append((kind, fields))
    pending[key] = event
    ends = kind == "EOE" or kind.startswith(_ALONE)
    done = [
        old for old, other in pending.items() if (old == key and ends) or occurred_at - other.occurred_at > _MAX_AGE
    ]
    if len(pending) - len(done) > _MAX_OPEN:
        done.append(next(old for old in pending if old not in done))
    return [complete for complete in map(pending.pop, done) if complete.records]


def _sniff(head: bytes, _name: str) -> int:
    return heads.confidence(head, _SNIFF, 93)


_EVENT = re.compile(
    rb"^(?:.{0,200}?\btype=([A-Z0-9_\[\]]{1,40}) )?.{0,200}?\baudit\((\d{1,12}\.\d{1,3}:\d{1,20})\)", re.DOTALL
)
_LAST = (b"EOE", b"PROCTITLE")  # libaudit, audit_is_last_record


def _key(body: bytes) -> bytes | None:
    """The event that a raw record belongs to: when and with which number, as its host counts."""
    found = None if body.startswith(b"{") else _EVENT.search(body[:500])
    return found[2] if found and not (found[1] or b"").startswith(_ALONE_BYTES) else None


def _end(body: bytes) -> bool:
    """Whether a record is the last of its event."""
    found = _EVENT.search(body[:500])
    return found is not None and found[1] in _LAST


_ALONE_BYTES = tuple(kind.encode() for kind in _ALONE)
source = Source(
    "auditd",
    "Linux audit (auditd, laurel)",
    _sniff,
    _read,
    independent=False,
    assemble_key=_key,
    assemble_end=_end,
)

SAMPLE = (
    Sample(
        log=b"""node=web01 type=SYSCALL msg=audit(1795399862.123:810): arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55d1 a2=55d2 a3=0 items=2 ppid=900 pid=901 auid=1000 uid=33 gid=33 euid=33 ses=4 comm="sh" exe="/usr/bin/dash" key="exec"\x1dARCH=x86_64 SYSCALL=execve AUID="ida" UID="www-data"
type=USER_AUTH msg=audit(1795399862.200:811): pid=77 uid=0 auid=4294967295 ses=4294967295 msg='op=PAM:authentication acct="root" exe="/usr/sbin/sshd" hostname=10.4.2.66 addr=10.4.2.66 terminal=ssh res=failed'
node=web01 type=EXECVE msg=audit(1795399862.123:810): argc=3 a0="sh" a1="-c" a2=6361742022612062222F657463
node=web01 type=CWD msg=audit(1795399862.123:810): cwd="/var/www"
node=web01 type=PATH msg=audit(1795399862.123:810): item=0 name="/bin/sh" inode=1 nametype=NORMAL
node=web01 type=PATH msg=audit(1795399862.123:810): item=1 name="/lib64/ld-linux-x86-64.so.2" inode=2 nametype=NORMAL
node=web01 type=PROCTITLE msg=audit(1795399862.123:810): proctitle=7368002D63
type=SYSCALL msg=audit(1795399863.000:812): arch=c000003e syscall=135 success=yes a0=40000 a1=0 ppid=1 pid=2 uid=0 comm="setarch" exe="/usr/bin/setarch" key=(null)
type=EOE msg=audit(1795399863.000:812):
Nov 23 03:11:09 web02 audispd: type=SERVICE_STOP msg=audit(1795399869.000:813): pid=1 uid=0 msg='unit=firewalld comm="systemd" exe="/usr/lib/systemd/systemd" res=success'
not an audit record
""",  # noqa: E501
        events=(
            {
                "@logsource": _PROCESS,
                "@time": "2026-11-23T02:11:02.123000Z",
                "@host": "web01",
                "@user": "www-data",
                "type": ["SYSCALL", "EXECVE", "CWD", "PATH", "PATH", "PROCTITLE"],
                "a0": "sh",
                "a1": "-c",
                "a2": 'cat "a b"/etc',
                "syscall_a0": "55d0",
                "SYSCALL": "execve",
                "AUID": "ida",
                "euid": "33",
                "name": ["/bin/sh", "/lib64/ld-linux-x86-64.so.2"],
                "proctitle": "sh -c",
                "Image": "/usr/bin/dash",
                "CommandLine": 'sh -c cat "a b"/etc',
                "CurrentDirectory": "/var/www",
                "User": "www-data",
                "ProcessId": "901",
                "ParentProcessId": "900",
                "LogonId": "33",
                "key": "exec",
            },
            {
                "@logsource": _AUDITD,
                "@user": "root",
                "type": "USER_AUTH",
                "acct": "root",
                "addr": "10.4.2.66",
                "res": "failed",
            },
            {"type": "SYSCALL", "SYSCALL": "personality", "a0": "40000"},
            {"@host": "web02", "type": "SERVICE_STOP", "unit": "firewalld"},
        ),
        rejects=1,
    ),
    Sample(
        log=b"""{"ID":"1795399862.123:810","NODE":"web01","SYSCALL":{"arch":"0xc000003e","syscall":59,"success":"yes","ppid":900,"pid":901,"uid":0,"UID":"root","exe":"/usr/bin/id","comm":"id"},"EXECVE":{"argc":1,"ARGV":["id"]},"PATH":[{"name":"/usr/bin/id"},{"name":"/lib/ld"}],"CWD":{"cwd":"/opt/app"},"PARENT_INFO":{"ID":"1795399862.1:1","ARGV":["sh","-c","id"],"exe":"/usr/bin/dash"}}
""",
        events=(
            {
                "@logsource": _PROCESS,
                "@user": "root",
                "Image": "/usr/bin/id",
                "CommandLine": "id",
                "SYSCALL": "execve",
                "ParentImage": "/usr/bin/dash",
                "ParentCommandLine": "sh -c id",
                "CurrentDirectory": "/opt/app",
            },
        ),
    ),
)
