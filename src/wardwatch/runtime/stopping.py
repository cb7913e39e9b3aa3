"""An event that a signal's handler may set.

`threading.Event.set` takes a lock. Where the handler interrupts the main thread just as that holds the lock, in `wait`
or in an earlier `set`, the process hangs for good. Here the handler writes one byte to a pipe, and takes no lock.
"""

import contextlib
import os
import select
import signal
from typing import Protocol

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop(Protocol):
    """What a service that runs until it is told to stop looks at; `threading.Event` is one, too."""

    def set(self) -> None:
        """Tell it to stop."""
        ...

    def is_set(self) -> bool:
        """Whether it was told."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is told, or for `timeout` seconds; return whether it was."""
        ...


class Stopping:
    """What `threading.Event` offers, as far as loops need it; set once, for good."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._set = False

    def set(self) -> None:
        """Tell all who wait. Safe in a signal's handler, and more than once."""
        self._set = True
        with contextlib.suppress(BlockingIOError):  # full: everybody who waits has woken
            os.write(self._writer, b".")

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or for `timeout` seconds; return whether it is."""
        if not self._set:
            select.select([self._reader], [], [], timeout)
        return self._set

    def on_signals(self) -> None:
        """Be set by the signals that ask a process to stop."""
        for number in _SIGNALS:
            signal.signal(number, lambda *_: self.set())
