"""Who I am, which hospitals I reach, and how care is there."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from wardwatch.records.queries import estate as queries
from wardwatch.usecases import care, clock
from wardwatch.usecases.roles import Permission
from wardwatch.web.api import shapes
from wardwatch.web.api.shapes import actor_of, iso

router = Router(tags=["places"])


@router.get("/me", response=shapes.Me, summary="Who the key stands for")
def me(request: HttpRequest) -> dict[str, Any]:
    """What the key may do, and where."""
    actor = actor_of(request)
    return {
        "id": actor.id,
        "name": actor.name,
        "roles": sorted(actor.roles),
        "may": {permission.value: sorted(tenants) for permission, tenants in sorted(actor.may.items())},
    }


@router.get("/hospitals", response=list[shapes.Hospital], summary="Hospitals that the key reaches")
def hospitals(request: HttpRequest) -> list[queries.Hospital]:
    """Every hospital in which the key may do anything, by name."""
    reached = {tenant for tenants in actor_of(request).may.values() for tenant in tenants}
    return list(queries.hospitals(reached))


@router.get("/care", response=list[shapes.Board], summary="How care is, the worst hospital first")
def how_care_is(request: HttpRequest) -> list[dict[str, Any]]:
    """The services of every hospital whose wall the key may see."""
    found = care.boards(actor_of(request).scope(Permission.SEE_WALL), clock.now())
    return [
        {
            "hospital": one.hospital,
            "worst": one.worst,
            "services": [
                {
                    "id": service.id,
                    "name": service.name.en,
                    "state": service.state,
                    "since": iso(service.since),
                    "until": iso(service.until),
                    "minutes": service.minutes,
                    "why": service.why,
                }
                for service in one.services
            ],
        }
        for one in found
    ]
