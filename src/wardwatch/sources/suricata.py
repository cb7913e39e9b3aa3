"""Suricata's EVE log: alerts, protocol records, flows and statistics as JSON lines.

Reference: the Suricata User Guide, "EVE JSON Output". The service is the record's `event_type`; names are
joined with dots.
"""

import re

import orjson

from wardwatch.events.flat import flatten
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, ZONE_ASSUMED, Record
from wardwatch.frames import heads
from wardwatch.kernel import stamps
from wardwatch.sources import Context, Sample, Source, each, term

_SNIFF = re.compile(
    rb'"event_type"\s{0,9}:\s{0,9}"(?:alert|anomaly|dns|flow|netflow|http|http2|tls|ssh|smb|stats|fileinfo|drop|krb5|rdp|dcerpc|'
    rb"ftp|ftp_data|smtp|nfs|tftp|snmp|sip|dhcp|ikev2|ike|modbus|dnp3|enip|mqtt|rfb|quic|ldap|arp|frame|metadata|packet|engine|"
    rb'bittorrent_dht|pgsql|telnet|websocket|doh2|mdns|pop3)"'
)


def _parse(body: bytes, context: Context) -> Record | str:
    begin = body.find(b"{")  # in syslog, EVE follows a header and perhaps `@cee: `
    event = orjson.loads(body[max(begin, 0) :])
    if not isinstance(event, dict) or not isinstance(event.get("event_type"), str):
        return "JSON, but no event_type"
    if "timestamp" not in event:
        return "no timestamp"
    fields = flatten(event)
    occurred_at, zoned = stamps.iso(str(event["timestamp"]), context.zone)
    host = fields.get("src_ip") or fields.get("host")
    return Record(
        0,
        LogSource("suricata", None, term(event["event_type"])),
        fields,
        occurred_at,
        STATED if zoned else ZONE_ASSUMED,
        str(host) if host else None,
        record_id=str(event["flow_id"]) if "flow_id" in event else None,
    )


def _sniff(head: bytes, _name: str) -> int:
    return heads.confidence(head, _SNIFF, 88)


source = Source("suricata", "Suricata EVE", _sniff, each(_parse))

SAMPLE = Sample(
    log=b"""{"timestamp":"2026-11-23T03:11:02.123456+0100","flow_id":1234,"in_iface":"eth0","event_type":"alert","src_ip":"10.4.2.66","src_port":50000,"dest_ip":"10.4.9.2","dest_port":445,"proto":"TCP","alert":{"action":"allowed","signature_id":2024218,"signature":"ET EXPLOIT EternalBlue","metadata":{"tag":["a","b"]}}}
{"timestamp":"2026-11-23T02:11:03.000000Z","event_type":"dns","dns":{"type":"answer","answers":[{"rrname":"x","rdata":"1.2.3.4"},{"rrname":"x","rdata":"1.2.3.5"}]}}
{"timestamp":"2026-11-23T02:11:03.000000Z"}
{"event_type":"dns"}
""",  # noqa: E501
    events=(
        {
            "@logsource": LogSource("suricata", None, "alert"),
            "@time": "2026-11-23T02:11:02.123456Z",
            "@host": "10.4.2.66",
            "alert.signature": "ET EXPLOIT EternalBlue",
            "alert.metadata.tag": ["a", "b"],
            "dest_port": "445",
        },
        {"@logsource": LogSource("suricata", None, "dns"), "dns.answers.rdata": ["1.2.3.4", "1.2.3.5"]},
    ),
    rejects=2,
)
