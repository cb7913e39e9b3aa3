"""`wardwatch scan`: exit codes, outputs, and what an interrupted scan leaves."""

import contextlib
import csv
import io
import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from tests.cli.conftest import HIT, MISS, Run, event, spawned


def test_nothing_found_is_0(run: Run, quiet: Path, tmp_path: Path) -> None:
    found = run("scan", quiet)
    assert found.code == 0
    assert found.out != ""
    assert found.err.splitlines()[-1] == "1 log, 1 event, 0 alerts, 0 not understood"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_alerts_alone_are_0(run: Run, attacked: Path) -> None:
    found = run("scan", attacked)
    assert found.code == 0
    assert "SRV-PACS01" in found.out
    assert found.err.splitlines()[-1].startswith("1 log, 2 events, ")


@pytest.mark.parametrize(("level", "code"), [("medium", 1), ("high", 1), ("informational", 1)])
def test_findings_are_1(level: str, code: int, run: Run, attacked: Path, quiet: Path) -> None:
    assert run("scan", "--fail-on", level, attacked).code == code
    assert run("scan", "--fail-on", level, quiet).code == 0


def test_rejects_are_3_and_findings_win(run: Run, partly: Path, attacked: Path, tmp_path: Path) -> None:
    assert run("scan", partly).code == 3
    assert run("scan", "--fail-on", "high", partly).code == 1
    (tmp_path / "x.gz").write_bytes(b"\x1f\x8bbroken")
    assert run("scan", attacked, tmp_path / "x.gz").code == 3
    assert run("scan", attacked, tmp_path / "nowhere.log").code == 3


def test_failures_are_2(run: Run, attacked: Path, tmp_path: Path) -> None:
    unknown = run("scan", "--source", "nosuch", attacked)
    assert unknown.code == 2
    assert unknown.err.splitlines()[0] == "error: no source 'nosuch'"
    nowhere = run("scan", "--json", tmp_path / "no" / "folder.jsonl", attacked)
    assert nowhere.code == 2
    assert [line.partition(": ")[0] for line in nowhere.err.splitlines()] == ["error", "where", "hint"]


def test_a_bad_rule_of_the_user_is_a_warning(run: Run, attacked: Path, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "bad.yml").write_text("a: [")
    found = run("scan", "--rules", tmp_path / "rules", attacked)
    assert found.code == 0
    assert found.err.splitlines()[0].startswith("warning: not valid YAML: ")


def test_a_scan_that_looks_for_nothing_is_3(run: Run, quiet: Path, tmp_path: Path) -> None:
    for more, sentence in (
        ((), "Nothing was looked for: no rule is active."),
        (("--rules", tmp_path / "other.yml"), "Nothing was looked for: no active rule is about what was read."),
    ):
        (tmp_path / "other.yml").write_text(
            OWN.replace("windows", "zeek").replace("User|expand: '%people%'", "User: x")
        )
        found = run("scan", "--no-own-rules", *more, quiet)
        assert found.code == 3
        assert sentence in " ".join(found.out.split())


def test_a_cache_that_others_can_write_is_a_warning(run: Run, attacked: Path, home: Path) -> None:
    (home / "cache").unlink()
    (home / "cache").mkdir()
    (home / "cache").chmod(0o777)
    for verb in (("scan", attacked), ("rules", "list")):
        found = run(*verb)
        assert found.code == 0
        assert found.err.splitlines()[0].startswith(f"warning: the cache folder {home}/cache is writable by others")
    assert list((home / "cache").iterdir()) == []


OWN = """
title: Listed
id: 00000000-0000-0000-0000-000000000001
level: critical
logsource: {product: windows}
detection: {selection: {User|expand: '%people%'}, condition: selection}
"""


def test_own_rules_and_lists(run: Run, attacked: Path, tmp_path: Path, home: Path) -> None:
    (tmp_path / "own.yml").write_text(OWN)
    alone = ("scan", "--no-own-rules", "--rules", tmp_path / "own.yml", "--fail-on", "low", attacked)
    assert run(*alone).code == 3, "the only rule waits for a list"
    (home / "lists").mkdir()
    (home / "lists" / "people.txt").write_text("*\\ida\n")
    assert run(*alone).code == 1
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "people.txt").write_text("somebody else\n")
    assert run(*alone, "--lists", tmp_path / "lists").code == 0


def alerts_of(text: str, kind: str) -> list[dict[str, object]]:
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("kind", ["json", "csv", "ocsf"])
def test_streams_of_alerts(kind: str, run: Run, attacked: Path, quiet: Path, tmp_path: Path) -> None:
    to_stdout = run("scan", f"--{kind}", "-", attacked)
    assert to_stdout.code == 0
    found = alerts_of(to_stdout.out, kind)
    assert len(found) >= 1
    to_file = run("scan", f"--{kind}", tmp_path / "out", attacked)
    assert "SRV-PACS01" in to_file.out, "the report still goes to stdout"
    assert len(alerts_of((tmp_path / "out").read_text(), kind)) == len(found)
    assert alerts_of(run("scan", f"--{kind}", "-", quiet).out, kind) == []


def test_json_is_alert_v1(run: Run, attacked: Path) -> None:
    (alert, *_) = alerts_of(run("scan", "--json", "-", "--tenant", "north", attacked).out, "json")
    assert alert["format"] == "wardwatch/alert/1"
    assert (alert["tenant"], alert["host"], alert["record_id"]) == ("north", "SRV-PACS01", "line 2")
    assert alert["occurred_at"] == "2026-11-23T02:11:04Z"


def test_documents(run: Run, attacked: Path, tmp_path: Path) -> None:
    layer = json.loads(run("scan", "--navigator", "-", attacked).out)
    assert layer["domain"] == "enterprise-attack"
    assert any(technique["techniqueID"].startswith("T1490") for technique in layer["techniques"])
    page = run("scan", "--html", "-", attacked).out
    assert page.startswith("<!")
    assert "SRV-PACS01" in page
    run("scan", "--html", tmp_path / "page.html", "--navigator", tmp_path / "layer.json", attacked)
    assert json.loads((tmp_path / "layer.json").read_text()) == layer
    assert "SRV-PACS01" in (tmp_path / "page.html").read_text()


def test_all_outputs_at_once(run: Run, attacked: Path, tmp_path: Path) -> None:
    kinds = ("json", "csv", "ocsf", "navigator", "html")
    options = [part for kind in kinds for part in (f"--{kind}", str(tmp_path / kind))]
    assert run("scan", *options, attacked).code == 0
    assert [kind for kind in kinds if not (tmp_path / kind).read_text()] == []


def test_since_until_and_level(run: Run, attacked: Path) -> None:
    def count(*options: str) -> int:
        return len(alerts_of(run("scan", "--json", "-", *options, attacked).out, "json"))

    everything = count()
    assert everything >= 1
    assert count("--since", "2026-11-23T02:11") == everything
    assert count("--since", "2026-11-23T02:12:00+00:00") == 0
    assert count("--until", "2026-11-23T02:11:04") == everything
    assert count("--until", "2026-11-23T02:11:03") == 0
    assert count("--level", "critical") <= everything


def test_french(run: Run, attacked: Path) -> None:
    english, french = run("scan", attacked).out, run("scan", "--lang", "fr", attacked).out
    assert english != french
    assert "é" in french


def test_stdin(home: Path) -> None:
    assert home.is_dir()
    with spawned("scan", "--json", "-", "-") as process:
        out, err = process.communicate(MISS + b"\n" + HIT + b"\n", timeout=60)
    assert process.returncode == 0, err
    assert [json.loads(line)["file"] for line in out.splitlines()][:1] == ["-"]


def test_an_interrupted_scan_keeps_what_is_done(attacked: Path, home: Path, tmp_path: Path) -> None:
    assert home.is_dir()
    out = tmp_path / "out.jsonl"
    with spawned("scan", "--json", out, attacked, "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        # Once all this is taken, the first log is done and stdin is being read.
        process.stdin.write(b"x" * 1_000_000)
        process.stdin.flush()
        for _ in range(5):  # a signal can fall where Python drops what is raised (a callback): people press again
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
                break
        report, errors = process.stdout.read(), process.stderr.read()
        process.stdin.close()
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    assert errors.splitlines()[-1].startswith(b"interrupted: what was found until then is kept. 1 log, 2 events, ")
    assert b"SRV-PACS01" in report
    assert [json.loads(line)["record_id"] for line in out.read_bytes().splitlines()][:1] == ["line 2"]
    assert list((tmp_path / "tmp").iterdir()) == [], "nothing is left in the temporary folder"


def test_ctrl_c_midway_in_many_events_keeps_the_alerts_so_far(home: Path, tmp_path: Path) -> None:
    assert home.is_dir()
    logs = tmp_path / "logs"
    logs.mkdir()
    count, size = 12, 40_000
    for number in range(count):
        filling = event(f"cmd.exe /c echo {number}") + b"\n"
        (logs / f"{number:02}.json").write_bytes(HIT + b"\n" + filling * size)
    out = tmp_path / "out.jsonl"
    with spawned("scan", "--jobs", "1", "--json", "-", "--csv", out, logs) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()  # the first log is done, others are being read
        process.send_signal(signal.SIGINT)
        for _ in range(5):  # a signal can fall where Python drops what is raised (a callback): people press again
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
                break
            process.send_signal(signal.SIGINT)
        alerts, errors = [first, *process.stdout], process.stderr.read()
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    told = re.match(
        r"interrupted: .* is kept\. (\d+) logs?, ([\d,]+) events, (\d+) alerts?, ", errors.decode().splitlines()[-1]
    )
    assert told is not None, errors
    read = sorted({json.loads(one)["file"] for one in alerts})
    done = len(read)
    assert 1 <= done < count, "it was interrupted midway"
    assert read == [str(logs / f"{number:02}.json") for number in range(done)], "of the logs that were done, every one"
    assert int(told[2].replace(",", "")) == done * (size + 1), "and all of their events"
    assert int(told[3]) == len(alerts)
    assert len(out.read_text().splitlines()) == 1 + len(alerts), "the other output is whole, too"
    assert list((tmp_path / "tmp").iterdir()) == [], "nothing is left in the temporary folder"


def test_a_window_without_an_event_is_a_blind_scan(run: Run, attacked: Path) -> None:
    found = run("scan", "--since", "2026-12-01T00:00", attacked)
    assert found.code == 3
    assert "No event lies after 1 Dec 2026, 00:00 UTC (read: 2): nothing could be checked." in " ".join(
        found.out.replace("\u00a0", " ").split()
    )
    assert run("scan", "--since", "2026-11-23T02:00", attacked).code == 0
