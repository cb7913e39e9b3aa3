"""Clinical services and the systems that they stand on, as content: what a hospital starts from, and then corrects.

`content/services/*.yml` (schema `wardwatch/service/1`) and `content/systems/*.yml` (`wardwatch/systems/1`). The figures
are estimates; where a source is known it is named. A hospital overwrites them by what it knows of itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from wardwatch.catalogue import files
from wardwatch.estate.assets import Isolation
from wardwatch.estate.care import Criticality
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import ContentError

SERVICE_SCHEMA, SYSTEMS_SCHEMA = "wardwatch/service/1", "wardwatch/systems/1"
SIZES = ("small", "medium", "large")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact is from, and how certain it is (`high`, `medium-high`, `medium`, `low`)."""

    title: str
    url: str
    confidence: str


@dataclass(frozen=True, slots=True)
class ServiceTemplate:
    """A clinical service.

    Args:
        id: a slug.
        name: for people.
        criticality: what happens to patients when it stops.
        systems: ids of the systems that it stands on.
        switch_minutes: after which it goes over to working without.
        tolerable_minutes: how long it can do without, that way, before patients must be sent elsewhere.
        restore_minutes: by when its systems should be back.
        estimate: the minutes are an expert's estimate, not measured.
        present_in: sizes of hospitals (`SIZES`) that have it.
        degraded: how it works without.
        first_hours: what is to be done first.
        divert: when patients must be sent elsewhere.
        sources: of the facts.
    """

    id: str
    name: Text
    criticality: Criticality
    systems: tuple[str, ...]
    switch_minutes: int
    tolerable_minutes: int
    restore_minutes: int
    estimate: bool
    present_in: tuple[str, ...]
    degraded: Text
    first_hours: tuple[Text, ...]
    divert: Text | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class SystemTemplate:
    """A system: its zone, what it needs, what it speaks, and what may usually be isolated, with how many approvals."""

    id: str
    name: Text
    zone: str
    protocols: tuple[str, ...]
    needs: tuple[str, ...]
    isolation: Isolation
    approvers: int


@dataclass(frozen=True, slots=True)
class Templates:
    """All templates, by id."""

    services: Mapping[str, ServiceTemplate]
    systems: Mapping[str, SystemTemplate]
    zones: Mapping[str, Text]


@cache
def shipped() -> Templates:
    """What Wardwatch ships. Raises `ContentError`."""
    return load([files.shipped("services"), files.shipped("systems")])


def load(paths: Iterable[Path]) -> Templates:
    """Read templates; of the same id the last one counts, so that a folder of the hospital's own comes last.

    Raises `ContentError` with the file for what does not keep the schema or names a system that is not there.
    """
    found = Templates({}, {}, {})
    where: dict[str, str] = {}
    for file in files.find(paths):
        for document in files.documents(file):
            try:
                found = _with(found, document)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                hint = "compare it with a file that Wardwatch ships"
                raise ContentError(f"not as the schema says: {error}", where=file.path, hint=hint) from None
            where[str(document.get("id", ""))] = file.path
    _check(found, where)
    return found


def _with(known: Templates, document: Mapping[str, Any]) -> Templates:
    if document.get("schema") == SERVICE_SCHEMA:
        service = _service(document)
        return replace(known, services={**known.services, service.id: service})
    if document.get("schema") != SYSTEMS_SCHEMA:
        raise ValueError(f"schema is not {SERVICE_SCHEMA} or {SYSTEMS_SCHEMA}")
    zones = {str(one["id"]): Text.parse(one["name"]) for one in document.get("zones", ())}
    systems = {one.id: one for one in map(_system, document.get("systems", ()))}
    return replace(known, systems={**known.systems, **systems}, zones={**known.zones, **zones})


def _check(found: Templates, where: Mapping[str, str]) -> None:
    """Everything that is named is there."""
    for service in found.services.values():
        if missing := sorted(set(service.systems) - found.systems.keys()):
            raise ContentError(f"no such system: {', '.join(missing)}", where=where[service.id])
    for system in found.systems.values():
        if missing := sorted({*system.needs} - found.systems.keys()):
            raise ContentError(f"{system.id} needs a system that is not there: {', '.join(missing)}")
        if system.zone not in found.zones:
            raise ContentError(f"{system.id} is in a zone that is not there: {system.zone}")


def _service(document: Mapping[str, Any]) -> ServiceTemplate:
    minutes = document["minutes"]
    present = _texts(document["present_in"])
    if unknown := sorted(set(present) - set(SIZES)):
        raise ValueError(f"no such size: {', '.join(unknown)}")
    return ServiceTemplate(
        id=str(document["id"]),
        name=Text.parse(document["name"]),
        criticality=Criticality.parse(document["criticality"]),
        systems=_texts(document["systems"]),
        switch_minutes=_minutes(minutes["switch"]),
        tolerable_minutes=_minutes(minutes["tolerable"]),
        restore_minutes=_minutes(minutes["restore"]),
        estimate=bool(document["estimate"]),
        present_in=present,
        degraded=Text.parse(document["degraded"]),
        first_hours=tuple(Text.parse(one) for one in document["first_hours"]),
        divert=Text.parse(document["divert"]) if "divert" in document else None,
        sources=tuple(
            Source(str(one["title"]), str(one["url"]), str(one["confidence"])) for one in document["sources"]
        ),
    )


def _system(document: Mapping[str, Any]) -> SystemTemplate:
    isolation = Isolation(document["isolation"])
    return SystemTemplate(
        id=str(document["id"]),
        name=Text.parse(document["name"]),
        zone=str(document["zone"]),
        protocols=_texts(document["protocols"]),
        needs=_texts(document["depends_on"]),
        isolation=isolation,
        approvers=int(document.get("approvers", 1 if isolation is Isolation.APPROVAL else 0)),
    )


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise TypeError(f"not a list: {values[:40]}")
    return tuple(str(one) for one in values)


def _minutes(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"not a number of minutes: {value!r}")
    return value
