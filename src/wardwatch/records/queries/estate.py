"""The estate as it is kept: assets, services, and states that were said."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from wardwatch.estate.assets import Asset
from wardwatch.estate.graph import Service
from wardwatch.estate.plain import from_plain
from wardwatch.records.models import AssetRow, EstateRow, OrganisationRow, ServiceRow

PAGE = 100


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said of a service. Times in µs UTC; empty state: nobody said anything."""

    service: Service
    state: str
    at: int | None
    since: int | None
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Hospital:
    """An organisation as lists show it."""

    slug: str
    name: str
    kind: str
    country: str
    size: str
    place: str
    beds: int | None
    zone: str


def version(tenant: str) -> int:
    """The version of a hospital's estate; it goes up with every change."""
    return EstateRow.objects.filter(tenant=tenant).values_list("version", flat=True).first() or 0


def assets(tenant: str) -> dict[str, Asset]:
    """All assets of a hospital, by id."""
    rows = AssetRow.objects.filter(tenant=tenant).values_list("id", "plain")
    return {id_: from_plain(Asset, plain) for id_, plain in rows}


def page(scope: Collection[str], tenant: str, text: str, start: int) -> tuple[tuple[Asset, ...], bool]:
    """A part of the assets, by name, and whether there are more."""
    rows = AssetRow.objects.filter(tenant__in=scope)
    if tenant:
        rows = rows.filter(tenant=tenant)
    if text:
        rows = rows.filter(name__icontains=text)
    found = list(rows.order_by("tenant", "name").values_list("plain", flat=True)[start : start + PAGE + 1])
    return tuple(from_plain(Asset, plain) for plain in found[:PAGE]), len(found) > PAGE


def asset(scope: Collection[str], id_: str) -> Asset | None:
    """An asset, or None where it is not there or not in scope."""
    plain = AssetRow.objects.filter(id=id_, tenant__in=scope).values_list("plain", flat=True).first()
    return from_plain(Asset, plain) if plain else None


def services(tenants: Collection[str]) -> Mapping[str, tuple[Said, ...]]:
    """The services of hospitals, and what was said of each, by tenant. Two queries, where the services are known."""
    found: dict[str, list[Said]] = {tenant: [] for tenant in tenants}
    versions = dict(EstateRow.objects.filter(tenant__in=tenants).values_list("tenant", "version"))
    fields = ("tenant", "service", "state", "at", "since", "by", "text")
    for tenant, service, *said in ServiceRow.objects.filter(tenant__in=tenants).order_by("id").values_list(*fields):
        known = _services(tenant, versions.get(tenant, 0)).get(service)
        if known is not None:
            found[tenant].append(Said(known, *said))
    return {tenant: tuple(said) for tenant, said in found.items()}


@lru_cache(maxsize=1024)
def _services(tenant: str, version: int) -> Mapping[str, Service]:  # noqa: ARG001  (the version is the cache's key)
    rows = ServiceRow.objects.filter(tenant=tenant).values_list("service", "plain")
    return {service: from_plain(Service, plain) for service, plain in rows}


def hospitals(tenants: Collection[str]) -> tuple[Hospital, ...]:
    """The hospitals and laboratories among tenants, by name. One query."""
    fields = ("slug", "name", "kind", "country", "size", "place", "beds", "zone")
    rows = OrganisationRow.objects.filter(slug__in=tenants, kind__in=("hospital", "laboratory")).order_by("name")
    return tuple(Hospital(*values) for values in rows.values_list(*fields))


def heard(tenants: Collection[str], since: int) -> Mapping[str, frozenset[str]]:
    """The systems of which an asset was heard since a moment (µs UTC), by tenant. One query."""
    found: dict[str, set[str]] = {}
    rows = AssetRow.objects.filter(tenant__in=tenants, last_at__gte=since).exclude(system="")
    for tenant, system in rows.values_list("tenant", "system").distinct():
        found.setdefault(tenant, set()).add(system)
    return {tenant: frozenset(systems) for tenant, systems in found.items()}
