"""A slow, obviously right interpreter of Sigma detection rules, straight from the YAML dictionaries.

It shares nothing with the detection engine: its own condition parser, its own modifiers, no index, no cache.
README.md beside this file says what each construct means; an engine is right if it agrees with this one.
"""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import re2
import yaml
from tests.conformance.operands import (
    AnyOf,
    Compare,
    Exists,
    FieldRef,
    Flag,
    Network,
    Null,
    Number,
    Operand,
    Part,
    Regex,
    Text,
    TimePart,
    Unsupported,
    Wild,
    filled,
    modified,
    parse_text,
    parse_value,
)

from wardwatch.events.logsource import LogSource, covers
from wardwatch.events.record import Value
from wardwatch.kernel import stamps

# ------------------------------------------------------------------------------------------------ the rule as a tree

Event = Mapping[str, Value]
Test = Callable[[Event], bool]


def parse_item(key: str | None, raw: object, lists: Mapping[str, list[str]]) -> Test:
    """One line of a map (`field|modifiers: values`), or values without a field (`key` None)."""
    field, *names = (key or "").split("|")
    values = raw if isinstance(raw, list) else [raw]
    operands: list[Operand] = [
        Regex((str(value),))
        if "re" in names and isinstance(value, str | int) and not isinstance(value, bool)
        else parse_value(value)
        for value in values
    ]
    if not values and not field:
        raise Unsupported("null without a field")
    for index, name in enumerate(names):
        if name not in ("all", "neq"):
            operands = [modified(operand, name, names[:index]) for operand in operands]
    operands = [filled(operand, lists) for operand in operands] or [Null()]  # no value at all is null
    tests = [field_test(field, operand) if field else keyword_test(operand) for operand in operands]
    link = all if "all" in names else any

    def positive(event: Event) -> bool:
        return link(test(event) for test in tests)

    return (lambda event: not positive(event)) if "neq" in names else positive


def parse_detection(raw: object, lists: Mapping[str, list[str]]) -> Test:
    """A named search: a map (all lines), a list of values (any, as keywords), a list with maps (any)."""
    if isinstance(raw, Mapping):
        if not raw:
            raise Unsupported("an empty map")
        lines = [parse_item(str(key), value, lists) for key, value in raw.items()]
        return lambda event: all(line(event) for line in lines)
    if isinstance(raw, list) and any(isinstance(one, Mapping | list) for one in raw):
        choices = [parse_detection(one, lists) for one in raw]
        return lambda event: any(choice(event) for choice in choices)
    return parse_item(None, raw, lists)


class Reference:
    """One rule. `lists` holds the texts that `%name%` stands for under `expand`.

    Raises:
        Unsupported: if the rule is not valid or cannot be run.
    """

    def __init__(self, rule: dict[str, Any], lists: Mapping[str, list[str]] | None = None) -> None:
        source = rule.get("logsource") or {}
        self.logsource = LogSource(source.get("product"), source.get("category"), source.get("service"))
        if self.logsource == LogSource():
            raise Unsupported("an empty log source")
        detection = rule.get("detection")
        if not isinstance(detection, Mapping) or "condition" not in detection or len(detection) < 2:
            raise Unsupported("no detection or no condition")
        tests = {str(name): parse_detection(raw, lists or {}) for name, raw in detection.items() if name != "condition"}
        conditions = detection["condition"]
        if not isinstance(conditions, list):
            conditions = [conditions]
        if not conditions or not all(isinstance(condition, str) for condition in conditions):
            raise Unsupported("a condition that is no text")
        self.tests = [Condition(condition, tests).parse() for condition in conditions]

    def matches(self, logsource: LogSource, fields: Event) -> bool:
        """Say whether an event of `logsource` with these flat `fields` is a match."""
        return covers(self.logsource, logsource) and any(test(fields) for test in self.tests)


class Condition:
    """Recursive descent; `not` binds tighter than `and`, `and` tighter than `or`."""

    def __init__(self, text: str, tests: Mapping[str, Test]) -> None:
        self.tests = tests
        self.tokens = re.findall(r"[A-Za-z0-9_*-]+|\S", text)
        self.at = 0

    def parse(self) -> Test:
        found = self.either()
        if self.at < len(self.tokens):
            raise Unsupported(f"condition: unexpected {self.tokens[self.at]!r}")
        return found

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, word: str) -> bool:
        if self.peek() != word:
            return False
        self.at += 1
        return True

    def either(self) -> Test:
        choices = [self.both()]
        while self.take("or"):
            choices.append(self.both())
        return lambda event: any(choice(event) for choice in choices)

    def both(self) -> Test:
        needed = [self.negation()]
        while self.take("and"):
            needed.append(self.negation())
        return lambda event: all(one(event) for one in needed)

    def negation(self) -> Test:
        if self.take("not"):
            inner = self.negation()
            return lambda event: not inner(event)
        if self.take("("):
            inner = self.either()
            if not self.take(")"):
                raise Unsupported("condition: a parenthesis is not closed")
            return inner
        return self.operand()

    def operand(self) -> Test:
        word = self.peek()
        if word in ("1", "any", "all") and self.peek(1) == "of":
            pattern = self.peek(2)
            self.at += 3
            return self.selector(word, pattern)
        self.at += 1
        if word in ("and", "or", "not") or word not in self.tests:
            raise Unsupported(f"condition: no detection {word!r}")
        return self.tests[word]

    def selector(self, quantifier: str, pattern: str) -> Test:
        if not re.fullmatch(r"[A-Za-z0-9_*]+", pattern):
            raise Unsupported(f"condition: not a name pattern: {pattern!r}")
        wanted = "*" if pattern == "them" else pattern
        parts = parse_text(wanted).parts
        chosen = [
            test
            for name, test in self.tests.items()
            if wild_match(parts, name) and (wanted.startswith("_") or not name.startswith("_"))
        ]
        if not chosen:
            raise Unsupported(f"condition: nothing is named {pattern!r}")
        link = all if quantifier == "all" else any
        return lambda event: link(test(event) for test in chosen)


# ------------------------------------------------------------------------------------------------ comparing


def text_of(value: object) -> str:
    """The text by which an event's value is compared."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def elements(event: Event, field: str) -> list[object]:
    """The values of a field: none if it is absent, each element of a list, `None` for an explicit null."""
    if field not in event:
        return []
    value = event[field]
    return list(value) if isinstance(value, list | tuple) else [value]


def texts(event: Event, field: str) -> list[str]:
    return [text_of(value) for value in elements(event, field) if value is not None]


def wild_match(parts: Sequence[Part], text: str) -> bool:
    """Match the whole of `text`: keep the set of places that the pattern read so far can have reached."""
    places = {0}
    for part in parts:
        if part is Wild.ANY:
            places = set(range(min(places), len(text) + 1)) if places else set()
        elif part is Wild.ONE:
            places = {place + 1 for place in places if place < len(text)}
        else:
            piece = str(part)
            places = {place + len(piece) for place in places if text.startswith(piece, place)}
    return len(text) in places


def decimal(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) else None


def moment(text: str) -> datetime | None:
    """A time in UTC: a number is an epoch (seconds to nanoseconds, by size), anything else ISO 8601."""
    try:
        return stamps.moment(stamps.epoch(text) if decimal(text) is not None else stamps.iso(text)[0])
    except (ValueError, OverflowError):
        return None


def part_of(found: datetime, unit: str) -> int:
    return found.isocalendar().week if unit == "week" else int(getattr(found, unit))


def ordered(operator: str, left: Decimal | int, right: Decimal | int) -> bool:
    return {"lt": left < right, "lte": left <= right, "gt": left > right, "gte": left >= right}[operator]


def exact(number: Number) -> Decimal:
    return Decimal(text_of(number.number))


def text_test(operand: Operand) -> Callable[[str], bool]:
    """The test of one text against one operand; of those that look at one text only."""
    if isinstance(operand, Text):
        if operand.cased:
            return lambda text: wild_match(operand.parts, text)
        folded = [part.casefold() if isinstance(part, str) else part for part in operand.parts]
        return lambda text: wild_match(folded, text.casefold())
    if isinstance(operand, Flag):
        return lambda text: text.casefold() == text_of(operand.value)
    if isinstance(operand, Number):
        wanted = exact(operand)
        return lambda text: text == text_of(operand.number) or decimal(text) == wanted
    if isinstance(operand, Regex):
        return regex_test(operand)
    if isinstance(operand, Network):
        return lambda text: in_network(text, operand)
    if isinstance(operand, TimePart):
        return lambda text: (found := moment(text)) is not None and part_of(found, operand.unit) == operand.number
    if isinstance(operand, Compare):
        return lambda text: compare_text(text, operand)
    raise Unsupported(f"{type(operand).__name__} is no test of a text")


def regex_test(operand: Regex) -> Callable[[str], bool]:
    options = re2.Options()
    options.log_errors = False
    flags = "".join(sorted(set(operand.flags)))
    try:
        pattern = re2.compile((f"(?{flags})" if flags else "") + "".join(map(str, operand.parts)), options)
    except re2.error as error:
        raise Unsupported(f"regular expression: {error}") from None
    return lambda text: pattern.search(text) is not None


def in_network(text: str, operand: Network) -> bool:
    try:
        return ipaddress.ip_address(text) in operand.network
    except ValueError:
        return False


def compare_text(text: str, operand: Compare) -> bool:
    if isinstance(operand.number, TimePart):
        found = moment(text)
        return found is not None and ordered(
            operand.operator, part_of(found, operand.number.unit), operand.number.number
        )
    number = decimal(text)
    return number is not None and ordered(operand.operator, number, exact(operand.number))


def refers(left: str, right: str, operand: FieldRef) -> bool:
    left, right = left.casefold(), right.casefold()
    if operand.starts and operand.ends:
        return right in left
    if operand.starts:
        return left.startswith(right)
    return left.endswith(right) if operand.ends else left == right


def field_test(field: str, operand: Operand) -> Test:
    if isinstance(operand, AnyOf):
        tests = [field_test(field, one) for one in operand.values]
        return lambda event: any(test(event) for test in tests)
    if isinstance(operand, Null):
        return lambda event: field not in event or None in elements(event, field)
    if isinstance(operand, Exists):
        return lambda event: (field in event) == operand.wanted
    if isinstance(operand, FieldRef):
        return lambda event: any(
            refers(left, right, operand) for left in texts(event, field) for right in texts(event, operand.field)
        )
    test = text_test(operand)
    return lambda event: any(test(text) for text in texts(event, field))


def keyword_test(operand: Operand) -> Test:
    """A value without a field: somewhere in any field."""
    if isinstance(operand, AnyOf):
        tests = [keyword_test(one) for one in operand.values]
        return lambda event: any(test(event) for test in tests)
    if isinstance(operand, Number):
        operand = Text((text_of(operand.number),))
    if isinstance(operand, Text):
        operand = replace(operand, parts=(Wild.ANY, *operand.parts, Wild.ANY))
    elif not isinstance(operand, Regex):
        raise Unsupported(f"{type(operand).__name__} without a field")
    test = text_test(operand)
    return lambda event: any(test(text) for field in event for text in texts(event, field))


# ------------------------------------------------------------------------------------------------ files


def load(paths: Iterable[str | Path]) -> list[dict[str, Any]]:
    """The rules of YAML files (folders are searched for *.yml), in order, `action` documents resolved."""
    found: list[dict[str, Any]] = []
    for path in map(Path, paths):
        for file in sorted(path.rglob("*.yml")) if path.is_dir() else [path]:
            found += resolved(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    return found


def resolved(documents: Iterable[dict[str, Any] | None]) -> Iterator[dict[str, Any]]:
    """Apply `action`: `global` adds to every later rule, `repeat` changes the rule before, `reset` ends `global`."""
    shared: dict[str, Any] = {}
    before: dict[str, Any] = {}
    for document in documents:
        if document is None:
            continue
        action = document.get("action")
        rest = {key: value for key, value in document.items() if key != "action"}
        if action == "global":
            shared = before = rest
        elif action == "reset":
            shared = {}
        elif action == "repeat":
            before = merged(before, rest)
            yield before
        elif action is not None:
            raise Unsupported(f"unknown action {action!r}")
        elif "correlation" in rest or "filter" in rest:
            yield rest
        else:
            before = merged(rest, shared)
            yield before


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with `over` on top; maps are merged, everything else is replaced."""
    found = copy.deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else copy.deepcopy(value)
    return found
