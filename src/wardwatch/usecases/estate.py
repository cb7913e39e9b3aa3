"""The estate of a hospital: looked through, written by people, imported from tables, learned from events."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import F

from wardwatch.estate import assets as values
from wardwatch.estate import graph, importing, learning, templates
from wardwatch.estate.assets import Asset, Isolation, Kind
from wardwatch.estate.care import UNKNOWN, Care
from wardwatch.estate.importing import Allowed, Imported
from wardwatch.estate.learning import Sighting
from wardwatch.estate.plain import to_plain
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import AssetRow, EstateRow, OrganisationRow, ServiceRow
from wardwatch.records.queries import estate as queries
from wardwatch.usecases import audit, watch
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.care import estate_of
from wardwatch.usecases.roles import Permission


@dataclass(frozen=True, slots=True)
class Shown:
    """An asset, the care on it, and whether it may be cut off."""

    asset: Asset
    care: Care
    isolation: Isolation


def listed(actor: Actor, tenant: str, text: str, start: int = 0) -> tuple[tuple[Shown, ...], bool]:
    """A part of the assets that the actor sees, and whether there are more."""
    scope = actor.scope(Permission.SEE_ESTATE)
    found, more = queries.page(scope, tenant, text, start)
    care = {one: graph.care_of(estate_of(one)) for one in {asset.tenant for asset in found}}
    return tuple(_shown(asset, care[asset.tenant].get(asset.id, UNKNOWN)) for asset in found), more


def opened(actor: Actor, id_: str) -> Shown:
    """An asset with what stands on it. Raises `AccessError`."""
    found = queries.asset(actor.scope(Permission.SEE_ESTATE), id_)
    if found is None:
        raise AccessError("not found, or not yours")
    return _shown(found, graph.care_of(estate_of(found.tenant)).get(id_, UNKNOWN))


def _shown(asset: Asset, care: Care) -> Shown:
    return Shown(asset, care, values.isolation_of(asset, care))


@transaction.atomic
def change(actor: Actor, id_: str, given: dict[str, str], now: datetime) -> None:
    """Write what a person says of an asset. Raises `InputError` for what makes no sense, with its field."""
    found = queries.asset(actor.scope(Permission.EDIT_ESTATE), id_)
    if found is None:
        raise AccessError("not found, or not yours")
    known = templates.shipped()
    try:
        kind = Kind(given.get("kind", found.kind.value))
        isolation = Isolation(given["isolation"]) if given.get("isolation") else None
    except ValueError as error:
        raise InputError(str(error), where="kind") from None
    if given.get("system") and given["system"] not in known.systems:
        raise InputError("no such system", fr="ce système n’existe pas", where="system")
    changed = replace(
        found,
        kind=kind,
        isolation=isolation,
        zone=given.get("zone", found.zone)[:64],
        system=given.get("system", found.system),
        owner=given.get("owner", found.owner)[: values.MAX_TEXT],
        supplier=given.get("supplier", found.supplier)[: values.MAX_TEXT],
        note=given.get("note", found.note)[: values.MAX_TEXT],
        known=values.Known.PERSON,
    )
    _keep(found.tenant, [changed])
    watch.care_changed(found.tenant, [changed], now)
    audit.note(actor, "estate.changed", found.name, now=now, tenant=found.tenant, detail={"id": id_, **given})


def read(tenant: str, name: str, data: bytes) -> Imported:
    """Read a table of assets, CSV or Excel by its name. Raises `InputError` for what is no such file."""
    rows = importing.rows_of_xlsx(data) if name.lower().endswith(".xlsx") else importing.rows_of_csv(data)
    return importing.imported(tenant, rows, Allowed(systems=frozenset(templates.shipped().systems)))


@transaction.atomic
def take_in(actor: Actor, tenant: str, name: str, data: bytes, now: datetime) -> Imported:
    """Import what is right in a table; what is not is returned, row by row."""
    authorise(actor, Permission.EDIT_ESTATE, tenant)
    found = read(tenant, name, data)
    known = queries.assets(tenant)
    merged = [importing.merged(known[one.id], one) if one.id in known else one for one in found.assets]
    _keep(tenant, merged)
    watch.care_changed(tenant, merged, now)
    detail = {"file": name[:120], "assets": len(found.assets), "problems": len(found.problems) + found.more}
    audit.note(actor, "estate.imported", name[:120], now=now, tenant=tenant, detail=detail)
    return found


@transaction.atomic
def learn(tenant: str, found: Iterable[Sighting], until: int) -> int:
    """Take in what events showed up to a moment (µs UTC of arrival); returns how many assets are new."""
    learned = learning.learned(tenant, queries.assets(tenant), found)
    _keep(tenant, [*learned.new, *learned.changed], bump=bool(learned.new))
    EstateRow.objects.update_or_create(tenant=tenant, defaults={"learned_until": until})
    return len(learned.new)


def learned_until(tenant: str) -> int:
    """Up to when events were learned from (µs UTC of arrival)."""
    return EstateRow.objects.filter(tenant=tenant).values_list("learned_until", flat=True).first() or 0


@transaction.atomic
def begin(tenant: str) -> int:
    """Give a hospital the services that one of its size has, from the templates, where it has none yet."""
    organisation = OrganisationRow.objects.get(slug=tenant)
    if ServiceRow.objects.filter(tenant=tenant).exists():
        return 0
    services = graph.from_templates(tenant, organisation.size or "medium", templates.shipped(), "en")
    if organisation.kind == "laboratory":
        services = tuple(one for one in services if one.template in _LABORATORY)
    ServiceRow.objects.bulk_create([ServiceRow(tenant=tenant, service=one.id, plain=to_plain(one)) for one in services])
    EstateRow.objects.update_or_create(
        tenant=tenant, create_defaults={"version": 1}, defaults={"version": F("version") + 1}
    )
    return len(services)


_LABORATORY = frozenset({"clinical-laboratory", "microbiology-and-pathology", "transfusion", "logistics", "cold-chain"})


def _keep(tenant: str, assets: list[Asset], *, bump: bool = True) -> None:
    rows = [
        AssetRow(
            id=one.id,
            tenant=tenant,
            name=one.name,
            kind=one.kind,
            zone=one.zone[:64],
            system=one.system,
            known=one.known,
            last_at=one.last_at,
            plain=to_plain(one),
        )
        for one in assets
    ]
    AssetRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "kind", "zone", "system", "known", "last_at", "plain"],
    )
    row, _ = EstateRow.objects.get_or_create(tenant=tenant)
    if bump:
        EstateRow.objects.filter(tenant=row.tenant).update(version=F("version") + 1)
