"""Headers are remembered, parts of one event wait: the same whatever the steps."""

import random

import orjson
import pytest

from wardwatch.pipeline.assembling import (
    GAP,
    MAX_HEADER,
    MAX_OPEN,
    WAIT,
    Carry,
    Part,
    assembled,
    headed,
    runs,
)
from wardwatch.sources import every

AUDITD = every()["auditd"]


def record(kind: str, serial: int, at: int = 0, seq: int | None = None, segment: str = "a") -> Part:
    return Part(
        segment,
        serial if seq is None else seq,
        at,
        b"type=%s msg=audit(1795399862.123:%d): a=1" % (kind.encode(), serial),
    )


def kinds(events: list[list[Part]]) -> list[list[str]]:
    return [[part.body.split()[0].decode().removeprefix("type=") for part in event] for event in events]


def test_an_event_waits_for_its_last_part() -> None:
    whole, waiting = assembled(AUDITD, (), [record("SYSCALL", 1), record("SYSCALL", 2), record("EXECVE", 1)])
    assert (whole, len(waiting)) == ([], 3)
    whole, waiting = assembled(AUDITD, waiting, [record("PROCTITLE", 1)])
    assert kinds(whole) == [["SYSCALL", "EXECVE", "PROCTITLE"]]
    assert [part.body for part in waiting] == [record("SYSCALL", 2).body]


def test_what_stands_alone_does_not_wait() -> None:
    alone = [record("USER_AUTH", 1), Part("a", 2, 0, b'{"ID":"1795399862.123:9"}'), Part("a", 3, 0, b"no record")]
    assert assembled(AUDITD, (), alone) == ([[one] for one in alone], ())


@pytest.mark.parametrize(("gap", "events"), [(GAP, 0), (GAP + 1, 1)])
def test_an_event_is_whole_when_nothing_came_for_a_while(gap: int, events: int) -> None:
    whole, waiting = assembled(AUDITD, (), [record("SYSCALL", 1, 0), record("SYSCALL", 2, gap)])
    assert (len(whole), len(waiting)) == (events, 2 - events)


def test_what_waits_is_limited() -> None:
    parts = [record("SYSCALL", number) for number in range(MAX_OPEN + 5)]
    whole, waiting = assembled(AUDITD, (), parts)
    assert [event[0].seq for event in whole] == [0, 1, 2, 3, 4]
    assert len(waiting) == MAX_OPEN
    huge = [record("PATH", 7, seq=number) for number in range(MAX_OPEN + 1)]
    assert [len(event) for event in assembled(AUDITD, (), huge)[0]] == [MAX_OPEN + 1]


def test_what_waited_by_the_clock_is_whole() -> None:
    _, waiting = assembled(AUDITD, (), [record("SYSCALL", 1, 1_000), record("SYSCALL", 2, 2_000)])
    carry = Carry(open={("s", "auditd"): waiting})
    assert carry.due(2_000 + WAIT) is None
    assert carry.due(2_001 + WAIT) == 2_000
    assert carry.due(0) == 2_000, "a clock that went back must not hold events back"
    whole, left = assembled(AUDITD, waiting, [], due=1_000)
    assert (kinds(whole), [part.seq for part in left]) == ([["SYSCALL"]], [2])
    assert Carry().due(1 << 60) is None


@pytest.mark.parametrize("seed", range(20))
def test_steps_do_not_matter(seed: int) -> None:
    dice = random.Random(seed)
    parts, at = [], 0
    for number in range(120):
        at += dice.choice((0, 1_000, GAP // 2, GAP, GAP + 1))
        kind = dice.choice(("SYSCALL", "EXECVE", "PATH", "PROCTITLE", "EOE", "USER_LOGIN"))
        parts.append(record(kind, dice.randint(1, 6), at, seq=number, segment="a" if number < 60 else "b"))
    expected, left = assembled(AUDITD, (), parts)
    found: list[list[Part]] = []
    waiting: tuple[Part, ...] = ()
    while parts:
        size = dice.randint(0, 9)
        some, waiting = assembled(AUDITD, waiting, parts[:size])
        parts = parts[size:]
        found += some
        carry = Carry(open={("s", "auditd"): waiting})
        waiting = Carry.read(orjson.loads(orjson.dumps(carry.plain()))).open["s", "auditd"]
    assert (found, waiting) == (expected, left)


def test_runs_hold_one_segment_and_each_key_once() -> None:
    events = [
        [record("SYSCALL", 1, seq=1), record("PROCTITLE", 1, seq=1, segment="b")],
        [record("SYSCALL", 2, seq=2)],
        [record("EOE", 1, seq=3)],  # behind its event: makes no event of its own
        [record("SYSCALL", 2, seq=4)],
        [record("SYSCALL", 3, seq=2, segment="b")],
    ]
    assert [(segment, len(run)) for segment, run in runs(events, AUDITD)] == [("a", 4), ("a", 1), ("b", 1)]
    assert list(runs([], AUDITD)) == []


def test_of_a_header_the_last_line_of_each_kind_counts() -> None:
    first = headed((), [b"#Software: IIS", b"#Fields: a b", b"1 2", b"#Date: x"], b"#")
    assert first == (b"#Software: IIS", b"#Fields: a b", b"#Date: x")
    assert headed(first, [b"3 4"], b"#") == first
    assert headed(first, [b"#Fields: c"], b"#") == (b"#Software: IIS", b"#Date: x", b"#Fields: c")
    assert headed((b"#fields\tts",), [b"#close\t2026"], b"#") == (b"#fields\tts", b"#close\t2026")


def test_headers_are_limited() -> None:
    lines = [b"#k%d v" % number for number in range(MAX_HEADER + 3)]
    assert headed((), lines, b"#") == tuple(lines[3:])
    assert headed((), [b"#" + b"x" * 100_000], b"#") == ()


def test_a_carry_survives_as_json() -> None:
    carry = Carry(
        {("s", "zeek"): (b"#path\t\xff",)},
        {("s", "auditd"): (record("SYSCALL", 1), Part("b", 2, 3, b"\x00\xff"))},
        {("s", "esx01"): "esxi"},
    )
    assert Carry.read(orjson.loads(orjson.dumps(carry.plain()))) == carry
    for damaged in (
        {},
        {"headers": [["s"]], "open": [], "hosts": []},
        {"headers": [["s", "z", ["?"]]], "open": [], "hosts": []},
    ):
        with pytest.raises((KeyError, TypeError, ValueError)):
            Carry.read(damaged)
