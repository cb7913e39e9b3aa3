"""SigmaHQ's regression data: the log of each case raises the rule that it was recorded for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conformance import engine, sigmahq

from wardwatch.detection.match import match
from wardwatch.detection.memory import Memory
from wardwatch.detection.store import Store
from wardwatch.events.record import Reject
from wardwatch.sources import evtx

MANIFEST = sigmahq.SIGMA / "regression_manifest.json"
CASES: list[dict[str, Any]] = json.loads(MANIFEST.read_bytes())["cases"] if MANIFEST.is_file() else []

pytestmark = pytest.mark.skipif(not CASES, reason="no ../shared/sigma/regression_manifest.json")


def count(case: dict[str, Any], memory: Memory) -> int:
    """How many events of the case's log match its rule, with every published rule loaded."""
    rules = sigmahq.compiled()
    with (sigmahq.SIGMA / case["evtx"]).open("rb") as stream:
        bodies = [body for _, body in (one for one in evtx.split(stream) if not isinstance(one, Reject))]
    matches = 0
    for batch in engine.read_lines(b"\n".join(bodies), rules, memory):
        table = match(batch.events, rules, memory, keywords=batch.keywords)
        matches += sum(rules.rules[number].id == case["rule_id"] for number in table["rule"].to_pylist())
    return matches


def test_every_case(databases: Store) -> None:
    memory = Memory(databases.databases)
    wrong = {}
    for case in CASES:
        found, exact = count(case, memory), case["expected_exact"]
        if found != exact if exact is not None else found < case["expected_min"]:
            wrong[case["case"]] = (found, exact, case["expected_min"])
    assert wrong == {}
    assert len(CASES) == 121
