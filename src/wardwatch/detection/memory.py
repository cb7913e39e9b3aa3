"""What the engine holds for each log source: the rules arranged for it, and what it remembers between batches."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from wardwatch.detection import predicates as kinds
from wardwatch.detection.compiled import CompiledRules, Expression
from wardwatch.detection.keywords import KeywordFilter
from wardwatch.detection.predicates import Predicate
from wardwatch.detection.scanner import DatabaseStore, Scanner, built
from wardwatch.events.logsource import LogSource, covers

MAX_CLASSES = 65_536  # remembered combinations of signatures, and signatures, of one log source
_MAX_LOG_SOURCES = 10_000
NOTHING: frozenset[int] = frozenset()


class Field:
    """One field of a partition: its scanner, what an absent and a null value mean, and what is remembered."""

    def __init__(self, name: str, numbered: Sequence[int], rules: CompiledRules, store: DatabaseStore) -> None:
        self.name = name
        self.exists = frozenset(number for number in numbered if rules.looks[number][1] == kinds.EXISTS)
        self.null = frozenset(number for number in numbered if rules.looks[number][1] == kinds.NULL)
        self.known: dict[Any, int] = {}
        self._numbered, self._rules, self._store = numbered, rules, store

    @cached_property
    def scanner(self) -> Scanner:
        """What answers the predicates, made when a value is there to be asked: many fields are never seen.

        It belongs to the rules, not to what is remembered: it is made once, however many memories there are.
        """
        key: tuple[str | int, ...] = (self.name, *self._numbered)
        found: Scanner | None = self._rules.scanners.get(key)
        if found is None:
            predicates = ((number, self._rules.predicates[number]) for number in self._numbered)
            found = self._rules.scanners[key] = Scanner(predicates, self._store)
        return found


class Partition:
    """The rules of one log source, arranged for matching; and its part of the memory.

    A signature is the set of predicates that are true for one value; signatures are numbered, 0 is the empty set.
    """

    def __init__(self, rules: CompiledRules, numbered: Sequence[int], store: DatabaseStore) -> None:
        self.rules = list(numbered)
        self._conditions = rules.conditions
        self.by_anchor: dict[int, list[int]] = {}
        self.always: list[int] = []
        asked: set[int] = set()
        for number in self.rules:
            asked.update(rules.asked[number])
            anchors = rules.anchors[number]
            if anchors is None:
                self.always.append(number)
            for one in anchors or ():
                self.by_anchor.setdefault(one, []).append(number)
        self._store = store
        self._arrange(rules, sorted(asked))
        self._compiled = rules.compiled
        self.forget()

    def _arrange(self, rules: CompiledRules, asked: Sequence[int]) -> None:
        by_field: dict[str, list[int]] = {}
        self._keywords: list[tuple[int, Predicate]] = []
        self.references: list[tuple[int, Predicate]] = []
        for number in asked:
            name, kind = rules.looks[number]
            if name is None:
                self._keywords.append((number, rules.predicates[number]))
            elif kind == kinds.REFERENCE:
                self.references.append((number, rules.predicates[number]))
            else:
                by_field.setdefault(name, []).append(number)
        self.fields = {name: Field(name, numbered, rules, self._store) for name, numbered in by_field.items()}
        self.needs = frozenset(by_field) | {str(p.args[0]) for _, p in self.references}
        self.needs |= {p.field for _, p in self.references if p.field}

    @cached_property
    def keywords(self) -> Scanner | None:
        """What answers the predicates that look at every field, if there are any."""
        return Scanner(self._keywords, self._store) if self._keywords else None

    @cached_property
    def keyword_filter(self) -> KeywordFilter:
        """What tells which values may hold a keyword."""
        return KeywordFilter((predicate for _, predicate in self._keywords), self._store)

    def forget(self) -> None:
        """Empty the memory of this partition."""
        self.sets: list[frozenset[int]] = [NOTHING]
        self.signatures: dict[frozenset[int], int] = {NOTHING: 0}
        self.classes: dict[tuple[int, ...], tuple[int, ...]] = {}
        for one in self.fields.values():
            one.known.clear()

    def signature(self, true: frozenset[int]) -> int:
        """Return the number of a set of predicates."""
        found = self.signatures.get(true)
        if found is None:
            found = self.signatures[true] = len(self.sets)
            self.sets.append(true)
        return found

    def fires(self, true: frozenset[int]) -> tuple[int, ...]:
        """Return the rules that fire where exactly the predicates `true` are true."""
        candidates = set(self.always)
        for number in true:
            candidates.update(self.by_anchor.get(number, ()))
        return tuple(sorted(number for number in candidates if self._condition(number)(true)))

    def _condition(self, rule: int) -> Callable[[frozenset[int]], bool]:
        found = self._compiled.get(rule)
        if found is None:
            source = f"lambda true: {_python(self._conditions[rule])}"
            found = self._compiled[rule] = eval(source, {"__builtins__": {}})  # noqa: S307  (numbers and operators only)
        return found


def _python(expression: Expression) -> str:
    """Write an expression as Python; it holds nothing but numbers and operators."""
    if isinstance(expression, bool):
        return str(expression)
    if not isinstance(expression, list):
        return f"{int(expression)} in true"
    operator, parts = expression[0], [_python(part) for part in expression[1:]]
    if operator == "not":
        return f"not ({parts[0]})"
    return "(" + {"and": " and ", "or": " or "}[operator].join(parts) + ")"


class Memory:
    """What the engine remembers between batches: it changes speed, never results, and is bounded.

    One memory belongs to one rule set. `store` keeps compiled pattern databases on disk.
    """

    def __init__(self, store: DatabaseStore = built) -> None:
        self.store = store
        self._rules: CompiledRules | None = None
        self._by_source: dict[LogSource, list[int]] = {}  # rules by the log source that they name
        self._partitions: dict[tuple[int, ...], Partition] = {}
        self._known: dict[LogSource, Partition] = {}

    def partition(self, rules: CompiledRules, logsource: LogSource) -> Partition:
        """Return the partition of a log source, building it at first sight."""
        if self._rules is not rules:
            self._take(rules)
        found = self._known.get(logsource)
        if found is None:
            if len(self._known) >= _MAX_LOG_SOURCES:  # names of services can come from the log
                self._known.clear()
            found = self._known[logsource] = self._covering(rules, logsource)
        if len(found.classes) > MAX_CLASSES or len(found.sets) > MAX_CLASSES:
            found.forget()
        return found

    def _take(self, rules: CompiledRules) -> None:
        self._rules, self._by_source, self._partitions, self._known = rules, {}, {}, {}
        for number, key in enumerate(rules.keys):
            self._by_source.setdefault(key.logsource, []).append(number)

    def _covering(self, rules: CompiledRules, logsource: LogSource) -> Partition:
        """Log sources that the same rules cover share a partition, however many there are."""
        named = (numbered for rule, numbered in self._by_source.items() if covers(rule, logsource))
        key = tuple(sorted(number for numbered in named for number in numbered))
        if key not in self._partitions:
            self._partitions[key] = Partition(rules, key, self.store)
        return self._partitions[key]
