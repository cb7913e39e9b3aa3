"""Webhooks: who wants to be told."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from wardwatch.usecases import clock, hooks
from wardwatch.web.api import shapes
from wardwatch.web.api.shapes import actor_of

router = Router(tags=["webhooks"])


class NewHook(Schema):
    """Where to send what, of which hospital."""

    tenant: Annotated[str, Field(max_length=64)]
    url: Annotated[str, Field(max_length=2000)]


class Hook(Schema):
    """A webhook; its secret is only in the answer that made it."""

    id: int
    tenant: str
    url: str


class MadeHook(Hook):
    """A webhook with the secret that its signatures are made with."""

    secret: str


@router.get("", response=list[Hook], summary="Webhooks of the hospitals that the key manages")
def listed(request: HttpRequest) -> list[hooks.Hook]:
    """By hospital and address."""
    return list(hooks.listed(actor_of(request)))


@router.post("", response={200: MadeHook, 404: shapes.Problem, 422: shapes.Problem}, summary="Add a webhook")
def add(request: HttpRequest, body: NewHook) -> dict[str, Any]:
    """What people are called for is sent there, signed (`Wardwatch-Signature`)."""
    made, secret = hooks.add(actor_of(request), body.tenant, body.url, clock.now())
    return {"id": made.id, "tenant": made.tenant, "url": made.url, "secret": secret}


@router.delete("/{hook}", response={200: shapes.Done, 404: shapes.Problem}, summary="Remove a webhook")
def remove(request: HttpRequest, hook: Annotated[int, Field(ge=0, le=2**62)]) -> dict[str, bool]:
    """Nothing more is sent there."""
    hooks.remove(actor_of(request), hook, clock.now())
    return {"done": True}
