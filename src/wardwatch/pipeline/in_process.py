"""The simplest engine: every task in this process, one after the other."""

import gc
from collections.abc import Iterable, Iterator

from wardwatch.detection.memory import Memory
from wardwatch.pipeline.ruleset import RuleSet
from wardwatch.pipeline.tasks import Settings, Task, TaskResult
from wardwatch.pipeline.work import Worker


class InProcess:
    """Runs every task here, one after the other."""

    def __init__(self, rules: RuleSet, settings: Settings) -> None:
        self._worker = Worker(rules.rules, Memory(rules.store.databases), settings)

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Run `tasks` in their order."""
        with _no_cycles():
            for task in tasks:
                yield from self._worker.run(task)

    def close(self) -> None:
        """Nothing is left running."""


class _no_cycles:  # noqa: N801  (used like a function)
    """Pause the garbage collector: reading makes millions of objects and no cycles, and looking for some is dear."""

    def __enter__(self) -> None:
        self._was = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._was:
            gc.enable()
