"""The log of alerts: what was appended is there, each alert once, whatever a crash left."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from tests.faults.faulty_disk import Fault, FaultyDisk, QuickDisk

from wardwatch.events import alert_lines
from wardwatch.events.alert import Alert
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import alert_log
from wardwatch.pipeline.alert_log import AlertLog, Mark, final, read


def one(number: int, *, kind: str = "event", revision: int = 0, count: int = 1, supersedes: str | None = None) -> Alert:
    return Alert(
        id=f"{number:032x}",
        tenant="north",
        kind=kind,
        rule_id="r",
        rule_title="Rule",
        level=Level.HIGH,
        occurred_at=1_795_521_600_000_000 + number,
        last_at=1_795_521_600_000_000 + number + count,
        revision=revision,
        supersedes=supersedes,
        tags=("attack.t1490",),
        event_ids=("00" * 16,),
        count=count,
        group={"Computer": "PC1", "none": None},
        fields={"n": [1, None, "é"], "text": "x\ny"},
    )


def burst(number: int = 1, **more: int) -> Alert:
    return one(number, kind="correlation", **more)


def log(folder: Path, **more: object) -> AlertLog:
    return AlertLog(folder, "north", QuickDisk(), **more)  # type: ignore[arg-type]


def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    here = log(tmp_path)
    assert here.append([one(1), one(2)]) == [one(1), one(2)]
    assert here.append([]) == []
    assert here.append([burst(3)]) == [burst(3)]
    here.close()
    assert list(read(tmp_path, "north")) == [one(1), one(2), burst(3)]
    assert list(read(tmp_path, "south")) == []
    assert [path.name for path in (tmp_path / "north").iterdir()] == ["00000001.jsonl"]


def test_an_alert_that_is_there_does_not_come_twice(tmp_path: Path) -> None:
    log(tmp_path).append([one(1), burst(2, count=3)])
    again = log(tmp_path)
    assert again.append([one(1), one(1), burst(2, count=3), one(4), one(4)]) == [one(4)]
    assert again.append([replace(one(1), rule_title="Renamed")]) == [], "the alert of an event does not grow"
    assert len(list(read(tmp_path, "north"))) == 3


def test_an_episode_that_is_told_otherwise_after_a_crash_gets_the_highest_revision(tmp_path: Path) -> None:
    before = log(tmp_path)
    before.append([burst(count=3), burst(revision=1, count=4), burst(revision=2, count=9)])
    after = log(tmp_path)
    assert after.append([burst(count=5)]) == [burst(revision=3, count=5)]
    assert after.append([burst(revision=1, count=9)]) == [burst(revision=4, count=9)]
    assert final(read(tmp_path, "north")) == {burst().id: burst(revision=4, count=9)}
    mark, ahead = after.mark()
    assert ahead == {burst().id: 4}
    # A checkpoint later the episode grows on: its correlation counts 2, the log knows better.
    later = log(tmp_path, mark=mark, ahead=ahead)
    assert later.append([burst(revision=2, count=10)]) == [burst(revision=5, count=10)]


def test_only_what_came_after_the_checkpoint_is_remembered(tmp_path: Path) -> None:
    here = log(tmp_path)
    here.append([one(1)])
    mark, _ = here.mark()
    assert mark == Mark("00000001.jsonl", (tmp_path / "north" / "00000001.jsonl").stat().st_size)
    here.settle()
    assert here.append([one(1)]) == [one(1)]
    assert log(tmp_path, mark=mark).append([one(1)]) == []
    assert log(tmp_path / "none").mark() == (Mark(), {})


@pytest.mark.parametrize("torn", [b"", b"{", alert_lines.line(one(2)).encode(), b"\0" * 70_000])
def test_a_torn_tail_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    log(tmp_path).append([one(1)])
    path = tmp_path / "north" / "00000001.jsonl"
    path.write_bytes(path.read_bytes() + torn)
    assert list(read(tmp_path, "north")) == [one(1)]
    after = log(tmp_path)
    assert after.append([one(2)]) == [one(2)]
    assert list(read(tmp_path, "north")) == [one(1), one(2)]
    assert path.read_bytes().count(b"\n") == 2


def test_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    log(tmp_path).append([one(1)])
    path = tmp_path / "north" / "00000001.jsonl"
    path.write_bytes(b"\xff\n[]\nnull\n" + b"[" * 200_000 + b"\n" + path.read_bytes())
    assert list(read(tmp_path, "north")) == [one(1)]


def test_a_new_file_is_begun_when_one_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_log, "_LARGE", 1_500)
    here = log(tmp_path)
    for number in range(8):
        here.append([one(number)])
    names = sorted(path.name for path in (tmp_path / "north").iterdir())
    assert names == [f"{number:08}.jsonl" for number in range(1, len(names) + 1)]
    assert len(names) > 2
    mark, _ = here.mark()
    assert mark.file == names[-1]
    assert list(read(tmp_path, "north")) == [one(number) for number in range(8)]
    after = log(tmp_path, mark=Mark(names[1], 0))
    assert after.append([one(0), one(7)]) == [one(0)], "files before the mark are not looked at"


@pytest.mark.parametrize("how", ["before", "half", "after"])
def test_a_write_that_fails_counts_for_nothing(tmp_path: Path, how: str) -> None:
    measured = FaultyDisk(tmp_path / "measured")
    AlertLog(measured.root, "north", measured).append([one(1), one(2)])
    for at in range(measured.count):
        disk = FaultyDisk(tmp_path / f"{at}", Fault(at, how, number=errno.ENOSPC))
        here = AlertLog(disk.root, "north", disk)
        with pytest.raises(OSError, match="fault"):
            here.append([one(1), one(2)])
        assert here.append([one(1), one(2)]) == [one(1), one(2)]
        assert here.append([one(3)]) == [one(3)]
        assert list(read(disk.root, "north")) == [one(1), one(2), one(3)], "each line once"


def test_the_last_word_of_each_alert() -> None:
    moved = burst(5, supersedes=burst(1).id)
    withdrawn = burst(6, revision=1, supersedes=burst(6).id)
    assert final([burst(1), burst(1, revision=1, count=4), moved, burst(6), withdrawn, one(9)]) == {
        moved.id: moved,
        one(9).id: one(9),
    }
    assert final([burst(1, revision=3), burst(1, revision=1)]) == {burst(1).id: burst(1, revision=3)}
