"""Run the processes of Wardwatch under one roof: listeners, pipeline, console, clock.

Each is a child of its own, `wardwatch <verb>`: what fails in one does not touch the others. A child that ends unasked
is started again, after a pause that doubles up to a minute and is forgotten after ten good minutes.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

VERBS = ("ingest", "pipeline", "clock", "console")
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
GOOD = 600.0  # seconds after which a child's past failures are forgotten
PATIENCE = 30.0  # seconds that children have to stop before they are killed

Say = Callable[[str, str], None]  # which process, what of it


@dataclass(slots=True)
class Child:
    """A process and its past."""

    line: tuple[str, ...]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    again_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Keeps children running until told to stop. `now` in seconds that only grow."""

    say: Say
    verbs: Sequence[Sequence[str]] = tuple((verb,) for verb in VERBS)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    now: Callable[[], float] = time.monotonic
    children: list[Child] = field(default_factory=list)
    stopping: bool = False

    def start(self) -> None:
        """Start every child."""
        self.children = [Child(tuple(verb)) for verb in self.verbs]
        for child in self.children:
            self._start(child)

    def look(self) -> None:
        """Start again what has ended and whose pause is over. Call it several times a second."""
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, child.process.returncode)
            if child.process is None and not self.stopping and self.now() >= child.again_at:
                self._start(child)

    def stop(self) -> bool:
        """Ask children to stop, the listeners first, and wait; return whether all stopped by themselves."""
        self.stopping = True
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        until = self.now() + PATIENCE
        clean = True
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, until - self.now()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
                clean = False
                self.say(" ".join(child.line), f"did not stop in {PATIENCE:.0f} s and was ended")
        return clean

    def _start(self, child: Child) -> None:
        child.started = self.now()
        child.process = subprocess.Popen(  # noqa: S603  (ourselves)
            [sys.executable, "-m", "wardwatch", *child.line], env=dict(self.environ), start_new_session=True
        )

    def _ended(self, child: Child, code: int) -> None:
        if self.now() - child.started >= GOOD:
            child.pause = FIRST_PAUSE
        child.process = None
        child.again_at = self.now() + child.pause
        self.say(" ".join(child.line), f"ended with {code}, starts again in {child.pause:.0f} s")
        child.pause = min(child.pause * 2, LONGEST_PAUSE)
