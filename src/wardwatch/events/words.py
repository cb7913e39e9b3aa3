"""Field values as texts, and texts as numbers: the one form in which rules see a value, and a dictionary of them."""

import json
from typing import Any

from wardwatch.events.batch import NULL

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


class Words(dict[str, int]):
    """Texts, numbered in the order in which they were first asked for: `words[value]` is the number of its text.

    Only texts are keys. Other values are turned into text every time: as keys, 1, 1.0 and true would be one.
    Raises `TypeError` for lists and objects, which are no texts.
    """

    __slots__ = ()

    def __missing__(self, value: Any) -> int:  # noqa: ANN401  (whatever a log holds)
        """Number a text that was not asked for before; of another value, give the number of its text."""
        if type(value) is not str:
            return self[str(value) if type(value) is int else text_of(value)]
        self[value] = number = len(self)
        return number
