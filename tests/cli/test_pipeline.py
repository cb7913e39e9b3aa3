"""`wardwatch pipeline` as a user calls it."""

import json
import re
import signal
from pathlib import Path

from tests.cli.conftest import HIT, MISS, Run, spawned
from tests.listeners.receiving import until
from tests.pipeline.spool.spooling import arrived, spool

from wardwatch.kernel.disk import Disk


def put(home: Path, *bodies: bytes, tenant: str = "north") -> None:
    with spool(home, Disk()) as made:
        made.lane(tenant).append(arrived(*bodies)).result(10)


def test_until_everything_is_in_the_lake(run: Run, home: Path) -> None:
    put(home, HIT, MISS)
    found = run("pipeline", "--until-empty", "--json", "-")
    assert (found.code, found.err) == (0, "watching\n2 events, 1 alerts, 0 not understood\n")
    (alert,) = map(json.loads, found.out.splitlines())
    (path,) = (home / "alerts" / "north").iterdir()
    assert json.loads(path.read_text()) == alert
    assert (alert["tenant"], alert["file"]) == ("north", "fw1")
    assert [path.parent.name for path in (home / "lake").glob("v1/tenant=north/day=*/source=*/*.parquet")] == [
        "source=windows_json"
    ]
    assert run("pipeline", "--until-empty", "--json", "-").out == "", "each alert once"


def test_what_is_not_understood_is_counted_and_shown(run: Run, home: Path) -> None:
    put(home, HIT, b"\xff")
    found = run("pipeline", "--until-empty")
    assert (found.code, found.out) == (3, "")
    assert found.err.splitlines()[-1] == "1 events, 1 alerts, 1 not understood"
    assert re.search(r"not understood: 1 of no known format", run("status").out)


def test_rules_of_the_home_and_named_ones(run: Run, home: Path, tmp_path: Path) -> None:
    rule = "title: T\nid: 00000000-0000-0000-0000-00000000000%d\nlevel: low\nlogsource: {product: windows}\n"
    rule += "detection: {selection: {CommandLine|contains: vssadmin}, condition: selection}\n"
    (home / "rules").mkdir()
    (home / "rules" / "one.yml").write_text(rule % 1)
    (tmp_path / "two.yml").write_text(rule % 2)
    put(home, MISS)
    assert (
        run("pipeline", "--until-empty", "--rules", tmp_path / "two.yml")
        .err.splitlines()[-1]
        .startswith("1 events, 2 alerts")
    )


def test_a_tenant_that_cannot_be_read_is_said(run: Run, home: Path) -> None:
    put(home, HIT)
    put(home, HIT, tenant="south")
    (home / "keys" / "spool" / "north.key").unlink()
    found = run("pipeline", "--until-empty")
    assert found.code == 3
    assert found.err.splitlines()[1].startswith("north: error: ")
    assert found.err.splitlines()[-1] == "1 events, 1 alerts, 0 not understood"


def test_it_ends_cleanly_when_it_is_told_to(run: Run, home: Path) -> None:
    assert run("config").code == 0
    put(home, HIT)
    with spawned("pipeline", "--json", "-") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["tenant"] == "north"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err.decode().splitlines()[-1]) == (0, "1 events, 1 alerts, 0 not understood")
    assert run("pipeline", "--until-empty").err.splitlines()[-1] == "0 events, 0 alerts, 0 not understood"


def test_a_file_of_alerts_grows_while_it_runs(run: Run, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "alerts.jsonl"
    out.write_text("before\n")
    assert run("config").code == 0
    with spawned("pipeline", "--json", str(out)) as process:
        put(home, HIT)
        until(lambda: out.read_text().count("\n") == 2)
        assert json.loads(out.read_text().splitlines()[1])["tenant"] == "north"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert out.read_text().count("\n") == 2
    assert run("pipeline", "--json", str(tmp_path)).code == 2
