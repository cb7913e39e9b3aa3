"""The estate as plain JSON, versioned (docs/reference/formats.md)."""

from collections.abc import Mapping
from typing import Any, TypeVar

from wardwatch.estate import assets, graph
from wardwatch.estate.assets import Asset, Site, Zone
from wardwatch.estate.graph import Service
from wardwatch.kernel.plain import Codec

T = TypeVar("T")
FORMATS: Mapping[type, str] = {
    Asset: assets.FORMAT,
    Site: "wardwatch/site/1",
    Zone: "wardwatch/zone/1",
    Service: graph.FORMAT,
}
_CODEC = Codec()


def to_plain(value: object) -> dict[str, Any]:
    """A value of one of `FORMATS` as a JSON object."""
    return _CODEC.to_plain(value, FORMATS[type(value)])


def from_plain(cls: type[T], plain: Mapping[str, Any]) -> T:
    """Read it back. Raises `ValueError` for what is not of the format."""
    return _CODEC.from_plain(cls, plain, FORMATS[cls])
