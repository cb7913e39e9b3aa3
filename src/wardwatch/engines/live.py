"""Engines for the running watch: in this process, or in several, each lane's work in its order either way."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import tzinfo
from pathlib import Path

from wardwatch.kernel.errors import WardwatchError
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.detecting import Detector, Hide
from wardwatch.pipeline.live import Outcome
from wardwatch.pipeline.live_reading import Work
from wardwatch.pipeline.privacy import DAYS, Privacy
from wardwatch.pipeline.ruleset import RulePaths, RuleSet


def hiding(keys: Path, days: int = DAYS) -> Callable[[str], Hide]:
    """Return what hides the patients of a tenant with the keys in a folder, in epochs of so many days."""
    return lambda tenant: Privacy(keys, tenant, days=days).apply


def _outcome(detector: Detector, work: Work) -> Outcome:
    try:
        return detector.run(work)
    except (OSError, WardwatchError) as error:
        return error


class InProcess:
    """Runs works one after the other, here."""

    def __init__(self, rules: RuleSet, hide: Callable[[str], Hide], zone: tzinfo) -> None:
        self._detector = Detector(rules, hide, zone)

    def run(self, works: Sequence[Work]) -> list[Outcome]:
        """Run `works`; see `LiveEngine`."""
        return [_outcome(self._detector, work) for work in works]

    def close(self) -> None:
        """Nothing is left running."""


class Pool:
    """Runs works in `processes` processes, each of which loads the compiled rules from the cache."""

    def __init__(self, paths: RulePaths, keys: Path, zone: tzinfo, processes: int, days: int = DAYS) -> None:
        self._start = (paths, keys, zone, days)
        self._processes = processes
        self._pool = self._made()

    def _made(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # threads of Arrow do not survive a fork
        return ProcessPoolExecutor(self._processes, context, initializer=_begin, initargs=self._start)

    def run(self, works: Sequence[Work]) -> list[Outcome]:
        """Run `works`; see `LiveEngine`. Where a process is killed, each is tried alone."""
        try:
            return list(self._pool.map(_run, works))
        except BrokenProcessPool:
            return [self._alone(work) for work in works]

    def _alone(self, work: Work) -> Outcome:
        for _ in range(2):  # what broke the pool before is no fault of this work
            try:
                return self._pool.submit(_run, work).result()
            except BrokenProcessPool:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = self._made()
        return OSError("a process of the pool was killed over this work")

    def close(self) -> None:
        """Stop the processes."""
        self._pool.shutdown(cancel_futures=True)


_detector: list[Detector] = []  # the one of this process


def _begin(paths: RulePaths, keys: Path, zone: tzinfo, days: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    _detector[:] = [Detector(ruleset.load(paths), hiding(keys, days), zone)]


def _run(work: Work) -> Outcome:
    return _outcome(_detector[0], work)
