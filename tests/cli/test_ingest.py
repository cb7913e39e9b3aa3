"""`wardwatch ingest`, `config` and `status` as a user calls them."""

import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Run, spawned
from tests.listeners.receiving import ask, until

from wardwatch.kernel.disk import Disk
from wardwatch.pipeline.spool import Keys, Spool


def test_a_sensor_is_added_listed_and_removed(run: Run, home: Path) -> None:
    added = run(
        "ingest", "sensor", "add", "fw1", "--tenant", "north", "--source", "fortigate", "--address", "10.0.0.0/8"
    )
    token = added.out.strip()
    assert (added.code, token.startswith("ww_")) == (0, True)
    assert token not in (home / "state" / "sensors.json").read_text()
    listed = run("ingest", "sensor", "list")
    assert listed.out.split() == ["fw1", "north", "fortigate", "token,", "10.0.0.0/8"]
    assert json.loads(run("ingest", "sensor", "list", "--json", "-").out) == {
        "format": "wardwatch/sensor/1",
        "name": "fw1",
        "tenant": "north",
        "sources": ["fortigate"],
        "addresses": ["10.0.0.0/8"],
        "token": True,
        "certificates": 0,
    }
    assert run("ingest", "sensor", "add", "fw2", "--tenant", "north", "--no-token").out == ""
    assert run("ingest", "sensor", "remove", "fw1").code == 0
    assert [line.split()[0] for line in run("ingest", "sensor", "list").out.splitlines()] == ["fw2"]


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (("sensor", "add", "fw1", "--tenant", "No"), "not the name of a tenant"),
        (("sensor", "add", "FW1", "--tenant", "no"), "not a name for a sensor"),
        (("sensor", "add", "fw1", "--tenant", "no", "--source", "nosuch"), "no such log format"),
        (("sensor", "add", "fw1", "--tenant", "no", "--address", "x"), "not a network"),
        (("sensor", "remove", "nosuch"), "no sensor of that name"),
        (("tls", "client", "nosuch"), "no sensor of that name"),
    ],
)
def test_what_is_wrong_is_three_lines(run: Run, args: tuple[str, ...], what: str) -> None:
    found = run("ingest", *args)
    assert (found.code, len(found.err.splitlines())) == (2, 3)
    assert what in found.err


def test_certificates(run: Run, home: Path, tmp_path: Path) -> None:
    made = run("ingest", "tls", "init", "--name", "siem.chu.example")
    assert made.err.count("made:") == 2
    first = (home / "keys" / "tls" / "ca.crt").read_bytes()
    assert run("ingest", "tls", "init").err.count("made:") == 1
    assert (home / "keys" / "tls" / "ca.crt").read_bytes() == first
    run("ingest", "sensor", "add", "fw1", "--tenant", "north")
    assert run("ingest", "tls", "client", "fw1", "--out", tmp_path / "out").code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["ca.crt", "fw1.crt", "fw1.key"]
    ssl.create_default_context(cafile=str(tmp_path / "out" / "ca.crt")).load_cert_chain(
        tmp_path / "out" / "fw1.crt", tmp_path / "out" / "fw1.key"
    )
    assert "1 certificates" in run("ingest", "sensor", "list").out


def test_logs_do_not_cross_the_network_in_the_clear_by_accident(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP", "SYSLOG_TCP", "SYSLOG_UDP", "RELP"):
        with monkeypatch.context() as patch:
            for other in ("HTTP", "SYSLOG_TCP", "SYSLOG_UDP", "RELP", "METRICS"):
                patch.setenv(f"WARDWATCH_INGEST_{other}", "0.0.0.0:0" if other == name else "")
            found = run("ingest")
            assert (found.code, "in the clear" in found.err) == (2, True)
    monkeypatch.setenv("WARDWATCH_INGEST_HTTPS", "0.0.0.0:0")
    for other in ("HTTP", "SYSLOG_TCP", "SYSLOG_UDP", "METRICS"):
        monkeypatch.setenv(f"WARDWATCH_INGEST_{other}", "")
    found = run("ingest")
    assert "wardwatch ingest tls init" in found.err


def test_settings_are_shown_with_their_origin(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "wardwatch.toml").write_text('[ingest]\nmetrics = ""\n')
    monkeypatch.setenv("WARDWATCH_SPOOL_BACKLOG", "1GiB")
    plain, origins = run("config", "show").out, run("config", "show", "--origin").out
    assert '\nmetrics = ""\n' in plain
    assert re.search(r'^metrics = "" +# .*wardwatch\.toml:2$', origins, re.MULTILINE)
    assert re.search(r'^backlog = "1GiB" +# WARDWATCH_SPOOL_BACKLOG$', origins, re.MULTILINE)
    rows = {one["name"]: one for one in map(json.loads, run("config", "show", "--json", "-").out.splitlines())}
    assert rows["spool.backlog"] == {
        "format": "wardwatch/setting/1",
        "name": "spool.backlog",
        "value": "1GiB",
        "origin": "WARDWATCH_SPOOL_BACKLOG",
    }
    assert rows["ingest.metrics"]["value"] == ""
    assert all(one["origin"] for one in rows.values())
    kinds = {type(one["value"]) for one in rows.values()}
    assert kinds <= {str, int, bool, list}, "values are JSON's own, not texts of TOML"
    assert int in kinds
    assert run("config").code == 0


def test_status_of_nothing(run: Run) -> None:
    assert run("status").out == "nothing has run in this Wardwatch home yet\n"
    assert run("status", "--json", "-").out == ""


Process = tuple["subprocess.Popen[bytes]", dict[str, tuple[str, int]], dict[str, str]]


@pytest.fixture
def process(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """`wardwatch ingest` in a process of its own, and a token for it."""
    for name in ("HTTP", "SYSLOG_TCP", "SYSLOG_UDP"):
        monkeypatch.setenv(f"WARDWATCH_INGEST_{name}", "127.0.0.1:0")
    monkeypatch.setenv("WARDWATCH_INGEST_METRICS", "")
    monkeypatch.setenv("WARDWATCH_SPOOL_RESERVE", "0")
    token = run("ingest", "sensor", "add", "fw1", "--tenant", "north", "--address", "127.0.0.1").out.strip()
    with spawned("ingest") as found:
        assert found.stderr is not None
        lines = {}
        while "http" not in lines:
            line = found.stderr.readline().decode()
            assert line.startswith("listening: "), line
            lines[line.split()[1]] = ("127.0.0.1", int(line.rsplit(":", 1)[1]))
        yield found, lines, {"Authorization": f"Bearer {token}"}
        with contextlib.suppress(ProcessLookupError):
            found.kill()


def stored(home: Path) -> list[bytes]:
    with Spool(home / "spool", Keys(home / "keys", Disk())) as spool:
        return [body for chunk in spool.lane("north").read(None) for body in chunk.batch["body"].to_pylist()]


def test_it_receives_and_ends_cleanly_when_it_is_told_to(process: Process, run: Run, home: Path) -> None:
    running, addresses, token = process
    assert ask(addresses["http"], "POST", "/ndjson", b"one\ntwo", token).status == 200
    assert stored(home) == [b"one", b"two"]
    until(lambda: "frames_total" in run("status").out)
    status = run("status", "--tenant", "north")
    assert status.code == 0
    assert status.out.splitlines()[0] == f"ingest: running, process {running.pid}"
    assert re.search(r"frames_total +2  listener=ndjson tenant=north sensor=fw1", status.out)
    assert re.search(r"last_at +2\d{3}-\d\d-\d\dT[\d:.]+Z  listener=ndjson", status.out), "a time is shown as one"
    assert run("status", "--tenant", "south").out.count("\n") == 1
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=20)
    assert (running.returncode, errors.decode()) == (0, "2 events taken, 0 put off, 0 rejected\n")
    document = json.loads((home / "state" / "figures-ingest.json").read_text())
    document["published_at"] -= 10_000_000
    (home / "state" / "figures-ingest.json").write_text(json.dumps(document))
    stopped = run("status")
    assert (stopped.code, stopped.out.startswith("ingest: stopped, last heard of ")) == (1, True)


def test_kill_9_loses_nothing_that_was_acknowledged(process: Process, home: Path) -> None:
    running, addresses, token = process
    acknowledged = []
    for number in range(30):
        body = f"event {number}"
        assert ask(addresses["http"], "POST", "/ndjson", body.encode(), token).status == 200
        acknowledged.append(body.encode())
    os.kill(running.pid, signal.SIGKILL)
    running.wait(10)
    assert stored(home) == acknowledged


def test_a_second_process_is_refused_and_the_first_goes_on(process: Process, run: Run, home: Path) -> None:
    _, addresses, token = process
    assert ask(addresses["http"], "POST", "/ndjson", b"one", token).status == 200
    began = datetime.now(UTC)
    found = run("ingest")
    assert (found.code, "another process writes this spool" in found.err) == (2, True)
    assert (datetime.now(UTC) - began).total_seconds() < 10
    assert ask(addresses["http"], "POST", "/ndjson", b"two", token).status == 200
    assert stored(home) == [b"one", b"two"]
