"""Stored events through rules: what a scan of the same logs finds, and nothing of other tenants."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from wardwatch.events.alert import Alert
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Record
from wardwatch.kernel import stamps
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.retro import Replay
from wardwatch.pipeline.ruleset import ContentFile, RuleSet
from wardwatch.pipeline.tasks import Settings
from wardwatch.pipeline.tuning import applying
from wardwatch.pipeline.tuning.document import Tuning

NOW = stamps.iso("2026-11-23T12:00:00Z")[0]
HOUR = 3_600_000_000
LINUX = LogSource("linux", None, "auth")
RULES = b"""
title: A wrong password
id: 00000000-0000-0000-0000-000000000001
name: wrong
level: low
logsource: {product: linux, service: auth}
detection: {s: {what: wrong}, condition: s}
---
title: Many wrong passwords
id: 00000000-0000-0000-0000-000000000002
level: high
correlation:
  type: event_count
  rules: [wrong]
  group-by: [host]
  timespan: 1h
  condition: {gte: 3}
"""


@pytest.fixture
def rules() -> RuleSet:
    return ruleset.of_files([ContentFile("rules.yml", RULES)], {})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two hospitals: three wrong passwords in the north within an hour, one long before; one in the south."""
    lake = Lake(tmp_path / "lake")
    for tenant, ages in {"north": (50 * 24 * HOUR, 3_000_000, 2_000_000, 1_000_000), "south": (1_000_000,)}.items():
        kept = lake.tenant(tenant)
        kept.commit(kept.stage(batches(tenant, *ages)), {})
        kept.close()
    return lake


def batches(tenant: str, *ages: int) -> list[pa.RecordBatch]:
    builder = BatchBuilder(Origin(tenant, b"segment", NOW, "syslog"))
    for number, age in enumerate(ages):
        builder.add(Record(number, LINUX, {"what": "wrong", "host": "pc1"}, NOW - age, host="pc1"))
    return list(builder.finish())


def found(rules: RuleSet, lake: Lake, spool: Path, tenants: tuple[str, ...], since: int | None = None) -> list[Alert]:
    settings = Settings("", NOW, Level.INFORMATIONAL, since=since, needs=tuple(rules.correlations.needs.items()))
    replay = Replay(rules, lake, spool)
    alerts = list(replay.run(tenants, settings))
    assert replay.summary.alerts.total() == len(alerts)
    assert sorted(path.name for path in spool.glob("*.tmp")) == []
    return alerts


def told(alerts: list[Alert]) -> list[tuple[str, str, int]]:
    return sorted((one.tenant, one.rule_title, one.count) for one in alerts)


def test_what_is_kept_goes_through_all_rules(rules: RuleSet, lake: Lake, tmp_path: Path) -> None:
    assert told(found(rules, lake, tmp_path, ("north", "south"))) == [
        ("north", "A wrong password", 1),
        ("north", "A wrong password", 1),
        ("north", "A wrong password", 1),
        ("north", "A wrong password", 1),
        ("north", "Many wrong passwords", 3),
        ("south", "A wrong password", 1),
    ]


def test_only_the_tenants_and_the_time_that_are_asked(rules: RuleSet, lake: Lake, tmp_path: Path) -> None:
    assert told(found(rules, lake, tmp_path, ("south",))) == [("south", "A wrong password", 1)]
    recent = found(rules, lake, tmp_path, ("north",), since=NOW - HOUR)
    assert told(recent) == [("north", "A wrong password", 1)] * 3 + [("north", "Many wrong passwords", 3)]


def test_the_alerts_are_those_of_the_day_itself(rules: RuleSet, lake: Lake, tmp_path: Path) -> None:
    """The ids depend on the events alone, so a replay names an alert as the live watch does."""
    once, again = (found(rules, lake, tmp_path, ("north",)) for _ in range(2))
    assert [replace(one) for one in once] == again
    assert len({one.id for one in once}) == len(once)


def tuned(rules: RuleSet, number: int, slug: str, detection: dict[str, object], days: int = 1) -> None:
    """Withhold, in the north, what one of the rules says."""
    tuning = Tuning(
        slug, "north", f"00000000-0000-0000-0000-{number:012}", {"s": detection, "condition": "s"},
        owner="Ida", reason="known", created_at=NOW - HOUR, expires_at=NOW + days * 24 * HOUR,
    )  # fmt: skip
    rules.tunings = applying.compiled([tuning], rules.rules, {})


def test_tunings_withhold_what_they_withhold_live(rules: RuleSet, lake: Lake, tmp_path: Path) -> None:
    tuned(rules, 1, "pc", {"host": "pc1"})
    assert told(found(rules, lake, tmp_path, ("north", "south"))) == [("south", "A wrong password", 1)]
    tuned(rules, 2, "many", {"host": "pc1"})
    replay = Replay(rules, lake, tmp_path)
    settings = Settings("", NOW, Level.INFORMATIONAL, needs=tuple(rules.correlations.needs.items()))
    assert told(list(replay.run(("north",), settings))) == [("north", "A wrong password", 1)] * 4
    assert dict(replay.summary.withheld) == {("00000000-0000-0000-0000-000000000002", "many"): 1}
    tuned(rules, 1, "pc", {"host": "pc1"}, days=-1)
    assert len(found(rules, lake, tmp_path, ("north",))) == 5, "it had expired when the events arrived"
    tuned(rules, 1, "pc", {"host": "pc2"})
    assert len(found(rules, lake, tmp_path, ("north",))) == 5, "it is about another host"
