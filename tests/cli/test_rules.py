"""`wardwatch rules`: list, check, test, explain, coverage, import."""

import json
import zipfile
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from wardwatch.cli import _rules

RULE = """
title: A rule of the house
id: 00000000-0000-0000-0000-000000000001
name: house_rule
status: test
description: What it looks for.
level: high
tags: [attack.impact, attack.t1486]
logsource: {product: windows, category: process_creation}
detection: {selection: {CommandLine|contains: mischief}, condition: selection}
falsepositives: [None known]
"""
BAD = RULE.replace("0001", "0002").replace("A rule of the house", "Bad").replace("contains: mischief", "re: '(?=x)m'")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "good.yml").write_text(RULE)
    (folder / "bad.yml").write_text(BAD)
    return folder


def test_list(run: Run, rules: Path, quiet: Path) -> None:
    found = run("rules", "list", "--no-own-rules", "--rules", rules)
    assert (found.code, found.err) == (0, "2 rules\n")
    assert [line[:37].split()[0] for line in found.out.splitlines()] == ["active", "unsupported"]
    only = run("rules", "list", "--no-own-rules", "--rules", rules, "--state", "active", "--json")
    assert json.loads(only.out) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "title": "A rule of the house",
        "kind": "event",
        "level": "high",
        "logsource": "windows/process_creation/*",
        "state": "active",
        "reason": "",
        "path": str(rules / "good.yml"),
    }
    seen = run("rules", "list", "--no-own-rules", "--rules", rules, "--logs", quiet, "--json")
    assert [json.loads(line)["state"] for line in seen.out.splitlines()] == ["active", "unsupported"]


def test_list_our_own(run: Run) -> None:
    found = run("rules", "list", "--json")
    states = [json.loads(line)["state"] for line in found.out.splitlines()]
    assert len(states) >= 100
    assert found.err == f"{len(states)} rules\n"


def test_what_is_never_seen(run: Run, rules: Path, tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text("<38>Nov 23 03:11:02 web01 sshd[1]: hello\n")
    seen = run("rules", "list", "--no-own-rules", "--rules", rules / "good.yml", "--logs", log)
    assert seen.out.split("  ")[0] == "log source never seen"


def test_check(run: Run, rules: Path) -> None:
    assert run("rules", "check").code == 0
    found = run("rules", "check", rules)
    assert found.code == 1
    assert found.out.startswith(f"{rules}/bad.yml: Bad: ")
    assert found.err == "1 problems\n"
    assert run("rules", "check", rules / "good.yml").code == 0


def test_test(run: Run, tmp_path: Path) -> None:
    example = '{"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "CommandLine": "mischief"}'
    block = f"wardwatch:\n  KIND:\n    - source: windows_json\n      log: '{example}'\n"
    (tmp_path / "good.yml").write_text(RULE + block.replace("KIND", "fires"))
    (tmp_path / "bad.yml").write_text(RULE + block.replace("KIND", "silent"))
    good = run("rules", "test", "-v", tmp_path / "good.yml")
    assert (good.code, good.err) == (0, "1 examples, 0 failed\n")
    assert good.out == f"ok {tmp_path}/good.yml: A rule of the house: fires 1\n"
    bad = run("rules", "test", tmp_path / "bad.yml")
    assert (bad.code, bad.err) == (1, "1 examples, 1 failed\n")
    assert bad.out == f"FAILED {tmp_path}/bad.yml: A rule of the house: silent 1 fires\n"


@pytest.mark.parametrize("word", ["00000000-0000-0000-0000-000000000001", "house_rule", "RULE of the h"])
def test_explain(word: str, run: Run, rules: Path) -> None:
    found = run("rules", "explain", "--no-own-rules", "--rules", rules, word)
    assert found.code == 0
    assert "A rule of the house" in found.out


def test_explain_what_is_not_there(run: Run) -> None:
    found = run("rules", "explain", "no such rule at all")
    assert found.code == 2
    assert found.err.splitlines()[0] == "error: no rule 'no such rule at all'"


def test_explain_in_french(run: Run) -> None:
    english = run("rules", "explain", "shadow copies")
    french = run("rules", "explain", "--lang", "fr", "clichés instantanés")
    assert (english.code, french.code) == (0, 0)
    assert english.out != french.out


def test_coverage(run: Run, rules: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer.json"
    found = run("rules", "coverage", "--no-own-rules", "--rules", rules / "good.yml", "--navigator", layer)
    assert found.code == 0
    assert [line.split() for line in found.out.splitlines() if line.startswith("Impact")] == [["Impact", "1", "1"]]
    assert [one["techniqueID"] for one in json.loads(layer.read_text())["techniques"]] == ["T1486"]


def test_import_and_use(run: Run, rules: Path, home: Path, tmp_path: Path) -> None:
    archive = tmp_path / "pack.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../evil.yml", RULE)
        packed.writestr("sub/evil.yml", RULE.replace("0001", "0003"))
    found = run("rules", "import", archive)
    assert found.code == 0
    assert found.out.startswith(f"2 rules in {home}/rules/pack, 0 of them unusable")
    assert sorted(path.relative_to(home).as_posix() for path in (home / "rules").rglob("*.yml")) == [
        "rules/pack/00000-evil.yml",
        "rules/pack/00001-evil.yml",
    ]
    assert not (tmp_path / "evil.yml").exists()
    assert run("rules", "list", "--no-own-rules").err == "2 rules\n"
    again = run("rules", "import", "--name", "pack", rules)
    assert again.out.startswith(f"2 rules in {home}/rules/pack, 1 of them unusable")
    assert sorted(path.name for path in (home / "rules" / "pack").iterdir()) == ["00000-bad.yml", "00001-good.yml"]
    assert [path.name for path in (home / "rules").iterdir()] == ["pack"]


@pytest.mark.parametrize("name", ["..", "a/b", "../x", "", ".", ".hidden", "a b", "...", "-"])
def test_no_folder_outside_of_the_home(name: str, run: Run, rules: Path, home: Path) -> None:
    (home / "keep").write_text("x")
    found = run("rules", "import", "--name", name, rules)
    assert (home / "keep").exists()
    inside = home / "rules"
    made = [path for path in home.parent.rglob("*.yml") if inside not in path.parents and rules not in path.parents]
    assert made == []
    if found.code == 0:
        assert [path.parent for path in (home / "rules").iterdir()] == [inside]
        assert name in ("", ".hidden")
    else:
        assert found.code == 2


def test_where_rules_and_compiled_rules_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WARDWATCH_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert _rules.home() == Path.home() / ".local" / "share" / "wardwatch"
    assert _rules.cache_folder() == Path.home() / ".cache" / "wardwatch"
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.setenv("XDG_DATA_HOME", "/y")
    assert (_rules.home(), _rules.cache_folder()) == (Path("/y/wardwatch"), Path("/x/wardwatch"))
    monkeypatch.setenv("WARDWATCH_HOME", "/w")
    assert (_rules.home(), _rules.cache_folder()) == (Path("/w"), Path("/w/cache"))


def test_import_of_no_rules(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = run("rules", "import", tmp_path / "empty")
    assert (found.code, found.err.splitlines()[0]) == (2, "error: no Sigma rule found")
