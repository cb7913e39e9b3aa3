"""Assets and the care that stands on them."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from wardwatch.records.queries.estate import PAGE
from wardwatch.usecases import estate
from wardwatch.usecases.access import authorise
from wardwatch.usecases.estate import Shown
from wardwatch.usecases.roles import Permission
from wardwatch.web.api import shapes
from wardwatch.web.api.shapes import actor_of, iso

router = Router(tags=["estate"])


@router.get("/assets", response=shapes.Assets, summary="Assets by name")
def assets(
    request: HttpRequest,
    tenant: str = Query("", max_length=64),
    name: str = Query("", max_length=64),
    cursor: int = Query(0, ge=0, le=10_000_000),
) -> dict[str, Any]:
    """`name` narrows to those that contain it."""
    actor = actor_of(request)
    authorise(actor, Permission.SEE_ESTATE, tenant or None)
    found, more = estate.listed(actor, tenant, name, cursor)
    return {"items": [_asset(one) for one in found], "next": str(cursor + PAGE) if more else ""}


@router.get("/assets/{asset}", response={200: shapes.Asset, 404: shapes.Problem}, summary="One asset")
def asset(request: HttpRequest, asset: str) -> dict[str, Any]:
    """With the services that stand on it."""
    return _asset(estate.opened(actor_of(request), asset))


def _asset(one: Shown) -> dict[str, Any]:
    return {
        "id": one.asset.id,
        "tenant": one.asset.tenant,
        "name": one.asset.name,
        "kind": one.asset.kind.value,
        "zone": one.asset.zone,
        "system": one.asset.system,
        "addresses": list(one.asset.addresses),
        "isolation": one.isolation.value,
        "services": [stands.service for stands in one.care.services],
        "last_at": iso(one.asset.last_at),
    }
