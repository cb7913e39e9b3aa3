"""One suite for every way in which the pipeline runs: the same frames give the same events and the same final alerts.

The samples of every source and of the hospital's morning go, split at random, through the engine in one process and
through the pool; the logs of the morning also through a scan.
"""

import importlib
import io
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from tests.pipeline.living import NOON, SAMPLES, rows

from wardwatch import sources
from wardwatch.correlation.correlator import Correlator, Limits
from wardwatch.engines.live import InProcess, Pool, hiding
from wardwatch.engines.local import InProcess as ScanInProcess
from wardwatch.events import batch as layout
from wardwatch.events.alert import Alert
from wardwatch.events.record import Reject
from wardwatch.frames.frame import Unnumbered, frames
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import alert_log, ruleset
from wardwatch.pipeline.assembling import Carry
from wardwatch.pipeline.live import LiveEngine
from wardwatch.pipeline.live_reading import Work
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.pipeline.scan import Scan
from wardwatch.pipeline.tasks import Settings

ZONE = ZoneInfo("UTC")
WHOLE = {"evtx"}  # binary files, which nobody sends over a network


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> RulePaths:
    return RulePaths((ruleset.shipped_rules(),), (), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def rules(paths: RulePaths) -> RuleSet:
    return ruleset.load(paths)


@pytest.fixture(scope="module", params=["in process", "pool"])
def engine(request: pytest.FixtureRequest, paths: RulePaths, rules: RuleSet) -> Iterator[LiveEngine]:
    keys = Path(str(paths.cache)) / "keys"
    made: LiveEngine = (
        InProcess(rules, hiding(keys), ZONE) if request.param == "in process" else Pool(paths, keys, ZONE, 2)
    )
    yield made
    made.close()


def of_sources() -> list[Unnumbered]:
    """The sample of every source, each from a sensor of its own, and all of them from one that nobody described."""
    found = []
    for name, source in sorted(sources.every().items()):
        if name in WHOLE:
            continue
        given = importlib.import_module(f"wardwatch.sources.{name}").SAMPLE
        for number, sample in enumerate(given if isinstance(given, tuple) else (given,)):
            cut = source.split(io.BytesIO(sample.log))
            bodies = [one[1] for one in cut if not isinstance(one, Reject)]
            found.append(Unnumbered(f"{name}-{number}", name, NOON, bodies))
            found.append(Unnumbered(f"unlabelled-{name}-{number}", None, NOON, bodies))
    return found


def of_morning() -> list[Unnumbered]:
    return [Unnumbered(path.name, None, NOON, path.read_bytes().splitlines()) for path in sorted(SAMPLES.iterdir())]


class Seen:
    """What came of it: events by id, final alerts, and what was rejected."""

    def __init__(self) -> None:
        self.batches: list[pa.RecordBatch] = []
        self.alerts: list[Alert] = []
        self.rejects: Counter[tuple[str, str, str]] = Counter()

    @property
    def events(self) -> dict[bytes, dict[str, Any]]:
        return rows(self.batches)

    @property
    def logsources(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for batch in self.batches:
            found[str(layout.logsource(batch.schema))] += batch.num_rows
        return found

    @property
    def final(self) -> dict[str, Alert]:
        return {key: replace(alert, revision=0, supersedes=None) for key, alert in alert_log.final(self.alerts).items()}


def run(engine: LiveEngine, rules: RuleSet, arrived: list[Unnumbered], dice: random.Random | None) -> Seen:
    """Run frames of two tenants, each in steps that are cut by the dice."""
    seen = Seen()
    correlators = {
        tenant: Correlator(rules.correlations, limits=Limits(lateness=None)) for tenant in ("north", "south")
    }
    carries = {tenant: Carry() for tenant in correlators}
    left = {tenant: frames(tenant, arrived, 0) for tenant in correlators}
    while any(one.num_rows for one in left.values()) or any(carry.open for carry in carries.values()):
        works = []
        for tenant, whole in left.items():
            size = whole.num_rows if dice is None else dice.choice((1, 5, 40, 200))
            due = None if whole.num_rows else 1 << 60
            works.append(Work(tenant, "segment", whole.slice(0, size), carries[tenant], due))
            left[tenant] = whole.slice(size)
        for work, found in zip(works, engine.run(works), strict=True):
            assert not isinstance(found, Exception), found
            carries[work.tenant] = found.outcome.carry
            seen.batches += found.events
            seen.rejects += found.outcome.rejects
            seen.alerts += [*found.alerts, *correlators[work.tenant].feed(found.sightings, NOON)]
    return seen


@pytest.fixture(scope="module")
def expected(paths: RulePaths, rules: RuleSet) -> dict[str, Seen]:
    """What comes of all frames at once, in this process."""
    here = InProcess(rules, hiding(Path(str(paths.cache)) / "keys"), ZONE)
    return {"sources": run(here, rules, of_sources(), None), "morning": run(here, rules, of_morning(), None)}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("what", ["sources", "morning"])
def test_frames_however_split(
    engine: LiveEngine, rules: RuleSet, expected: dict[str, Seen], what: str, seed: int
) -> None:
    arrived = of_sources() if what == "sources" else of_morning()
    found = run(engine, rules, arrived, random.Random(seed))
    assert found.events == expected[what].events
    assert found.logsources == expected[what].logsources
    assert found.final == expected[what].final
    assert found.rejects == expected[what].rejects
    assert len(found.final) > 50
    assert len(found.events) > 200


def test_every_source_gives_events(expected: dict[str, Seen]) -> None:
    assert {row["source"] for row in expected["sources"].events.values()} == set(sources.every()) - WHOLE


def told(alerts: list[Alert]) -> Counter[tuple[object, ...]]:
    """What alerts say but for where they were read: of that, ids and numbers follow."""
    return Counter(
        (
            *(one.rule_id, one.level, one.occurred_at, one.last_at, one.host, one.user, one.source, one.count),
            *(one.time_quality, tuple(sorted(one.group.items())), repr(sorted(one.fields.items()))),
        )
        for one in alerts
    )


def test_a_scan_of_the_same_logs(rules: RuleSet, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    live = InProcess(rules, lambda _: lambda batch: batch, ZONE)
    found = run(live, rules, of_morning(), random.Random(9))
    north = [alert for alert in found.final.values() if alert.tenant == "north"]
    spool = tmp_path_factory.mktemp("spool")
    settings = Settings(
        tenant="north",
        received_at=NOON,
        zone=ZONE,
        level=Level.INFORMATIONAL,
        needs=tuple(rules.correlations.needs.items()),
        silenced=rules.correlations.silenced,
    )
    scan = Scan(ScanInProcess(rules, settings), rules.correlations, spool)
    for path in SAMPLES.iterdir():  # a web server's log says by its name which server it is; frames have no such name
        (tmp_path / path.name.replace("apache-", "")).write_bytes(path.read_bytes())
    alerts = list(scan.run([str(tmp_path)], settings))
    assert told(north) == told(alerts)
    assert len(alerts) == 145
    by_logsource = Counter({str(one): 2 * count for one, count in scan.summary.events.items()})  # two tenants
    assert found.logsources == by_logsource
    assert {row["host"] for row in found.events.values() if "host" in row} == set(scan.summary.hosts)
