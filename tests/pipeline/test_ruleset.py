from pathlib import Path

import pytest

from wardwatch.catalogue.files import ContentFile
from wardwatch.pipeline import examples, rule_check, ruleset
from wardwatch.pipeline.ruleset import RulePaths

RULE = """
title: Listed
id: 00000000-0000-0000-0000-000000000001
logsource: {product: windows}
detection: {selection: {User|expand: '%people%'}, condition: selection}
"""


def test_lists_of_later_folders_replace_those_of_earlier_ones(tmp_path: Path) -> None:
    for folder, text in (("one", "a\n"), ("two", "\ufeff# all of them\nb # the head\n\n  c  \nb\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "people.txt").write_text(text, encoding="utf-8")
    (tmp_path / "one" / "other.txt").write_bytes(b"caf\xe9\r\nx\r\n")
    (tmp_path / "one" / "ignored.csv").write_text("x")
    found = ruleset.read_lists([tmp_path / "one", tmp_path / "two", tmp_path / "nowhere"])
    assert found == (("other", ("caf\ufffd", "x")), ("people", ("b", "c")))


def test_rules_are_loaded_with_lists(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(RULE)
    without = ruleset.load(RulePaths((tmp_path,)))
    assert [rule.reason.split(" · ")[0] for rule in without.rules.others] == ["the list people is not kept here"]
    with_lists = ruleset.load(RulePaths((tmp_path,), (("people", ("a", "b*")),), tmp_path / "cache"))
    assert [rule.title.en for rule in with_lists.rules.rules] == ["Listed"]
    assert len(with_lists.rules.predicates) == 2


def test_the_shipped_rules_are_there() -> None:
    assert ruleset.shipped_rules().is_dir()


EXAMPLE = """
title: T
id: 00000000-0000-0000-0000-000000000001
logsource: {product: windows}
detection: {selection: {F: bad}, condition: selection}
wardwatch:
  KIND:
    - source: SOURCE
      log: 'LOG'
"""
EVENT = '{"EventID": 1, "Channel": "System", "F": "bad"}'


@pytest.mark.parametrize(
    ("kind", "source", "log", "problem"),
    [
        ("fires", "windows_json", EVENT, ""),
        ("silent", "windows_json", EVENT, "fires"),
        ("fires", "windows_json", EVENT.replace("bad", "good"), "stays silent"),
        ("silent", "windows_json", EVENT.replace("bad", "good"), ""),
        ("silent", "windows_json", "no JSON", "not read as windows_json: "),
        ("silent", "windows_json", "", "not read as windows_json: "),
    ],
)
def test_examples(kind: str, source: str, log: str, problem: str) -> None:
    text = EXAMPLE.replace("KIND", kind).replace("SOURCE", source).replace("LOG", log)
    (outcome,) = examples.check_file(ContentFile("a.yml", text.encode()))
    assert (outcome.kind, outcome.number) == (kind, 1)
    assert outcome.problem.startswith(problem) if problem else outcome.problem == ""


def test_repeated_examples() -> None:
    log = examples.log_of({"log": "{time} {n}\n", "repeat": {"count": 3, "step": "500ms"}})
    assert log == b"2026-11-23T02:00:00Z 0\n2026-11-23T02:00:00.500000Z 1\n2026-11-23T02:00:01Z 2\n"
    assert examples.log_of({"log": "{n}"}) == b"{n}"


def test_checks_of_other_people_s_rules(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULE + "tags: [attack.t9999, attack.t1486]\n")
    (tmp_path / "b.yml").write_text("a: [")
    assert list(map(str, rule_check.check([tmp_path], own=False))) == [
        f"{tmp_path}/a.yml: T9999 is no ATT&CK technique",
        f"{tmp_path}/b.yml:2: not valid YAML: did not find expected node content",
    ]


def test_checks_of_our_own_rules(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULE)
    problems = list(map(str, rule_check.check([tmp_path], own=True)))
    assert f"{tmp_path}/a.yml: Listed: level is missing" in problems
    assert f"{tmp_path}/a.yml: Listed: wardwatch.fires needs at least one example" in problems


def test_reasons_of_correlations_go_to_the_rule_with_that_id() -> None:
    text = "\n---\n".join(
        f"title: {title}\ncorrelation: {{type: temporal, rules: [{rules}], timespan: 1m}}"
        for title, rules in (("A", "nosuch"), ("A B", "listed"), ("A B C", "nosuch"))
    )
    found = ruleset.of_files(
        [
            ContentFile("r.yml", RULE.replace("User|expand: '%people%'", "F: x").encode() + b"name: listed"),
            ContentFile("a.yml", text.encode()),
        ],
        {},
    )
    missing = "refers to the rule 'nosuch', which is not there"
    assert [(rule.id, rule.reason) for rule in found.rules.others] == [
        ("a.yml#A", missing),
        ("a.yml#A B", ""),
        ("a.yml#A B C", missing),
    ]
    assert [rule.id for rule in found.correlations.rules] == ["a.yml#A B"]


def test_a_correlation_that_cannot_run_says_why_its_rule_cannot() -> None:
    correlation = "title: {}\ncorrelation: {{type: temporal, rules: [{}], timespan: 1m}}"
    found = ruleset.of_files(
        [
            ContentFile("r.yml", RULE.encode() + b"name: listed"),
            ContentFile("a.yml", f"{correlation.format('A', 'listed')}\nname: a".encode()),
            ContentFile("b.yml", correlation.format("B", "a").encode()),
        ],
        {},
    )
    base = "the list people is not kept here"
    above = f"refers to the rule 'listed', which cannot run: {base}"
    reasons = {rule.id: rule.reason.partition(" · ")[0] for rule in found.rules.others}
    assert reasons["a"] == above
    assert reasons["b.yml#B"] == f"refers to the correlation 'a', which cannot run: {above}"
