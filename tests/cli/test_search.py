"""`wardwatch search`, `lake` and `privacy` as a user calls them."""

import csv
import io
import json
import time
from contextlib import closing
from pathlib import Path

import orjson
import pytest
import yaml
from click.testing import CliRunner, Result
from tests.cli.conftest import Run
from tests.pipeline.lake.events import DAY, T0, batches, record
from tests.pipeline.search.test_searching import fill

from wardwatch.cli import group
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.privacy import Privacy


@pytest.fixture
def kept(home: Path) -> Path:
    """A home in which two hospitals keep events."""
    fill(home / "lake")
    fill(home / "lake", "sud", source="cef")
    return home


def numbers(out: str) -> list[int]:
    return [int(json.loads(line)["fields"]["n"]) for line in out.splitlines()]


def test_events_are_shown_to_people(run: Run, kept: Path) -> None:
    found = run("search", "EventID:1", "--tenant", "nord")
    assert (found.code, len(found.out.splitlines()), found.err) == (0, 2, "2 events\n")
    assert found.out.splitlines()[1].startswith("2026-11-23T02:00:00Z pc0 windows_json EventID=1 ")
    assert kept.is_dir()
    both = run("search", "n:0")
    assert sorted(line.split()[1] for line in both.out.splitlines()) == ["nord", "sud"]


def test_events_as_json_and_csv(run: Run, kept: Path, tmp_path: Path) -> None:
    found = run("search", "UserID:*", "--tenant", "nord", "--json", "-")
    (row,) = map(json.loads, found.out.splitlines())
    assert (row["tenant"], row["occurred_at"], row["product"], row["category"]) == (
        "nord",
        "2026-11-23T02:00:03Z",
        "linux",
        None,
    )
    assert row["fields"] == {"UserID": ["PACS", "EVIL", None], "n": "3", "other.name": ["a*b", "c"], "Path": None}
    run("search", "--tenant", "nord", "--oldest", "--csv", tmp_path / "out.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert [row["n"] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    again = run("search", "--csv", tmp_path / "out.csv")
    assert (again.code, again.err.splitlines()[0]) == (2, "error: there is a file that is no report of Wardwatch")
    assert kept.is_dir()


def test_a_spreadsheet_runs_nothing(run: Run, home: Path) -> None:
    with closing(Lake(home / "lake").tenant("nord")) as lake:
        lake.commit(lake.stage(batches([record(0, {"Message": "=cmd|' /C calc'!A0", "n": "-5"})])), {})
    (row,) = csv.DictReader(io.StringIO(run("search", "--csv", "-").out))
    assert (row["Message"], row["n"]) == ("'=cmd|' /C calc'!A0", "-5")


def test_counts_bars_and_top_values(run: Run, kept: Path) -> None:
    assert run("search", "n:*", "--count").out == "12\n"
    assert run(
        "search", "n:(0 OR 5)", "--tenant", "nord", "--histogram", "--step", "5s", "--json", "-"
    ).out.splitlines() == [
        '{"format":"wardwatch/found/1","time":"2026-11-23T02:00:00Z","count":1}',
        '{"format":"wardwatch/found/1","time":"2026-11-23T02:00:05Z","count":1}',
    ]
    assert "█" in run("search", "--histogram").out
    assert run("search", "--top", "EventID", "--tenant", "nord").out.split() == ["3", "(absent)", "2", "1", "1", "3"]
    assert kept.is_dir()


def test_time_narrows(run: Run, kept: Path) -> None:
    found = run(
        "search", "--tenant", "nord", "--since", "2026-11-23T02:00:01", "--until", "2026-11-23T02:00:02", "--json", "-"
    )
    assert numbers(found.out) == [2, 1]
    assert (
        run("search", "--tenant", "nord", "--limit", "2").err == "2 events; there may be more: --limit 20, or --count\n"
    )
    assert kept.is_dir()


def test_around_a_moment_and_an_alert(run: Run, kept: Path) -> None:
    found = run(
        "search", "--tenant", "nord", "--around", "2026-11-23T02:00:02Z", "--host", "pc1", "--span", "1s", "--json", "-"
    )
    assert numbers(found.out) == [1, 3]
    (kept / "alerts" / "nord").mkdir(parents=True)
    alert = {"id": "ab" * 16, "host": "pc0", "occurred_at": "2026-11-23T02:00:04Z"}
    (kept / "alerts" / "nord" / "1.jsonl").write_bytes(orjson.dumps(alert) + b"\n")
    found = run("search", "--tenant", "nord", "--alert", "ab" * 16, "--span", "2s", "--json", "-")
    assert numbers(found.out) == [2, 4]
    assert run("search", "--alert", "cd" * 16).err.splitlines()[0] == f"error: no alert '{'cd' * 16}' is kept here"
    assert run("search", "--around", "1h").code == 2


def test_a_search_is_saved_as_a_rule(run: Run, kept: Path, tmp_path: Path) -> None:
    target = tmp_path / "shells.yml"
    found = run(
        "search", r"Image:*\\cmd.exe", "--tenant", "nord", "--save", target, "--title", "Odd shells", "--level", "high"
    )
    assert (found.code, found.err) == (0, "the rule fires on 1 of 1 events that the search found\n")
    rule = yaml.safe_load(target.read_text())
    assert (rule["title"], rule["level"]) == ("Odd shells", "high")
    assert rule["logsource"] == {"product": "windows", "category": "process_creation", "service": "sysmon"}
    assert run("search", "n:0", "--save", "-").err.splitlines()[0] == "error: a saved rule has a title"
    assert kept.is_dir()


def test_sql_for_experts(run: Run, kept: Path) -> None:
    sql = "SELECT tenant, count(*) AS n FROM events GROUP BY tenant ORDER BY tenant"
    assert run("search", "--sql", sql).out == "tenant\tn\nnord\t6\nsud\t6\n"
    assert run("search", "--sql", sql, "--tenant", "sud", "--csv", "-").out == "tenant,n\nsud,6\n"
    assert run("search", "--sql", sql, "--since", "2027-01-01", "--json", "-").out == ""
    refused = run("search", "--sql", f"COPY events TO '{kept}/x.csv'")
    assert (refused.code, refused.err.splitlines()[0]) == (2, "error: only one SELECT is allowed")


def test_errors_point_at_their_place(run: Run, kept: Path) -> None:
    found = run("search", "Image:(a OR b")
    assert found.code == 2
    assert found.err.splitlines()[:2] == [
        "error: a parenthesis is opened here and never closed",
        "where: column 7: Image:(a OR b",
    ]
    assert run("search", "x", "--tenant", "ouest").err.splitlines()[2] == "hint: one of: nord, sud"
    assert kept.is_dir()


def test_an_empty_home_has_nothing(run: Run) -> None:
    assert (run("search", "x").out, run("search", "--count").out, run("lake", "status").out) == ("", "0\n", "")
    assert run("lake", "status", "--tenant", "nord").code == 2


def test_what_is_kept_is_shown(run: Run, kept: Path) -> None:
    found = run("lake", "status", "--tenant", "nord", "--json", "-", "--verify")
    row = json.loads(found.out)
    assert (found.code, row["tenant"], row["events"], row["files"], row["damaged"]) == (0, "nord", 6, 1, [])
    (file,) = (kept / "lake").glob("v1/tenant=sud/day=*/*/*.parquet")
    file.write_bytes(b"x")
    found = run("lake", "status", "--verify")
    assert (found.code, f"damaged: {file.relative_to(kept / 'lake/v1/tenant=sud')}" in found.out) == (3, True)
    assert "windows_json" in found.out


def test_files_are_merged(run: Run, kept: Path) -> None:
    fill(kept / "lake")
    assert run("lake", "compact", "--all").err == "nord: 2 files became 1\nsud: 0 files became 0\n"
    assert run("search", "n:0", "--tenant", "nord", "--count").out == "2\n"


def test_expiry_is_dry_unless_it_is_said(run: Run, home: Path) -> None:
    with closing(Lake(home / "lake").tenant("nord")) as lake:
        today = time.time_ns() // 1_000
        for days, source in ((-400, "cef"), (-400, "zeek"), (-2, "cef")):
            received_at = today + days * DAY
            made = batches(
                [record(0, {"n": 0}, received_at - T0)],
                received_at=received_at,
                source=source,
                origin=f"{days}{source}".encode(),
            )
            lake.commit(lake.stage(made), {})
    before = run("search", "--count").out
    assert "would remove 2 events" in run("lake", "expire", "--days", "300", "--source", "other=1").out
    (home / "wardwatch.toml").write_text('[lake]\nkeep_days = 500\nkeep = [{source = "zeek", days = 300}]\n')
    assert "would remove 1 events" in run("lake", "expire").out, "as settings say"
    assert run("search", "--count").out == before
    run("lake", "hold", "case-7", "--tenant", "nord", "--reason", "inquiry", "--by", "ida", "--source", "zeek")
    assert "held: case-7 by ida: inquiry" in run("lake", "status").out
    done = run("lake", "expire", "--days", "1", "--execute")
    assert "1 files are due and held" in done.out
    assert run("search", "--top", "source").out.split()[1::2] == ["zeek"]
    assert run("lake", "hold", "case-7", "--tenant", "nord", "--lift").code == 0
    run("lake", "expire", "--days", "1", "--execute")
    assert run("search", "--count").out == "0\n"
    assert (
        run("lake", "hold", "x", "--tenant", "nord", "--reason", "y").err.splitlines()[0]
        == "error: a hold says who asks for it"
    )
    assert run("lake", "expire", "--days", "1", "--source", "zeek").code == 2


def test_two_persons_open_what_a_token_stands_for(home: Path, tmp_path: Path) -> None:
    def invoke(args: list[str], typed: str = "") -> Result:
        return CliRunner().invoke(group, ["privacy", *args], typed)

    secrets = {"ida": "four random words", "mo": "other random words"}
    typed = "".join(f"{word}\n{word}\n" for word in secrets.values())
    made = invoke(
        ["init", "--tenant", "nord", "--custodian", "ida", "--custodian", "mo", "--out", str(tmp_path)],
        typed,
    )
    assert made.exit_code == 0, made.output
    assert (tmp_path / "ida.key").stat().st_mode & 0o777 == 0o600
    (batch,) = batches([record(0, {"PatientID": "P0042"})], source="hl7")
    (token,) = Privacy(home / "keys", "nord").apply(batch).column("f.PatientID").to_pylist()
    keys = ["--key", str(tmp_path / "ida.key"), "--key", str(tmp_path / "mo.key")]
    ask = ["open", "--tenant", "nord", "--reason", "case 7", token]
    opened = invoke([*ask, *keys], "four random words\nother random words\n")
    assert (opened.exit_code, f"{token}\tP0042" in opened.output) == (0, True)
    for typed, given in (("four random words\n", keys[:2]), ("wrong words here\n", keys)):
        refused = invoke([*ask, *given], typed)
        assert (refused.exit_code, "P0042" in refused.output) == (1, False)
    told = invoke(["log", "--tenant", "nord"])
    assert told.output.splitlines()[0].endswith("ida and mo: case 7")
    assert len(told.output.splitlines()) == 2
    again = ["init", "--tenant", "nord", "--custodian", "a", "--custodian", "b", "--out", str(tmp_path)]
    assert invoke(again).exit_code == 1
