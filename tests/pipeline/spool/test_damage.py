"""Damaged and cut-off segments: what can be read is read, what cannot is reported, nothing torn comes out."""

from pathlib import Path

from tests.pipeline.spool.spooling import append, bodies, segments, spool

from wardwatch.pipeline.spool import Damage, Position
from wardwatch.pipeline.spool.segment import OPENING_SIZE

SENT = [b"first", b"second", b"third"]


def written(home: Path) -> tuple[Path, list[int]]:
    """A segment of three blocks, and where each ends."""
    with spool(home) as made:
        ends = []
        for body in SENT:
            append(made.lane("north"), body)
            ends.append(segments(home, "north")[0].stat().st_size)
    return segments(home, "north")[0], ends


def ended(home: Path) -> None:
    """Begin another segment, so that the first is known to be complete."""
    with spool(home) as made:
        append(made.lane("north"), b"next")


def test_every_damaged_byte_costs_at_most_its_block_and_is_reported(tmp_path: Path) -> None:
    path, ends = written(tmp_path)
    ended(tmp_path)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        with spool(tmp_path) as made:
            lane = made.lane("north")
            hit = sum(at >= end for end in ends) if at >= OPENING_SIZE else -1
            assert bodies(lane) == [body for number, body in enumerate(SENT) if number != hit] + [b"next"]
            damages = lane.take_damages()
            assert (len(damages), lane.damaged, lane.take_damages()) == (1, 1, ())
            start = ends[hit - 1] if hit > 0 else OPENING_SIZE
            expected = (start, ends[hit] - start) if hit >= 0 else (0, len(whole))
            assert (damages[0].segment, damages[0].start, damages[0].size) == (path.stem, *expected)


def test_a_damage_is_reported_once_however_often_it_is_read(tmp_path: Path) -> None:
    path, ends = written(tmp_path)
    data = bytearray(path.read_bytes())
    data[ends[0] + 60] ^= 1
    path.write_bytes(data)
    with spool(tmp_path) as made:
        lane = made.lane("north")
        assert [bodies(lane), bodies(lane)] == [[b"first", b"third"]] * 2
        assert lane.damaged == 1
        assert lane.take_damages() == (
            Damage(path.stem, ends[0], ends[1] - ends[0], "a block cannot be read: not as it was written"),
        )
        assert bodies(lane, Position(path.stem, 2)) == [b"third"]


def test_a_segment_cut_off_anywhere_yields_whole_blocks_only(tmp_path: Path) -> None:
    path, ends = written(tmp_path)
    whole = path.read_bytes()
    for last in (False, True):
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with spool(tmp_path) as made:
                found = bodies(made.lane("north"))
                complete = [body for body, end in zip(SENT, ends, strict=True) if end <= length]
                assert found == complete + ([b"next"] if last else [])
                assert made.lane("north").damaged == 0
        ended(tmp_path)


def test_a_block_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    path, _ = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with spool(tmp_path) as made:
        lane = made.lane("north")
        (chunk,) = lane.read(None)
        assert list(lane.read(chunk.next)) == []
        path.write_bytes(whole)
        assert bodies(lane, chunk.next) == [b"third"]
        assert lane.take_damages() == ()


def test_room_that_was_never_written_is_no_damage(tmp_path: Path) -> None:
    path, _ = written(tmp_path)
    with path.open("ab") as file:
        file.write(bytes(5_000))
    ended(tmp_path)
    with spool(tmp_path) as made:
        assert (bodies(made.lane("north")), made.lane("north").damaged) == ([*SENT, b"next"], 0)


def test_rubbish_behind_the_blocks_is_damage_once_the_segment_has_ended(tmp_path: Path) -> None:
    path, ends = written(tmp_path)
    with path.open("ab") as file:
        file.write(b"WWB1" * 1_000)
    with spool(tmp_path) as made:
        assert (bodies(made.lane("north")), made.lane("north").damaged) == (SENT, 0)
    ended(tmp_path)
    with spool(tmp_path) as made:
        assert bodies(made.lane("north")) == [*SENT, b"next"]
        assert made.lane("north").take_damages() == (Damage(path.stem, ends[2], 4_000, "no block can be recognised"),)


def test_a_block_that_was_copied_is_not_read_twice(tmp_path: Path) -> None:
    path, ends = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[ends[0] : ends[1]])
    with spool(tmp_path) as made:
        assert bodies(made.lane("north")) == SENT
