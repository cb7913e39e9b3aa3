"""The graph of a hospital's estate: services stand on systems and assets, these on others; and what care that makes.

A pure function over values. Cycles do no harm: everything is reached once.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wardwatch.estate.assets import Asset
from wardwatch.estate.care import Care, Criticality, Stands, percent_of
from wardwatch.estate.templates import SystemTemplate, Templates

FORMAT = "wardwatch/service-of-hospital/1"
# Where many assets do the same, one of them matters less: (up to so many, share of the weight in percent).
_SHARES = ((2, 100), (10, 50))
_ONE_OF_MANY = 20


@dataclass(frozen=True, slots=True)
class Service:
    """A clinical service of one hospital.

    Args:
        id, name: its own; `template` is where it started from.
        criticality, minutes: what happens when it stops, and how long it can do without.
        needs: ids of systems and assets that it stands on.
    """

    id: str
    tenant: str
    name: str
    criticality: Criticality
    minutes: int
    needs: tuple[str, ...] = ()
    template: str = ""


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything that the graph is made of; assets and services by id, `systems` with what each needs."""

    assets: Mapping[str, Asset] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    systems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def from_templates(tenant: str, size: str, templates: Templates, language: str) -> tuple[Service, ...]:
    """The services that a hospital of a size (`small`, `medium`, `large`) starts with."""
    return tuple(
        Service(one.id, tenant, one.name.in_(language), one.criticality, one.tolerable_minutes, one.systems, one.id)
        for one in templates.services.values()
        if size in one.present_in
    )


def needs_of(systems: Mapping[str, SystemTemplate]) -> Mapping[str, tuple[str, ...]]:
    """What each system needs, as an `Estate` wants it."""
    return {one.id: one.needs for one in systems.values()}


def care_of(estate: Estate) -> Mapping[str, Care]:
    """The care that each asset serves, by asset id; also of assets on which none stands.

    A service stands on an asset if it, or a system that it needs, or anything that these need, is the asset or has it
    as a part. The most urgent service decides; where more than two assets are parts of the same system, one alone
    weighs less.
    """
    parts: dict[str, list[str]] = {}
    for asset in estate.assets.values():
        parts.setdefault(asset.system, []).append(asset.id)
    standing: dict[str, dict[str, Stands]] = {}
    for service in sorted(estate.services.values(), key=lambda one: one.id):
        for node, via in _reached(estate, service, parts).items():
            standing.setdefault(node, {})[service.id] = Stands(service.id, service.criticality, service.minutes, via)
    sorted_ones = {node: _urgent_first(found.values()) for node, found in standing.items()}
    return {id_: _care(asset, sorted_ones, parts) for id_, asset in estate.assets.items()}


def _reached(estate: Estate, service: Service, parts: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """Systems and assets that a service stands on, each with the shortest way to it."""
    found: dict[str, tuple[str, ...]] = {}
    waiting: deque[tuple[str, tuple[str, ...]]] = deque((node, ()) for node in service.needs)
    while waiting:
        node, via = waiting.popleft()
        if node in found or (node not in estate.systems and node not in estate.assets):
            continue
        found[node] = via
        way = (*via, node)
        if node in estate.systems:
            waiting.extend((one, way) for one in estate.systems[node])
            # Parts of the system are only walked through where they need more than the system does.
            waiting.extend((one, via) for one in parts.get(node, ()) if estate.assets[one].needs)
        else:
            waiting.extend((one, way) for one in estate.assets[node].needs)
    return found


def _care(asset: Asset, standing: Mapping[str, tuple[Stands, ...]], parts: Mapping[str, list[str]]) -> Care:
    own = standing.get(asset.id, ())
    shared = standing.get(asset.system, ()) if asset.system else ()
    named = {one.service for one in own}
    services = _urgent_first([*own, *(one for one in shared if one.service not in named)])
    if not services:
        return Care(asset.id)
    through_system = not own or any(asset.system in one.via for one in own)
    alike = len(parts.get(asset.system, ())) if asset.system and through_system else 1
    share = next((part for limit, part in _SHARES if alike <= limit), _ONE_OF_MANY)
    percent = 100 + (percent_of(services) - 100) * share // 100
    return Care(asset.id, known=True, services=services, percent=percent, minutes=services[0].minutes)


def _urgent_first(services: Iterable[Stands]) -> tuple[Stands, ...]:
    return tuple(sorted(services, key=lambda one: (-percent_of((one,)), one.minutes, one.service)))


def by_name(estate: Estate, care: Mapping[str, Care]) -> Mapping[str, Care]:
    """Care by every name under which logs may know an asset: its name, host names and addresses, in lower case.

    Host names count without their domain, as the watch compares them.
    """
    found: dict[str, Care] = {}
    for id_, asset in estate.assets.items():
        for name in (asset.name, *asset.hostnames):
            found.setdefault(name.strip().lower().partition(".")[0], care[id_])
        for address in asset.addresses:
            found.setdefault(address.lower(), care[id_])
    return found
