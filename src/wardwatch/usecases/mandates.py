"""What a hospital lets a security provider do: given for a time and for some roles, revoked at once."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import MandateRow, OrganisationRow
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import MANDATED, Permission

LONGEST = timedelta(days=3 * 366)


@transaction.atomic
def give(
    actor: Actor, hospital: str, provider: str, roles: list[str], until: datetime, *, reason: str, now: datetime
) -> None:
    """Let a provider's people act at a hospital. Raises `InputError` for what is no mandate."""
    authorise(actor, Permission.GIVE_MANDATES, hospital)
    if not roles or not MANDATED.issuperset(roles):
        raise InputError(
            "choose what the provider may be",
            fr="choisissez en tant que quoi le prestataire intervient",
            where="roles",
            hint=", ".join(sorted(MANDATED)),
        )
    if not now < until <= now + LONGEST:
        raise InputError(
            "a mandate ends, at most three years from now",
            fr="un mandat a une fin, dans trois ans au plus",
            where="until",
        )
    if not reason.strip():
        raise InputError("say what the mandate is for", fr="dites à quoi sert le mandat", where="reason")
    if not OrganisationRow.objects.filter(slug=provider, kind="provider").exists():
        raise InputError("no such provider", fr="ce prestataire n’existe pas", where="provider")
    row = MandateRow.objects.create(
        provider_id=provider,
        hospital_id=hospital,
        roles=sorted(roles),
        reason=reason[:240],
        since=now,
        until=until,
        given_by_id=UUID(actor.id),
    )
    detail = {"provider": provider, "roles": sorted(roles), "until": until.isoformat(), "reason": reason[:240]}
    audit.note(actor, "mandate.given", str(row.id), now=now, tenant=hospital, detail=detail)


@transaction.atomic
def revoke(actor: Actor, id_: str, now: datetime) -> None:
    """End a mandate at once: the next request of the provider's people finds nothing."""
    row = MandateRow.objects.filter(id=id_, hospital__in=actor.scope(Permission.GIVE_MANDATES)).first()
    if row is None:
        raise AccessError("not found, or not yours")
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    audit.note(actor, "mandate.revoked", id_, now=now, tenant=row.hospital_id, detail={"provider": row.provider_id})
