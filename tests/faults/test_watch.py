"""The running watch under faults: at every boundary, and a power cut behind every operation.

Every acknowledged event is in the lake exactly once, every expected alert is in the log exactly once.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.faults.faulty_disk import ALL, GONE, TORN, ZEROS, Fault, FaultyDisk, QuickDisk, marks, power_cut
from tests.pipeline.living import BAD, BURST, HOMES, NOON, Home, batch, event, rules, visible, work

from wardwatch.correlation.correlator import Correlator
from wardwatch.events.alert import Alert
from wardwatch.kernel.errors import InputError, NotTakenError
from wardwatch.pipeline import alert_log
from wardwatch.pipeline.detecting import Detector
from wardwatch.pipeline.live import LaneWatch

ROUNDS = 3
RULES = rules()
AT = (50, 51, 60, 10, 11, 40, 5, 52, 6, 61, 12, 30)  # seconds: out of order, so that alerts supersede each other


def body(number: int) -> bytes:
    return event(f"{'fine' if number % 4 == 3 else 'bad'} {number}", AT[number])


def play(folder: Path, disk: FaultyDisk) -> None:
    """Receive, work and commit, and go on after errors as the process does."""
    with closing(Home(folder, disk, RULES)) as home:
        watch: LaneWatch | None = None
        for number in range(ROUNDS):
            for part in range(3):
                sent = number * 3 + part
                with suppress(NotTakenError):
                    home.put(body(sent))
                    disk.mark(sent)
            with suppress(OSError):
                watch = watch or home.watch()
                watch.write()
                home.steps(watch)
            with suppress(OSError):
                if watch is not None and number:
                    watch.write()
                    watch.commit()


def judge(folder: Path, record: list[tuple[Any, ...]]) -> None:
    """Start again in `folder`: what was acknowledged is there once, alerts are those of the events, and it goes on."""
    with closing(Home(folder, QuickDisk(), RULES)) as home:
        watch = home.watch()
        home.steps(watch)
        watch.commit()
        found = Counter(int(one.split()[1]) for one in home.commands())
        assert set(found.values()) <= {1}, "an event twice"
        assert set(marks(record)) <= set(found), "acknowledged and lost"
        said = list(home.alerts().values())
        assert shape(said) == shape(expected(tuple(sorted(found)))), "other alerts"
        home.put(event("afterwards", 3_600))
        home.steps(watch)
        watch.commit()
        assert "afterwards" in home.commands()


@cache
def expected(numbers: tuple[int, ...]) -> list[Alert]:
    found = Detector(RULES, visible).run(work(batch(*map(body, numbers))))
    alerts = [*found.alerts, *Correlator(RULES.correlations).feed(found.sightings, NOON)]
    return list(alert_log.final(alerts).values())


def shape(alerts: list[Alert]) -> list[tuple[object, ...]]:
    return sorted((one.rule_id, one.occurred_at, one.last_at, one.count) for one in alerts)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    HOMES.clear()


def boundaries(tmp_path: Path) -> int:
    disk = FaultyDisk(tmp_path / "measured")
    play(disk.root, disk)
    assert sorted(marks(disk.ops)) == list(range(3 * ROUNDS))
    judge(disk.root, disk.ops)
    assert [one.rule_id for one in expected(tuple(range(3 * ROUNDS)))].count(BAD) == 7
    return disk.count


@pytest.mark.slow
@pytest.mark.parametrize("how", ["before", "half", "after"])
def test_a_fault_at_every_boundary(tmp_path: Path, how: str) -> None:
    count = boundaries(tmp_path)
    assert count > 80
    for at in range(count):
        disk = FaultyDisk(tmp_path / f"{at}", Fault(at, how))
        play(disk.root, disk)
        assert len(marks(disk.ops)) >= 3 * ROUNDS - 1, "one fault costs one append"
        judge(disk.root, disk.ops)


@pytest.mark.slow
def test_a_disk_that_fails_from_some_moment_on(tmp_path: Path) -> None:
    for at in range(0, boundaries(tmp_path), 5):
        disk = FaultyDisk(tmp_path / f"{at}", Fault(at, "half", forever=True, number=28))
        play(disk.root, disk)
        judge(disk.root, disk.ops)


@pytest.mark.slow
@pytest.mark.parametrize("what", [GONE, TORN, ZEROS, ALL])
def test_a_power_cut_behind_every_operation(tmp_path: Path, what: str) -> None:
    disk = FaultyDisk(tmp_path / "lived")
    play(disk.root, disk)
    for length in range(len(disk.ops) + 1):
        folder = tmp_path / f"{length}"
        power_cut(disk.ops[:length], disk.root, folder, what)
        judge(folder, disk.ops[:length])


def leave_out(*kinds: str) -> Callable[[list[tuple[Any, ...]]], list[tuple[Any, ...]]]:
    return lambda ops: [op for op in ops if op[0] not in kinds]


def test_the_judge_can_fail(tmp_path: Path) -> None:
    """A disk that only says that it synced loses what was acknowledged."""
    disk = FaultyDisk(tmp_path / "lived")
    play(disk.root, disk)
    lied = leave_out("sync")(disk.ops)
    power_cut(lied, disk.root, tmp_path / "left")
    with pytest.raises((InputError, AssertionError)):
        judge(tmp_path / "left", lied)
    assert BURST in {one.rule_id for one in expected(tuple(range(3 * ROUNDS)))}
