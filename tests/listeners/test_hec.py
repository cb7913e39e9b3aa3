"""Splunk's HTTP Event Collector, in the forms that its documentation shows."""

from pathlib import Path

import pytest
from tests.listeners.receiving import TOKEN, ask, running

from wardwatch.frames.described import Description

SPLUNK = {"Authorization": f"Splunk {TOKEN}"}
CHANNEL = {"X-Splunk-Request-Channel": "FE0ECFAD-13D5-401B-847D-77833BD77131"} | SPLUNK


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":"Hello, world!","sourcetype":"manual"}{"event":{"a":1}}',
        b'{"event":"Hello, world!"}\n{"event":{"a":1}}\n',
        b' {"event":\n"Hello, world!"}\r\n\r\n{"event": {"a": 1}}',
        b'[{"event":"Hello, world!"},{"event":{"a":1}}]',
    ],
)
def test_events(tmp_path: Path, body: bytes) -> None:
    with running(tmp_path) as here:
        answer = here.post("/services/collector/event", body, SPLUNK)
        assert (answer.status, answer.json) == (200, {"text": "Success", "code": 0})
        assert here.plain() == [b"Hello, world!", b'{"a":1}']


def test_what_is_said_beside_events_is_kept(tmp_path: Path) -> None:
    events = (
        b'{"time":1433188255.5,"host":"web1","source":"/var/log/x","sourcetype":"y","index":"main","fields":{"a":1,"b":["c"]},"event":"one"}'
        b'{"time":"1433188255.500001","host":5,"source":null,"event":"two"}{"time":"soon","event":"three"}{"time":-1,"event":"four"}'
    )
    with running(tmp_path) as here:
        assert here.post("/services/collector/event", events, SPLUNK).status == 200
        assert here.plain() == [b"one", b"two", b"three", b"four"]
        named = {"hec.source": "/var/log/x", "hec.sourcetype": "y", "hec.index": "main"}
        assert here.said() == [
            Description(1_433_188_255_500_000, "web1", {**named, "a": 1, "b": ["c"]}),
            Description(1_433_188_255_500_001),
            None,
            None,
        ]
        assert here.post("/services/collector/raw?host=h&source=s", b"x\ny", SPLUNK).status == 200
        assert here.said()[4:] == [Description(None, "h", {"hec.source": "s"})] * 2


def test_raw_lines(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        answer = here.post("/services/collector/raw?channel=abc&sourcetype=manual", b"one\r\n\ntwo", SPLUNK)
        assert (answer.status, answer.json, here.plain()) == (
            200,
            {"text": "Success", "code": 0, "ackId": 0},
            [b"one", b"two"],
        )


def test_acknowledgements(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        numbers = [here.post("/services/collector", b'{"event":"x"}', CHANNEL).json["ackId"] for _ in range(3)]
        assert numbers == [0, 1, 2]
        asked = here.post("/services/collector/ack", b'{"acks":[0,2,3,-1,"x"]}', CHANNEL)
        assert asked.json == {"acks": {"0": True, "2": True, "3": False, "-1": False, "x": False}}
        other = here.post("/services/collector/ack?channel=other", b'{"acks":[0]}', SPLUNK)
        assert other.json == {"acks": {"0": False}}
        south = {"Authorization": "Splunk ww_south"}
        assert here.post("/services/collector/ack", b'{"acks":[0]}', CHANNEL | south).json == {"acks": {"0": False}}
        assert here.post("/services/collector/ack", b'{"acks":[0]}', SPLUNK).json["code"] == 10
        assert here.post("/services/collector/ack", b'{"acks":5}', CHANNEL).json["code"] == 6


@pytest.mark.parametrize(
    ("body", "code", "number"),
    [
        (b"", 5, None),
        (b"  \n", 5, None),
        (b"no json", 6, 0),
        (b'{"event":"x"} {', 6, 0),
        (b'{"event":"x"}\n5', 6, 0),
        (b'{"event":"x"}\n{"text":"x"}', 12, 1),
        (b'{"event":" "}', 13, 0),
        (b"\xff\xfe", 6, 0),
        (b'{"event":"x","fields":[1]}', 15, 0),
        (b'{"event":{"a":\n123456789012345678901234567890}}', 6, 0),
        (b"[" * 100_000, 6, 0),
    ],
)
def test_what_is_no_event_is_refused_whole(tmp_path: Path, body: bytes, code: int, number: int | None) -> None:
    with running(tmp_path) as here:
        answer = here.post("/services/collector/event", body, SPLUNK)
        assert (answer.status, answer.json["code"], answer.json.get("invalid-event-number")) == (400, code, number)
        assert here.bodies() == []


def test_refusals_have_their_codes(tmp_path: Path) -> None:
    with running(tmp_path, body=100, tenant_rate=1, tenant_burst=1) as here:
        large = here.post("/services/collector/event", b'{"event":"%b"}' % (b"x" * 101), SPLUNK)
        assert (large.status, large.json["code"]) == (413, 27)
        unknown = ask(
            here.address("http"), "POST", "/services/collector", b'{"event":1}', {"Authorization": "Splunk x"}
        )
        assert (unknown.status, unknown.json["code"]) == (401, 4)
        assert here.post("/services/collector", b'{"event":1}', SPLUNK).json["code"] == 0
        busy = here.post("/services/collector", b'{"event":1}', SPLUNK)
        assert (busy.status, busy.json["code"], busy.headers["retry-after"]) == (429, 9, "1")


def test_health(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        found = ask(here.address("http"), "GET", "/services/collector/health", None, {})
        assert (found.status, found.json) == (200, {"text": "HEC is healthy", "code": 17})
        wrong = ask(here.address("http"), "GET", "/services/collector/health/1.0", None, {"Authorization": "Splunk x"})
        assert (wrong.status, wrong.json["code"]) == (401, 4)
