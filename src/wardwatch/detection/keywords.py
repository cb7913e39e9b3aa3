"""A cheap first look for keywords: which values, or which raw lines, can hold one at all.

Keyword rules look at every field of an event, most of which no other rule asks for. So each keyword is represented
by a run of characters that survives JSON escaping; where no run is found, no keyword can be there. What is found is
only a candidate: the scanner decides.

What rules see of JSON is not always what stands in it: nested values become compact text, so that no run may cross a
comma, nor begin with a colon, beside which there may be blanks; and numbers become texts of one spelling (`1e2` is
100), so that where a keyword can be in the text of a number, every number that may be spelled otherwise makes a
candidate.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import hyperscan
import numpy as np

from wardwatch.detection import predicates as kinds
from wardwatch.detection.predicates import Predicate
from wardwatch.detection.scanner import DatabaseStore, built

_RUN = re.compile(r"[a-z0-9 _.=;()\-][a-z0-9 _.:=;()\-]{2,}")
_NUMERIC = re.compile(r"-?[0-9]*\.?[0-9]*(?:e-?[0-9]*)?")  # a run that may be a part of a number's text
# A number as it stands in JSON, if its text may be another: with a fraction, an exponent, or beyond 64 bits.
_NUMBER = rb"[:,\[]\s*-?(?:[0-9]{20,}|[0-9]+(?:\.[0-9]+)?[eE][+\-]?[0-9]+|[0-9]+\.[0-9]+)\s*[,}\]]"

# UTF-8 of the characters whose full case folding contains ASCII (Unicode CaseFolding.txt): ß ŉ ǰ ẖ–ẚ ẞ K ﬀ–ﬆ ſ İ.
_FOLDS_TO_ASCII = (
    rb"\xc3\x9f|\xc5\x89|\xc5\xbf|\xc7\xb0|\xc4\xb0|\xe1\xba[\x96-\x9b]|\xe1\xba\x9e|\xe2\x84\xaa|\xef\xac[\x80-\x86]"
)
# The same characters, and those of `_RUN`, written as JSON escapes.
_ESCAPED = rb"\\u00(?:2[089cde]|3[0-9abd]|[4-7][0-9a-f]|df)|\\u01(?:30|49|7f|f0)|\\u1e9[6-9abe]|\\u212a|\\ufb0[0-6]"


class KeywordFilter:
    """Finds candidates for a set of keyword predicates; `usable` is `False` where a keyword has no safe run."""

    def __init__(self, asked: Iterable[Predicate], store: DatabaseStore = built) -> None:
        runs = {_run(predicate) for predicate in asked}
        self.usable = None not in runs
        self.empty = not runs
        self._database: Any = None
        if self.usable and runs:
            expressions = [*sorted(re.escape(run).encode() for run in runs if run), _FOLDS_TO_ASCII, _ESCAPED]
            if any(_NUMERIC.fullmatch(run) for run in runs if run):
                expressions.append(_NUMBER)
            self._database, _ = store("keywords", expressions, lambda: (_compiled(expressions), []))

    def ends(self, data: Any) -> list[int]:  # noqa: ANN401  (a buffer)
        """Return, in order, where in `data` something ends that may be a keyword."""
        ends: list[int] = []
        if self._database is not None:
            self._database.scan(data, match_event_handler=lambda _id, _from, to, *_: ends.append(to))
        return sorted(ends)

    def candidates(self, data: Any, starts: Sequence[int] | np.ndarray) -> list[int]:  # noqa: ANN401  (a buffer)
        """Return the positions of the values in `data` that may hold a keyword; value i begins at `starts[i]`."""
        ends = self.ends(data)
        if not ends:
            return []
        return [int(one) for one in np.unique(np.searchsorted(starts, np.array(ends) - 1, side="right") - 1)]


def _run(predicate: Predicate) -> str | None:
    if predicate.kind == kinds.EQUALS or predicate.kind != kinds.LIKE or not isinstance(predicate.args[0], tuple):
        return None
    texts = [part.casefold() for part in predicate.args[0] if isinstance(part, str)]
    runs = [run for text in texts for run in _RUN.findall(text)]
    return max(runs, key=lambda run: (not _NUMERIC.fullmatch(run), len(run)), default=None)


def _compiled(expressions: Sequence[bytes]) -> Any:  # noqa: ANN401
    flags = [0 if one == _FOLDS_TO_ASCII else hyperscan.HS_FLAG_CASELESS for one in expressions]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=expressions, ids=list(range(len(expressions))), elements=len(expressions), flags=flags)
    return database
