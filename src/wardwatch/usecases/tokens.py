"""Keys for programs: made by a person, for some of what they may do themselves, until a day."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import TokenRow
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, actor_of, limited
from wardwatch.usecases.people import digest
from wardwatch.usecases.roles import Permission

PREFIX = "wwapi_"
LONGEST = timedelta(days=366)
_SEEN = timedelta(minutes=5)  # how exactly it is known when a key was used last


@transaction.atomic
def make(actor: Actor, name: str, scopes: list[str], days: int, now: datetime) -> str:
    """Make a key and return it; only its hash is kept. Raises `InputError`."""
    known = {one.value for one in Permission}
    if not name.strip():
        raise InputError("give the key a name", fr="donnez un nom à la clé", where="name")
    if not scopes or not known.issuperset(scopes):
        raise InputError("choose what the key may do", fr="choisissez ce que la clé permet", where="scopes")
    if not 1 <= days <= LONGEST.days:
        raise InputError(
            "a key ends, at most a year from now", fr="une clé a une fin, dans un an au plus", where="days"
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    row = TokenRow.objects.create(
        user_id=UUID(actor.id),
        name=name.strip()[:80],
        scopes=sorted(scopes),
        secret_hash=digest(secret),
        created_at=now,
        until=now + timedelta(days=days),
    )
    audit.note(actor, "token.made", row.name, now=now, detail={"id": str(row.id), "scopes": row.scopes})
    return secret


@transaction.atomic
def revoke(actor: Actor, id_: str, now: datetime) -> None:
    """End a key at once."""
    row = TokenRow.objects.filter(id=id_, user_id=UUID(actor.id), revoked_at__isnull=True).first()
    if row is None:
        raise AccessError("not found, or not yours")
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    audit.note(actor, "token.revoked", row.name, now=now, detail={"id": id_})


def stated(header: str) -> str:
    """The key in a header `Authorization: Bearer wwapi_…` (RFC 6750); empty where there is none."""
    scheme, _, key = header[:300].partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip().startswith(PREFIX) else ""


def bearer(secret: str, now: datetime) -> Actor | None:
    """Who a key stands for, with no more than it may do; None for a key that is unknown, ended or revoked."""
    if not secret.startswith(PREFIX):
        return None
    row = (
        TokenRow.objects.select_related("user")
        .filter(secret_hash=digest(secret), revoked_at__isnull=True, until__gt=now, user__is_active=True)
        .first()
    )
    if row is None:
        return None
    if row.used_at is None or now - row.used_at > _SEEN:
        TokenRow.objects.filter(id=row.id).update(used_at=now)
    actor = actor_of(row.user_id, row.user.name, row.user.language, now)
    return limited(actor, frozenset(Permission(one) for one in row.scopes))
