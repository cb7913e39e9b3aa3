"""The lake under faults: at every boundary, and a power cut behind every operation.

What was committed is in the lake exactly once, and nothing else is; the note says how far it goes, so that the work
goes on from there.
"""

from contextlib import closing
from pathlib import Path

import pytest
from tests.faults.faulty_disk import ALL, GONE, TORN, ZEROS, Fault, FaultyDisk, QuickDisk, marks, power_cut
from tests.pipeline.lake.events import DAY, T0, numbers, some

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.lake.retention import Retention

SIZE = 3  # events of a commit
COMMITS = 4
POLICY = Retention(days=5)
OLD = -10  # days: expires
EVENTS = list(range(SIZE, SIZE * COMMITS))  # what is there at the end


def work(folder: Path, disk: Disk) -> None:
    """Commit what the note says is not yet in the lake, merge files, and remove what is too old."""
    with closing(Lake(folder, disk).tenant("nord")) as lake:
        note = lake.note()
        for number in range(0 if note is None else note["next"], COMMITS):
            staged = lake.stage(some(SIZE, first=number * SIZE, day=0 if number else OLD))
            lake.commit(staged, {"next": number + 1})
            if isinstance(disk, FaultyDisk):
                disk.mark(number)
        lake.compact("2026-11-23", final=True)
        lake.expire(POLICY, T0 + DAY)


def judge(folder: Path, record: list[tuple]) -> None:
    """The lake holds what its note says, which is at least what was acknowledged; and the work goes on."""
    with closing(Lake(folder, QuickDisk()).tenant("nord")) as lake:
        note = lake.note()
        done = 0 if note is None else note["next"]
        assert done >= len(marks(record)), "acknowledged and lost"
        found = sorted(numbers(list(lake.read())))
        assert found in (all_of := list(range(done * SIZE)), all_of[SIZE:]), "lost, or twice"
        assert lake.damaged() == ()
    work(folder, QuickDisk())
    with closing(Lake(folder, QuickDisk()).tenant("nord")) as lake:
        assert sorted(numbers(list(lake.read()))) == EVENTS
        placed = sorted(str(path.relative_to(lake.folder)) for path in lake.folder.glob("day=*/source=*/*"))
        assert placed == sorted(lake.state().files), "others would read what does not count"
        assert lake.damaged() == ()
        assert list(lake.folder.rglob("*.staged")) == []


def begin_anew(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    monkeypatch.setattr("wardwatch.pipeline.lake.manifest.WHOLE_EVERY", entries)


@pytest.mark.parametrize(("how", "whole_every"), [("before", 64), ("half", 2), ("after", 64)])
def test_a_fault_at_every_boundary(tmp_path: Path, how: str, whole_every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_anew(monkeypatch, whole_every)
    measured = FaultyDisk(tmp_path / "measured")
    work(measured.root, measured)
    assert measured.count > 80
    for at in range(measured.count):
        disk = FaultyDisk(tmp_path / f"{at}", Fault(at, how))
        try:
            work(disk.root, disk)
        except OSError:
            pass
        else:  # only of what tidies up
            assert sorted(marks(disk.ops)) == list(range(COMMITS))
        judge(disk.root, disk.ops)


@pytest.mark.parametrize(("what", "whole_every"), [(GONE, 64), (GONE, 2), (TORN, 2), (ZEROS, 64), (ALL, 2)])
def test_a_power_cut_behind_every_operation(
    tmp_path: Path, what: str, whole_every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_anew(monkeypatch, whole_every)
    disk = FaultyDisk(tmp_path / "lived")
    work(disk.root, disk)
    for length in range(len(disk.ops) + 1):
        folder = tmp_path / f"{length}"
        power_cut(disk.ops[:length], disk.root, folder, what)
        judge(folder, disk.ops[:length])


def test_the_judge_can_fail(tmp_path: Path) -> None:
    """A disk that only says that it synced loses what was acknowledged."""
    disk = FaultyDisk(tmp_path / "lived")
    work(disk.root, disk)
    lied = [op for op in disk.ops if op[0] != "sync"]
    power_cut(lied, disk.root, tmp_path / "left")
    with pytest.raises((InputError, AssertionError)):
        judge(tmp_path / "left", lied)
