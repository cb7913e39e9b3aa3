r"""Access and error logs of web servers: Apache and nginx (common, combined, with a virtual host), IIS (W3C).

References: Apache HTTP Server, mod_log_config ("Common Log Format", "Combined"); nginx,
ngx_http_log_module; W3C "Extended Log File Format" as IIS writes it. Fields have the W3C names that Sigma's
category webserver uses. SigmaHQ's rules look for paths in `cs-uri-query` as well: it holds the path and the
query, for IIS too; the path alone is `cs-uri-stem`. Error logs (Apache 2.4, nginx) have no category but a
service, apache or nginx, and a `Message`.
"""

import re
from collections.abc import Iterable, Iterator

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import heads, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, reason

_ACCESS = re.compile(
    r"(?:([^\s:\"]{1,255}):(\d{1,5}) )?(\S{1,255}) (\S{1,255}) ([^\[\"]{1,255}) "
    r"\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    r"\"((?:[^\"\\]|\\.)*)\" (\d{3}|-) (\d{1,20}|-)"
    r"(?: \"((?:[^\"\\]|\\.)*)\" \"((?:[^\"\\]|\\.)*)\")?(?: (.*))?",
    re.DOTALL,
)
_ACCESS_SNIFF = re.compile(rb" \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \"")
_REQUEST = re.compile(r"([A-Z_-]{1,32}) (.*?)(?: (HTTP/[\d.]{1,4}))?", re.DOTALL)
_APACHE_ERROR = re.compile(
    r"\[\w{3} (\w{3} \d\d \d\d:\d\d:\d\d)(?:\.(\d{1,6}))? (\d{4})\] \[(?:([\w-]{1,40}):)?(\w{2,10})\] "
    r"(.*)",
    re.DOTALL,
)
_NGINX_ERROR = re.compile(
    r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) \[([a-z]{2,10})\] (\d{1,10})#\d{1,10}: (?:\*\d{1,20} )?(.*)",
    re.DOTALL,
)
_ERROR_SNIFF = re.compile(
    rb"^\[\w{3} \w{3} \d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? \d{4}\] \[[\w:-]{2,50}\]"
    rb"|^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]{2,10}\] \d{1,10}#"
)
_CLIENT = re.compile(r"\bclient:? ([0-9A-Fa-f.:]{3,45}?)(?::\d{1,5})?(?=[\],\s]|$)")
_IIS_SNIFF = re.compile(rb"#Fields: [^\r\n]{0,2000}\bcs-(?:method|uri)")
_IIS_RENAMED = {
    "cs(User-Agent)": "cs-user-agent", "cs(Referer)": "cs-referer",
    "cs(Cookie)": "cs-cookie", "cs(Host)": "cs-host",
}  # fmt: skip
_IIS = LogSource(None, "webserver", "iis")
_MAX_COLUMNS = 200


def _access(text: str, context: Context) -> Record | None:
    found = _ACCESS.fullmatch(text)
    if not found:
        return None
    host, port, client, _, user, stamp, request, status, size, referer, agent, rest = found.groups()
    fields: dict[str, Value] = {"c-ip": client}
    if host:
        fields["cs-host"], fields["s-port"] = host, int(port)
    if status != "-":
        fields["sc-status"] = int(status)
    if size != "-":
        fields["sc-bytes"] = int(size)
    optional = (("cs-username", user), ("cs-referer", referer), ("cs-user-agent", agent), ("extra", rest))
    fields.update((name, value) for name, value in optional if value not in (None, "", "-"))
    if parts := _REQUEST.fullmatch(request):
        fields["cs-method"] = parts[1]
        if parts[3]:
            fields["cs-version"] = parts[3]
        _uri(parts[2], fields)
    else:  # not HTTP at all: a probe, or binary data
        fields["cs-uri"] = fields["cs-uri-query"] = request
    name = fields.get("cs-username")
    source_of = LogSource(None, "webserver", _server(context.name))
    return Record(0, source_of, fields, stamps.common_log(stamp), STATED, host, str(name) if name else None)


def _uri(target: str, fields: dict[str, Value]) -> None:
    stem = target.partition("?")[0]
    fields["cs-uri"] = fields["cs-uri-query"] = target
    fields["cs-uri-stem"] = stem


def _server(name: str) -> str | None:
    lowered = name.lower()
    if "nginx" in lowered:
        return "nginx"
    return "apache" if any(word in lowered for word in ("apache", "httpd", "other_vhosts", "ssl_access")) else None


def _error(text: str, context: Context) -> Record | None:
    if apache := _APACHE_ERROR.fullmatch(text):
        day, fraction, year, module, level, message = apache.groups()
        month_day, clock = day[:6], day[7:]
        stamp = f"{month_day} {year} {clock}" + (f".{fraction}" if fraction else "")
        occurred_at = stamps.bsd(stamp, context.received_at, context.zone)
        fields: dict[str, Value] = {"Severity": level, "Message": message.strip()}
        if module:
            fields["Module"] = module
        service = "apache"
    elif nginx := _NGINX_ERROR.fullmatch(text):
        occurred_at, _ = stamps.iso(f"{nginx[1]}-{nginx[2]}-{nginx[3]}T{nginx[4]}", context.zone)
        fields = {"Severity": nginx[5], "pid": int(nginx[6]), "Message": nginx[7]}
        service = "nginx"
    else:
        return None
    client = _CLIENT.search(str(fields["Message"]))
    if client:
        fields["c-ip"] = client[1]
    return Record(0, LogSource(None, None, service), fields, occurred_at, ZONE_ASSUMED, client[1] if client else None)


def _iis(text: str, columns: list[str], context: Context) -> Record | str:
    values = text.split(" ")
    if len(values) != len(columns):
        return "another number of values than of fields"
    row = dict(zip(columns, values, strict=True))
    fields: dict[str, Value] = {
        _IIS_RENAMED.get(name, name): value.replace("+", " ") if name.startswith("cs(User-Agent") else value
        for name, value in row.items()
        if value != "-"
    }
    stem, query = row.get("cs-uri-stem", ""), row.get("cs-uri-query", "-")
    if stem:
        fields["cs-uri"] = fields["cs-uri-query"] = stem if query == "-" else f"{stem}?{query}"
    day, clock = row.get("date", context.name), row.get("time")
    occurred_at = stamps.iso(f"{day}T{clock}")[0]  # IIS writes UTC
    host, user = fields.get("s-computername") or fields.get("s-ip"), fields.get("cs-username")
    return Record(0, _IIS, fields, occurred_at, STATED, str(host) if host else None, str(user) if user else None)


def _read(bodies: Iterable[Body], context: Context) -> Iterator[Record | Reject]:
    columns: list[str] = []
    for ordinal, body in bodies:
        text = syslog.text(body)
        if text.startswith("#"):
            if text.startswith("#Fields:"):
                columns = text[8:].split()[:_MAX_COLUMNS]
            continue
        try:
            found = _iis(text, columns, context) if columns else _plain(text, context)
        except (ValueError, OverflowError) as error:
            found = reason(error)
        if isinstance(found, str):
            yield Reject(ordinal, found[:200], body[:80])
        else:
            found.ordinal = ordinal
            yield found


def _plain(text: str, context: Context) -> Record | str:
    record = _access(text, context) or _error(text, context)
    if record is None:
        line = syslog.parse(text, context.received_at, context.zone)
        if not line.bare:  # nginx and Apache can log to syslog
            record = _access(line.message, context) or _error(line.message, context)
    return record or "no line of a web server's log"


def _sniff(head: bytes, _name: str) -> int:
    if _IIS_SNIFF.search(head):
        return 92
    return max(heads.confidence(head, _ACCESS_SNIFF, 82), heads.confidence(head, _ERROR_SNIFF, 80))


source = Source(
    "webserver",
    "Web server (Apache, nginx, IIS)",
    _sniff,
    _read,
    independent=False,
    header=b"#",
    patient_texts=frozenset({"cs-uri", "cs-uri-query", "cs-uri-stem", "cs-referer", "Message"}),
)

SAMPLE = (
    Sample(
        log=b"""10.4.2.66 - ida [23/Nov/2026:03:11:02 +0100] "GET /owa/auth.aspx?x=${jndi:ldap://e} HTTP/1.1" 200 512 "https://chu/" "curl \\"8\\""
pacs.chu:443 10.4.2.66 - - [23/Nov/2026:03:11:03 +0100] "POST /wado HTTP/1.1" 403 -
10.4.2.66 - - [23/Nov/2026:03:11:04 +0100] "\\x16\\x03\\x01" 400 226 "-" "-" 0.001
[Mon Nov 23 03:11:05.123456 2026] [core:notice] [pid 12] AH00052: child pid 77 exit signal Segmentation fault (11)
2026/11/23 03:11:06 [alert] 12#12: worker process 13 exited on signal 6 (core dumped)
no such thing
""",  # noqa: E501
        events=(
            {
                "@logsource": LogSource(None, "webserver", "nginx"),
                "@time": "2026-11-23T02:11:02Z",
                "@user": "ida",
                "cs-method": "GET",
                "cs-uri": "/owa/auth.aspx?x=${jndi:ldap://e}",
                "cs-uri-stem": "/owa/auth.aspx",
                "cs-uri-query": "/owa/auth.aspx?x=${jndi:ldap://e}",
                "c-ip": "10.4.2.66",
                "sc-status": "200",
                "sc-bytes": "512",
                "cs-referer": "https://chu/",
                "cs-user-agent": 'curl \\"8\\"',
                "cs-version": "HTTP/1.1",
                "cs-username": "ida",
            },
            {"cs-host": "pacs.chu", "cs-method": "POST", "sc-status": "403"},
            {"cs-uri": "\\x16\\x03\\x01", "sc-status": "400"},
            {
                "@logsource": LogSource(None, None, "apache"),
                "@time": "2026-11-23T03:11:05.123456Z",
                "@quality": ZONE_ASSUMED,
                "Message": "[pid 12] AH00052: child pid 77 exit signal Segmentation fault (11)",
            },
            {
                "@logsource": LogSource(None, None, "nginx"),
                "Message": "worker process 13 exited on signal 6 (core dumped)",
            },
        ),
        rejects=1,
        name="nginx-access.log",
    ),
    Sample(
        log=b"""#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-bytes
2026-11-23 02:11:02 10.4.1.1 POST /ecp/default.flt a=b 443 CHU\\ida 10.4.2.66 Mozilla/5.0+(X11) - 200 77
2026-11-23 02:11:03 too few
""",  # noqa: E501
        events=(
            {
                "@logsource": _IIS,
                "@time": "2026-11-23T02:11:02Z",
                "@user": "CHU\\ida",
                "cs-uri-stem": "/ecp/default.flt",
                "cs-uri-query": "/ecp/default.flt?a=b",
                "cs-user-agent": "Mozilla/5.0 (X11)",
                "sc-status": "200",
                "s-port": "443",
            },
        ),
        rejects=1,
    ),
)
