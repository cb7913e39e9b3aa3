"""Webhooks of a hospital: where programs want to be told what people are called for."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from wardwatch.delivery import webhook
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import HookRow
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import Permission

MOST = 20  # of one hospital


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook, without its secret."""

    id: int
    tenant: str
    url: str


def listed(actor: Actor) -> tuple[Hook, ...]:
    """The webhooks of the hospitals where the actor manages them."""
    authorise(actor, Permission.MANAGE_HOOKS)
    rows = HookRow.objects.filter(tenant__in=actor.scope(Permission.MANAGE_HOOKS)).order_by("tenant", "url")
    return tuple(Hook(*row) for row in rows.values_list("id", "tenant", "url"))


@transaction.atomic
def add(actor: Actor, tenant: str, url: str, now: datetime) -> tuple[Hook, str]:
    """Add a webhook; returns it and its secret, which is shown this once. Raises `InputError`."""
    authorise(actor, Permission.MANAGE_HOOKS, tenant)
    if HookRow.objects.filter(tenant=tenant).count() >= MOST:
        raise InputError(
            f"a hospital has at most {MOST} webhooks", fr=f"un établissement a au plus {MOST} webhooks", where="url"
        )
    secret = "wwhook_" + secrets.token_urlsafe(32)
    row = HookRow.objects.create(tenant=tenant, url=webhook.checked(url), secret=secret)
    audit.note(actor, "webhook.added", url[:200], now=now, tenant=tenant)
    return Hook(row.id, tenant, url), secret


@transaction.atomic
def remove(actor: Actor, id_: int, now: datetime) -> None:
    """Remove a webhook."""
    row = HookRow.objects.filter(id=id_, tenant__in=actor.scope(Permission.MANAGE_HOOKS)).first()
    if row is None:
        raise AccessError("not found, or not yours")
    audit.note(actor, "webhook.removed", row.url[:200], now=now, tenant=row.tenant)
    row.delete()
