"""How often does each rule speak where nobody attacks? Alerts per host and day: `python -m bench.rates PATHS…`.

Without PATHS: the sample logs that come with Wardwatch, whose attack is known, and the real recordings, which hold
an attack each and a great deal of ordinary work around it. So these rates are upper bounds.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench import figures, logs
from wardwatch.catalogue import files
from wardwatch.detection.memory import Memory
from wardwatch.events.alert import Alert
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.scan import Scan, Summary
from wardwatch.pipeline.tasks import Task, TaskResult
from wardwatch.pipeline.work import Worker

_DAY = 86_400_000_000


class _Counting:
    """Runs tasks here, and counts on how many days each host was seen."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.host_days: set[tuple[str, int]] = set()

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Run the tasks here."""
        for task in tasks:
            for result in self._worker.run(task):
                self._note(result)
                yield result

    def _note(self, result: TaskResult) -> None:
        if result.first_at is not None and result.last_at is not None:
            days = range(result.first_at // _DAY, result.last_at // _DAY + 1)
            # A host counts for a day only if the log was of that day; single logs here are hours long.
            self.host_days.update((host, day) for host in result.hosts for day in days)

    def close(self) -> None:
        """Nothing is left running."""


def rates(paths: list[str], rules: ruleset.RuleSet) -> tuple[Counter[str], int, Summary, list[Alert]]:
    """Scan `paths` and count alerts by rule; returns also the number of host-days."""
    settings = figures.settings(rules)
    with tempfile.TemporaryDirectory() as spool:
        engine = _Counting(Worker(rules.rules, Memory(rules.store.databases), settings))
        scan = Scan(engine, rules.correlations, Path(spool))
        alerts = [alert for alert in scan.run(paths, settings) if alert.rule_id not in rules.correlations.silenced]
    return Counter(alert.rule_id for alert in alerts), len(engine.host_days), scan.summary, alerts


def main() -> None:
    """Print the table."""
    paths = sys.argv[1:] or [
        str(files.shipped("samples")),
        *([str(logs.SHARED / "telemetry" / "otrf")] if logs.has_shared() else []),
    ]
    figures.quiet()
    rules = ruleset.load(figures.rule_paths(own=True))
    counts, host_days, summary, alerts = rates(paths, rules)
    by_id = rules.rules.by_id()
    size = f"{summary.total_events:,} events, {len(summary.hosts):,} hosts, {host_days:,} host-days"
    print(f"{size}, {len(alerts):,} alerts")
    for level in sorted(Level, reverse=True):
        at_level = sum(count for rule, count in counts.items() if by_id[rule].level >= level)
        print(f"{level.word:14} and above: {at_level:6,} alerts, {at_level / max(host_days, 1):8.2f} per host and day")
    for rule, count in counts.most_common():
        print(f"{count / max(host_days, 1):10.3f} {by_id[rule].level.word:14} {by_id[rule].title.en}")


if __name__ == "__main__":
    main()
