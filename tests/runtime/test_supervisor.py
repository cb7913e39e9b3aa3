"""Children are started, started again after pauses that double, and stopped; real processes, a clock of our own."""

import os
import signal
import time
from pathlib import Path

import pytest

from wardwatch.runtime import supervisor
from wardwatch.runtime.supervisor import FIRST_PAUSE, GOOD, LONGEST_PAUSE, Supervisor


class Watch:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def said() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def roof(tmp_path: Path, said: list[tuple[str, str]]) -> Supervisor:
    """Two children: one that ends at once, one that serves until told to stop."""
    package = tmp_path / "wardwatch"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import os, signal, sys, time\n"
        "verb = sys.argv[1]\n"
        "if verb == 'deaf': signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(os.path.join(os.environ['PLACE'], verb), 'a').write('x')\n"
        "sys.exit(7) if verb == 'fails' else time.sleep(120)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PLACE": str(tmp_path)}
    return Supervisor(
        lambda who, what: said.append((who, what)), verbs=(("fails",), ("serves",)), environ=environ, now=Watch()
    )


def ended(roof: Supervisor, number: int = 0) -> None:
    process = roof.children[number].process
    assert process is not None
    process.wait(30)


def begun(place: Path) -> None:
    until = time.monotonic() + 30
    while not place.exists() or not place.stat().st_size:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`python -m wardwatch` finds the package in the working folder first."""
    monkeypatch.chdir(tmp_path)


def test_who_ends_is_started_again_after_pauses_that_double(
    roof: Supervisor, said: list[tuple[str, str]], tmp_path: Path
) -> None:
    watch: Watch = roof.now  # type: ignore[assignment]
    roof.start()
    try:
        begun(tmp_path / "serves")
        served = roof.children[1].process
        pauses = []
        for _ in range(9):
            ended(roof)
            roof.look()
            assert roof.children[0].process is None
            pauses.append(roof.children[0].again_at - watch.at)
            watch.at += pauses[-1] - 0.01
            roof.look()
            assert roof.children[0].process is None, "not before its pause is over"
            watch.at += 0.02
            roof.look()
        assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60])
        assert (FIRST_PAUSE, LONGEST_PAUSE) == (1, 60)
        assert roof.children[1].process is served, "the other is left alone"
        assert said[0] == ("fails", "ended with 7, starts again in 1 s")
        assert len((tmp_path / "fails").read_text()) >= 9
    finally:
        roof.stop()


def test_good_minutes_make_failures_forgotten(roof: Supervisor) -> None:
    watch: Watch = roof.now  # type: ignore[assignment]
    roof.start()
    try:
        for stayed, pause in ((0.0, 1), (GOOD - 1, 2), (GOOD, 1), (0.0, 2)):
            ended(roof)
            watch.at += stayed
            roof.look()
            assert roof.children[0].again_at - watch.at == pytest.approx(pause)
            watch.at += pause
            roof.look()
    finally:
        roof.stop()


def test_stopping_stops_all_and_starts_none(roof: Supervisor, tmp_path: Path) -> None:
    try:
        roof.start()
        begun(tmp_path / "serves")
        ended(roof)
    finally:
        stopped = roof.stop()
    assert stopped is True
    roof.look()
    roof.now.at += 1000  # type: ignore[attr-defined]
    roof.look()
    assert roof.children[0].process is None
    assert roof.children[1].process is None
    assert (tmp_path / "serves").read_text() == "x"


def test_who_does_not_stop_is_ended(
    roof: Supervisor, said: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE", 0.2)
    roof.verbs = (("deaf",),)
    try:
        roof.start()
        begun(tmp_path / "deaf")
        process = roof.children[0].process
    finally:
        stopped = roof.stop()
    assert stopped is False
    assert process is not None
    assert process.returncode == -signal.SIGKILL
    assert said[-1][0] == "deaf"
