"""Columns of field values: values or their codes in, dictionary-encoded Arrow columns out.

This is the hot path of reading. Values of one column are mostly texts and mostly repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, cast

import numpy as np
import pyarrow as pa

from wardwatch.events.batch import WORDS
from wardwatch.events.words import Words, text_of

_LISTS = (list, tuple)


@dataclass(frozen=True, slots=True)
class Coded:
    """Values as numbers (int32) of their texts in `words`; -1: no value."""

    codes: np.ndarray
    words: Words

    def texts(self) -> list[str | None]:
        """Return the values as they are read."""
        texts = [*self.words, None]
        return [texts[code] for code in self.codes.tolist()]


def coded(texts: Sequence[str | None], words: Words) -> Coded:
    """Number texts; `None` is no value."""
    if None in texts:
        numbers = [-1 if text is None else words[text] for text in texts]
    else:
        numbers = list(map(words.__getitem__, cast("Sequence[str]", texts)))
    return Coded(np.array(numbers, np.int32), words)


class Column:
    """The values of one field, gathered from groups of rows; rows of groups without the field are absent."""

    __slots__ = ("_lists", "_parts", "_words")

    def __init__(self) -> None:
        self._parts: list[tuple[int, np.ndarray]] = []
        self._lists: list[tuple[int, list[str | list[str]]]] = []
        self._words: Words | None = None

    def extend(self, start: int, values: Sequence[Any] | Coded) -> None:
        """Set the rows from `start` on to `values`; rows between the last ones and `start` are absent."""
        if isinstance(values, Coded):
            self._parts.append((start, self._adopted(values)))
            return
        kinds = set(map(type, values))
        if kinds.intersection(_LISTS):
            lists = [[text_of(i) for i in v] if isinstance(v, _LISTS) else text_of(v) for v in values]
            self._lists.append((start, lists))
            return
        words = self._numbered()
        # A dictionary has no text for nested values: they are turned into text before.
        texts = values if not kinds - _PLAIN else map(text_of, values)
        self._parts.append((start, np.array(list(map(words.__getitem__, texts)), np.int32)))

    def repeat(self, start: int, text: str, rows: int) -> None:
        """Set `rows` rows from `start` on to the same text."""
        self._parts.append((start, np.full(rows, self._numbered()[text], np.int32)))

    def _numbered(self) -> Words:
        if self._words is None:
            self._words = Words()
        return self._words

    def _adopted(self, values: Coded) -> np.ndarray:
        """Return the codes in this column's own dictionary, which is that of the first values."""
        if self._words is None:
            self._words = values.words
        if self._words is values.words:
            return values.codes
        numbers = np.array([*map(self._words.__getitem__, list(values.words)), -1], np.int32)
        renumbered: np.ndarray = numbers[values.codes]
        return renumbered

    def finish(self, rows: int) -> pa.Array:
        """Return the column with `rows` rows: dictionary-encoded texts, or lists where any value was a list."""
        if len(self._parts) == 1 and len(self._parts[0][1]) == rows:
            codes = self._parts[0][1]
        else:
            codes = np.full(rows, -1, np.int32)
            for start, part in self._parts:
                codes[start : start + len(part)] = part
        whole = Coded(codes, self._numbered())
        if not self._lists:
            return dictionary(whole)
        lists: list[list[str] | None] = [None if text is None else [text] for text in whole.texts()]
        for start, some in self._lists:
            lists[start : start + len(some)] = [one if isinstance(one, list) else [one] for one in some]
        try:
            return pa.array(lists, WORDS)
        except UnicodeEncodeError:
            return pa.array([v and [_mended(one) for one in v] for v in lists], WORDS)


_PLAIN = {str, int, float, bool, type(None)}


def dictionary(values: Coded) -> pa.DictionaryArray:
    """Return a dictionary-encoded column; lone surrogates, which JSON can carry and UTF-8 cannot, become `?`."""
    try:
        texts = _texts(values.words)
    except UnicodeEncodeError:
        return pa.array([text and _mended(text) for text in values.texts()], pa.string()).dictionary_encode()
    there = values.codes >= 0
    bits = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    codes = np.where(there, values.codes, 0) if bits else values.codes
    indices = pa.Array.from_buffers(pa.int32(), len(codes), [bits, pa.py_buffer(np.ascontiguousarray(codes))])
    return pa.DictionaryArray.from_arrays(indices, texts)


def _texts(words: Words) -> pa.StringArray:
    """Return the texts as an array (`pa.array` asks more of each value, and for pandas at every call)."""
    encoded = [text.encode() for text in words]
    offsets = np.array([0, *accumulate(map(len, encoded))], np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def _mended(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
