"""Columns of field values: Python values in, dictionary-encoded Arrow columns out.

This is the hot path of reading. Values of one column are mostly texts and mostly repeat.
"""

import json
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

import pyarrow as pa

from wardwatch.events.batch import NULL, WORD, WORDS

_LISTS = (list, tuple)
_MAX_EXACT_FLOAT = 1e15


def text_of(value: Any) -> str:  # noqa: ANN401  (whatever a log holds)
    """A field's value as text, the one form in which rules see it; an explicit null is the sentinel `NULL`."""
    if isinstance(value, str):
        return value
    if value is None:
        return NULL
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _MAX_EXACT_FLOAT else repr(value)
    return _json(value) if isinstance(value, dict | list | tuple) else str(value)


def _json(value: Any) -> str:  # noqa: ANN401
    """A nested value as compact JSON."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (ValueError, TypeError, RecursionError):
        return "…"  # nested deeper than can be written, or with keys that JSON has not


class Column:
    """The values of one field, gathered from groups of rows; rows of groups without the field are absent."""

    __slots__ = ("_has_lists", "_parts", "_rows")

    def __init__(self) -> None:
        self._parts: list[Any] = []
        self._rows = 0
        self._has_lists = False

    def extend(self, start: int, values: Sequence[Any]) -> None:
        """Set the rows from `start` on to `values`; rows between the last ones and `start` are absent."""
        if start > self._rows:
            self._parts.append(repeat(None, start - self._rows))
        kinds = set(map(type, values))
        if kinds == {str}:
            self._parts.append(values)
        elif kinds.intersection(_LISTS):
            self._has_lists = True
            self._parts.append([[text_of(i) for i in v] if isinstance(v, _LISTS) else text_of(v) for v in values])
        elif kinds == {int}:
            words = {value: str(value) for value in set(values)}
            self._parts.append(map(words.__getitem__, values))
        else:
            self._parts.append(map(text_of, values))
        self._rows = start + len(values)

    def finish(self, rows: int) -> pa.Array:
        """Return the column with `rows` rows: dictionary-encoded texts, or lists where any value was a list."""
        values = list(chain(*self._parts, repeat(None, rows - self._rows)))
        if not self._has_lists:
            return words(values)
        lists = [v if v is None or isinstance(v, list) else [v] for v in values]
        try:
            return pa.array(lists, WORDS)
        except UnicodeEncodeError:
            return pa.array([v and [_mended(one) for one in v] for v in lists], WORDS)


def words(values: Sequence[str | None]) -> pa.DictionaryArray:
    """Dictionary-encode texts; lone surrogates, which JSON can carry and UTF-8 cannot, become `?`."""
    try:
        return pa.array(values, WORD)
    except UnicodeEncodeError:
        return pa.array([v and _mended(v) for v in values], pa.string()).dictionary_encode()


def _mended(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
