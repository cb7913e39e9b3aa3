"""`wardwatch rules`: list, check, test, explain, coverage, import."""

import json
import zipfile
from pathlib import Path
from typing import Any

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
    only = run("rules", "list", "--no-own-rules", "--rules", rules, "--state", "active", "--json", "-")
    assert json.loads(only.out) == {
        "format": "wardwatch/rule-state/1",
        "id": "00000000-0000-0000-0000-000000000001",
        "title": "A rule of the house",
        "kind": "event",
        "level": "high",
        "logsource": "windows/process_creation/*",
        "state": "active",
        "reason": "",
        "path": str(rules / "good.yml"),
    }
    seen = run("rules", "list", "--no-own-rules", "--rules", rules, "--logs", quiet, "--json", "-")
    assert [json.loads(line)["state"] for line in seen.out.splitlines()] == ["active", "unsupported"]


def test_a_file_that_is_no_text_is_told_in_three_readable_lines(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_bytes(b"\x7fELF\x02")
    found = run("rules", "test", tmp_path / "rule.yml")
    assert (found.code, found.out) == (2, "")
    what, where, hint = found.err.splitlines()
    assert what.startswith("error: not valid YAML: unacceptable character")
    assert where == f"where: {tmp_path}/rule.yml"
    assert "?" not in what + hint


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_check_as_json(run: Run, rules: Path) -> None:
    found = run("rules", "check", rules, "--json", "-")
    assert (found.code, found.err) == (1, "1 problem\n")
    (problem,) = lines(found.out)
    assert list(problem) == ["format", "path", "problem"]
    assert (problem["format"], problem["path"]) == ("wardwatch/rule-problem/1", str(rules / "bad.yml"))
    assert problem["problem"].startswith("Bad: ")


def test_check_lists_the_playbooks_that_rules_name(run: Run, rules: Path) -> None:
    for name in ("good", "other"):
        text = RULE.replace("0001", "0009" if name == "other" else "0001") + "wardwatch: {playbook: house-fire}\n"
        (rules / f"{name}.yml").write_text(text)
    (rules / "bad.yml").unlink()
    found = run("rules", "check", rules)
    assert (found.code, found.out) == (0, "playbook house-fire: 2 rules\n")
    assert lines(run("rules", "check", rules, "--json", "-").out) == [
        {"format": "wardwatch/rule-playbook/1", "playbook": "house-fire", "rules": 2}
    ]
    own = lines(run("rules", "check", "--json", "-").out)
    assert {one["format"] for one in own} == {"wardwatch/rule-playbook/1"}
    assert "backup-sabotage" in {one["playbook"] for one in own}


def test_examples_as_json(run: Run, tmp_path: Path) -> None:
    example = '{"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "CommandLine": "mischief"}'
    both = "".join(f"  {kind}:\n    - source: windows_json\n      log: '{example}'\n" for kind in ("fires", "silent"))
    (tmp_path / "one.yml").write_text(RULE + "wardwatch:\n" + both)
    found = run("rules", "test", tmp_path / "one.yml", "--json", "-")
    assert (found.code, found.err) == (1, "2 examples, 1 failed\n")
    id_ = "00000000-0000-0000-0000-000000000001"
    assert lines(found.out) == [
        {
            "format": "wardwatch/rule-example/1",
            "id": id_,
            "title": "A rule of the house",
            "path": str(tmp_path / "one.yml"),
            "kind": kind,
            "number": 1,
            "fired": [id_],
            "problem": problem,
        }
        for kind, problem in (("fires", ""), ("silent", "fires"))
    ]


def test_an_explanation_as_json(run: Run, rules: Path) -> None:
    (told,) = lines(run("rules", "explain", "--no-own-rules", "--rules", rules, "house_rule", "--json", "-").out)
    assert told == {
        "format": "wardwatch/rule-explanation/1",
        "id": "00000000-0000-0000-0000-000000000001",
        "name": "house_rule",
        "title": {"en": "A rule of the house"},
        "kind": "event",
        "level": "high",
        "logsource": "windows/process_creation/*",
        "path": str(rules / "good.yml"),
        "description": "What it looks for.",
        "explanation": None,
        "falsepositives": [{"en": "None known"}],
        "playbook": told["playbook"],
        "action": told["action"],
        "tactics": ["impact"],
        "techniques": ["T1486"],
        "fields": ["CommandLine"],
        "references": [],
        "reason": "",
    }
    (own,) = lines(run("rules", "explain", "clichés instantanés", "--json", "-").out)
    assert set(own["explanation"]) == set(own["title"]) == set(own["action"]) == {"en", "fr"}


def test_coverage_as_json(run: Run, rules: Path, tmp_path: Path) -> None:
    options = ("--no-own-rules", "--rules", rules / "good.yml")
    found = run("rules", "coverage", *options, "--json", "-", "--navigator", tmp_path / "layer.json")
    assert lines(found.out) == [
        {"format": "wardwatch/coverage/1", "tactic": tactic, "rules": 1, "techniques": 1} for tactic in ("impact", None)
    ]
    assert [one["techniqueID"] for one in json.loads((tmp_path / "layer.json").read_text())["techniques"]] == ["T1486"]
    both = run("rules", "coverage", *options, "--json", "-", "--navigator", "-")
    assert (both.code, both.out) == (2, "")


def test_an_import_as_json(run: Run, rules: Path, home: Path) -> None:
    found = run("rules", "import", rules, "--json", "-")
    assert lines(found.out) == [
        {"format": "wardwatch/rule-import/1", "path": f"{home}/rules/house", "rules": 2, "unusable": 1}
    ]


def test_json_goes_to_a_file_and_the_text_to_the_terminal(run: Run, rules: Path, tmp_path: Path) -> None:
    target = tmp_path / "states.jsonl"
    for _ in range(2):  # our own output is written again
        found = run("rules", "list", "--no-own-rules", "--rules", rules, "--json", target)
        assert found.code == 0
        assert len(found.out.splitlines()) == len(lines(target.read_text())) == 2
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".states")] == []


def test_no_file_of_others_is_overwritten(run: Run, rules: Path, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.json"
    evidence.write_text('{"EventID": 1}\n')
    options = ("--no-own-rules", "--rules", rules / "good.yml")
    for verb in (
        ("rules", "list", *options, "--json", evidence),
        ("rules", "coverage", *options, "--navigator", evidence),
        ("sources", "--json", evidence),
    ):
        found = run(*verb)
        assert (found.code, found.err.splitlines()[0]) == (2, "error: there is a file that is no report of Wardwatch")
    assert evidence.read_text() == '{"EventID": 1}\n'


def test_list_our_own(run: Run) -> None:
    found = run("rules", "list", "--json", "-")
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
    assert found.err == "1 problem\n"
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


def test_explain_tells_of_silence_too(run: Run) -> None:
    found = run("rules", "explain", "wardwatch-source-stopped", "--lang", "fr")
    assert (found.code, found.out.splitlines()[0]) == (0, "Une source de journaux s’est tue")
