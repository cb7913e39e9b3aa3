"""Loading: one bad rule never stops the others, and everything that was loaded says what became of it."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.catalogue.files import ContentFile
from wardwatch.detection.compiled import CompiledRules, restore
from wardwatch.detection.compiler import compile_rules
from wardwatch.detection.load import Loaded, load, load_files
from wardwatch.kernel.errors import InputError
from wardwatch.kernel.severity import Level

GOOD = """
title: Good
id: 00000000-0000-0000-0000-000000000001
level: high
logsource: {product: windows}
detection: {selection: {F: x}, condition: selection}
"""


def loaded(*texts: str | bytes) -> Loaded:
    return load_files(
        ContentFile(f"{number}.yml", text.encode() if isinstance(text, str) else text)
        for number, text in enumerate(texts)
    )


def same(restored: CompiledRules, rules: CompiledRules) -> None:
    assert restored.dump() == rules.dump()
    assert list(restored.rules) == list(rules.rules)
    assert list(restored.predicates) == list(rules.predicates)
    assert (restored.keys, restored.others) == (rules.keys, rules.others)


def compiled(*texts: str | bytes) -> CompiledRules:
    return compile_rules(loaded(*texts), {})


def test_a_rule_is_read_whole() -> None:
    text = GOOD + (
        "name: good_rule\nstatus: test\ndescription: What it is\nauthor: Somebody\n"
        "tags: [attack.T1486, attack.Impact, cve.2026-1]\nreferences: [https://example.org/a]\n"
        "falsepositives: [None at all]\n"
        "wardwatch: {title: {fr: Bonne}, explanation: {en: Why, fr: Pourquoi}, playbook: a-playbook,"
        " falsepositives: {en: [None], fr: [Aucun]}}\n"
    )
    (parsed,) = loaded(text).parsed
    rule = parsed.rule
    assert (rule.id[-1], rule.name, rule.title.en, rule.title.fr) == ("1", "good_rule", "Good", "Bonne")
    assert (rule.level, rule.kind, rule.path, rule.status) == (Level.HIGH, "event", "0.yml", "test")
    assert (str(rule.logsource), rule.playbook, rule.author) == ("windows/*/*", "a-playbook", "Somebody")
    assert (rule.explanation.fr, [one.fr for one in rule.falsepositives]) == ("Pourquoi", ["Aucun"])
    assert (rule.tags, rule.tactics, rule.techniques) == (
        ("attack.t1486", "attack.impact", "cve.2026-1"),
        ("impact",),
        ("T1486",),
    )
    assert rule.supported


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: [1", "0.yml:2"),
        ("title: x\n  bad: indent\n", "0.yml:2"),
        ("- a list\n", "0.yml"),
        ("just text", "0.yml"),
        (b"\xff\xfe\x00", "0.yml"),
        (b"a: \x00", "0.yml"),
        ("a: !!python/object/apply:os.system [x]", "0.yml:1"),
        ("a: &a [*b]", "0.yml:1"),
        ("{? [a, b] : c}", "0.yml:1"),
        ("a: " + "[" * 3000, "0.yml:2"),
    ],
)
def test_what_is_no_yaml_of_mappings_is_an_error_with_its_place(text: str | bytes, where: str) -> None:
    found = loaded(text, GOOD)
    assert [error.where for error in found.errors] == [where]
    assert [parsed.rule.title.en for parsed in found.parsed] == ["Good"]


@pytest.mark.parametrize(
    "bad",
    [
        "title: t\n",
        "title: t\nlogsource: {product: x}\n",
        "title: t\nlogsource: {product: x}\ndetection: {selection: {F: 1}}\n",
        "title: t\nlogsource: {product: x}\ndetection: {selection: {F: 1}, condition: other}\n",
        "title: t\nlogsource: {product: x}\ndetection: {selection: {F: 1}, condition: '(selection'}\n",
        "title: t\nlogsource: {product: x}\ndetection: {selection: {F|re: '(?=x)'}, condition: selection}\n",
        "title: t\nlogsource: {product: x}\ndetection: {selection: {F|re: '('}, condition: selection}\n",
        "title: t\nlogsource: {product: x}\ndetection: {selection: {F|nosuch: x}, condition: selection}\n",
        "title: t\nlogsource: {product: x}\ndetection: {selection: {F|expand: '%nosuch%'}, condition: selection}\n",
        "title: t\nlogsource: {product: x}\ndetection: [1, 2]\n",
        "title: t\nlogsource: nonsense\ndetection: {selection: {F: 1}, condition: selection}\n",
        "title: [1]\nlogsource: {product: x}\ndetection: {selection: {F: 1}, condition: [1]}\n",
        "title: t\nlogsource: {product: x}\ndetection: {1: {2: 3}, condition: 1}\nlevel: [x]\ntags: 5\n",
        "correlation: {type: nosuch}\ntitle: t\n",
        "correlation: [x]\ntitle: t\n",
        "title: t\nlogsource: {product: x}\ndetection: {s: {F: &a [*a]}, condition: s}\n",
        "title: t\nlogsource: {product: x}\ndetection: {s: {F: 1}, condition: '" + "not " * 500 + "s'}\n",
        "title: t\nlogsource: {product: x}\ndetection: {s: {F: !!binary aGk=}, condition: s}\n",
    ],
)
def test_a_bad_rule_is_kept_with_the_reason(bad: str) -> None:
    rules = compiled(bad, GOOD)
    assert [rule.title.en for rule in rules.rules] == ["Good"]
    assert [bool(rule.reason) for rule in rules.others] == [True]
    same(restore(rules.dump()), rules)


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64, 2**70, -(2**70), 10**200, 1e300, 0.1])
def test_numbers_of_any_size_are_stored(number: float) -> None:
    rules = compiled(GOOD.replace("F: x", f"F: {number!r}"))
    assert rules.rules
    same(restore(rules.dump()), rules)


CORRELATION = """
title: Many
id: 00000000-0000-0000-0000-000000000002
correlation: {type: event_count, rules: [00000000-0000-0000-0000-000000000001], timespan: 1m, condition: {gte: NUMBER}}
"""


@pytest.mark.parametrize("number", [10, 2**70])
@pytest.mark.parametrize(
    "odd", ["", "x: {1: 2, true: 3, 2026-01-01: 4}", "x: !!binary aGk=", "x: !!set {a}", "x: .nan", "date: 2026-01-01"]
)
def test_correlations_are_stored_whatever_is_in_them(odd: str, number: int) -> None:
    rules = compiled(GOOD, CORRELATION.replace("NUMBER", str(number)) + odd)
    assert [rule.reason for rule in rules.others] == [""]
    restored = restore(rules.dump())
    assert restored.correlations[0]["correlation"] == rules.correlations[0]["correlation"]
    assert restored.dump() == rules.dump()


MAPPINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("title", "id", "name", "level", "logsource", "detection", "correlation", "filter", "tags", "action", "status")
MORE_KEYS = ("references", "falsepositives", "wardwatch", "author", "date", "description", "fields", "scope", "license")


@settings(max_examples=300)
@given(
    document=st.dictionaries(st.sampled_from(KEYS + MORE_KEYS), MAPPINGS, max_size=6),
    detection=st.booleans(),
)
def test_no_document_stops_the_others(document: dict[str, object], *, detection: bool) -> None:
    import yaml  # noqa: PLC0415

    if detection:
        document = {"logsource": {"product": "x"}, "detection": {"s": {"F": 1}, "condition": "s"}, **document}
    rules = compiled(yaml.safe_dump(document), GOOD)
    assert "Good" in {rule.title.en for rule in rules.every()}
    dumped = rules.dump()
    assert restore(dumped).dump() == dumped


def test_the_last_of_two_rules_with_one_id_wins() -> None:
    found = loaded(GOOD, GOOD.replace("Good", "Better"))
    assert [parsed.rule.title.en for parsed in found.parsed] == ["Better"]
    assert found.warnings == ["0.yml: replaced by 1.yml (same id 00000000-0000-0000-0000-000000000001)"]


def test_rules_without_ids_are_told_apart() -> None:
    one = "title: One\nlogsource: {product: x}\ndetection: {s: {F: 1}, condition: s}\n"
    assert len(compiled(one, one.replace("One", "Two"), one).rules) == 3


COLLECTION = """
action: global
logsource: {product: windows}
detection: {condition: a}
level: low
---
title: one
detection: {a: {F: 1}}
---
action: repeat
title: two
detection: {a: {F: 2}}
---
action: reset
---
title: three
logsource: {product: linux}
detection: {a: {F: 3}, condition: a}
"""


def test_collections_of_sigma_1() -> None:
    rules = compiled(COLLECTION)
    assert [(rule.title.en, str(rule.logsource), rule.level.word) for rule in rules.rules] == [
        ("one", "windows/*/*", "low"),
        ("two", "windows/*/*", "low"),
        ("three", "linux/*/*", "medium"),
    ]
    assert [rules.predicates[condition].args for condition in rules.conditions] == [("1",), ("2",), ("3",)]


FILTER = """
title: Leave out the backup server
logsource: {product: windows}
filter:
  rules: any
  selection: {Computer: backup}
  condition: CONDITION
"""


@pytest.mark.parametrize(
    ("condition", "warned"), [("selection", True), ("not selection", False), ("(not selection)", False)]
)
def test_filters(condition: str, *, warned: bool) -> None:
    found = loaded(GOOD, FILTER.replace("CONDITION", condition))
    rules = compile_rules(found, {})
    assert [rule.fields for rule in rules.rules] == [("Computer", "F")]
    assert bool(rules.warnings) == warned
    assert all("write `not …`" in warning for warning in rules.warnings)


def test_a_bad_filter_is_an_error() -> None:
    found = loaded(GOOD, "title: f\nlogsource: {product: windows}\nfilter: {rules: any, condition: nothing}\n")
    assert len(found.parsed) == 1
    assert len(found.errors) + len(found.warnings) == 1


def test_folders_files_and_archives(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.yml").write_text(GOOD)
    (folder / "b.yaml").write_text(GOOD.replace("0001", "0002"))
    (folder / "c.txt").write_text("no rule")
    with zipfile.ZipFile(tmp_path / "rules.zip", "w") as archive:
        archive.writestr("../d.yml", GOOD.replace("0001", "0003"))
        archive.writestr("readme.md", "no rule")
    found = load([folder, tmp_path / "rules.zip"])
    assert [parsed.rule.path for parsed in found.parsed] == [
        str(folder / "b.yaml"),
        str(folder / "sub" / "a.yml"),
        f"{tmp_path}/rules.zip!../d.yml",
    ]
    assert (found.errors, found.warnings) == ([], [])


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load([tmp_path / "nowhere"])
