"""Loading: one bad rule never stops the others, and everything that was loaded says what became of it."""

import time
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


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
MERGED_BOMB = "a0: &a0 {k: x}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12)
)


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
        ("a: &a [*a]", "0.yml:1"),
        (BOMB, "0.yml:1"),
        (MERGED_BOMB, "0.yml:1"),
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


def test_rules_of_one_file_that_share_an_id_all_stay() -> None:
    head = "action: global\nid: 00000000-0000-0000-0000-000000000001\nlogsource: {product: x}\n"
    text = head + "".join(f"---\ntitle: T{n}\ndetection: {{s: {{F: {n}}}, condition: s}}\n" for n in range(3))
    text += "---\naction: repeat\ntitle: T3\ndetection: {s: {F: 3}}\n"
    found = compiled(text)
    id_ = "00000000-0000-0000-0000-000000000001"
    ids = [id_, f"{id_}#2", f"{id_}#3", f"{id_}#4"]
    assert [(rule.id, rule.title.en) for rule in found.rules] == list(zip(ids, ("T0", "T1", "T2", "T3"), strict=True))
    assert [key.id for key in found.keys] == ids
    assert [rule.title.en for rule in compiled(text, GOOD).rules] == ["Good"], "another file replaces all of them"
    assert [rule.id for rule in compiled(GOOD, text).rules] == ids


ODD = [
    "wardwatch: {explanation: {en: 5, fr: [x]}}",
    "wardwatch: {explanation: {en: null}}",
    "1: {2: {2026-01-01: 2026-01-02T03:04:05}}",
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_values_stop_no_rule(odd: str) -> None:
    rules = compiled(GOOD + odd, CORRELATION.replace("NUMBER", "3") + odd)
    assert [rule.title.en for rule in rules.rules] == ["Good"]
    assert isinstance(rules.rules[0].explanation.in_("fr"), str)
    same(restore(rules.dump()), rules)
    assert restore(rules.dump()).correlations == rules.correlations


def test_bombs_are_refused_fast() -> None:
    began = time.process_time()
    assert len(loaded(BOMB, MERGED_BOMB).errors) == 2
    assert time.process_time() - began < 1


def test_bad_members_of_an_archive_stop_no_other(tmp_path: Path) -> None:
    path = tmp_path / "rules.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a", "b", "c"):
            archive.writestr(f"{name}.yml", GOOD.replace("0001", f"000{name}"))
        archive.writestr("d.yml", b" " * 50_000_000)
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"a.yml") + 8] ^= 0xFF  # damages what is packed
    entry = whole.rindex(b"PK\x01\x02", 0, whole.rindex(b"b.yml"))
    whole[entry + 8] |= 1  # says that it is encrypted
    whole[whole.index(b"b.yml") - 24] |= 1
    path.write_bytes(whole)
    (tmp_path / "broken.zip").write_bytes(whole[:40] + whole[-60:])
    (tmp_path / "large.yml").write_bytes(b"#" * 3_000_000)
    found = load([path, tmp_path / "large.yml", tmp_path / "broken.zip"])
    assert [parsed.rule.path for parsed in found.parsed] == [f"{path}!c.yml"]
    assert [(error.where, error.what.partition(",")[0]) for error in found.errors] == [
        (f"{path}!a.yml", "cannot be read: damaged"),
        (f"{path}!b.yml", "cannot be read: encrypted"),
        (f"{path}!d.yml", "larger than 2097152 bytes"),
        (f"{tmp_path}/large.yml", "larger than 2097152 bytes"),
        (f"{tmp_path}/broken.zip", "not a readable zip archive"),
    ]


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
