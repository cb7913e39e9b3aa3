"""FortiGate firewalls: logs of `key=value` pairs, by syslog or in files.

Reference: Fortinet, "FortiOS Log Message Reference". The service is the log's `type` (event, traffic, utm …).
"""

import re

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, ZONE_ASSUMED, Record, Value
from wardwatch.frames import heads, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Context, Sample, Source, each, term

_PAIR = re.compile(r"(?:^|[\s,])([A-Za-z_][\w.-]{0,60})=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]*))")
_BEGIN = re.compile(r"\b(?:date|logver|timestamp|eventtime|devname|itime|logid|vd|log_id)=")
_SNIFF = re.compile(
    rb"\blog_?id=\"?\d{4,12}\"?[ ,][^\r\n]{0,2000}\btype=\"?[a-z]|\bdevname=\"?[^\r\n]{1,500}\btype=\"?[a-z]"
)
_ESCAPE = re.compile(r"\\([\"\\])")
_TZ = re.compile(r"[+-]\d{4}")


def _parse(body: bytes, context: Context) -> Record | str:
    text = syslog.text(body)
    begin = _BEGIN.search(text)
    if not begin:
        return "no key=value log of a FortiGate"
    line = syslog.parse(text[: begin.start()], context.received_at, context.zone)
    fields: dict[str, Value] = {}
    for name, quoted, plain in _PAIR.findall(text[begin.start() :]):
        fields.setdefault(name, _ESCAPE.sub(r"\1", quoted) or plain)
    kind = str(fields.get("type", ""))
    if not kind or not (fields.get("logid") or fields.get("log_id") or fields.get("subtype")):
        return "no type and logid of a FortiGate log"
    occurred_at, quality = _time(fields, context)
    if occurred_at is None:
        occurred_at, quality = line.occurred_at, line.time_quality
    host = fields.get("devname") or fields.get("device_id") or line.host
    user = fields.get("user") or fields.get("unauthuser")
    return Record(
        0, LogSource("fortigate", None, term(kind)), fields, occurred_at, quality,
        str(host) if host else None, str(user) if user not in (None, "", "N/A") else None,
    )  # fmt: skip


def _time(fields: dict[str, Value], context: Context) -> tuple[int | None, str]:
    """`eventtime` is exact and in UTC (seconds or nanoseconds); `date` and `time` are local, with `tz`."""
    if str(fields.get("eventtime", "")).isdecimal():
        return stamps.epoch(str(fields["eventtime"])[:20]), STATED
    if not (fields.get("date") and fields.get("time")):
        return None, STATED
    zone = str(fields.get("tz", ""))
    occurred_at, zoned = stamps.iso(
        f"{fields['date']}T{fields['time']}{zone if _TZ.fullmatch(zone) else ''}", context.zone
    )
    return occurred_at, STATED if zoned else ZONE_ASSUMED


def _sniff(head: bytes, _name: str) -> int:
    return heads.confidence(head, _SNIFF, 85)


source = Source("fortigate", "FortiGate", _sniff, each(_parse))

SAMPLE = Sample(
    log=b"""<189>date=2026-11-23 time=03:11:02 devname="FGT-CHU" devid="FG100" eventtime=1795399862123456789 tz="+0100" logid="0101039424" type="event" subtype="vpn" level="information" vd="root" logdesc="SSL VPN tunnel up" action="tunnel-up" tunneltype="ssl-tunnel" remip=203.0.113.9 user="vendor\\"x" group="N/A" msg="SSL tunnel established"
Nov 23 03:11:03 fw01 date=2026-11-23 time=03:11:03 tz="+0100" devname=FGT-CHU logid=0100044547 type=event subtype=system action=Add cfgpath=system.admin
date=2026-11-23 time=03:11:04 devname=FGT-CHU logid=0000000013 type=traffic srcip=10.4.2.66 action=deny
date=2026-11-23 time=03:11:04 devname=FGT-CHU
""",  # noqa: E501
    events=(
        {
            "@logsource": LogSource("fortigate", None, "event"),
            "@time": "2026-11-23T02:11:02.123457Z",
            "@host": "FGT-CHU",
            "@user": 'vendor"x',
            "logid": "0101039424",
            "remip": "203.0.113.9",
            "logdesc": "SSL VPN tunnel up",
        },
        {"@time": "2026-11-23T02:11:03Z", "@quality": STATED, "action": "Add", "cfgpath": "system.admin"},
        {
            "@logsource": LogSource("fortigate", None, "traffic"),
            "@time": "2026-11-23T03:11:04Z",
            "@quality": ZONE_ASSUMED,
            "srcip": "10.4.2.66",
        },
    ),
    rejects=1,
)
