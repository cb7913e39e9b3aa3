import os
import signal
import subprocess
import sys
import threading
import time

from wardwatch.runtime.stopping import Stopping

# Signals storm the main thread while it waits over and over: an event with a lock hangs here sooner or later.
STORM = """
import os, signal, threading
from wardwatch.runtime.stopping import Stopping
stop = Stopping()
hits = 0
def handler(*_):
    global hits
    hits += 1
    stop.set()
signal.signal(signal.SIGUSR1, handler)
def storm():
    for _ in range(3000):
        os.kill(os.getpid(), signal.SIGUSR1)
thread = threading.Thread(target=storm)
thread.start()
while thread.is_alive():
    stop.wait(0.0001)
thread.join()
print(stop.is_set(), hits > 0)
"""


def test_signals_never_hang_who_waits() -> None:
    found = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.split() == ["True", "True"]


def test_it_waits_until_it_is_set() -> None:
    stop = Stopping()
    assert stop.wait(0.01) is False
    threading.Timer(0.05, stop.set).start()
    began = time.monotonic()
    assert stop.wait(30) is True
    assert time.monotonic() - began < 20
    assert stop.wait(30) is True


def test_a_signal_sets_it() -> None:
    stop = Stopping()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        stop.on_signals()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(10) is True
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
