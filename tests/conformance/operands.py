"""The values of Sigma rules and what modifiers make of them: the first half of the reference interpreter."""

from __future__ import annotations

import ipaddress
import itertools
import math
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum


class Unsupported(ValueError):  # noqa: N818  (the word that the users of the suite read)
    """The rule is not valid, or cannot be run; the text is the reason."""


# ------------------------------------------------------------------------------------------------ what rules hold


class Wild(Enum):
    """The two wildcards."""

    ANY = "*"
    ONE = "?"


@dataclass(frozen=True)
class Placeholder:
    """`%name%` in a value under `expand`."""

    name: str


Part = str | Wild | Placeholder


@dataclass(frozen=True)
class Text:
    """A string value: plain pieces, wildcards and placeholders."""

    parts: tuple[Part, ...]
    cased: bool = False


@dataclass(frozen=True)
class Number:
    number: int | float


@dataclass(frozen=True)
class Flag:
    value: bool


@dataclass(frozen=True)
class Null:
    pass


@dataclass(frozen=True)
class Exists:
    wanted: bool


@dataclass(frozen=True)
class Regex:
    parts: tuple[Part, ...]
    flags: str = ""


@dataclass(frozen=True)
class Network:
    network: ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class TimePart:
    unit: str
    number: int


@dataclass(frozen=True)
class Compare:
    operator: str
    number: Number | TimePart


@dataclass(frozen=True)
class FieldRef:
    field: str
    starts: bool = False
    ends: bool = False


@dataclass(frozen=True)
class AnyOf:
    """Values that a modifier made of one value: alternatives, even under `all`."""

    values: tuple[Operand, ...]


Operand = Text | Number | Flag | Null | Exists | Regex | Network | TimePart | Compare | FieldRef | AnyOf


# ------------------------------------------------------------------------------------------------ reading values


def parse_text(source: str) -> Text:
    """Read wildcards and escapes: `\\*`, `\\?` and `\\\\` are one character; any other backslash is itself."""
    parts: list[Part] = []
    plain = ""
    at = 0
    while at < len(source):
        if source[at] == "\\" and source[at + 1 : at + 2] in ("*", "?", "\\"):
            plain += source[at + 1]
            at += 2
            continue
        if source[at] in "*?":
            parts += [plain, Wild(source[at])]
            plain = ""
        else:
            plain += source[at]
        at += 1
    return Text(tuple(part for part in [*parts, plain] if part != ""))


def parse_value(value: object) -> Operand:
    if value is None:
        return Null()
    if isinstance(value, bool):
        return Flag(value)
    if isinstance(value, int):
        return Number(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unsupported("not a finite number")
        return Number(int(value) if value.is_integer() else value)
    if isinstance(value, str):
        return parse_text(value)
    raise Unsupported(f"a value of type {type(value).__name__}")


# ------------------------------------------------------------------------------------------------ modifiers


def need(value: Operand, *kinds: type) -> None:
    if not isinstance(value, kinds):
        raise Unsupported(f"modifier does not go with {type(value).__name__}")


def plain_text(value: Text, what: str) -> str:
    """The value as one string; raises if it has wildcards."""
    if any(isinstance(part, Wild) for part in value.parts):
        raise Unsupported(f"{what} with wildcards")
    return "".join(f"%{part.name}%" if isinstance(part, Placeholder) else str(part) for part in value.parts)


def anchor(value: Operand, *, start: bool, end: bool) -> Operand:
    """`contains` (open at both sides), `startswith` (open at the end), `endswith` (open at the start)."""
    need(value, Text, Regex, FieldRef)
    if isinstance(value, Regex):
        return value  # a search is open at both sides already
    if isinstance(value, FieldRef):
        return replace(value, starts=value.starts or end, ends=value.ends or start)
    assert isinstance(value, Text)
    before: tuple[Part, ...] = (Wild.ANY,) if start else ()
    after: tuple[Part, ...] = (Wild.ANY,) if end else ()
    return replace(value, parts=before + value.parts + after)


def encoded(codec: str, mark: str = "") -> Callable[[Operand], Operand]:
    """`wide` and its kin: each plain piece in UTF-16, its bytes read as text again."""

    def modify(value: Operand) -> Operand:
        need(value, Text)
        assert isinstance(value, Text)
        try:
            parts = [part.encode(codec).decode() if isinstance(part, str) else part for part in value.parts]
        except UnicodeError:
            raise Unsupported("UTF-16 bytes that are no text") from None
        return replace(value, parts=((mark,) if mark else ()) + tuple(parts))

    return modify


def payload(value: Operand, done: Sequence[str]) -> tuple[bytes, bool]:
    need(value, Text)
    assert isinstance(value, Text)
    data = plain_text(value, "base64").encode()
    if "utf16" in done and data.startswith(b"\xef\xbb\xbf"):
        data = b"\xff\xfe" + data[3:]
    return data, value.cased


def base64(value: Operand, done: Sequence[str]) -> Operand:
    data, cased = payload(value, done)
    return Text((b64encode(data).decode(),), cased)


def base64offset(value: Operand, done: Sequence[str]) -> Operand:
    """The Base64 characters that depend on `data` alone, for each of the three places where it can begin."""
    data, cased = payload(value, done)
    found = []
    for offset in range(3):
        whole = b64encode(b" " * offset + data).decode()
        first = -(-8 * offset // 6)
        last = len(whole) if (offset + len(data)) % 3 == 0 else 8 * (offset + len(data)) // 6
        found.append(Text((whole[first:last],), cased))
    return AnyOf(tuple(found))


DASHES = "-/\u2013\u2014\u2015"


def windash(value: Operand) -> Operand:
    """Each `-` or `/` that begins a word may be any of five dashes."""
    need(value, Text)
    assert isinstance(value, Text)
    choices: list[list[Part]] = []
    dashes = 0
    for part in value.parts:
        # A split by a captured dash: every second piece is one.
        pieces = re.split(r"(\B[-/]\b)", part) if isinstance(part, str) else [part]
        choices += [list(DASHES) if index % 2 else [piece] for index, piece in enumerate(pieces)]
        dashes += len(pieces) // 2
    if dashes > 3:
        raise Unsupported("windash with more than three dashes")
    return AnyOf(tuple(replace(value, parts=parts) for parts in itertools.product(*choices)))


def regex(value: Operand, done: Sequence[str]) -> Operand:
    if done:
        raise Unsupported("re must be the first modifier")
    need(value, Regex)  # made by `parse_item`, which leaves the escapes of regular expressions alone
    return value


def cidr(value: Operand, done: Sequence[str]) -> Operand:
    if done:
        raise Unsupported("cidr must be the first modifier")
    need(value, Text)
    assert isinstance(value, Text)
    try:
        return Network(ipaddress.ip_network(plain_text(value, "cidr")))
    except ValueError as error:
        raise Unsupported(str(error)) from None


def exists(value: Operand, done: Sequence[str]) -> Operand:
    if done:
        raise Unsupported("exists must be the first modifier")
    need(value, Flag)
    assert isinstance(value, Flag)
    return Exists(value.value)


def fieldref(value: Operand) -> Operand:
    need(value, Text)
    assert isinstance(value, Text)
    return FieldRef(plain_text(value, "fieldref"))


def flag(letter: str) -> Callable[[Operand], Operand]:
    def modify(value: Operand) -> Operand:
        need(value, Regex)
        assert isinstance(value, Regex)
        return replace(value, flags=value.flags + letter)

    return modify


def compare(operator: str) -> Callable[[Operand], Operand]:
    def modify(value: Operand) -> Operand:
        need(value, Number, TimePart)
        assert isinstance(value, Number | TimePart)
        return Compare(operator, value)

    return modify


def time_part(unit: str) -> Callable[[Operand], Operand]:
    def modify(value: Operand) -> Operand:
        need(value, Number)
        assert isinstance(value, Number)
        return TimePart(unit, int(value.number))

    return modify


def cased(value: Operand) -> Operand:
    need(value, Text)
    assert isinstance(value, Text)
    return replace(value, cased=True)


def expand(value: Operand) -> Operand:
    """Find the placeholders; `filled` puts the lists in when all modifiers are done."""
    need(value, Text, Regex)
    assert isinstance(value, Text | Regex)
    parts: list[Part] = []
    for part in value.parts:
        if not isinstance(part, str):
            parts.append(part)
            continue
        pieces = re.split(r"%([^%\\]+)%", part)
        parts += [Placeholder(piece) if index % 2 else piece for index, piece in enumerate(pieces) if piece]
    return replace(value, parts=tuple(parts))


SIMPLE: Mapping[str, Callable[[Operand], Operand]] = {
    "contains": lambda value: anchor(value, start=True, end=True),
    "startswith": lambda value: anchor(value, start=False, end=True),
    "endswith": lambda value: anchor(value, start=True, end=False),
    "wide": encoded("utf-16-le"),
    "utf16le": encoded("utf-16-le"),
    "utf16be": encoded("utf-16-be"),
    "utf16": encoded("utf-16-le", "\ufeff"),
    "windash": windash,
    "cased": cased,
    "fieldref": fieldref,
    "expand": expand,
    **{letter: flag(letter) for letter in "ims"},
    "ignorecase": flag("i"),
    "multiline": flag("m"),
    "dotall": flag("s"),
    **{operator: compare(operator) for operator in ("lt", "lte", "gt", "gte")},
    **{unit: time_part(unit) for unit in ("minute", "hour", "day", "week", "month", "year")},
}
KNOWING: Mapping[str, Callable[[Operand, Sequence[str]], Operand]] = {
    "base64": base64,
    "base64offset": base64offset,
    "re": regex,
    "cidr": cidr,
    "exists": exists,
}


def modified(value: Operand, name: str, done: Sequence[str]) -> Operand:
    if isinstance(value, AnyOf):
        return AnyOf(tuple(modified(one, name, done) for one in value.values))
    if name in SIMPLE:
        return SIMPLE[name](value)
    if name in KNOWING:
        return KNOWING[name](value, done)
    raise Unsupported(f"unknown modifier {name}")


def filled(value: Operand, lists: Mapping[str, list[str]]) -> Operand:
    """Replace each placeholder by every text of its list; a list's texts may have wildcards."""
    if isinstance(value, AnyOf):
        return AnyOf(tuple(filled(one, lists) for one in value.values))
    if not isinstance(value, Text | Regex):
        return value
    choices: list[list[tuple[Part, ...]]] = []
    for part in value.parts:
        if not isinstance(part, Placeholder):
            choices.append([(part,)])
        elif part.name not in lists:
            raise Unsupported(f"no list {part.name}")
        elif isinstance(value, Regex):
            choices.append([(text,) for text in lists[part.name]])
        else:
            choices.append([parse_text(text).parts for text in lists[part.name]])
    if all(len(choice) == 1 for choice in choices):
        return replace(value, parts=tuple(part for choice in choices for part in choice[0]))
    return AnyOf(tuple(replace(value, parts=sum(found, ())) for found in itertools.product(*choices)))
