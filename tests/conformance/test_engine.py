"""The engine agrees with the slow interpreter: on the table, on generated rules and events, and on real logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance import engine, generate, sigmahq
from tests.conformance.engine import Pairs, batch_pairs, batches, compiled, examples, number_of, pairs
from tests.conformance.operands import Unsupported
from tests.conformance.reference import Reference
from tests.conformance.test_reference import DEFAULT_SOURCE, GROUPS, rule_of

from wardwatch.detection.compiled import CompiledRules, restore
from wardwatch.detection.match import match, needs
from wardwatch.detection.memory import Memory
from wardwatch.detection.store import Store
from wardwatch.events.logsource import LogSource
from wardwatch.events.windows import log_source
from wardwatch.kernel import ids

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
    assert {number_of(rule) for rule in made.others} == refused, [rule.reason for rule in made.others]
    return made


# Every way of running rules over events must say the same. Cases are dear to draw, so each is run in all ways.


def cold_and_warm(made: CompiledRules, events: engine.Events) -> Iterator[Pairs]:
    memory = Memory()
    yield pairs(batches(events), made, memory)
    yield pairs(batches(events), made, memory)
    last = len(events) - 1
    yield {(last - at, number) for at, number in pairs(batches(events[::-1]), made, memory)}


def in_hyperscan_alone(made: CompiledRules, events: engine.Events) -> Iterator[Pairs]:
    with engine.tuned(always_scan=True):
        yield pairs(batches(events), restore(made.dump()), Memory())  # its scanners are not made yet


def with_next_to_no_memory(made: CompiledRules, events: engine.Events) -> Iterator[Pairs]:
    memory = Memory()
    with engine.tuned(forgetful=True):
        yield pairs(batches(events), made, memory)
        yield pairs(batches(events), made, memory)


def stored_and_restored(made: CompiledRules, events: engine.Events) -> Iterator[Pairs]:
    yield pairs(batches(events), restore(made.dump()), Memory())


def in_cut_batches(made: CompiledRules, events: engine.Events) -> Iterator[Pairs]:
    memory = Memory()
    for cut in (1, 3):
        found: Pairs = set()
        for part in [part for one in batches(events) for part in (one.slice(0, cut), one.slice(cut))]:
            table = match(part, made, memory)
            places = list(zip(table["row"].to_pylist(), table["rule"].to_pylist(), strict=True))
            assert places == sorted(places), "sorted by row and rule"
            found.update(batch_pairs(part, made, memory))
        yield found


def with_needed_fields_alone(made: CompiledRules, events: engine.Events) -> Iterator[Pairs]:
    memory = Memory()

    def wanted(logsource: LogSource) -> frozenset[str] | None:
        partition = memory.partition(made, logsource)
        return None if partition.keywords else needs(made, logsource, memory)

    yield pairs(batches(events, wanted), made, memory)


WAYS = (
    cold_and_warm,
    in_hyperscan_alone,
    with_next_to_no_memory,
    stored_and_restored,
    in_cut_batches,
    with_needed_fields_alone,
)
several = st.lists(generate.cases(), min_size=1, max_size=4)


@settings(max_examples=examples(100))
@given(cases=several)
def test_generated_rules_and_events(cases: list[generate.Case]) -> None:
    rules = [case.rule for case in cases]
    events = [event for case in cases for event in case.events]
    expected, refused = judged(rules, events)
    made = checked(rules, refused)
    for way in WAYS:
        for found in way(made, events):
            assert found == expected, way.__name__
    for number, rule in enumerate(rules):
        alone = pairs(batches(events), compiled([rule], generate.LISTS), Memory())
        assert alone == {(at, 0) for at, one in expected if one == number}, "alone"
    through_json_lines(rules, events)


def through_json_lines(rules: Sequence[Mapping[str, Any]], drawn: engine.Events) -> None:
    """Projection and the look for keywords in raw lines lose nothing, however the JSON is escaped."""
    lines = [engine.windows_event(*event, at) for at, event in enumerate(drawn)]
    events = [(log_source(str(line["Channel"]), str(line["EventID"])), line) for line in lines]
    expected, refused = judged(rules, events)
    made, memory = checked(rules, refused), Memory()
    for style in range(engine.STYLES):
        log = b"\n".join(engine.escaped(line, style) for line in lines)
        found = {
            pair
            for batch in engine.read_lines(log, made, memory)
            for pair in batch_pairs(batch.events, made, memory, keywords=batch.keywords)
        }
        assert found == expected, f"as JSON lines, escaped in style {style}"


# ------------------------------------------------------------------------------------------------ real logs

needs_shared = pytest.mark.skipif(
    not (sigmahq.SIGMA.is_dir() and sigmahq.EVTX), reason="no ../shared/sigma and ../shared/telemetry"
)


def differences(read: Sequence[sigmahq.Read], store: Store) -> tuple[list[str], int]:
    """Where engine and interpreter disagree over events read by the pipeline; and how many matches there are."""
    rules, memory = sigmahq.compiled(), Memory(store.databases)
    log = b"\n".join(body for body, _ in read)
    starts = list(accumulate((len(body) + 1 for body, _ in read), initial=0))
    found = set()
    for batch in engine.read_lines(log, rules, memory):
        table = match(batch.events, rules, memory, keywords=batch.keywords)
        events = batch.events.column("event_id").to_pylist()
        found |= {
            (events[row], rules.rules[rule].id)
            for row, rule in zip(table["row"].to_pylist(), table["rule"].to_pylist(), strict=True)
        }
    prefix = ids.event_prefix("test", b"o")
    expected = {
        (ids.event_id(prefix, start), rule)
        for start, (_, record) in zip(starts, read, strict=False)
        for rule, reference in sigmahq.references().items()
        if reference.matches(record.logsource, record.fields)
    }
    return [f"{event.hex()} {rule}" for event, rule in sorted(found ^ expected)], len(expected)


@needs_shared
def test_attack_samples_with_all_published_rules(databases: Store) -> None:
    read = sigmahq.sample(sigmahq.evtx_bodies(), 100)
    wrong, matches = differences(read, databases)
    assert wrong == []
    assert matches > len(read) // 20


@needs_shared
def test_recorded_attacks_with_all_published_rules(databases: Store) -> None:
    read = sigmahq.sample(sigmahq.archived_lines(4), 500)
    wrong, matches = differences(read, databases)
    assert wrong == []
    assert matches > 0


@needs_shared
@pytest.mark.slow
def test_many_real_events_with_all_published_rules(databases: Store) -> None:
    read = sigmahq.sample(sigmahq.archived_lines(1), 400, shapes_too=True)
    read += sigmahq.sample(sigmahq.evtx_bodies(), 4, shapes_too=True)
    wrong, matches = differences(read, databases)
    assert wrong == []
    assert matches > 0
