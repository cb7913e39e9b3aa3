"""Values to plain JSON and back, by their types; what is not of the format is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import pytest

from wardwatch.kernel.plain import Codec


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    BIG = 2


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Outer:
    id: str
    count: int
    colour: Colour
    size: Size
    inner: Inner
    perhaps: Inner | None = None
    either: str | int | None = None
    many: tuple[Inner, ...] = ()
    words: tuple[str, ...] = ()
    days: frozenset[int] = frozenset()
    by_name: Mapping[str, Inner] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    other: bytes = b""
    flag: bool = False


FORMAT = "wardwatch/outer/1"
CODEC = Codec({bytes: (bytes.hex, bytes.fromhex)})
ONE = Inner("a", 0.5)
FULL = Outer(
    "x",
    3,
    Colour.RED,
    Size.BIG,
    ONE,
    ONE,
    7,
    (ONE, Inner("b")),
    ("u", "v"),
    frozenset({3, 1}),
    {"k": ONE},
    {"n": "m"},
    b"\x01",
    flag=True,
)
BARE = Outer("x", 3, Colour.RED, Size.BIG, Inner("a"))


@pytest.mark.parametrize("value", [FULL, BARE])
def test_there_and_back_through_json(value: Outer) -> None:
    plain = json.loads(json.dumps(CODEC.to_plain(value, FORMAT)))
    assert plain["format"] == FORMAT
    assert CODEC.from_plain(Outer, plain, FORMAT) == value


def test_what_has_a_default_may_be_absent() -> None:
    plain = {"format": FORMAT, "id": "x", "count": 3, "colour": "red", "size": 2, "inner": {"name": "a"}}
    assert CODEC.from_plain(Outer, plain, FORMAT) == BARE


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "wardwatch/outer/2"}, "not of format"),
        ({"extra": 1}, "unknown keys: extra"),
        ({"id": None}, "not of type str"),
        ({"count": "3"}, "not of type int"),
        ({"colour": "blue"}, "blue"),
        ({"inner": {"share": 1.0}}, "missing: name"),
        ({"inner": 5}, "not a Outer"),
        ({"many": 5}, "not a Outer"),
    ],
)
def test_what_is_not_of_the_format_is_refused(change: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        CODEC.from_plain(Outer, {**CODEC.to_plain(BARE, FORMAT), **change}, FORMAT)


def test_a_type_without_a_plain_form_is_an_error() -> None:
    with pytest.raises(TypeError, match="no plain form"):
        Codec().to_plain(FULL, FORMAT)
