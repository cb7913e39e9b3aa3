"""A cheap first look for keywords: which values, or which raw lines, can hold one at all.

Keyword rules look at every field of an event, most of which no other rule asks for. So each keyword is represented
by a run of characters that survives JSON escaping; where no run is found, no keyword can be there. What is found is
only a candidate: the scanner decides.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import hyperscan
import numpy as np

from wardwatch.detection import predicates as kinds
from wardwatch.detection.predicates import Predicate
from wardwatch.detection.scanner import DatabaseStore, built

_RUN = re.compile(r"[a-z0-9 _.:=;,()\-]{3,}")

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
            patterns = sorted(re.escape(run).encode() for run in runs if run)
            self._database, _ = store("keywords", patterns, lambda: (_compiled(patterns), []))

    def candidates(self, data: Any, starts: Sequence[int] | np.ndarray) -> list[int]:  # noqa: ANN401  (a buffer)
        """Return the positions of the values in `data` that may hold a keyword; value i begins at `starts[i]`."""
        if self._database is None:
            return []
        ends: list[int] = []
        self._database.scan(data, match_event_handler=lambda _id, _from, to, *_: ends.append(to))
        if not ends:
            return []
        return [int(one) for one in np.unique(np.searchsorted(starts, np.array(ends) - 1, side="right") - 1)]


def _run(predicate: Predicate) -> str | None:
    if predicate.kind == kinds.EQUALS or predicate.kind != kinds.LIKE or not isinstance(predicate.args[0], tuple):
        return None
    texts = [part.casefold() for part in predicate.args[0] if isinstance(part, str)]
    runs = [run for text in texts for run in _RUN.findall(text)]
    return max(runs, key=len, default=None)


def _compiled(patterns: Sequence[bytes]) -> Any:  # noqa: ANN401
    expressions = [*patterns, _FOLDS_TO_ASCII, _ESCAPED]
    flags = [hyperscan.HS_FLAG_CASELESS] * len(patterns) + [0, hyperscan.HS_FLAG_CASELESS]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=expressions, ids=list(range(len(expressions))), elements=len(expressions), flags=flags)
    return database
