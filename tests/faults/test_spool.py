"""The spool under faults: at every boundary, and a power cut behind every operation.

Every acknowledged frame is read exactly once, no frame is torn, and the service goes on.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.faults.faulty_disk import ALL, GONE, TORN, ZEROS, Fault, FaultyDisk, QuickDisk, marks, power_cut
from tests.pipeline.spool.spooling import Clock, append, bodies, spool

from wardwatch.kernel.errors import NotTakenError
from wardwatch.pipeline.spool import Position

TENANTS = ("north", "south")
ROUNDS = 7


def play(home: Path, disk: FaultyDisk) -> Iterator[str]:
    """Append to two lanes and release what was read, over several segments; yields the errors that senders see.

    Marks in the disk's record: ("sent" | "acknowledged" | "read", tenant, bodies, position).
    """
    positions: dict[str, Position | None] = dict.fromkeys(TENANTS)
    with spool(home, disk, Clock(), segment=700) as made:
        for number in range(ROUNDS):
            for tenant in TENANTS:
                lane = made.lane(tenant)
                sent = [b"%s %d.%d" % (tenant.encode(), number, part) * 5 for part in range(3)]
                disk.mark(("sent", tenant, sent, None))
                try:
                    append(lane, *sent)
                    disk.mark(("acknowledged", tenant, sent, None))
                except NotTakenError as error:
                    yield error.what
                if number % 3 == 2:
                    for chunk in lane.read(positions[tenant]):
                        positions[tenant] = chunk.next
                        disk.mark(("read", tenant, chunk.batch["body"].to_pylist(), chunk.next))
                    with suppress(OSError):  # the reader's process would try again
                        lane.release(positions[tenant] or Position("", 0))


def gathered(record: list[tuple], kind: str, tenant: str) -> list[bytes]:
    return [body for what, whose, found, _ in marks(record) if (what, whose) == (kind, tenant) for body in found]


def judge(record: list[tuple], home: Path) -> None:
    """After what `record` tells, start again in `home`: all that was acknowledged is read once, and new frames too."""
    with spool(home, QuickDisk(), Clock(), segment=700) as made:
        for tenant in TENANTS:
            lane = made.lane(tenant)
            places = [place for what, whose, _, place in marks(record) if (what, whose) == ("read", tenant)]
            behind = places[-1] if places else None
            left = bodies(lane, behind) if (home / "keys" / "spool" / f"{tenant}.key").exists() else []
            found = gathered(record, "read", tenant) + left
            assert len(found) == len(set(found)), "read twice"
            assert set(gathered(record, "acknowledged", tenant)) <= set(found), "acknowledged and lost"
            assert set(found) <= set(gathered(record, "sent", tenant)), "torn"
            append(lane, b"afterwards")
            assert bodies(lane, behind) == [*left, b"afterwards"]


def boundaries(tmp_path: Path) -> int:
    disk = FaultyDisk(tmp_path / "measured")
    assert list(play(disk.root, disk)) == []
    judge(disk.ops, disk.root)
    return disk.count


@pytest.mark.parametrize("how", ["before", "half", "after"])
def test_a_fault_at_every_boundary(tmp_path: Path, how: str) -> None:
    count = boundaries(tmp_path)
    assert count > 60
    for at in range(count):
        disk = FaultyDisk(tmp_path / f"{at}", Fault(at, how))
        errors = list(play(disk.root, disk))
        assert len(errors) <= 1, "one fault costs one append"
        judge(disk.ops, disk.root)


def test_a_disk_that_fails_from_some_moment_on(tmp_path: Path) -> None:
    count = boundaries(tmp_path)
    for at in range(0, count, 3):
        disk = FaultyDisk(tmp_path / f"{at}", Fault(at, "half", forever=True, number=28))
        errors = list(play(disk.root, disk))
        assert len(errors) == 2 * ROUNDS - len([one for one in marks(disk.ops) if one[0] == "acknowledged"])
        assert set(errors) <= {"the disk is full"}
        judge(disk.ops, disk.root)


@pytest.mark.parametrize("what", [GONE, TORN, ZEROS, ALL])
def test_a_power_cut_behind_every_operation(tmp_path: Path, what: str) -> None:
    disk = FaultyDisk(tmp_path / "lived")
    assert list(play(disk.root, disk)) == []
    (tmp_path / "lived").rename(tmp_path / "over")
    for length in range(len(disk.ops) + 1):
        record = disk.ops[:length]
        home = tmp_path / f"{length}"
        power_cut(record, disk.root, home, what)
        judge(record, home)


def test_the_judge_can_fail(tmp_path: Path) -> None:
    """A disk that only says that it synced loses what was acknowledged."""
    disk = FaultyDisk(tmp_path / "lived")
    list(play(disk.root, disk))
    lied = [op for op in disk.ops if op[0] != "sync"]
    power_cut(lied, disk.root, tmp_path / "left")
    with pytest.raises(Exception, match=r"lost|damaged"):
        judge(lied, tmp_path / "left")


def test_a_full_disk_is_survived(tmp_path: Path) -> None:
    disk = FaultyDisk(tmp_path)
    with spool(tmp_path, disk, reserve=1_000) as made:
        lane = made.lane("north")
        append(lane, b"before")
        disk.room = 999
        with pytest.raises(NotTakenError, match="nearly full") as caught:
            append(lane, b"refused")
        assert (caught.value.retry_after, caught.value.quota) == (30, False)
        disk.room = 1_000
        append(lane, b"after")
        assert bodies(lane) == [b"before", b"after"]
        assert lane.counts.failures == 1
