r"""Zeek logs, as tab-separated values with their header and as JSON; the ICSNPP logs (BACnet, Modbus) too.

References: the Zeek manual, "Zeek Log Formats"; ICSNPP for bacnet*.log and modbus*.log. The service is the
log's path (conn, dns, smb_files …): from `#path`, `_path`, `@stream`, else from the file's name. Sets and
vectors become lists. Names that exporters flattened with underscores (`id_orig_h`) get Zeek's own
(`id.orig_h`). A dns log is also labelled with the category dns and then has `record_type` and `answer`, as
generic rules call `qtype_name` and `answers`.
"""

import re
from collections.abc import Iterable, Iterator

import orjson

from wardwatch.events.flat import flatten
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import heads, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, RefusedError, Sample, Source, reason, term

_JSON_SNIFF = re.compile(
    rb'"_path"\s{0,9}:\s{0,9}"[a-z0-9_]{2,60}"|"@proc"\s{0,9}:\s{0,9}"zeek"|'
    rb'^\{(?=[^\r\n]{0,300}?"ts"\s{0,9}:)(?=[^\r\n]{0,400}?"uid"\s{0,9}:\s{0,9}"[CF])'
)
_FILE_NAME = re.compile(r"([a-z][a-z0-9_]*?)(?:[-_.](?:\d|\(|log|json|tsv).*)?", re.DOTALL)
_PREFIXED = re.compile(r"(id)_((?:orig|resp)_[hp])|(certificate|basic_constraints|san)_([a-z_]{2,40})")
_PATHS = ("_path", "@stream", "log_path")
_HOSTS = ("id.orig_h", "_system_name", "@system", "host_addr")
_USERS = ("username", "user", "client")
_MAX_COLUMNS = 2000
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")


class _Header:
    """What the `#` lines of a tab-separated log say."""

    def __init__(self) -> None:
        self.separator, self.set_separator, self.empty, self.unset = "\t", ",", "(empty)", "-"
        self.path = ""
        self.fields: list[str] = []
        self.types: list[str] = []

    def take(self, line: str) -> None:
        """Follow one header line."""
        if line.startswith("#separator"):
            self.separator = _ESCAPE.sub(lambda code: chr(int(code[1], 16)), line[11:].strip()) or "\t"
            return
        name, *values = line[1:].split(self.separator)
        match name:
            case "set_separator":
                self.set_separator = values[0] if values and values[0] else ","
            case "empty_field":
                self.empty = values[0] if values else self.empty
            case "unset_field":
                self.unset = values[0] if values else self.unset
            case "path":
                self.path = values[0] if values else ""
            case "fields":
                self.fields = values[:_MAX_COLUMNS]
            case "types":
                self.types = values[:_MAX_COLUMNS]
            case _:
                pass  # #open, #close and what later versions add

    def row(self, line: str) -> dict[str, Value]:
        """Read one line of values; raises `ValueError` if it does not fit the header."""
        values = line.split(self.separator)
        if len(values) != len(self.fields):
            raise RefusedError("another number of values than of fields")
        types = self.types if len(self.types) == len(self.fields) else [""] * len(self.fields)
        return {
            name: self._value(value, kind)
            for name, value, kind in zip(self.fields, values, types, strict=True)
            if value != self.unset
        }

    def _value(self, value: str, kind: str) -> Value:
        if kind.startswith(("set[", "vector[")):
            return [] if value == self.empty else list(value.split(self.set_separator))
        if value == self.empty:
            return ""
        return value == "T" if kind == "bool" and value in ("T", "F") else value


def _read(bodies: Iterable[Body], context: Context) -> Iterator[Record | Reject]:
    header = _Header()
    for ordinal, body in bodies:
        text = syslog.text(body)
        if text.startswith("#"):
            header.take(text)
            continue
        try:
            found = _json(text, context) if text.startswith("{") else _tsv(text, header, context)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            found = reason(error)
        if isinstance(found, str):
            yield Reject(ordinal, found[:200], body[:80])
        else:
            found.ordinal = ordinal
            yield found


def _tsv(text: str, header: _Header, context: Context) -> Record | str:
    if not header.fields:
        return "no #fields line before the values"
    return _record(header.path, header.row(text), context)


def _json(text: str, context: Context) -> Record | str:
    fields = flatten(orjson.loads(text))
    path = next((str(fields[name]) for name in _PATHS if fields.get(name)), "")
    if not path and "ts" not in fields:
        return "JSON, but no Zeek log: neither ts nor a path"
    for name in [name for name in fields if "_" in name]:
        if parts := _PREFIXED.fullmatch(name):
            fields.setdefault(f"{parts[1] or parts[3]}.{parts[2] or parts[4]}", fields[name])
            del fields[name]
    return _record(path, fields, context)


def _record(path: str, fields: dict[str, Value], context: Context) -> Record:
    if not path:
        named = _FILE_NAME.fullmatch(context.name)
        path = named[1] if named else ""
    occurred_at: int | None = None
    quality = RECEIVED
    stamp = fields.get("ts", fields.get("_write_ts"))
    if isinstance(stamp, str) and "-" in stamp:
        occurred_at, zoned = stamps.iso(stamp, context.zone)
        quality = STATED if zoned else ZONE_ASSUMED
    elif isinstance(stamp, str | float | int):
        occurred_at, quality = stamps.epoch(stamp), STATED
    if path == "dns":
        for name, alias in (("qtype_name", "record_type"), ("answers", "answer")):
            if name in fields:
                fields.setdefault(alias, fields[name])
    host = next((fields[name] for name in _HOSTS if fields.get(name)), None)
    user = next((fields[name] for name in _USERS if isinstance(fields.get(name), str)), None)
    uid = fields.get("uid")
    source_of = LogSource("zeek", "dns" if path == "dns" else None, term(path))
    return Record(
        0, source_of, fields, occurred_at, quality, str(host) if host else None, str(user) if user else None,
        uid if isinstance(uid, str) else None,
    )  # fmt: skip


def _sniff(head: bytes, _name: str) -> int:
    if head.startswith(b"#separator \\x"):
        return 98
    if head.startswith((b"#set_separator", b"#path", b"#fields\t")):
        return 90
    return heads.confidence(head, _JSON_SNIFF, 84)


source = Source("zeek", "Zeek", _sniff, _read, independent=False, header=b"#")

SAMPLE = (
    Sample(
        log=b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
        b"#path\tdns\n#open\t2026-11-23-00-00-00\n"
        b"#fields\tts\tuid\tid.orig_h\tid.resp_p\tquery\tqtype_name\tanswers\trejected\tTTLs\n"
        b"#types\ttime\tstring\taddr\tport\tstring\tstring\tvector[string]\tbool\tvector[interval]\n"
        b"1795399862.123456\tCx1\t10.0.1.6\t53\tevil.example\tTXT\ta,b\tF\t(empty)\n"
        b"1795399862.5\tCx2\t10.0.1.6\t53\t-\t-\t-\tT\t-\n"
        b"too\tfew\n#close\t2026-11-23-01-00-00\n",
        events=(
            {
                "@logsource": LogSource("zeek", "dns", "dns"),
                "@time": "2026-11-23T02:11:02.123456Z",
                "@host": "10.0.1.6",
                "@quality": STATED,
                "query": "evil.example",
                "answers": ["a", "b"],
                "answer": ["a", "b"],
                "record_type": "TXT",
                "rejected": "false",
                "TTLs": [],
                "id.resp_p": "53",
            },
            {"rejected": "true", "uid": "Cx2"},
        ),
        rejects=1,
    ),
    Sample(
        log=b"""{"_path":"smb_files","ts":"2026-11-23T02:11:02.5Z","uid":"Cx3","id.orig_h":"10.0.1.6","action":"SMB::FILE_RENAME","name":"a.lockbit"}
{"@stream":"x509","@proc":"zeek","ts":1795399862.5,"id":"F1","certificate_serial":"7EFD","id_orig_h":"10.0.1.7"}
{"no":"log"}
""",
        events=(
            {
                "@logsource": LogSource("zeek", None, "smb_files"),
                "@time": "2026-11-23T02:11:02.500000Z",
                "name": "a.lockbit",
            },
            {
                "@logsource": LogSource("zeek", None, "x509"),
                "@host": "10.0.1.7",
                "certificate.serial": "7EFD",
            },
        ),
        rejects=1,
    ),
    Sample(
        log=b"""{"ts":1795399862.5,"uid":"Cx4","id.orig_h":"10.0.9.1","pdu_service":"write_property","object_type":"binary-output"}
""",
        events=({"@logsource": LogSource("zeek", None, "bacnet_property"), "pdu_service": "write_property"},),
        name="bacnet_property.2026-11-23-02-00-00.log",
    ),
)
