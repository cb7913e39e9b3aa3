"""The reference interpreter says what the hand-written truth table says."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from tests.conformance import generate
from tests.conformance.operands import KNOWING, SIMPLE, Unsupported
from tests.conformance.reference import Reference, load

from wardwatch.events.logsource import LogSource

DEFAULT_SOURCE = {"category": "test"}
GROUPS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yml").read_text(encoding="utf-8"))


def rule_of(group: dict[str, Any]) -> dict[str, Any]:
    """The Sigma rule that a group of cases is about."""
    detection = group.get("detection", {"selection": group.get("selection"), "condition": "selection"})
    return {
        "title": group["title"],
        "logsource": group.get("logsource", DEFAULT_SOURCE),
        "detection": detection,
    }


ROWS = [
    pytest.param(group, event, expected == "match", id=f"{group['title']}: {event!r} {expected}")
    for group in GROUPS
    for expected in ("match", "silent")
    for event in group.get(expected, [])
]


@pytest.mark.parametrize(("group", "event", "expected"), ROWS)
def test_rows(group: dict[str, Any], event: dict[str, Any], expected: bool):  # noqa: FBT001
    source = LogSource(**group.get("events_of", group.get("logsource", DEFAULT_SOURCE)))
    rule = Reference(rule_of(group), group.get("lists"))
    assert rule.matches(source, event) is expected


@pytest.mark.parametrize("group", [g for g in GROUPS if g.get("unsupported")], ids=lambda g: g["title"])
def test_refused_rules(group: dict[str, Any]):
    with pytest.raises(Unsupported):
        Reference(rule_of(group), group.get("lists"))


def test_the_table_is_large_and_well_formed():
    known = {
        "title",
        "selection",
        "detection",
        "lists",
        "logsource",
        "events_of",
        "match",
        "silent",
        "unsupported",
    }
    assert [group["title"] for group in GROUPS if set(group) - known] == []
    assert [group["title"] for group in GROUPS if ("selection" in group) == ("detection" in group)] == []
    assert [
        group["title"] for group in GROUPS if bool(group.get("unsupported")) == bool({"match", "silent"} & set(group))
    ] == []
    assert len({group["title"] for group in GROUPS}) == len(GROUPS)
    assert len(ROWS) >= 400


ACTIONS = """
action: global
logsource: {category: test}
detection: {condition: a}
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
logsource: {product: x}
detection: {a: {F: 3}, condition: not a}
---
"""


def test_load_resolves_actions(tmp_path: Path):
    (tmp_path / "b.yml").write_text(ACTIONS, encoding="utf-8")
    (tmp_path / "a.yml").write_text("correlation: {type: event_count}\n", encoding="utf-8")
    assert load([tmp_path]) == [
        {"correlation": {"type": "event_count"}},
        {"title": "one", "logsource": {"category": "test"}, "detection": {"condition": "a", "a": {"F": 1}}},
        {"title": "two", "logsource": {"category": "test"}, "detection": {"condition": "a", "a": {"F": 2}}},
        {"title": "three", "logsource": {"product": "x"}, "detection": {"a": {"F": 3}, "condition": "not a"}},
    ]
    assert load([tmp_path / "b.yml"])[0]["title"] == "one"


def test_load_refuses_unknown_actions(tmp_path: Path):
    (tmp_path / "x.yml").write_text("action: nosuch\n", encoding="utf-8")
    with pytest.raises(Unsupported):
        load([tmp_path])


REFUSED: list[str] = []
MATCHES: list[bool] = []
SEEN: set[str] = set()
MODIFIERS = set(SIMPLE) | set(KNOWING) | {"all", "neq"}
POOL = generate.Pool(texts=("aB", "ß*"), ascii=("a -b",))


@settings(derandomize=True, max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=generate.cases())
def try_case(case: generate.Case) -> None:
    try:
        rule = Reference(case.rule, case.lists)
    except Unsupported as error:
        REFUSED.append(str(error))
        return
    MATCHES.extend(rule.matches(source, fields) for source, fields in case.events)


@settings(derandomize=True, max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(found=generate.maps(POOL))
def see_modifiers(found: dict[str, object]) -> None:
    for key in found:
        SEEN.update(key.split("|")[1:])


def test_generated_events_match_often():
    try_case()
    assert 0.1 < sum(MATCHES) / len(MATCHES) < 0.9
    assert len(REFUSED) < 15, REFUSED


def test_generated_rules_use_every_modifier():
    see_modifiers()
    assert sorted(MODIFIERS - SEEN) == ["utf16le"]  # pySigma does not know it: see README.md
