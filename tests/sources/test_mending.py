"""What sources say of hostile bodies, and how they read what stands for itself in no sample."""

from collections.abc import Iterator
from datetime import timedelta, timezone

import orjson
import pytest

from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.record import STATED, ZONE_ASSUMED, Group, Record, Reject
from wardwatch.kernel import stamps
from wardwatch.sources import Context, every, reason

NOW = stamps.iso("2026-11-23T12:00:00Z")[0]
EAST = timezone(timedelta(hours=2))
STAMP = "2026-11-23T08:00:00Z"


def read(name: str, *logs: str | dict[str, object]) -> Iterator[Record | Group | Reject]:
    bodies = [orjson.dumps(log) if isinstance(log, dict) else log.encode() for log in logs]
    return every()[name].read(list(enumerate(bodies)), Context(NOW, EAST))


@pytest.mark.parametrize(
    "name", ["windows_json", "zeek", "auditd", "suricata", "orthanc", "m365", "webserver", "mirth"]
)
@pytest.mark.parametrize(
    "log",
    [
        '{"secret',
        '{"ts": "secret", "_path": "secret", "event_type": "x", "timestamp": "secret", "ID": "secret:1"}',
        "2026/99/99 secret",
        "#fields\tsecret\nsecret\tsecret",
    ],
)
def test_reasons_hold_no_text_of_the_log(name: str, log: str) -> None:
    found = [one.reason for one in read(name, log) if isinstance(one, Reject)]
    assert [one for one in found if "secret" in one or "99" in one] == []


def test_reasons() -> None:
    errors = [KeyError("secret"), TypeError("secret"), ValueError("secret"), UnicodeDecodeError("a", b"", 0, 1, "s")]
    assert [reason(error) for error in errors] == [
        "a field is missing",
        "a value of the wrong type",
        "a time stamp or another value that cannot be read",
        "text that is not in its encoding",
    ]


@pytest.mark.parametrize("word", ["a" * 41, "a b", "<x>", "", "A"])
def test_hostile_services_are_none(word: str) -> None:
    found = [
        *read("suricata", {"event_type": word, "timestamp": STAMP}),
        *read("zeek", {"_path": word, "ts": 1795399862.5}),
        *read("fortigate", f'date=2026-11-23 time=03:11:04 logid=1 type="{word or "?"}"'),
    ]
    assert [one.logsource.service for one in found if isinstance(one, Record)] == [None] * 3
    (cef,) = read("cef", f"CEF:0|{'v' * 41}|{word}|1|1|n|1|")
    assert isinstance(cef, Record)
    assert cef.logsource.product is None


@pytest.mark.parametrize(
    ("fields", "time", "quality"),
    [
        ({"EventTime": "2026-11-23 10:00:00"}, STAMP, ZONE_ASSUMED),
        ({"EventTime": "2026-11-23 09:00:00", "@timestamp": STAMP}, STAMP, STATED),
        ({"UtcTime": "2026-11-23 08:00:00.000"}, STAMP, STATED),
        ({"SystemTime": "2026-11-23T08:00:00"}, STAMP, STATED),
        ({"TimeCreated": "2026-11-23T10:00:00"}, STAMP, ZONE_ASSUMED),
    ],
)
def test_zones_of_windows_times(fields: dict[str, object], time: str, quality: str) -> None:
    (group,) = read("windows_json", {"EventID": 1, "Channel": "System", **fields})
    assert isinstance(group, Group)
    builder = BatchBuilder(Origin("t", b"o", NOW, "windows_json"))
    builder.extend(group)
    (row,) = next(builder.finish()).to_pylist()
    assert (stamps.iso_text(stamps.micros(row["occurred_at"])), row["time_quality"]) == (time, quality)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ([{"@Name": "A", "#text": "1"}, {"#text": "2"}, "3"], {"A": "1", "Data": ["2", "3"]}),
        ([{"@Name": "A", "#text": "1"}], {"A": "1"}),
        ({"@Name": "A", "#text": "1"}, {"A": "1"}),
        ({"#text": ["1", "2"]}, {"Data": ["1", "2"]}),
        (["1", "2"], {"Data": ["1", "2"]}),
    ],
)
def test_data_elements_with_and_without_names(data: object, wanted: dict[str, object]) -> None:
    event = {"Event": {"System": {"EventID": 1, "Channel": "System"}, "EventData": {"Data": data}}}
    (group,) = read("windows_json", event)
    assert isinstance(group, Group)
    (row,) = group.values()
    assert {name: row[at] for name, at in group.columns if name in ("A", "Data")} == wanted


def test_what_sysmon_says_of_the_registry_is_read_from_the_message_where_nxlog_says_info() -> None:
    head = "Registry object added or deleted:\r\nRuleName: -\r\n"
    base = {"EventID": 12, "Channel": "Microsoft-Windows-Sysmon/Operational", "EventType": "INFO"}
    events = [
        base | {"Message": head},  # what comes first decides for no other
        *(base | {"Message": f"{head}EventType: {kind}\r\nUtcTime: …"} for kind in ("CreateKey", "DeleteValue")),
        base | {"EventType": "DeleteKey", "Message": f"{head}EventType: CreateKey\r\n"},
        base | {"EventID": 1, "Message": "EventType: CreateKey\r\n"},
    ]
    found = {
        ordinal: (str(group.logsource), dict(group.constants)["EventType"])
        for group in read("windows_json", *events)
        if isinstance(group, Group)
        for ordinal in group.ordinals
    }
    assert [found[number] for number in range(len(events))] == [
        ("windows/registry_event/sysmon", "INFO"),
        ("windows/registry_add/sysmon", "CreateKey"),
        ("windows/registry_delete/sysmon", "DeleteValue"),
        ("windows/registry_delete/sysmon", "DeleteKey"),
        ("windows/process_creation/sysmon", "INFO"),
    ]
