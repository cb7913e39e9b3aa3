"""Frozen values to plain JSON and back, by the types that their fields declare.

What is stored says its format and version (`wardwatch/<kind>/<n>`); a key that has a default may be absent, so that a
format can grow without a new version; a key that is not known is an error, so that nothing is lost silently.
"""

import types
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, IntEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Plain = Any  # what JSON can hold
Convert = Callable[[Any], Any]
T = TypeVar("T")
_SIMPLE = (str, int, float, bool, types.NoneType)


def _as_it_is(value: Any) -> Any:  # noqa: ANN401
    return value


class Codec:
    """Converts values of one family. `special` gives types that have a format of their own: (to plain, from plain)."""

    def __init__(self, special: Mapping[type, tuple[Convert, Convert]] | None = None) -> None:
        self._special = dict(special or {})
        self._there: dict[Any, Convert] = {}
        self._back: dict[Any, Convert] = {}

    def to_plain(self, value: object, format_: str) -> dict[str, Plain]:
        """The value (a dataclass) as a JSON object that says its format."""
        return {"format": format_, **self._to(type(value))(value)}

    def from_plain(self, cls: type[T], plain: Mapping[str, Plain], format_: str) -> T:
        """Read a value back. Raises `ValueError` for another format, a wrong shape, or keys that are not known."""
        if plain.get("format") != format_:
            raise ValueError(f"not of format {format_}: {str(plain.get('format'))[:60]}")
        rest = {key: value for key, value in plain.items() if key != "format"}
        try:
            found: T = self._from(cls)(rest)
        except (TypeError, AttributeError, KeyError) as error:
            raise ValueError(f"not a {cls.__name__}: {error}") from None
        return found

    def _to(self, kind: Any) -> Convert:  # noqa: ANN401
        found = self._there.get(kind)
        if found is None:
            found = self._there[kind] = self._made_to(kind)
        return found

    def _from(self, kind: Any) -> Convert:  # noqa: ANN401
        found = self._back.get(kind)
        if found is None:
            found = self._back[kind] = self._made_from(kind)
        return found

    def _made_to(self, kind: Any) -> Convert:  # noqa: ANN401
        if kind in self._special:
            return self._special[kind][0]
        if isinstance(kind, type) and issubclass(kind, IntEnum):
            return int
        if isinstance(kind, type) and issubclass(kind, Enum):
            return lambda value: value.value
        if is_dataclass(kind):
            hints = get_type_hints(kind)
            parts = [(one.name, self._to(hints[one.name])) for one in fields(kind)]
            return lambda value: {name: convert(getattr(value, name)) for name, convert in parts}
        origin, inner = get_origin(kind), get_args(kind)
        if origin is tuple:
            return _each(self._to(inner[0]), list)
        if origin in (frozenset, AbstractSet):
            return sorted
        if origin in (dict, Mapping):
            convert = self._to(inner[1])
            return dict if convert is _as_it_is else lambda value: {key: convert(one) for key, one in value.items()}
        return self._of_union(kind, self._to)

    def _made_from(self, kind: Any) -> Convert:  # noqa: ANN401
        if kind in self._special:
            return self._special[kind][1]
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind
        if is_dataclass(kind) and isinstance(kind, type):
            return self._dataclass_from(kind)
        origin, inner = get_origin(kind), get_args(kind)
        if origin is tuple:
            return _each(self._from(inner[0]), tuple)
        if origin in (frozenset, AbstractSet):
            return frozenset
        if origin in (dict, Mapping):
            convert = self._from(inner[1])
            return dict if convert is _as_it_is else lambda value: {key: convert(one) for key, one in value.items()}
        if kind in _SIMPLE:
            return _checked(kind)
        return self._of_union(kind, self._from)

    def _dataclass_from(self, kind: type) -> Convert:
        hints = get_type_hints(kind)
        parts = {one.name: self._from(hints[one.name]) for one in fields(kind)}
        needed = {
            one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING and one.init
        }

        def convert(value: Mapping[str, Any]) -> Any:  # noqa: ANN401
            if unknown := sorted(value.keys() - parts.keys()):
                raise ValueError(f"{kind.__name__}: unknown keys: {', '.join(unknown)[:80]}")
            if missing := sorted(needed - value.keys()):
                raise ValueError(f"{kind.__name__}: missing: {', '.join(missing)[:80]}")
            return kind(**{name: parts[name](one) for name, one in value.items()})

        return convert

    def _of_union(self, kind: Any, make: Callable[[Any], Convert]) -> Convert:  # noqa: ANN401
        inner = [one for one in get_args(kind) if one is not types.NoneType]
        if get_origin(kind) in (Union, types.UnionType):
            if all(one in _SIMPLE for one in inner):
                return _as_it_is
            if len(inner) == 1:
                convert = make(inner[0])
                return lambda value: None if value is None else convert(value)
        elif kind in _SIMPLE:
            return _as_it_is
        raise TypeError(f"no plain form for {kind}")


def _each(convert: Convert, into: type) -> Convert:
    if convert is _as_it_is:
        return into
    return lambda value: into(convert(one) for one in value)


def _checked(kind: type) -> Convert:
    def convert(value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, kind) and not (kind is float and isinstance(value, int)):
            raise ValueError(f"{str(value)[:40]!r} is not of type {kind.__name__}")
        return value

    return convert
