"""Stored events through other rules (retro-hunt): what would have been found. Live state is not touched."""

from collections.abc import Collection, Iterator
from pathlib import Path

from wardwatch.detection.match import Memory
from wardwatch.events.alert import Alert
from wardwatch.frames.inputs import Input
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.matched import Numbered
from wardwatch.pipeline.ruleset import RuleSet
from wardwatch.pipeline.scan import Summary, correlated
from wardwatch.pipeline.sorter import Sorter
from wardwatch.pipeline.tasks import Settings, Task, TaskResult
from wardwatch.pipeline.work import Worker


class Replay:
    """Runs what a lake holds through rules. `summary` is true at any time; `spool` is for what outgrows memory."""

    def __init__(self, rules: RuleSet, lake: Lake, spool: Path) -> None:
        self.summary = Summary()
        self._rules = rules
        self._lake = lake
        self._spool = spool

    def run(self, tenants: Collection[str], settings: Settings) -> Iterator[Alert]:
        """Yield the alerts of the events of `tenants` in the window that `settings` state.

        Not those that tunings withhold: these hold for what arrived (of a correlation: what was over) before they
        expire. Correlations see each tenant's events in order of time, and come at its end. Raises `InputError` for
        a tenant whose lake cannot be read.
        """
        rules = self._rules
        for tenant in sorted(tenants):
            worker = Worker(rules.rules, Memory(rules.store.databases), settings, rules.tunings)
            task = Task(Input(f"lake of {tenant}", b"", tenant, 0), "lake")
            self.summary.files += 1
            kept = self._lake.tenant(tenant)
            with Sorter(self._spool) as sorter:
                for batch in kept.read(settings.since, settings.until):
                    result = TaskResult(task)
                    worker.take(Numbered(batch), result)
                    self.summary.add(result)
                    sorter.add(result.sightings)
                    yield from result.alerts
                yield from correlated(rules.correlations, sorter, settings, self.summary, rules.tunings)
            kept.close()
