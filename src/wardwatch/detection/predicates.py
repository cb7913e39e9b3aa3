"""Predicates: the questions that rules ask of one field's value. Each is exact and takes linear time.

A rule set interns them, so that a question that a thousand rules ask is answered once for each distinct value.
Strings are compared after full case folding (Unicode 3.13, `str.casefold`), unless a rule says `cased`.
"""

import re
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import re2

from wardwatch.kernel import stamps
from wardwatch.kernel.errors import UnsupportedRuleError

# Kinds of predicates, and what `args` holds.
EQUALS = "equals"  # text, cased
LIKE = "like"  # parts (texts, ANY, ONE), cased
NUMBER = "number"  # number, in its author's decimal text: no binary fraction, no limit of bits
COMPARE = "compare"  # operator (lt lte gt gte), number
REGEX = "regex"  # RE2 pattern with its flags in front
CIDR = "cidr"  # network
TIME_PART = "time_part"  # unit, operator (eq lt lte gt gte), number
EXISTS = "exists"
NULL = "null"
REFERENCE = "reference"  # other field, anchored at start, anchored at end

ANY, ONE = 1, 2  # wildcards `*` and `?` among the parts of LIKE

Part = str | int
Arg = str | int | float | bool | tuple[Part, ...]

# RE2 keeps every match linear; its memory for one pattern is bounded too.
_RE2_MAX_MEM = 8 << 20
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?\Z", re.ASCII)
_MAX_NUMBER = 400  # characters: beyond, Python's own limits on integers come near
_MAX_ADDRESS = 64
_MAX_TIME = 64


@dataclass(frozen=True, slots=True)
class Predicate:
    """One question. `field` is `None` for keywords, which look at every field of the event."""

    field: str | None
    kind: str
    args: tuple[Arg, ...] = ()


def number_of(text: str) -> Decimal | None:
    """Return the number that a text spells in full, exactly, or `None`. Equal numbers have equal hashes."""
    return Decimal(text) if len(text) <= _MAX_NUMBER and _NUMBER.match(text) else None


def exact(number: Arg) -> Decimal:
    """Return a rule's number as its author wrote it (1.1, not the binary fraction next to it)."""
    return Decimal(str(number))


class Like:
    """A pattern with wildcards: segments between `*` are found one after the other, leftmost first.

    That is exact, and linear in the text for each segment.
    """

    def __init__(self, parts: tuple[Part, ...]) -> None:
        segments: list[list[Part]] = [[]]
        for part in parts:
            if part == ANY:
                segments.append([])
            else:
                segments[-1].append(part)
        self._first = _segment(segments[0])
        self._last = _segment(segments[-1]) if len(segments) > 1 else None
        self._last_length = _length(segments[-1])
        self._middle = [_segment(segment) for segment in segments[1:-1] if segment]

    def holds(self, text: str) -> bool:
        """Say whether the whole of `text` (folded already, unless cased) is of the pattern."""
        found = self._first.match(text)
        if not found:
            return False
        if self._last is None:
            return found.end() == len(text)
        position = found.end()
        for segment in self._middle:
            found = segment.search(text, position)
            if not found:
                return False
            position = found.end()
        tail = len(text) - self._last_length
        return tail >= position and self._last.match(text, tail) is not None


def _segment(parts: list[Part]) -> "re.Pattern[str]":
    return re.compile("".join("." if part == ONE else re.escape(str(part)) for part in parts), re.DOTALL)


def _length(parts: list[Part]) -> int:
    return sum(1 if part == ONE else len(str(part)) for part in parts)


@lru_cache(maxsize=20_000)
def like(parts: tuple[Part, ...]) -> Like:
    """Return the compiled pattern."""
    return Like(parts)


@lru_cache(maxsize=20_000)
def regex(pattern: str) -> Any:  # noqa: ANN401  (google-re2 has no types)
    """Compile with RE2; raises `UnsupportedRuleError` where RE2 cannot run a pattern in linear time."""
    options = re2.Options()
    options.max_mem = _RE2_MAX_MEM
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else error.args[0]
        raise UnsupportedRuleError(
            f"regular expression that cannot run in linear time: {reason}",
            where=pattern[:120],
            hint="RE2 syntax has no look-around and no back-references; rewrite the pattern without them",
        ) from None


@lru_cache(maxsize=20_000)
def network(text: str) -> IPv4Network | IPv6Network:
    """Return the network of a CIDR predicate."""
    return ip_network(text)


@lru_cache(maxsize=4096)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text spells, or `None`."""
    if len(text) > _MAX_ADDRESS:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def time_part(text: str, unit: str) -> int | None:
    """Return a part (minute hour day week month year; ISO 8601 weeks) of a time, in UTC; `None` if it is no time."""
    if len(text) > _MAX_TIME:
        return None
    try:
        number = number_of(text)
        moment = stamps.moment(stamps.epoch(text) if number is not None else stamps.iso(text, UTC)[0])
    except (ValueError, OverflowError):
        return None
    return moment.isocalendar().week if unit == "week" else int(getattr(moment, unit))


def compares(number: Decimal, operator: str, limit: Decimal) -> bool:
    """Evaluate `number operator limit`."""
    if operator == "eq":
        return number == limit
    if operator == "lt":
        return number < limit
    if operator == "lte":
        return number <= limit
    if operator == "gt":
        return number > limit
    return number >= limit


def refers(value: str, other: str, at_start: bool, at_end: bool) -> bool:  # noqa: FBT001  (as the predicate holds them)
    """Evaluate a field reference: `value` equals, starts with, ends with or contains `other`."""
    value, other = value.casefold(), other.casefold()
    if at_start and at_end:
        return other in value
    if at_start:
        return value.startswith(other)
    return value.endswith(other) if at_end else value == other


def holds(predicate: Predicate, value: str) -> bool:
    """Evaluate a predicate on a present, non-null value: the plain way, for rare kinds and for verification."""
    kind, args = predicate.kind, predicate.args
    if kind == EQUALS:
        return value == args[0] if args[1] else value.casefold() == args[0]
    if kind == LIKE:
        return like(args[0]).holds(value if args[1] else value.casefold())
    if kind == NUMBER:
        return number_of(value) == exact(args[0])
    if kind == COMPARE:
        number = number_of(value)
        return number is not None and compares(number, str(args[0]), exact(args[1]))
    if kind == REGEX:
        return regex(str(args[0])).search(value) is not None
    if kind == CIDR:
        address = address_of(value)
        return address is not None and address in network(str(args[0]))
    if kind == TIME_PART:
        part = time_part(value, str(args[0]))
        return part is not None and compares(Decimal(part), str(args[1]), exact(args[2]))
    raise ValueError(f"{kind} is not a question of one value")
