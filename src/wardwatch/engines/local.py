"""Engines on this machine: in this process (`InProcess`, of which the pipeline tests rules), or one for each core."""

import gc
import multiprocessing
import pickle
import signal
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from wardwatch.detection.memory import Memory
from wardwatch.kernel.errors import WardwatchError
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.in_process import InProcess
from wardwatch.pipeline.ruleset import RulePaths
from wardwatch.pipeline.tasks import Settings, Task, TaskResult
from wardwatch.pipeline.work import Worker

__all__ = ["InProcess", "Pool"]

_AHEAD = 2  # tasks waiting for each process, so that none idles


class Pool:
    """Runs tasks in `processes` processes. Each loads the compiled rules from the cache."""

    def __init__(self, paths: RulePaths, settings: Settings, processes: int) -> None:
        self._processes = processes
        self._spool = tempfile.TemporaryDirectory(prefix="wardwatch-")
        self._pool = ProcessPoolExecutor(
            processes,
            mp_context=multiprocessing.get_context("spawn"),  # threads of Arrow do not survive a fork
            initializer=_start,
            initargs=(paths, settings),
        )

    def run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Run `tasks` as processes become free; raises `WardwatchError` if one of them was killed."""
        try:
            yield from self._run(tasks)
        except BrokenProcessPool:
            raise WardwatchError(
                "a process of the scan was killed; what was found before is kept",
                where="wardwatch scan",
                hint="if memory ran out, scan again with --jobs 1",
            ) from None

    def _run(self, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        running: set[Future[_Parts]] = set()
        for task in tasks:
            running.add(self._pool.submit(_run, task, self._spool.name))
            if len(running) >= self._processes * _AHEAD:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (part for one in done for part in _parts(one.result()))
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (part for one in done for part in _parts(one.result()))

    def close(self) -> None:
        """Give up what is running."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
            process.join()
        self._spool.cleanup()


_worker: list[Worker] = []  # the one of this process


def _start(paths: RulePaths, settings: Settings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which keeps what is done
    loaded = ruleset.load(paths)
    _worker[:] = [Worker(loaded.rules, Memory(loaded.store.databases), settings)]
    gc.collect()
    gc.freeze()
    gc.disable()


# The parts of a result: those before the last lie in files, so that neither side holds all of them.
_Parts = tuple[list[Path], TaskResult]


def _run(task: Task, spool: str) -> _Parts:
    earlier: list[Path] = []
    for part in _worker[0].run(task):
        if part.final:
            return earlier, part
        with tempfile.NamedTemporaryFile(dir=spool, delete=False) as file:
            pickle.dump(part, file)
        earlier.append(Path(file.name))
    raise AssertionError("a worker ends with a final part")


def _parts(result: _Parts) -> Iterator[TaskResult]:
    """Yield the parts of a result; the files are our own, in a folder that is ours alone."""
    earlier, last = result
    for path in earlier:
        with path.open("rb") as file:
            yield pickle.load(file)  # noqa: S301
        path.unlink()
    yield last
