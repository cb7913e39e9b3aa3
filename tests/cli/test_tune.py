"""`wardwatch tune` as a user calls it: from a false alert to a tuning that holds, and its end."""

import json
import time
from pathlib import Path

import pytest
import yaml
from tests.cli.conftest import Run
from tests.pipeline.tuning.hospital import HIT, SHADOWS, Hospital, event

BACKUP = "CHU\\backup"


@pytest.fixture
def hospital(home: Path) -> Hospital:
    """A home with two alerts of the backup's job, an hour ago."""
    (home / "cache").unlink()
    at = time.time_ns() // 1_000 - 3_600_000_000
    made = Hospital(home, at)
    made.receive([event(HIT, user=BACKUP, at=at), event(HIT, user=BACKUP, at=at + 1_000_000)])
    made.work()
    made.stop()
    return made


def test_from_a_false_alert_to_a_tuning_and_its_end(run: Run, hospital: Hospital, tmp_path: Path) -> None:
    alert = hospital.alerts()[0].id
    file = tmp_path / "backup-job.yml"
    told = ("--owner", "Ida", "--reason", "backup job", "--save", file)
    found = run("tune", "propose", alert, *told)
    assert (found.code, "would have gone quiet: 2 of 2 alerts" in found.out) == (0, True)
    stated = yaml.safe_load(file.read_text())
    assert (stated["rule"], stated["tenant"], stated["owner"]) == (SHADOWS, "nord", "Ida")
    assert stated["detection"]["selection"]["User"] == BACKUP

    added = run("tune", "add", file, "--json", "-")
    proof = json.loads(added.out)
    assert (added.code, proof["before"], proof["must_fire"]) == (0, {SHADOWS: 2}, [])
    assert [one["alerts"] for one in proof["quiet"]] == [2]

    again = run("replay", "--no-own-rules", "--json", "-")
    assert (again.out, "tunings withheld 2 alerts more: --no-tunings" in again.err) == ("", True)
    assert len(run("replay", "--no-own-rules", "--no-tunings", "--json", "-").out.splitlines()) == 2

    hospital.start()
    hospital.receive([event(HIT, user=BACKUP, at=hospital.at)])
    hospital.work()
    hospital.stop()
    listed = run("tune", "suppressed", "--json", "-")
    assert (listed.code, listed.err) == (0, "1 withheld\n")
    (withheld,) = map(json.loads, listed.out.splitlines())
    assert withheld["fields"]["wardwatch.tuning.reason"] == "backup job"
    assert "backup-job (Ida): backup job" in run("tune", "suppressed", "--tenant", "nord", "--since", "1d").out
    assert run("tune", "suppressed", "--tenant", "sud").err == "0 withheld\n"
    (row,) = map(json.loads, run("tune", "list", "--json", "-").out.splitlines())
    assert (row["name"], row["state"], row["withheld"]) == ("backup-job", "active", 1)

    assert run("tune", "expire", "backup-job", "--tenant", "nord").code == 0
    assert run("tune", "list").out.startswith("expired  nord backup-job")
    again = run("tune", "add", file)
    assert (again.code, again.err.splitlines()[-3]) == (2, "error: there is a tuning of that name")
    assert run("tune", "expire", "../x", "--tenant", "nord").code == 2


def test_what_would_silence_an_example_is_refused_and_named(run: Run, hospital: Hospital, tmp_path: Path) -> None:
    alert = hospital.alerts()[0].id
    file = tmp_path / "all.yml"
    run("tune", "propose", alert, "--owner", "Ida", "--reason", "all of it", "--save", file)
    stated = yaml.safe_load(file.read_text())
    stated["detection"] = {"selection": {"CommandLine": HIT}, "condition": "selection"}
    file.write_text(yaml.safe_dump(stated))
    found = run("tune", "add", file)
    assert found.code == 2
    assert "error: something that must fire would go quiet" in found.err
    assert "where: Shadow copies deleted: fires 1" in found.err
    assert not (hospital.home / "tuning").exists()


def test_what_is_wrong_is_said(run: Run, hospital: Hospital, tmp_path: Path) -> None:
    assert "no alert" in run("tune", "propose", "f" * 32).err
    proposed = run("tune", "propose", hospital.alerts()[0].id, "--save", tmp_path / "a.yml")
    assert proposed.code == 0
    assert "owner is missing" in run("tune", "add", tmp_path / "a.yml").err
    (hospital.home / "tuning" / "nord").mkdir(parents=True)
    (hospital.home / "tuning" / "nord" / "b.yml").write_text("schema: x")
    found = run("tune", "list")
    assert (found.code, "it withholds nothing" in found.err) == (3, True)
