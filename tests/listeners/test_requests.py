"""Requests over HTTP: packing, sizes, tokens, and NDJSON, the plainest protocol on top of them."""

import base64
import gzip
import http.client
import zlib
from pathlib import Path

import pytest
import zstandard
from tests.faults.faulty_disk import FaultyDisk
from tests.listeners.receiving import TOKEN, ask, running

from wardwatch.listeners.requests import token

LINES = b"".join(b"line %d\n" % number for number in range(1_000))
PACKED = {
    "gzip": gzip.compress(LINES[:50]) + gzip.compress(LINES[50:]),
    "deflate": zlib.compress(LINES),
    "zstd": zstandard.compress(LINES[:70]) + zstandard.compress(LINES[70:]),
    "identity": LINES,
}


@pytest.mark.parametrize("encoding", PACKED)
def test_packed_bodies(tmp_path: Path, encoding: str) -> None:
    with running(tmp_path) as here:
        answer = here.post("/ndjson", PACKED[encoding], {"Content-Encoding": encoding})
        assert (answer.status, answer.json) == (200, {"accepted": 1_000, "rejected": 0})
        assert b"\n".join(here.bodies()) + b"\n" == LINES


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_bomb_and_what_is_cut_off_or_broken(tmp_path: Path, encoding: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}[encoding]
    with running(tmp_path, request=1 << 20, in_flight=256 << 20) as here:
        bomb = here.post("/ndjson", pack(bytes(100 << 20)), {"Content-Encoding": encoding})
        cut = here.post("/ndjson", PACKED[encoding][:-9], {"Content-Encoding": encoding})
        broken = here.post("/ndjson", b"\x1f\x8b no", {"Content-Encoding": encoding})
        assert (bomb.status, cut.status, broken.status) == (413, 400, 400)
        assert here.rejected() == {"request too large": 1, "body cannot be unpacked": 2}
        assert (here.receiving.intake.memory.held, here.bodies()) == (0, [])


def test_other_packings_are_refused(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        assert here.post("/ndjson", b"x", {"Content-Encoding": "br"}).status == 415


def test_sizes(tmp_path: Path) -> None:
    with running(tmp_path, request=1_000, body=100) as here:
        assert here.post("/ndjson", b"x" * 1_001).status == 413
        stated = ask(
            here.address("http"),
            "POST",
            "/ndjson",
            None,
            {"Authorization": f"Bearer {TOKEN}", "Content-Length": "5000000"},
        )
        assert stated.status == 413
        assert here.post("/ndjson", b"ok\n" + b"y" * 101 + b"\n").json == {"accepted": 1, "rejected": 1}
        assert here.bodies() == [b"ok"]
        assert here.rejected() == {"request too large": 2, "event too large": 1}


def test_chunked_bodies(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        connection = http.client.HTTPConnection(*here.address("http"), timeout=10)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        connection.request("POST", "/ndjson", iter([b"a\n", b"b", b"c\n"]), headers, encode_chunked=True)
        assert connection.getresponse().status == 200
        connection.close()
        assert here.bodies() == [b"a", b"bc"]


def test_memory_that_is_full_puts_off(tmp_path: Path) -> None:
    with running(tmp_path, in_flight=1_000) as here:
        answer = here.post("/ndjson", b"x" * 501)
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        assert here.post("/ndjson", b"x" * 500).status == 200


def test_the_sender_says_the_source_if_it_may(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        for stated, token_ in (("zeek", TOKEN), ("nosuch", TOKEN), ("zeek", "ww_south")):
            here.post(f"/ndjson?source={stated}", b"x", {"Authorization": f"Bearer {token_}"})
        assert [frame["source_hint"] for frame in here.frames("north")] == ["zeek", None]
        assert [frame["source_hint"] for frame in here.frames("south")] == ["windows_json"]


def test_a_full_disk_is_503_and_the_service_goes_on(tmp_path: Path) -> None:
    disk = FaultyDisk(tmp_path)
    with running(tmp_path, disk=disk, spool={"reserve": 1_000}) as here:
        assert here.post("/ndjson", b"before").status == 200
        disk.room = 0
        full = here.post("/ndjson", b"refused")
        assert (full.status, full.headers["retry-after"], full.json) == (
            503,
            "30",
            {"error": "the disk is nearly full"},
        )
        disk.room = 1_000
        assert here.post("/ndjson", b"after").status == 200
        assert here.bodies() == [b"before", b"after"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer abc", "abc"),
        ("splunk  abc ", "abc"),
        ("ApiKey " + base64.b64encode(b"id:abc").decode(), "abc"),
        ("Basic " + base64.b64encode(b"user:a:b").decode(), "a:b"),
        ("Basic abc", ""),
        ("Basic " + base64.b64encode(b"\xff\xff").decode(), ""),
        ("Digest abc", ""),
        ("", ""),
    ],
)
def test_tokens_in_headers(header: str, expected: str) -> None:
    assert token(header) == expected


def test_metrics(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        here.post("/ndjson", b"a\nbc")
        found = ask(here.address("metrics"), "GET", "/metrics", None, {}).body.decode()
        assert 'wardwatch_ingest_bytes_total{listener="ndjson",sensor="north-any",tenant="north"} 3.0' in found
        assert 'wardwatch_spool_commits_total{tenant="north"} 1.0' in found
        # What is for the operator is not on the addresses of senders.
        assert here.post("/metrics", b"", method="GET").body == b"{}"
