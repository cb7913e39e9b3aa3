"""Hostile and broken senders: the server stays up, and serves the others meanwhile."""

import contextlib
import json
import resource
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.listeners.receiving import Running, running, until

PATHS = ("/_bulk", "/services/collector/event", "/services/collector/raw", "/v1/logs", "/ndjson", "/x/_doc")
REQUEST_LINE = b"POST /ndjson HTTP/1.1\r\nHost: x\r\n"


def served(here: Running) -> None:
    """Somebody else is served, at once, on every way in."""
    before = len(here.bodies())
    assert here.post("/ndjson", b"still served").status == 200
    with here.connect("syslog_tcp") as sender:
        sender.sendall(b"<13>still served\n")
        until(lambda: len(here.bodies()) == before + 2)


def test_two_thousand_idle_connections(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 9_000:
        pytest.skip(f"this system allows only {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 9_000), hard))
    idle: list[socket.socket] = []
    with running(tmp_path, request_time=3_600_000_000) as here:
        try:
            for number in range(2_000):
                one = here.connect(("http", "syslog_tcp", "relp")[number % 3])
                one.sendall((REQUEST_LINE, b"<13>unfinished", b"1 op")[number % 3])
                idle.append(one)
            until(lambda: here.receiving.intake.connections.count == 2_000)
            served(here)
        finally:
            for one in idle:
                one.close()
        until(lambda: here.receiving.intake.connections.count == 0)
        served(here)


def test_more_connections_than_allowed_are_closed(tmp_path: Path) -> None:
    with running(tmp_path, connections=100, connections_per_address=4) as here:
        for name in ("http", "syslog_tcp"):
            kept = [here.connect(name) for _ in range(4)]
            until(lambda: here.receiving.intake.connections.count == 4)
            refused = here.connect(name)
            refused.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                assert refused.recv(1) == b""
            for one in [*kept, refused]:
                one.close()
            until(lambda: here.receiving.intake.connections.count == 0)
        assert here.receiving.intake.connections.refused == 2
        served(here)


@pytest.mark.parametrize(
    "begins",
    [
        b"",
        b"POST",
        REQUEST_LINE + b"X-Slow: ",
        REQUEST_LINE + b"Authorization: Bearer ww_north\r\nContent-Length: 1000000\r\n\r\nx",
        REQUEST_LINE + b"Authorization: Bearer ww_north\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
def test_a_slow_request_loses_its_connection(tmp_path: Path, begins: bytes) -> None:
    """A byte now and then does not keep a connection open (slow loris)."""
    with running(tmp_path, request_time=300_000) as here, here.connect("http") as slow:
        slow.sendall(begins)
        began = time.monotonic()
        slow.settimeout(0.05)
        while time.monotonic() - began < 10:
            try:
                if slow.recv(1) == b"":
                    break
            except TimeoutError:
                slow.sendall(b"a")
            except OSError:
                break
        assert time.monotonic() - began < 5
        served(here)


def test_a_large_request_that_takes_long_is_not_slow(tmp_path: Path) -> None:
    body = b"x" * 39 + b"\n"
    with running(tmp_path, request_time=200_000) as here, here.connect("http") as sender:
        sender.sendall(REQUEST_LINE + b"Authorization: Bearer ww_north\r\nContent-Length: 800000\r\n\r\n")
        for _ in range(20):
            sender.sendall(body * 1_000)
            time.sleep(0.03)
        assert sender.recv(100).startswith(b"HTTP/1.1 200")
        assert len(here.bodies()) == 20_000


def test_silent_syslog_connections_end(tmp_path: Path) -> None:
    with running(tmp_path, idle=100_000) as here, here.connect("syslog_tcp") as one, here.connect("relp") as two:
        assert [one.recv(1), two.recv(1)] == [b"", b""]


def test_a_head_without_end(tmp_path: Path) -> None:
    with running(tmp_path) as here, here.connect("http") as sender:
        sender.settimeout(10)
        answer = b""
        try:
            for _ in range(100):
                sender.sendall(b"X-%d: %b\r\n" % (_, b"y" * 10_000) if _ else REQUEST_LINE)
            answer = sender.recv(1_000)
        except OSError:
            pass
        assert answer[:12] in {b"", b"HTTP/1.1 431"}
        served(here)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Running:  # type: ignore[misc]
    with running(tmp_path_factory.mktemp("fuzzed"), tenant_rate=0) as found:
        yield found


@settings(max_examples=60)
@given(
    path=st.sampled_from(PATHS),
    body=st.binary(max_size=200),
    kind=st.sampled_from(["application/json", "application/x-protobuf", "x"]),
)
def test_any_body_gets_an_answer(here: Running, path: str, body: bytes, kind: str) -> None:
    answer = here.post(path, body, {"Content-Type": kind})
    assert answer.status in {200, 201, 400, 415}


TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "create", "_index", "body", "resourceLogs", "acks"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(
    path=st.sampled_from([*PATHS, "/services/collector/ack"]),
    value=TEXTS,
    encoding=st.sampled_from(["", "gzip", "zstd"]),
)
def test_any_json_gets_an_answer(here: Running, path: str, value: object, encoding: str) -> None:
    body = json.dumps(value).encode() + b"\n{}\n"
    answer = here.post(path, body, {"Content-Type": "application/json", "Content-Encoding": encoding})
    assert answer.status in {200, 201, 400}


@settings(max_examples=60)
@given(name=st.sampled_from(["http", "syslog_tcp", "relp"]), data=st.binary(max_size=300))
def test_any_bytes_do_no_harm(here: Running, name: str, data: bytes) -> None:
    with here.connect(name) as sender:
        sender.settimeout(10)
        sender.sendall(data)
        try:
            sender.shutdown(socket.SHUT_WR)
            while sender.recv(1_000):
                pass
        except OSError:
            pass


def test_after_all_that_the_others_are_served(here: Running) -> None:
    served(here)
    until(lambda: here.receiving.intake.connections.count == 0)
    assert here.receiving.intake.memory.held == 0
