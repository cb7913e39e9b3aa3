"""Framing of syslog and RELP: whatever the pieces in which a stream arrives, and whatever is in it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.listeners import relp, syslog

MESSAGES = st.lists(st.binary(min_size=1, max_size=40).map(lambda body: b"<13>" + body.strip(b"\r\n\0")), max_size=8)
CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=30)


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    found, at, number = [], 0, 0
    while at < len(stream):
        step = cuts[number % len(cuts)]
        found.append(stream[at : at + step])
        at, number = at + step, number + 1
    return found


def framed(message: bytes, *, counted: bool) -> bytes:
    return b"%d %b" % (len(message), message) if counted else message + b"\n"


@given(messages=MESSAGES, counted=st.lists(st.booleans(), min_size=8, max_size=8), cuts=CUTS)
def test_messages_come_out_as_they_went_in(messages: list[bytes], counted: list[bool], cuts: list[int]) -> None:
    """A message with line ends in it must be counted; each may be framed either way."""
    ways = [how or b"\n" in message for how, message in zip(counted, messages, strict=False)]
    stream = b"".join(framed(message, counted=how) for message, how in zip(messages, ways, strict=True))
    framer = syslog.Framer(1_000)
    found = [message for piece in pieces(stream, cuts) for message in framer.feed(piece)]
    assert (found, framer.rest(), framer.too_long, framer.cut) == (messages, [], 0, False)


@pytest.mark.parametrize(
    ("stream", "messages", "rest", "too_long"),
    [
        (b"<1>a\r\n<2>b\0\n\n\n<3>c", [b"<1>a", b"<2>b"], [b"<3>c"], 0),
        (b"5 <1>ab6 <2>cde<3>f\n", [b"<1>ab", b"<2>cde"[:6], b"<3>f"], [], 0),
        (
            b"no priority\n2026-11-23 dates are no counts\n12 monkeys\n",
            [b"no priority", b"2026-11-23 dates are no counts", b"12 monkeys"],
            [],
            0,
        ),
        (b"12", [], [b"12"], 0),
        (b"0 <1>a\n", [b"0 <1>a"], [], 0),
        (b"<1>" + b"x" * 50 + b"\n<2>b\n", [b"<2>b"], [], 1),
        (b"53 <1>" + b"x" * 50 + b"<2>b\n", [b"<2>b"], [], 1),
        (b"<1>" + b"x" * 90, [], [], 1),
        (b"20 <1>half", [], [], 0),
        (b"60 <1>half", [], [], 1),
    ],
)
def test_streams(stream: bytes, messages: list[bytes], rest: list[bytes], too_long: int) -> None:
    for cuts in ([1], [7], [1_000]):
        framer = syslog.Framer(40)
        found = [message for piece in pieces(stream, cuts) for message in framer.feed(piece)]
        assert (found, framer.rest(), framer.too_long) == (messages, rest, too_long)


def test_half_a_counted_message_is_cut() -> None:
    for stream in (b"20 <1>half", b"60 <1>half"):
        framer = syslog.Framer(40)
        framer.feed(stream)
        assert (framer.rest(), framer.cut) == ([], True)


def test_a_count_that_is_none_ends_the_connection() -> None:
    with pytest.raises(ValueError, match="count"):
        syslog.Framer(40).feed(b"99999999 <1>")


@given(data=st.binary(max_size=300), cuts=CUTS)
@pytest.mark.parametrize("make", [syslog.Framer, relp.Framer])
def test_no_bytes_break_a_framer(
    make: Callable[[int], syslog.Framer | relp.Framer], data: bytes, cuts: list[int]
) -> None:
    framer = make(50)
    try:
        for piece in pieces(data, cuts):
            for message in framer.feed(piece):
                assert len(message if isinstance(message, bytes) else message.data) <= 50
            assert len(framer._buffer) <= 120
    except ValueError as error:
        assert str(error) in {relp._BAD, relp.TOO_LONG, syslog.BAD_COUNT}  # noqa: PT017


@given(messages=st.lists(st.binary(max_size=40), max_size=6), cuts=CUTS)
def test_relp_frames_come_out_as_they_went_in(messages: list[bytes], cuts: list[int]) -> None:
    sent = [relp.Command(number, "syslog", data) for number, data in enumerate(messages, 1)]
    stream = b"".join(
        b"%d syslog %d%b%b\n" % (one.number, len(one.data), b" " if one.data else b"", one.data) for one in sent
    )
    framer = relp.Framer(1_000)
    assert [command for piece in pieces(stream, cuts) for command in framer.feed(piece)] == sent


@pytest.mark.parametrize(
    "stream",
    [
        b"x",
        b"\n",
        b"1 syslog x\n",
        b"1 syslog 3 abcd\n",
        b"1 syslog 3\nabc\n",
        b"1 SYSLOG 0\n",
        b"1 syslog 51 ",
        b"1" * 64,
    ],
)
def test_what_is_no_relp(stream: bytes) -> None:
    framer = relp.Framer(50)
    with pytest.raises(ValueError):  # noqa: PT011
        framer.feed(stream + b"\n" * 64)
