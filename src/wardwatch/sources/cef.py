r"""Common Event Format, in which many products write to a SIEM.

Reference: Micro Focus / OpenText, "ArcSight Common Event Format (CEF) Implementation Standard", version 26:
the header `CEF:0|vendor|product|version|class|name|severity|` escapes `\|` and `\\`; the extension escapes
`\=`, `\\`, `\n`, `\r`. The product is `vendor/product` in lower case. A custom field with a label is also
kept under its label.
"""

import re
from datetime import tzinfo

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, ZONE_ASSUMED, Record, Value
from wardwatch.frames import heads, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Context, Sample, Source, each

_SNIFF = re.compile(rb"\bCEF: ?\d{1,2}(?:\.\d)?\|[^|\r\n]{0,200}\|[^|\r\n]{0,200}\|")
_BEGIN = re.compile(r"\bCEF: ?(\d{1,2}(?:\.\d)?)\|")
_HEADER_PART = re.compile(r"((?:[^|\\]|\\.)*)\|", re.DOTALL)
_NAMES = ("DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Name", "Severity")
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_][\w.\[\]-]{0,99})=")
_HEADER_ESCAPE = re.compile(r"\\([|\\])")
_ESCAPE = re.compile(r"\\([=\\|nr])")
_UNESCAPED = {"n": "\n", "r": "\r"}
_DATE = re.compile(r"([A-Za-z]{3}) (\d\d) (?:(\d{4}) )?(\d\d:\d\d:\d\d(?:\.\d{1,3})?)(?: (?:UTC|GMT|Z))?")
_PRODUCT = re.compile(r"[a-z0-9_. -]{1,40}/[a-z0-9_. -]{1,40}")  # many vendors have blanks in their names
_TIMES = ("rt", "end", "start", "deviceReceiptTime")


def _parse(body: bytes, context: Context) -> Record | str:
    text = syslog.text(body)
    begin = _BEGIN.search(text)
    if not begin:
        return "no CEF header"
    line = syslog.parse(text[: begin.start()], context.received_at, context.zone)
    fields: dict[str, Value] = {"CEFVersion": begin[1]}
    at = begin.end()
    for name in _NAMES:
        part = _HEADER_PART.match(text, at)
        if not part:
            return f"CEF header ends before {name}"
        fields[name] = _HEADER_ESCAPE.sub(r"\1", part[1]).strip()
        at = part.end()
    _extension(text[at:], fields)
    occurred_at, quality = line.occurred_at, line.time_quality
    stamp = next((str(fields[name]) for name in _TIMES if fields.get(name)), None)
    if stamp:
        found = _time(stamp, context.received_at, context.zone)
        occurred_at, quality = found or (occurred_at, quality)
    host = fields.get("dvchost") or fields.get("dvc") or line.host
    user = fields.get("suser") or fields.get("duser")
    product = f"{fields['DeviceVendor']}/{fields['DeviceProduct']}".lower()
    return Record(
        0,
        LogSource(product if _PRODUCT.fullmatch(product) else None),
        fields,
        occurred_at,
        quality,
        str(host) if host else None,
        str(user) if user else None,
    )


def _extension(text: str, fields: dict[str, Value]) -> None:
    keys = list(_KEY.finditer(text))
    for key, following in zip(keys, [*keys[1:], None][: len(keys)], strict=True):
        value = text[key.end() : following.start() if following else len(text)].strip()
        fields.setdefault(key[1], _ESCAPE.sub(lambda found: _UNESCAPED.get(found[1], found[1]), value))
    for name in [name for name in fields if name.endswith("Label")]:
        label = str(fields[name])
        if label and name[:-5] in fields:
            fields.setdefault(label, fields[name[:-5]])


def _time(stamp: str, received_at: int, zone: tzinfo) -> tuple[int, str] | None:
    """Read `rt` and its like: milliseconds since 1970, or `MMM dd yyyy HH:mm:ss[.SSS] [zone]`."""
    if stamp.isdecimal() and len(stamp) < 20:  # noqa: PLR2004  (digits of nanoseconds since 1970)
        return stamps.epoch(stamp), STATED
    if found := _DATE.fullmatch(stamp):
        month, day, year, clock = found.groups()
        zoned = stamp.endswith(("UTC", "GMT", "Z"))
        text = " ".join(part for part in (month, day, year, clock) if part)
        return stamps.bsd(text, received_at) if zoned else stamps.bsd(text, received_at, zone), (
            STATED if zoned else ZONE_ASSUMED
        )
    try:
        occurred_at, zoned = stamps.iso(stamp, zone)
    except ValueError:  # a spelling that the standard does not know: the syslog header's time is used
        return None
    return occurred_at, STATED if zoned else ZONE_ASSUMED


def _sniff(head: bytes, _name: str) -> int:
    return heads.confidence(head, _SNIFF, 90)


source = Source("cef", "Common Event Format", _sniff, each(_parse))

SAMPLE = Sample(
    log=rb"""<14>Nov 23 03:11:02 fw01 CEF:0|Fortinet|Fortigate|v7.4|39424|event:vpn \| tunnel|5|deviceExternalId=FG100 rt=1795399862123 suser=CHU\\vendor src=203.0.113.9 msg=a\=b and more\nline cs1Label=Group cs1=vpn users
CEF:0|Vend|Prod|1|100|name|High|rt=Nov 23 2026 03:11:03 UTC dvchost=app01 act=blocked
CEF:0|Vend|Prod
""",  # noqa: E501
    events=(
        {
            "@logsource": LogSource("fortinet/fortigate"),
            "@time": "2026-11-23T02:11:02.123000Z",
            "@host": "fw01",
            "@user": r"CHU\vendor",
            "DeviceVendor": "Fortinet",
            "DeviceProduct": "Fortigate",
            "DeviceEventClassID": "39424",
            "Name": "event:vpn | tunnel",
            "Severity": "5",
            "src": "203.0.113.9",
            "msg": "a=b and more\nline",
            "cs1": "vpn users",
            "Group": "vpn users",
        },
        {"@time": "2026-11-23T03:11:03Z", "@quality": STATED, "@host": "app01", "act": "blocked"},
    ),
    rejects=1,
)
