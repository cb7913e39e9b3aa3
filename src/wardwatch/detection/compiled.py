"""A compiled rule set: predicates, expressions and anchors, as plain data that is stored and loaded in milliseconds."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

import orjson

from wardwatch.detection import predicates as kinds
from wardwatch.detection.predicates import Predicate
from wardwatch.detection.rules import Rule
from wardwatch.events.logsource import LogSource
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import UnsupportedRuleError
from wardwatch.kernel.severity import Level

Expression = Any  # int | bool | list[str | Expression]; mypy has no recursive plain data

FORMAT = 5  # of the stored form; part of the cache's key


T = TypeVar("T")


class Lazy(Sequence[T]):
    """A sequence whose items are built from plain data when they are first asked for."""

    def __init__(self, plain: list[Any], build: Callable[[Any], T]) -> None:
        self._plain = plain
        self._build = build
        self._built: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._plain)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        if index not in self._built:
            self._built[index] = self._build(self._plain[index])
        return self._built[index]


@dataclass(frozen=True, slots=True)
class Key:
    """What the engine needs of a rule besides its condition: by what it is found, and what it looks at."""

    id: str
    name: str | None
    logsource: LogSource


class _ById(Mapping[str, Rule]):
    """Rules by id, built when they are first asked for."""

    def __init__(self, rules: "CompiledRules") -> None:
        self._rules = rules.rules
        self._numbers = {key.id: number for number, key in enumerate(rules.keys)}
        self._others = {rule.id: rule for rule in rules.others}

    def __getitem__(self, id_: str) -> Rule:
        number = self._numbers.get(id_)
        return self._others[id_] if number is None else self._rules[number]

    def __iter__(self) -> Iterator[str]:
        yield from self._numbers
        yield from self._others

    def __len__(self) -> int:
        return len(self._numbers) + len(self._others)


@dataclass(slots=True)
class CompiledRules:
    """What `match` runs. Rule numbers are positions in `rules`; predicate numbers positions in `predicates`.

    `anchors[rule]` are predicates of which one must be true if the rule is to fire; `None` where there are none.
    `others` are rules that no event is matched against: correlations, and unsupported ones with their reason.
    `asked` are the predicates of each rule, in order, and `looks` the field and kind of each predicate.
    `correlations` are the YAML documents of the correlations among them, for the room above. `compiled` holds
    conditions as Python and `scanners` what `match` asks, made when they are first asked. Of a stored set, rules,
    conditions and predicates are built when they are asked for.
    """

    rules: Sequence[Rule]
    conditions: Sequence[Expression]
    anchors: list[list[int] | None]
    predicates: Sequence[Predicate]
    asked: list[list[int]]
    looks: list[tuple[str | None, str]]
    keys: list[Key]
    keywords: set[int] = field(default_factory=set)  # numbers of the predicates that look at every field
    others: list[Rule] = field(default_factory=list)
    correlations: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    compiled: dict[int, Callable[[frozenset[int]], bool]] = field(default_factory=dict, repr=False, compare=False)
    scanners: dict[tuple[str | int, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    def by_id(self) -> Mapping[str, Rule]:
        """Every loaded rule by its id."""
        return _ById(self)

    def every(self) -> Iterable[Rule]:
        """Every rule that was loaded, in whatever state."""
        yield from self.rules
        yield from self.others

    def dump(self) -> bytes:
        """Serialise; see `restore`."""
        return orjson.dumps(
            {
                # As texts, which are parsed when somebody asks for one: that is half of the time of loading.
                "rules": [orjson.dumps(_plain(rule)).decode() for rule in self.rules],
                "conditions": [orjson.dumps(condition).decode() for condition in self.conditions],
                "keywords": sorted(self.keywords),
                "keys": [[key.id, key.name, *dataclasses.astuple(key.logsource)] for key in self.keys],
                "asked": self.asked,
                "anchors": self.anchors,
                "predicates": [[p.field, p.kind, p.args] for p in self.predicates],
                "others": [_plain(rule) for rule in self.others],
                # Whatever YAML can hold; numbers of any size, and keys that are no texts.
                "correlations": json.dumps(self.correlations, default=str, skipkeys=True),
                "warnings": self.warnings,
            }
        )


def restore(stored: bytes) -> CompiledRules:
    """Rebuild what `dump` wrote. It is plain data: nothing in it is executed."""
    found = orjson.loads(stored)
    return CompiledRules(
        rules=Lazy(found["rules"], lambda text: _rule(orjson.loads(text))),
        conditions=Lazy(found["conditions"], orjson.loads),
        asked=found["asked"],
        looks=[(field, kind) for field, kind, _ in found["predicates"]],
        anchors=found["anchors"],
        predicates=Lazy(found["predicates"], lambda plain: Predicate(plain[0], plain[1], _tuples(plain[2]))),
        keywords=set(found["keywords"]),
        keys=[Key(id_, name, LogSource(*terms)) for id_, name, *terms in found["keys"]],
        others=[_rule(one) for one in found["others"]],
        correlations=json.loads(found["correlations"]),
        warnings=found["warnings"],
    )


_RULE_FIELDS = tuple(one.name for one in dataclasses.fields(Rule))


def _plain(rule: Rule) -> list[Any]:
    return [getattr(rule, name) for name in _RULE_FIELDS]


def _rule(plain: Sequence[Any]) -> Rule:
    values = dict(zip(_RULE_FIELDS, plain, strict=True))
    values["title"], values["explanation"] = Text(**values["title"]), Text(**values["explanation"])
    values["level"] = Level(values["level"])
    values["logsource"] = LogSource(**values["logsource"])
    values["falsepositives"] = tuple(Text(**one) for one in values["falsepositives"])
    for name in ("tags", "references", "fields"):
        values[name] = tuple(values[name])
    return Rule(**values)


def _tuples(args: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_tuples(arg) if isinstance(arg, list) else arg for arg in args)


MAX_DEPTH = 60


def check_depth(expression: Expression, depth: int = 0) -> None:
    """Refuse conditions nested deeper than Python can evaluate."""
    if depth > MAX_DEPTH:
        raise UnsupportedRuleError(f"condition nested deeper than {MAX_DEPTH} levels")
    if isinstance(expression, list):
        for part in expression:
            check_depth(part, depth + 1)


def numbers(expression: Expression) -> Iterable[int]:
    """Yield the predicate numbers of an expression."""
    if isinstance(expression, list):
        for part in expression[1:]:
            yield from numbers(part)
    elif not isinstance(expression, bool):
        yield expression


def anchor(expression: Expression, predicates: Sequence[Predicate]) -> tuple[float, list[int] | None]:
    """Return predicates of which one must be true if the expression is, with the guessed odds of that.

    Of the parts of an `and` the rarest is enough; an `or` needs one from each part; a `not` gives none.
    """
    if isinstance(expression, bool):
        return (1.0, None) if expression else (0.0, [])
    if not isinstance(expression, list):
        return odds(predicates[expression]), [expression]
    operator, parts = (
        expression[0],
        [anchor(part, predicates) for part in expression[1:]] if expression[0] != "not" else [],
    )
    if operator == "and":
        return min((part for part in parts if part[1] is not None), key=lambda part: part[0], default=(1.0, None))
    if operator == "or" and all(found is not None for _, found in parts):
        return sum(chance for chance, _ in parts), [number for _, found in parts for number in found or ()]
    return 1.0, None


def odds(predicate: Predicate) -> float:
    """Guess how often a predicate is true: long texts are rare, numbers and nulls are common."""
    if predicate.kind == kinds.EQUALS:
        return 0.002 / (1 + len(str(predicate.args[0])))
    if predicate.kind == kinds.LIKE and isinstance(predicate.args[0], tuple):
        return float(0.6 ** sum(len(part) for part in predicate.args[0] if isinstance(part, str)))
    if predicate.kind in (kinds.REGEX, kinds.CIDR):
        return 0.02
    return 0.9 if predicate.kind in (kinds.NULL, kinds.EXISTS) else 0.1
