"""How care is: the states of clinical services, and how much care stands on a host."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.db import transaction

from wardwatch.estate import graph, templates
from wardwatch.estate.care import UNKNOWN, Care
from wardwatch.estate.graph import Estate, Service
from wardwatch.incidents.incident import CARE_STATES
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import ServiceRow
from wardwatch.records.queries import estate as queries
from wardwatch.records.queries import incidents
from wardwatch.records.queries.estate import Hospital, Said
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import Permission

FRESH = timedelta(hours=12)  # what was said longer ago is no longer known
HEARD = timedelta(hours=1)  # a system of which nothing was heard for so long may be anything
ORDER = ("down", "degraded", "unknown", "normal")


@dataclass(frozen=True, slots=True)
class Standing:
    """A service as it stands now.

    Args:
        id, name, template: of the service.
        state: `normal`, `degraded`, `down`, `unknown`.
        since: µs UTC, since when; of an unknown one, when it was last known; `None`: never.
        minutes: how long it can do without; `until` (µs UTC) follows, where it is down or degraded.
        estimate: the minutes are an estimate of ours.
        text: what the wards do now, or why nothing is known.
        used: how much of the time that it can do without is used, in percent.
        why: `incident`, `said`, `heard`, `silent`.
    """

    id: str
    name: Text
    template: str
    state: str
    since: int | None
    minutes: int
    until: int | None
    text: Text
    why: str
    used: int = 0


@dataclass(frozen=True, slots=True)
class Board:
    """A hospital and its services, the worst first."""

    hospital: Hospital
    services: tuple[Standing, ...]

    @property
    def worst(self) -> str:
        """The worst state; unknown where there is no service."""
        return self.services[0].state if self.services else "unknown"

    def of(self, state: str) -> tuple[Standing, ...]:
        """The services in a state."""
        return tuple(one for one in self.services if one.state == state)


def boards(tenants: Collection[str], now: datetime) -> tuple[Board, ...]:
    """How the services of hospitals are, the worst hospital first. Four queries."""
    moment = stamps.micros(now)
    heard = queries.heard(tenants, stamps.micros(now - HEARD))
    found = []
    said = queries.services(tenants)
    stated = incidents.care_effects(tenants)
    for hospital in queries.hospitals(tenants):
        of_here = stated.get(hospital.slug, {})
        services = [
            _standing(one, of_here, heard.get(hospital.slug, frozenset()), moment) for one in said[hospital.slug]
        ]
        services.sort(key=lambda one: (ORDER.index(one.state), one.minutes, one.id))
        found.append(Board(hospital, tuple(services)))
    found.sort(key=lambda one: (ORDER.index(one.worst), -len(one.of(one.worst)), one.hospital.name))
    return tuple(found)


def _standing(said: Said, effects: Mapping[str, incidents.Effect], heard: frozenset[str], moment: int) -> Standing:
    service = said.service
    template = templates.shipped().services.get(service.template)
    ours = template is not None and service.name in {template.name.en, template.name.fr}
    name = template.name if template is not None and ours else Text(service.name, service.name)
    since: int | None
    effect = next((effects[key] for key in _names(service, template) if key in effects), None) if effects else None
    if effect is not None and (said.at is None or effect.at >= said.at):
        state, since, text, why = effect.state, effect.at, Text(effect.text, effect.text), "incident"
    elif said.state in {"down", "degraded"} or (said.at is not None and moment - said.at < FRESH // _MICRO):
        state, since, text, why = said.state, said.since, Text(said.text, said.text), "said"
    elif heard.intersection(service.needs):
        state, since, text, why = "normal", None, Text(""), "heard"
    else:
        state, since, why = "unknown", said.at, "silent"
        text = Text("No report, not heard.", "Aucun signalement, muet.")
    until = since + service.minutes * _MINUTE if since is not None and state in {"down", "degraded"} else None
    if not text.en and state in {"down", "degraded"} and template is not None:
        text = template.degraded
    used = 100 * (moment - since) // max(until - since, 1) if since is not None and until is not None else 0
    return Standing(
        service.id, name, service.template, state, since, service.minutes, until, text, why, max(0, min(used, 100))
    )


_MINUTE = 60_000_000
_MICRO = timedelta(microseconds=1)


def _names(service: Service, template: templates.ServiceTemplate | None) -> tuple[str, ...]:
    named = (service.id, service.name, *((template.name.en, template.name.fr) if template else ()))
    return tuple(name.casefold() for name in named)


def board(actor: Actor, tenant: str, now: datetime) -> Board:
    """The continuity board of a hospital. Raises `AccessError`."""
    authorise(actor, Permission.SEE_BOARD, tenant)
    found = boards((tenant,), now)
    if not found:
        raise AccessError("not found, or not yours")
    return found[0]


@transaction.atomic
def say(actor: Actor, tenant: str, service: str, state: str, text: str, *, now: datetime) -> None:
    """Say how a service is, as a ward lead does in two taps. Raises `InputError` for a state that is none."""
    authorise(actor, Permission.STATE_CARE, tenant)
    if state not in CARE_STATES:
        raise InputError(
            "no such state", fr="cet état n’existe pas", where="state", hint=f"one of: {', '.join(CARE_STATES)}"
        )
    row = ServiceRow.objects.select_for_update().filter(tenant=tenant, service=service).first()
    if row is None:
        raise AccessError("not found, or not yours")
    moment = stamps.micros(now)
    if row.state != state:
        row.since = moment
    row.state, row.at, row.by, row.text = state, moment, actor.id, text[:300]
    row.save()
    audit.note(actor, "care.stated", service, now=now, tenant=tenant, detail={"state": state, "text": text[:300]})


def care_of(tenant: str, host: str) -> Care:
    """Return the care that a host serves; unknown where it is not in the estate."""
    return _by_name(tenant, queries.version(tenant)).get(host, UNKNOWN)


@lru_cache(maxsize=64)
def _by_name(tenant: str, version: int) -> Mapping[str, Care]:  # noqa: ARG001  (the version is the cache's key)
    found = estate_of(tenant)
    return graph.by_name(found, graph.care_of(found))


def estate_of(tenant: str) -> Estate:
    """The whole estate of a hospital."""
    services = {one.service.id: one.service for one in queries.services((tenant,))[tenant]}
    return Estate(queries.assets(tenant), services, graph.needs_of(templates.shipped().systems))
