"""Bodies with what is said beside them: they come apart as they were put together, and hostile ones are taken as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.frames.described import MARK, MAX_NAMES, Description, described, parts

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=5)
FIELDS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), SCALARS | st.lists(SCALARS, max_size=3)
)


@given(
    st.binary() | st.binary().map(lambda body: MARK + body),
    st.none() | st.integers(0, 2**53),
    st.sampled_from([None, "pc1", "é"]),
    FIELDS,
)
def test_they_come_apart_as_they_were_put_together(
    body: bytes, time: int | None, host: str | None, fields: dict[str, object]
) -> None:
    said = Description(time, host, {name: value for name, value in fields.items() if value is not None})
    found, plain = parts(described(body, Description(time, host, fields)))
    assert plain == body
    assert (found or Description()) == said


def test_what_nothing_is_said_of_is_left_as_it_is() -> None:
    assert described(b"a line", Description(fields={"x": None, "": 1})) == b"a line"
    assert parts(b"a line") == (None, b"a line")


@pytest.mark.parametrize(
    "rest",
    [b"", b"\x01", b"\x02\x00\x00\x00{", b"\x02\x00\x00\x00[]x", b"\x01\x00\x00\x005x", b"\xff\xff\xff\xff{}", b"\x03\x00\x00\x00{}}",
     b'\x0a\x00\x00\x00{"time":"x"}', b'\x0c\x00\x00\x00{"fields":5}x', b'\x0a\x00\x00\x00{"host":5}x'],
)  # fmt: skip
def test_what_only_begins_like_one_is_taken_as_it_is(rest: bytes) -> None:
    assert parts(MARK + rest) == (None, MARK + rest)


def test_more_names_than_anybody_needs_are_left_out() -> None:
    found, _ = parts(described(b"x", Description(fields={f"n{number}": 1 for number in range(MAX_NAMES + 5)})))
    assert found is not None
    assert len(found.fields) == MAX_NAMES
