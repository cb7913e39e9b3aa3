"""Files that grow: rotation, truncation and restarts at any moment lose nothing and repeat nothing."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.faults.faulty_disk import QuickDisk
from tests.listeners.test_intake import intake
from tests.pipeline.spool.spooling import bodies, spool

from wardwatch.kernel.errors import ContentError
from wardwatch.listeners.marks import Marks
from wardwatch.listeners.sensors import Registry, Sensor
from wardwatch.listeners.tail import Tail


class Followed:
    """A file, and who follows it; a restart begins with the marks on disk."""

    def __init__(self, home: Path, source: str = "", **limits: int) -> None:
        self.home = home
        self._now = 1_795_521_600_000_000_000
        self.path = home / "audit.log"
        self._made = spool(home, QuickDisk())
        self.gate = intake(home, self._made, **limits)
        registry = Registry(home / "sensors.json", QuickDisk())
        if "fs1" not in registry.known().sensors:
            registry.add(Sensor("fs1", "north", (source,) if source else ()))
        self._tail = self._new()

    def _new(self) -> Tail:
        return Tail(self.gate, self.path, "fs1", Marks(self.home / "state" / "tail.json", QuickDisk()))

    def restart(self) -> None:
        self._tail._close()
        self._tail = self._new()

    def read(self) -> list[bytes]:
        """Take in all that is there; returns everything that is in the spool."""

        async def steps() -> None:
            while await self._tail.step():
                pass

        asyncio.run(steps())
        return bodies(self._made.lane("north"))

    def write(self, text: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(text)
        self._now += 1_000_000  # changes of files are further apart than their time stamps
        os.utime(self.path, ns=(self._now, self._now))

    def rotate(self) -> None:
        numbers = [int(one.suffix[1:]) for one in self.home.glob("audit.log.*")]
        self.path.rename(self.home / f"audit.log.{max(numbers, default=0) + 1}")

    def rejected(self) -> dict[str, int]:
        known = [one.rejected for one in self.gate.tallies.values()]
        return {reason: count for counts in known for reason, count in counts.items()} | {
            reason: count for (_, reason), count in self.gate.unknown.items()
        }

    def close(self) -> None:
        self._tail._close()
        self._made.close()


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    found = Followed(tmp_path)
    yield found
    found.close()


def test_lines_come_once_and_whole(followed: Followed) -> None:
    assert followed.read() == []
    followed.write(b"one\r\ntw")
    assert followed.read() == [b"one"]
    followed.write(b"o\n\nthree\n")
    assert followed.read() == [b"one", b"two", b"three"]
    followed.restart()
    followed.write(b"four\n")
    assert followed.read() == [b"one", b"two", b"three", b"four"]


def test_rotation(followed: Followed) -> None:
    followed.write(b"one\n")
    followed.read()
    followed.write(b"two\nno end")
    followed.rotate()
    followed.write(b"three\n")
    assert followed.read() == [b"one", b"two", b"no end", b"three"]


def test_rotation_while_we_were_away(followed: Followed) -> None:
    followed.write(b"one\n")
    followed.read()
    followed.write(b"two\n")
    followed.rotate()
    followed.write(b"three\n")
    followed.restart()
    assert followed.read() == [b"one", b"two", b"three"]


def test_what_was_rotated_away_unread_is_counted(followed: Followed) -> None:
    followed.write(b"one\n")
    followed.read()
    followed.restart()
    followed.path.rename(followed.home / "audit.log.1.gz")
    followed.write(b"other\n")
    assert followed.read() == [b"one", b"other"]
    assert followed.rejected() == {"rotated away unread": 1}


@pytest.mark.parametrize("text", [b"x\n", b"other line\n", b"another and longer line\n"])
@pytest.mark.parametrize("away", [False, True])
def test_truncation(followed: Followed, text: bytes, *, away: bool) -> None:
    """Cut off and begun anew in place (logrotate's copytruncate), shorter or longer than before."""
    followed.write(b"first line\n")
    followed.read()
    os.truncate(followed.path, 0)
    followed.write(text)
    if away:
        followed.restart()
    assert followed.read() == [b"first line", text.strip()]


def test_no_file_for_a_while(followed: Followed) -> None:
    followed.write(b"one\n")
    followed.read()
    followed.rotate()
    assert followed.read() == [b"one"]
    followed.write(b"two\n")
    assert followed.read() == [b"one", b"two"]


def test_a_line_that_is_too_long_is_left_out(tmp_path: Path) -> None:
    followed = Followed(tmp_path, message=1_000)
    followed.write(b"a\n" + b"x" * 1_001 + b"\nb\n")
    assert followed.read() == [b"a", b"b"]
    followed.write(b"y" * 3_000_000)
    assert followed.read() == [b"a", b"b"]
    followed.restart()
    followed.write(b"y\nc\n")
    assert followed.read() == [b"a", b"b", b"c"]
    assert followed.rejected() == {"line too long": 2}
    followed.close()


def test_formats_of_several_lines_are_cut_as_they_are(tmp_path: Path) -> None:
    head = b"[2026/11/23 02:11:04.123456,  0] ../../source3/modules/vfs_full_audit.c:588(do_log)\n"
    followed = Followed(tmp_path, "samba_audit")
    followed.write(head + b"  ida|10.0.0.9|pc9|patients|renameat|ok|a|a.locked\n")
    (body,) = followed.read()
    assert b"2026/11/23" in body
    assert b"renameat" in body
    followed.close()


def test_an_unknown_sensor_is_counted(followed: Followed) -> None:
    followed.write(b"one\n")
    Registry(followed.home / "sensors.json", QuickDisk()).remove("fs1")
    assert followed.read() == []
    assert followed.rejected() == {"unknown sensor": 1}


def test_a_file_that_cannot_be_read_is_counted(followed: Followed) -> None:
    followed.path.mkdir()
    assert followed.read() == []
    assert followed.rejected() == {"file cannot be read": 1}


def test_damaged_marks_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "marks.json").write_text("{")
    with pytest.raises(ContentError, match="damaged"):
        Marks(tmp_path / "marks.json", QuickDisk())


ACTS = st.lists(st.sampled_from(["write", "write", "half", "rotate", "restart", "read"]), max_size=14)


@settings(max_examples=40)
@given(acts=ACTS)
def test_in_any_order_of_events_each_line_comes_once(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:
    followed = Followed(tmp_path_factory.mktemp("followed"))
    followed.write(b"")
    followed.read()  # who follows a file has seen it once
    sent: list[bytes] = []
    open_line = b""
    for act in acts:
        if act == "write":
            sent.append(open_line + b"line %d" % len(sent))
            followed.write(sent[-1].removeprefix(open_line) + b"\n")
            open_line = b""
        elif act == "half":
            part = b"part %d " % len(sent)
            followed.write(part)
            open_line += part
        elif act == "rotate" and followed.path.exists():
            # Whoever rotates has finished the line.
            if open_line:
                followed.write(b"\n")
                sent.append(open_line.strip())
                open_line = b""
            followed.rotate()
        elif act == "restart":
            followed.restart()
        elif act == "read":
            followed.read()
    found = followed.read()
    followed.close()
    assert [body.strip() for body in found] == [line.strip() for line in sent]


def test_the_loop_ends_when_we_stop(followed: Followed) -> None:
    async def act() -> None:
        running = asyncio.create_task(followed._tail.run())
        followed.write(b"one\n")
        async with asyncio.timeout(10):
            while not followed.gate.tallies:
                await followed.gate.rest(0.001)
            followed.gate.stopping.set()
            await running

    asyncio.run(act())
    assert bodies(followed._made.lane("north")) == [b"one"]
