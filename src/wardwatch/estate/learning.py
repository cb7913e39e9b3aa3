"""What the logs show of the estate by themselves: hosts, DICOM application entities, and who talks on the network.

Pure functions: an EventBatch in (docs/reference/formats.md), sightings out; sightings and known assets in, new and
changed assets out. What a person wrote is never overwritten; only when it was last seen moves on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from wardwatch.estate import assets
from wardwatch.estate.assets import Asset, Known

MAX_NEW = 10_000  # assets that are learned at once
AE_FIELDS = ("f.RemoteAET", "f.CalledAET", "f.SourceAETitle", "f.DestinationAETitle")
TALKER_FIELDS = ("f.id.orig_h", "f.src_ip", "f.SourceIp", "f.RequestorAddress")
_NULL = "\x00null"


class What(StrEnum):
    """What was seen."""

    HOST = "host"
    AE_TITLE = "ae_title"
    TALKER = "talker"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that logs name: its kind, its name, by which source, first and last (µs UTC), and how often."""

    what: What
    name: str
    source: str
    first_at: int
    last_at: int
    count: int


@dataclass(frozen=True, slots=True)
class Learned:
    """Assets that were not known, and those that were and changed. `left_out`: beyond `MAX_NEW`, or no names."""

    new: tuple[Asset, ...]
    changed: tuple[Asset, ...]
    left_out: int = 0


def sightings(batch: pa.RecordBatch) -> tuple[Sighting, ...]:
    """What a batch shows, by kind and name. Times are those of arrival: no host's clock decides what is new."""
    found: list[Sighting] = []
    found += _of_column(batch, What.HOST, "host")
    for name in AE_FIELDS:
        found += _of_column(batch, What.AE_TITLE, name)
    for name in TALKER_FIELDS:
        found += _of_column(batch, What.TALKER, name)
    return together(found)


def together(found: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """Sightings of the same name as one; for the sum of several batches, too."""
    sums: dict[tuple[What, str], Sighting] = {}
    for one in found:
        key = (one.what, assets.plain_name(one.name))
        was = sums.get(key)
        if was is None:
            sums[key] = one
            continue
        first = min(was, one, key=lambda each: (each.first_at, each.name, each.source))
        last = max(was.last_at, one.last_at)
        sums[key] = replace(first, last_at=last, count=was.count + one.count)
    return tuple(sums[key] for key in sorted(sums))


def learned(tenant: str, known: Mapping[str, Asset], found: Iterable[Sighting]) -> Learned:
    """Merge sightings with the assets that are known (by id).

    A sighting is of the asset that has its name, host name, address or AE title. Whatever a person wrote stays.
    """
    places = _places(known)
    new: dict[str, Asset] = {}
    changed: dict[str, Asset] = {}
    left_out = 0
    for one in found:
        name = one.name.strip()
        id_ = places.get((one.what, assets.plain_name(name))) or places.get((What.HOST, assets.plain_name(name)))
        asset = (changed.get(id_) or new.get(id_) or known.get(id_)) if id_ else None
        if asset is not None:
            seen = _seen(asset, one)
            if seen != asset:
                (new if asset.id in new else changed)[asset.id] = seen
        elif len(new) >= MAX_NEW or not _is_usable(one.what, name):
            left_out += 1
        else:
            made = _made(tenant, one, name)
            new[made.id] = made
            places[one.what, assets.plain_name(name)] = made.id
    return Learned(tuple(new.values()), tuple(changed.values()), left_out)


def _of_column(batch: pa.RecordBatch, what: What, name: str) -> list[Sighting]:
    place = batch.schema.get_field_index(name)
    if place < 0 or not batch.num_rows:
        return []
    names, rows = batch.column(place), batch.column(batch.schema.get_field_index("received_at"))
    source = batch.column(batch.schema.get_field_index("source"))[0].as_py()
    if pa.types.is_list(names.type):
        rows = pc.take(rows, pc.list_parent_indices(names))
        names = pc.list_flatten(names)
    if pa.types.is_dictionary(names.type):
        names = names.cast(pa.string())
    table = pa.table({"name": names, "at": rows.cast(pa.int64())}).filter(pc.is_valid(names))
    sums = table.group_by("name").aggregate([("at", "min"), ("at", "max"), ("at", "count")]).to_pylist()
    return [
        Sighting(what, row["name"], source, row["at_min"], row["at_max"], row["at_count"])
        for row in sums
        if row["name"].strip() and row["name"] != _NULL
    ]


def _places(known: Mapping[str, Asset]) -> dict[tuple[What, str], str]:
    """Which asset has a name; a name that a person wrote comes before one that was learned."""
    found: dict[tuple[What, str], str] = {}
    for asset in sorted(known.values(), key=lambda one: (one.known is Known.LEARNED, one.id)):
        names = [(What.HOST, asset.name), *((What.HOST, one) for one in asset.hostnames)]
        names += [(What.AE_TITLE, one) for one in asset.ae_titles]
        names += [(What.TALKER, one) for one in asset.addresses]
        names += [(What.HOST, one) for one in asset.addresses]  # logs of the network name hosts by address
        for what, name in names:
            found.setdefault((what, assets.plain_name(name)), asset.id)
    return found


def _seen(asset: Asset, one: Sighting) -> Asset:
    first = one.first_at if asset.first_at is None else min(asset.first_at, one.first_at)
    last = one.last_at if asset.last_at is None else max(asset.last_at, one.last_at)
    return replace(asset, first_at=first, last_at=last)


def _is_usable(what: What, name: str) -> bool:
    if what is What.AE_TITLE:
        return assets.is_ae_title(name) and assets.is_name(name)
    return assets.is_address(name) or (what is What.HOST and assets.is_name(name))


def _made(tenant: str, one: Sighting, name: str) -> Asset:
    # An AE title and a host may have the same name and be two things; only the host is called by it alone.
    own = f"AE {name}" if one.what is What.AE_TITLE else name
    return Asset(
        id=assets.asset_id(tenant, own),
        tenant=tenant,
        name=own,
        addresses=(name,) if assets.is_address(name) else (),
        ae_titles=(name,) if one.what is What.AE_TITLE else (),
        known=Known.LEARNED,
        source=one.source,
        first_at=one.first_at,
        last_at=one.last_at,
    )
