"""Nested values become flat fields: names joined with dots, lists of objects become lists of values."""

from collections.abc import Mapping
from typing import Any, cast

import orjson

from wardwatch.events.record import Value

MAX_DEPTH = 24
MAX_FIELDS = 4096


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Value]:
    """Flatten decoded JSON: `{"a": {"b": 1}}` becomes `{"a.b": 1}`.

    The values of objects in a list are gathered under one name, in order: `{"a": [{"b": 1}, {"b": 2}]}`
    becomes `{"a.b": [1, 2]}`. Empty objects are left out; what lies deeper than `MAX_DEPTH` is kept as JSON
    text. Raises `ValueError` beyond `MAX_FIELDS` fields.
    """
    found: dict[str, Value] = {}
    _object(nested, prefix, found, MAX_DEPTH)
    return found


def _object(nested: Mapping[str, Any], prefix: str, found: dict[str, Value], depth: int) -> None:
    for key, value in nested.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            if depth:
                _object(value, f"{name}.", found, depth - 1)
            else:
                _keep(found, name, orjson.dumps(value).decode())
        elif isinstance(value, list):
            _list(value, name, found, depth)
        else:
            _keep(found, name, value)


def _list(items: list[Any], name: str, found: dict[str, Value], depth: int) -> None:
    plain: list[Any] = []
    inner: dict[str, list[Any]] = {}
    for item in items:
        if depth and isinstance(item, dict):
            below: dict[str, Value] = {}
            _object(item, f"{name}.", below, depth - 1)
            _gather(inner, below)
        elif depth and isinstance(item, list):
            below = {}
            _list(item, name, below, depth - 1)
            own = below.pop(name, [])
            plain.extend(cast("list[Any]", own))
            _gather(inner, below)
        else:
            plain.append(orjson.dumps(item).decode() if isinstance(item, dict | list) else item)
    if plain or not inner:
        _keep(found, name, plain)
    for below_name, values in inner.items():
        _keep(found, below_name, values)


def _gather(inner: dict[str, list[Any]], below: dict[str, Value]) -> None:
    for name, value in below.items():
        inner.setdefault(name, []).extend(value if isinstance(value, list) else [value])


def _keep(found: dict[str, Value], name: str, value: Value) -> None:
    if len(found) >= MAX_FIELDS:
        raise ValueError(f"more than {MAX_FIELDS} fields")
    found[name] = value
