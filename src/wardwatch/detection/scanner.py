"""A scanner answers all predicates of one field for many values at once.

Values are folded, joined with a byte that UTF-8 never uses, and scanned in one go by Hyperscan for the literals of
all patterns; equality and numbers are look-ups; regular expressions are prefiltered by Hyperscan and decided by RE2.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import hyperscan
import numpy as np

from wardwatch.detection import predicates as kinds
from wardwatch.detection.predicates import ANY, Predicate

SEPARATOR = b"\xff"  # never part of UTF-8
_NUL = b"\0"

# A Hyperscan database, and the positions of the patterns that are in it.
Built = tuple[Any, list[int]]
# `store(kind, patterns, build)` returns what `build` builds, from the disk if it was built before.
DatabaseStore = Callable[[str, Sequence[bytes], Callable[[], Built]], Built]

# Fewer are faster asked one by one, and need no database.
_MIN_LITERALS = 12
_MIN_REGEXES = 3


def built(_kind: str, _patterns: Sequence[bytes], build: Callable[[], Built]) -> Built:
    """Build the database without storing it."""
    return build()


class Scanner:
    """The predicates of one field (or keywords), ready to be asked; `numbers` are their numbers in the rule set."""

    def __init__(self, asked: Iterable[tuple[int, Predicate]], store: DatabaseStore = built) -> None:
        self._folded: dict[str, list[int]] = {}
        self._cased: dict[str, list[int]] = {}
        self._numeric: dict[Decimal, list[int]] = {}
        self._plain: list[tuple[int, Predicate]] = []  # few and exotic: asked one by one
        self._literals = _Literals()
        regexes: list[tuple[int, Predicate]] = []
        for number, predicate in asked:
            kind, args = predicate.kind, predicate.args
            if kind == kinds.EQUALS:
                (self._cased if args[1] else self._folded).setdefault(str(args[0]), []).append(number)
            elif kind == kinds.NUMBER:
                self._numeric.setdefault(kinds.exact(args[0]), []).append(number)
            elif kind == kinds.LIKE:
                if not self._literals.add(number, predicate):
                    self._plain.append((number, predicate))
            elif kind == kinds.REGEX:
                regexes.append((number, predicate))
            elif kind not in (kinds.EXISTS, kinds.NULL, kinds.REFERENCE):
                self._plain.append((number, predicate))
        self._literals.build(store)
        self._regexes = _Regexes(regexes, store)

    def scan(self, values: Sequence[str]) -> list[set[int]]:
        """Return, for each value, the numbers of the predicates that are true for it."""
        found: list[set[int]] = [set() for _ in values]
        folded = [value.casefold() for value in values]
        self._literals.scan(values, folded, found)
        self._regexes.scan(values, found)
        for value, fold, true in zip(values, folded, found, strict=True):
            if fold in self._folded:
                true.update(self._folded[fold])
            if self._cased and value in self._cased:
                true.update(self._cased[value])
            if self._numeric:
                number = kinds.number_of(value)
                if number is not None and number in self._numeric:
                    true.update(self._numeric[number])
            for number_of, predicate in self._plain:
                if kinds.holds(predicate, value):
                    true.add(number_of)
        return found


class _Literals:
    """Patterns with wildcards. Each is represented in the scan by its longest literal.

    Where the literal with its anchors is the whole pattern (contains, startswith, endswith), a hit is an answer; else
    it is a candidate that `predicates.Like` decides.
    """

    def __init__(self) -> None:
        self._ids: dict[bytes, int] = {}
        self._sure: list[list[int]] = []
        self._maybe: list[list[tuple[int, Predicate]]] = []
        self._few: list[tuple[str, bool, bool, int]] = []
        self._database: Any = None

    def add(self, number: int, predicate: Predicate) -> bool:
        """Take a pattern; `False` where it has no literal to look for.

        Nor are texts with NUL (`wide` makes such) looked for: the binding of Hyperscan ends a pattern there.
        """
        parts, cased = predicate.args
        if not isinstance(parts, tuple):
            return False
        texts = [(len(part), position) for position, part in enumerate(parts) if isinstance(part, str)]
        if not texts:
            return False
        position = max(texts)[1]
        literal = str(parts[position]).casefold().encode("utf-8", "replace")
        if not literal or _NUL in literal:
            return False
        exact = not cased and sum(1 for part in parts if part != ANY) == 1
        if position == 0:
            literal = SEPARATOR + literal
        if position == len(parts) - 1:
            literal += SEPARATOR
        key = self._ids.setdefault(literal, len(self._ids))
        if key == len(self._sure):
            self._sure.append([])
            self._maybe.append([])
        if exact:
            self._sure[key].append(number)
        else:
            self._maybe[key].append((number, predicate))
        return True

    def build(self, store: DatabaseStore) -> None:
        """Compile the literals."""
        if len(self._ids) < _MIN_LITERALS:
            self._few = [(*_bare(literal), key) for literal, key in self._ids.items()]
            return
        literals = list(self._ids)

        def compiled() -> Built:
            database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
            database.compile(
                expressions=literals,
                ids=list(range(len(literals))),
                elements=len(literals),
                flags=0,
                literal=True,
            )
            return database, []

        self._database, _ = store("literals", literals, compiled)

    def scan(self, values: Sequence[str], folded: Sequence[str], found: list[set[int]]) -> None:
        """Add to `found` what is true for each value."""
        for row, key in self._hits(folded):
            true = found[row]
            true.update(self._sure[key])
            for number, predicate in self._maybe[key]:
                if number not in true and kinds.holds(predicate, values[row]):
                    true.add(number)

    def _hits(self, folded: Sequence[str]) -> Iterable[tuple[int, int]]:
        """The pairs of (value, literal) where the literal is in the value."""
        if self._database is None:
            return (
                (row, key)
                for text, at_start, at_end, key in self._few
                for row, fold in enumerate(folded)
                if text in fold and (not at_start or fold.startswith(text)) and (not at_end or fold.endswith(text))
            )
        encoded = [fold.encode("utf-8", "replace") for fold in folded]
        joined = SEPARATOR + SEPARATOR.join(encoded) + SEPARATOR
        keys: list[int] = []
        ends: list[int] = []
        take_key, take_end = keys.append, ends.append

        def hit(key: int, _start: int, end: int, _flags: int, _context: object) -> None:
            take_key(key)
            take_end(end)

        self._database.scan(joined, match_event_handler=hit)
        if not keys:
            return ()
        starts = np.cumsum([1] + [len(one) + 1 for one in encoded[:-1]])
        rows = np.searchsorted(starts, np.array(ends) - 1, side="right") - 1
        return set(zip(rows.tolist(), keys, strict=True))


def _bare(literal: bytes) -> tuple[str, bool, bool]:
    """A literal without its separators: (text, stands at the start, stands at the end)."""
    return literal.strip(SEPARATOR).decode(), literal.startswith(SEPARATOR), literal.endswith(SEPARATOR)


class _Regexes:
    """Regular expressions: Hyperscan proposes, RE2 decides."""

    def __init__(self, asked: list[tuple[int, Predicate]], store: DatabaseStore) -> None:
        self._asked = [(number, str(predicate.args[0])) for number, predicate in asked]
        self._database: Any = None
        usable: list[int] = []
        if len(asked) >= _MIN_REGEXES:
            patterns = [pattern.encode() for _, pattern in self._asked]
            self._database, usable = store("regexes", patterns, lambda: _prefilter(patterns))
        self._always = sorted(set(range(len(asked))) - set(usable))

    def scan(self, values: Sequence[str], found: list[set[int]]) -> None:
        """Add to `found` what is true for each value."""
        if not self._asked:
            return
        for value, true in zip(values, found, strict=True):
            candidates = set(self._always)
            if self._database is not None:
                self._database.scan(
                    value.encode("utf-8", "replace"),
                    match_event_handler=lambda key, *_: candidates.add(key),  # noqa: B023  (called at once)
                )
            for position in candidates:
                number, pattern = self._asked[position]
                if number not in true and kinds.regex(pattern).search(value) is not None:
                    true.add(number)


_FLAGS = (
    hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY | hyperscan.HS_FLAG_UTF8
)
# What the two engines read differently is left to RE2 alone.
_DIFFERENT = (_NUL, b"\\z", b"\\Z", b"\\A", b"\\p", b"\\P", b"\\C", b"\\Q", b"\\b", b"\\B", b"[[:", b"(?U")


def _compile(patterns: Sequence[bytes], ids: Sequence[int]) -> Any:  # noqa: ANN401
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=list(patterns), ids=list(ids), elements=len(patterns), flags=[_FLAGS] * len(patterns))
    return database


def _prefilter(patterns: Sequence[bytes]) -> Built:
    """Compile those patterns for which Hyperscan means no less than RE2 does."""
    usable = []
    for position, pattern in enumerate(patterns):
        if pattern.isascii() and not any(mark in pattern for mark in _DIFFERENT):
            try:
                _compile([pattern], [position])
            except hyperscan.error:
                continue
            usable.append(position)
    return (_compile([patterns[position] for position in usable], usable) if usable else None), usable
