"""The estate through JSON and back."""

import json

import pytest

from wardwatch.estate import plain
from wardwatch.estate.assets import Asset, Isolation, Kind, Known, Site, Zone
from wardwatch.estate.care import Criticality
from wardwatch.estate.graph import Service

ASSET = Asset(
    "1" * 32,
    "chu-nord",
    "PACS01",
    Kind.SERVER,
    addresses=("10.4.9.2",),
    isolation=Isolation.NEVER,
    known=Known.IMPORTED,
    first_at=5,
)


@pytest.mark.parametrize(
    "value",
    [
        ASSET,
        Service("imaging", "chu-nord", "Imaging", Criticality.HIGH, 240, ("pacs",)),
        Site("n", "North", "Lille"),
        Zone("imaging", "Imaging", ("10.4.0.0/16",)),
    ],
)
def test_there_and_back(value) -> None:
    assert plain.from_plain(type(value), json.loads(json.dumps(plain.to_plain(value)))) == value


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="not of format"):
        plain.from_plain(Asset, {**plain.to_plain(ASSET), "format": "wardwatch/asset/2"})
