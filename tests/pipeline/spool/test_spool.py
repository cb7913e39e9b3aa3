"""The spool: what comes back, in which order, in which process, and what is refused."""

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
from tests.pipeline.spool.spooling import NOON, Clock, append, arrived, bodies, segments, spool

from wardwatch.frames.frame import SCHEMA, Unnumbered
from wardwatch.kernel.disk import Disk, DiskFile
from wardwatch.kernel.errors import InputError, NotTakenError
from wardwatch.pipeline.spool import Backlog, Keys, Position, Spool
from wardwatch.pipeline.spool.backlog import Counting
from wardwatch.pipeline.spool.segment import OPENING_SIZE


def test_what_was_appended_comes_back_as_frames(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        lane = made.lane("north")
        first = Unnumbered("fw1", None, NOON, [b"a", b""])
        second = Unnumbered("dc1", "windows_json", NOON + 1, (b"\xff\0",))
        assert lane.append([first, second]).result(10) == 3
        (chunk,) = lane.read(None)
    assert chunk.batch.schema.equals(SCHEMA, check_metadata=True)
    rows = [
        tuple(row.values())
        for row in chunk.batch.set_column(3, "t", chunk.batch["received_at"].cast("int64")).to_pylist()
    ]
    assert rows == [
        ("north", "fw1", None, NOON, 0, b"a"),
        ("north", "fw1", None, NOON, 1, b""),
        ("north", "dc1", "windows_json", NOON + 1, 2, b"\xff\0"),
    ]
    assert (chunk.next, chunk.segment) == (Position(segments(tmp_path, "north")[0].stem, 3), chunk.next.segment)


def test_reading_goes_on_where_it_ended(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        lane = made.lane("north")
        append(lane, b"a", b"b")
        (chunk,) = lane.read(None)
        assert list(lane.read(chunk.next)) == []
        append(lane, b"c")
        assert bodies(lane, chunk.next) == [b"c"]
        assert bodies(lane, Position(chunk.segment, 1)) == [b"b", b"c"]
    with spool(tmp_path) as again:
        assert bodies(again.lane("north"), chunk.next) == [b"c"]


def test_small_blocks_are_read_together_and_large_ones_apart(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        lane = made.lane("north")
        for number in range(5):
            append(lane, b"%d" % number)
        assert [chunk.batch.num_rows for chunk in lane.read(None)] == [5]
        assert [chunk.batch["seq"].to_pylist() for chunk in lane.read(None, max_bytes=1)] == [[0], [1], [2], [3], [4]]


def test_a_restart_begins_a_new_segment(tmp_path: Path) -> None:
    for number in range(3):
        with spool(tmp_path) as made:
            append(made.lane("north"), b"%d" % number)
    with spool(tmp_path) as made:
        chunks = list(made.lane("north").read(None))
    assert [chunk.batch["body"].to_pylist() for chunk in chunks] == [[b"0"], [b"1"], [b"2"]]
    assert [chunk.next.seq for chunk in chunks] == [1, 1, 1]
    assert [chunk.segment for chunk in chunks] == [path.stem for path in segments(tmp_path, "north")]


def test_segments_end_by_size_and_by_age(tmp_path: Path) -> None:
    clock = Clock()
    with spool(tmp_path, clock=clock, segment=1_000, segment_age=60_000_000) as made:
        lane = made.lane("north")
        append(lane, b"old")
        clock.now += 60_000_000
        append(lane, noise := random.Random(1).randbytes(2_000))
        append(lane, b"new")
        assert bodies(lane) == [b"old", noise, b"new"]
    assert len(segments(tmp_path, "north")) == 3


def test_order_holds_when_the_clock_goes_back(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        append(made.lane("north"), b"first")
    with spool(tmp_path, clock=Clock(NOON - 86_400_000_000)) as made:
        lane = made.lane("north")
        (chunk,) = lane.read(None)
        append(lane, b"second")
        assert bodies(lane) == [b"first", b"second"]
        assert bodies(lane, chunk.next) == [b"second"]


def test_what_was_released_is_deleted_and_positions_stay_good(tmp_path: Path) -> None:
    for number in range(3):
        with spool(tmp_path) as made:
            append(made.lane("north"), b"%d" % number)
    with spool(tmp_path) as made:
        lane = made.lane("north")
        positions = [chunk.next for chunk in lane.read(None)]
        assert lane.backlog() == Backlog(3, lane.backlog().bytes)
        assert [lane.backlog(position).frames for position in positions] == [2, 1, 0]
        assert lane.release(positions[1]) == 1
        assert lane.release(positions[1]) == 0
        assert bodies(lane, positions[0]) == [b"1", b"2"]
        assert lane.release(positions[2]) == 1
        assert len(segments(tmp_path, "north")) == 1
        # The last segment stays, so that what comes next sorts behind every position that somebody holds.
        append(lane, b"3")
        assert bodies(lane, positions[2]) == [b"3"]


def test_lanes_are_apart(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        append(made.lane("north"), b"n")
        append(made.lane("south"), b"s")
        assert (bodies(made.lane("north")), bodies(made.lane("south"))) == ([b"n"], [b"s"])
        assert made.tenants() == ("north", "south")
    # A segment that got into another tenant's folder is not read: its key is another one.
    (stray,) = segments(tmp_path, "south")
    stray.rename(tmp_path / "spool" / "north" / stray.name)
    with spool(tmp_path) as made:
        assert bodies(made.lane("north")) == [b"n"]
        assert [damage.reason for damage in made.lane("north").take_damages()] == [
            "written with another key",
            "a block cannot be read: not as it was written",
        ]


@pytest.mark.parametrize("name", ["", "../north", "North", "a/b", "x" * 65])
def test_a_tenant_is_a_slug(tmp_path: Path, name: str) -> None:
    with spool(tmp_path) as made, pytest.raises(InputError):
        made.lane(name)


def test_nothing_readable_lies_on_disk(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        append(made.lane("north"), b"Mrs Dupont, ward 3")
    (path,) = segments(tmp_path, "north")
    assert b"Dupont" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "keys" / "spool" / "north.key").stat().st_mode & 0o077 == 0


def test_another_process_reads_what_is_acknowledged(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from wardwatch.kernel.disk import Disk\n"
        "from wardwatch.pipeline.spool import Keys, Spool\n"
        "home = Path(sys.argv[1])\n"
        "lane = Spool(home / 'spool', Keys(home / 'keys', Disk())).lane('north')\n"
        "position = None\n"
        "for _ in sys.stdin:\n"
        "    found = []\n"
        "    for chunk in lane.read(position):\n"
        "        found += chunk.batch.column('body').to_pylist(); position = chunk.next\n"
        "    print(b','.join(found).decode(), flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other,
        spool(tmp_path, segment=500) as made,
    ):
        assert other.stdin
        assert other.stdout
        for number in range(20):
            append(made.lane("north"), b"%d" % number, b"x")
            other.stdin.write("\n")
            other.stdin.flush()
            assert other.stdout.readline() == f"{number},x\n"
        other.stdin.close()


class HeldDisk(Disk):
    """A disk whose syncs of one lane wait until they may go on."""

    def __init__(self, lane: str = "north") -> None:
        self.lane = lane
        self.go = threading.Event()
        self.reached = threading.Event()
        self.syncs = 0

    def create(self, path: Path) -> DiskFile:
        disk = self

        class Held(DiskFile):
            def sync(self) -> None:
                if self.path.parent.name == disk.lane:
                    disk.syncs += 1
                    disk.reached.set()
                    assert disk.go.wait(10)
                super().sync()

        return Held(path, os.O_CREAT | os.O_EXCL)


def test_one_sync_for_all_that_waits(tmp_path: Path) -> None:
    disk = HeldDisk()
    with spool(tmp_path, disk) as made:
        lane = made.lane("north")
        first = lane.append(arrived(b"first"))
        assert disk.reached.wait(10)
        others = [lane.append(arrived(b"%d" % number)) for number in range(50)]
        assert not any(one.done() for one in [first, *others])
        disk.go.set()
        assert [one.result(10) for one in [first, *others]] == [1] * 51
        assert (disk.syncs, lane.counts.commits, lane.counts.frames) == (2, 2, 51)
        assert bodies(lane) == [b"first", *(b"%d" % number for number in range(50))]


def test_a_lane_does_not_wait_for_another_one(tmp_path: Path) -> None:
    disk = HeldDisk("slow")
    with spool(tmp_path, disk, committing=2) as made:
        slow = made.lane("slow").append(arrived(b"x"))
        assert disk.reached.wait(10)
        assert made.lane("fast").append(arrived(b"y")).result(10) == 1
        assert not slow.done()
        disk.go.set()
        assert slow.result(10) == 1


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    disk = HeldDisk()
    with spool(tmp_path, disk, waiting=100) as made:
        lane = made.lane("north")
        first = lane.append(arrived(b"x" * 100))
        assert disk.reached.wait(10)
        second = lane.append(arrived(b"y" * 100))
        with pytest.raises(NotTakenError) as caught:
            lane.append(arrived(b"z"))
        assert (caught.value.quota, caught.value.retry_after, lane.waiting) == (True, 2, 100)
        disk.go.set()
        assert (first.result(10), second.result(10)) == (1, 1)
        assert append(lane, b"z") == 1


def test_who_went_away_is_not_written(tmp_path: Path) -> None:
    disk = HeldDisk()
    with spool(tmp_path, disk) as made:
        lane = made.lane("north")
        first = lane.append(arrived(b"a"))
        assert disk.reached.wait(10)
        gone: Future[int] = lane.append(arrived(b"b"))
        assert gone.cancel()
        last = lane.append(arrived(b"c"))
        disk.go.set()
        assert (first.result(10), last.result(10)) == (1, 1)
        assert bodies(lane) == [b"a", b"c"]


def test_closing_commits_what_waits_and_takes_no_more(tmp_path: Path) -> None:
    made = spool(tmp_path)
    futures = [made.lane("north").append(arrived(b"%d" % number)) for number in range(100)]
    made.close()
    assert [one.result(0) for one in futures] == [1] * 100
    with pytest.raises(NotTakenError):
        made.lane("north").append(arrived(b"late"))


def test_many_threads_append(tmp_path: Path) -> None:
    def send(sender: int) -> None:
        for number in range(40):
            lanes[number % 2].append(arrived(b"%d.%d" % (sender, number))).result(10)

    with spool(tmp_path, segment=2_000) as made:
        lanes = made.lane("north"), made.lane("south")
        threads = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = bodies(lanes[0]) + bodies(lanes[1])
    assert sorted(found) == sorted(b"%d.%d" % (sender, number) for sender in range(8) for number in range(40))
    for sender in range(8):
        own = [int(body.split(b".")[1]) for body in found if body.startswith(b"%d." % sender)]
        assert own == [*range(0, 40, 2), *range(1, 40, 2)]


def test_a_large_append_becomes_several_blocks(tmp_path: Path) -> None:
    with spool(tmp_path, block=100) as made:
        lane = made.lane("north")
        sent = [b"%03d" % number * 20 for number in range(30)]
        assert append(lane, *sent) == 30
        assert bodies(lane) == sent
        assert len(list(lane.read(None, max_bytes=1))) == 15
        assert (lane.counts.commits, append(lane)) == (1, 0)


def test_a_body_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with spool(tmp_path, body=10) as made:
        with pytest.raises(InputError, match="11 bytes"):
            append(made.lane("north"), b"x" * 11)
        assert append(made.lane("north"), b"x" * 10) == 1


def test_a_lane_that_holds_too_much_is_refused_and_the_others_are_not(tmp_path: Path) -> None:
    clock = Clock()
    with spool(tmp_path, clock=clock, backlog=1_900, segment=600) as made:
        noisy = made.lane("noisy")
        for number in range(3):
            append(noisy, random.Random(number).randbytes(500))
        clock.now += 1_000_000
        with pytest.raises(NotTakenError, match="holds") as caught:
            append(noisy, b"more")
        assert caught.value.quota
        assert append(made.lane("quiet"), b"fine") == 1
        *_, last = noisy.read(None)
        noisy.release(last.next)
        clock.now += 1_000_000
        assert append(noisy, b"more") == 1


def test_two_processes_cannot_write(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        append(made.lane("north"), b"a")
        with spool(tmp_path) as other:
            with pytest.raises(InputError, match="another process"):
                append(other.lane("north"), b"b")
            assert bodies(other.lane("north")) == [b"a"]
    with spool(tmp_path) as again:
        assert append(again.lane("north"), b"b") == 1


def test_keys_are_looked_after(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        append(made.lane("north"), b"a")
    key = tmp_path / "keys" / "spool" / "north.key"
    key.chmod(0o640)
    with spool(tmp_path) as made, pytest.raises(InputError, match="others can read"):
        bodies(made.lane("north"))
    key.chmod(0o600)
    key.write_text("00ff")
    with spool(tmp_path) as made, pytest.raises(InputError, match="damaged"):
        bodies(made.lane("north"))
    key.write_text("no hex")
    with spool(tmp_path) as made, pytest.raises(InputError, match="cannot be read"):
        bodies(made.lane("north"))
    key.unlink()
    with spool(tmp_path) as made, pytest.raises(InputError, match="missing"):
        bodies(made.lane("north"))


def test_the_clock_of_the_computer_is_the_default(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", Keys(tmp_path / "keys", Disk())) as made:
        assert made.lane("north").append(arrived(b"a")).result(10) == 1
        assert made.lane("north").held > 0
    assert made.tenants() == ("north",)


def test_what_waits_is_counted_as_it_comes_and_goes(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        lane = made.lane("north")
        assert lane.backlog() == Backlog(0, 0)
        append(lane, b"a", b"b", b"c")
        whole = lane.backlog()
        (chunk,) = lane.read(None)
        segment = chunk.segment
        append(lane, b"d", b"e")
        assert lane.backlog().frames == 5, "what was counted before is remembered, what is new is read"
        assert [lane.backlog(Position(segment, seq)).frames for seq in range(7)] == [5, 4, 3, 2, 1, 0, 0]
        assert lane.backlog(Position(segment, 1)).bytes == lane.backlog().bytes > whole.bytes, "a block counts whole"
        assert lane.backlog(chunk.next).bytes == lane.backlog().bytes - whole.bytes
    fresh = Counting(tmp_path / "spool" / "north")
    assert fresh.behind(None).frames == 5
    path = tmp_path / "spool" / "north" / f"{segment}.seg"
    path.write_bytes(path.read_bytes()[: OPENING_SIZE + whole.bytes])  # as after a commit that failed
    assert fresh.behind(None) == whole
