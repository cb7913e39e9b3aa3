"""The engine agrees with the slow interpreter: on the table, on generated rules and events, and on real logs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance import engine, generate
from tests.conformance.engine import Pairs, batch_pairs, batches, compiled, examples, number_of, pairs
from tests.conformance.operands import Unsupported
from tests.conformance.reference import Reference
from tests.conformance.test_reference import DEFAULT_SOURCE, GROUPS, rule_of

from wardwatch.detection.compiled import CompiledRules, restore
from wardwatch.detection.match import Memory, match, needs
from wardwatch.events.logsource import LogSource

# ------------------------------------------------------------------------------------------------ the table


@pytest.mark.parametrize("group", [g for g in GROUPS if not g.get("unsupported")], ids=lambda g: g["title"])
def test_rows(group: dict[str, Any]) -> None:
    source = LogSource(**group.get("events_of", group.get("logsource", DEFAULT_SOURCE)))
    events = [(source, event) for event in (*group.get("match", ()), *group.get("silent", ()))]
    rules = compiled([rule_of(group)], group.get("lists"))
    assert [rule.reason for rule in rules.others] == []
    expected = {(position, 0) for position in range(len(group.get("match", ())))}
    assert pairs(batches(events), rules, Memory()) == expected
    for position, event in enumerate(events):  # alone, where no other row can help or hinder
        assert pairs(batches([event]), rules, Memory()) == ({(0, 0)} if (position, 0) in expected else set())


@pytest.mark.parametrize("group", [g for g in GROUPS if g.get("unsupported")], ids=lambda g: g["title"])
def test_refused_rules(group: dict[str, Any]) -> None:
    fine = {"title": "fine", "logsource": DEFAULT_SOURCE, "detection": {"a": {"F": 1}, "condition": "a"}}
    rules = compiled([rule_of(group), fine], group.get("lists"))
    assert [number_of(rule) for rule in rules.rules] == [1]
    assert [(number_of(rule), bool(rule.reason)) for rule in rules.others] == [(0, True)]


# ------------------------------------------------------------------------------------------------ generated rules


def judged(rules: Sequence[Mapping[str, Any]], events: engine.Events) -> tuple[Pairs, set[int]]:
    """What the slow interpreter says: the pairs that match, and the rules that it refuses."""
    found: Pairs = set()
    refused: set[int] = set()
    for number, rule in enumerate(rules):
        try:
            reference = Reference(dict(rule), dict(generate.LISTS))
        except Unsupported:
            refused.add(number)
            continue
        found |= {(at, number) for at, event in enumerate(events) if reference.matches(*event)}
    return found, refused


def checked(rules: Sequence[Mapping[str, Any]], refused: set[int]) -> CompiledRules:
    """Compile; the engine must refuse what the interpreter refuses, and nothing else."""
    made = compiled(rules, generate.LISTS)
    assert {number_of(rule) for rule in made.others} == refused, [
        rule.reason for rule in made.others
    ]
    return made


several = st.lists(generate.cases(), min_size=1, max_size=4)


@settings(max_examples=examples(350))
@given(cases=several, always_scan=st.booleans())
def test_generated_rules_and_events(cases: list[generate.Case], *, always_scan: bool) -> None:
    rules = [case.rule for case in cases]
    events = [event for case in cases for event in case.events]
    expected, refused = judged(rules, events)
    together, memory = checked(rules, refused), Memory()
    with engine.tuned(always_scan=always_scan):
        assert pairs(batches(events), together, memory) == expected
    assert pairs(batches(events), together, memory) == expected, "warm"
    assert pairs(batches(events[::-1]), together, memory) == {
        (len(events) - 1 - at, number) for at, number in expected
    }, "warm, in another order"
    assert pairs(batches(events), restore(together.dump()), Memory()) == expected, "stored and restored"
    for number, rule in enumerate(rules):
        alone = compiled([rule], generate.LISTS)
        assert {(at, number) for at, _ in pairs(batches(events), alone, Memory())} == {
            pair for pair in expected if pair[1] == number
        }, "alone"


@settings(max_examples=examples(150))
@given(cases=several, cut=st.integers(0, 12), forgetful=st.booleans())
def test_batches_may_be_cut_anywhere(cases: list[generate.Case], cut: int, *, forgetful: bool) -> None:
    rules = [case.rule for case in cases]
    events = [event for case in cases for event in case.events]
    expected, refused = judged(rules, events)
    made, memory = checked(rules, refused), Memory()
    found: Pairs = set()
    with engine.tuned(forgetful=forgetful):
        for part in [part for batch in batches(events) for part in (batch.slice(0, cut), batch.slice(cut))]:
            table = match(part, made, memory)
            places = list(zip(table["row"].to_pylist(), table["rule"].to_pylist(), strict=True))
            assert places == sorted(places), "sorted by row and rule"
            found.update(batch_pairs(part, made, memory))
    assert found == expected


@settings(max_examples=examples(150))
@given(cases=several)
def test_only_needed_fields_are_enough(cases: list[generate.Case]) -> None:
    rules = [case.rule for case in cases]
    events = [event for case in cases for event in case.events]
    expected, refused = judged(rules, events)
    made, memory = checked(rules, refused), Memory()

    def wanted(logsource: LogSource) -> frozenset[str] | None:
        partition = memory.partition(made, logsource)
        return None if partition.keywords else needs(made, logsource, memory)

    assert pairs(batches(events, wanted), made, memory) == expected


@settings(max_examples=examples(250))
@given(cases=several, style=st.integers(0, 3))
def test_the_whole_way_from_json_lines(cases: list[generate.Case], style: int) -> None:
    """Projection and the look for keywords in raw lines lose nothing, however JSON is escaped."""
    from wardwatch.events.windows import log_source  # noqa: PLC0415

    rules = [case.rule for case in cases]
    drawn = [event for case in cases for event in case.events]
    lines = [engine.windows_event(*event, at) for at, event in enumerate(drawn)]
    events = [(log_source(str(line["Channel"]), str(line["EventID"])), line) for line in lines]
    expected, refused = judged(rules, events)
    made, memory = checked(rules, refused), Memory()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.json"
        path.write_bytes(b"\n".join(engine.escaped(line, style) for line in lines))
        found = {
            pair
            for batch in engine.read_lines(path, made, memory)
            for pair in batch_pairs(batch.events, made, memory, keywords=batch.keywords)
        }
    assert found == expected
