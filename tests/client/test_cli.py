"""`wardwatch --server …`: the verbs that work with a console, against one that answers over HTTP."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from pytest_django.live_server_helper import LiveServer

from wardwatch import cli
from wardwatch.records.models import GroupRow

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    live_server: LiveServer,
    key: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Call the command line with a key of the CISO; returns exit code, stdout, stderr."""
    monkeypatch.setenv("WARDWATCH_HOME", str(tmp_path))
    monkeypatch.setenv("WARDWATCH_KEY", key("ciso"))

    def call(*args: str, server: bool = True) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wardwatch", *(("--server", live_server.url) if server else ()), *args])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        written = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, written.out, written.err

    return call


def rows(out: str) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in out.splitlines()]


def test_an_alert_is_worked(run: Run, groups: list[str]) -> None:
    code, out, _ = run("alerts", "list", "--json", "-")
    assert (code, [one["id"] for one in rows(out)]) == (0, groups)
    assert {one["format"] for one in rows(out)} == {"wardwatch/alert-group/1"}
    code, out, err = run("alerts", "list", "--most", "1")
    assert (code, len(out.splitlines()), "more: --most" in err) == (0, 1, True)
    assert out.startswith(groups[0])
    assert run("alerts", "take", groups[0])[0] == 0
    assert run("alerts", "silence", groups[0], "--for", "4h", "--reason", "known")[0] == 0
    assert [one["id"] for one in rows(run("alerts", "list", "--queue", "silenced", "--json", "-")[1])] == [groups[0]]
    assert run("alerts", "merge", groups[1], groups[2], groups[3])[0] == 0
    assert GroupRow.objects.get(id=groups[3]).merged
    assert run("alerts", "note", groups[1], "the vendor was asked")[0] == 0
    code, out, _ = run("alerts", "show", groups[1])
    assert code == 0
    assert "score: severity" in out


def test_an_incident_is_led(run: Run, groups: list[str]) -> None:
    assert run("alerts", "raise", groups[0], "--title", "Files are being encrypted")[0] == 0
    (incident,) = rows(run("incidents", "list", "--json", "-")[1])
    id_ = str(incident["id"])
    assert run("incidents", "own", id_)[0] == 0
    assert run("incidents", "task", id_, "unplug the file server", "--within", "1h")[0] == 0
    (whole,) = rows(run("incidents", "show", id_)[1])
    task = whole["incident"]["tasks"][0]  # type: ignore[index]
    assert task["title"] == "unplug the file server"
    assert run("incidents", "done", id_, task["id"])[0] == 0
    assert run("incidents", "move", id_, "triage", "--reason", "seen")[0] == 0
    assert rows(run("incidents", "list", "--json", "-")[1])[0]["state"] == "triage"
    assert rows(run("incidents", "show", id_, "--stix", "green")[1])[0]["type"] == "bundle"


def test_me_care_and_estate(run: Run) -> None:
    assert "ciso" in run("me")[1]
    assert run("care", "--all")[0] == 0
    assert run("estate", "list")[0] == 0


def test_a_refusal_is_an_exit_code_of_its_own(run: Run, groups: list[str]) -> None:
    code, out, err = run("alerts", "undo", groups[0])
    assert (code, out) == (4, "")
    assert err.splitlines()[0] == "error: not done: nothing to undo"


def test_what_is_not_ones_own_is_not_there(run: Run) -> None:
    code, _, err = run("alerts", "show", GroupRow.objects.get(tenant="elsewhere").id)
    assert code == 2
    assert err.splitlines()[0] == "error: not found, or not yours"


def test_the_server_of_the_environment(run: Run, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDWATCH_SERVER", live_server.url)
    assert run("me", server=False)[0] == 0


def test_without_any_it_is_the_console_of_this_machine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDWATCH_CONSOLE_ADDRESS", "127.0.0.1:9")
    monkeypatch.setattr("wardwatch.client.connection._PAUSE", 0)
    code, _, err = run("me", server=False)
    assert code == 2
    assert "where: http://127.0.0.1:9" in err.splitlines()


def test_other_verbs_refuse_a_server(run: Run) -> None:
    code, _, err = run("status")
    assert code == 2
    assert err.startswith("error: `status` works on this machine")


def test_a_key_in_a_file_is_its_owners_alone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_text(f"{os.environ['WARDWATCH_KEY']}\n")
    path.chmod(0o600)
    monkeypatch.delenv("WARDWATCH_KEY")
    assert run("me")[2].startswith("error: no key")
    monkeypatch.setenv("WARDWATCH_KEY_FILE", str(path))
    assert run("me")[0] == 0
    path.chmod(0o640)
    code, _, err = run("me")
    assert (code, err.splitlines()[0]) == (2, "error: others can read the key")
    monkeypatch.setenv("WARDWATCH_KEY_FILE", str(tmp_path / "none"))
    assert "error: no key here" in run("me")[2]


def test_no_error_shows_the_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDWATCH_KEY", "wwapi_not-to-be-shown")
    code, out, err = run("me")
    assert code == 2
    assert "not-to-be-shown" not in out + err
