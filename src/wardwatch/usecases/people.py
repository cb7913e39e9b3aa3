"""People: sign in, invite, accept, grant and end roles, set what a person likes."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import GrantRow, GroupingRow, InvitationRow, NoticeRow, OrganisationRow, UserRow
from wardwatch.records.queries.access import granted
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import ROLES, Permission

INVITED_FOR = timedelta(days=7)
_SYSTEM = Actor("system", "Wardwatch")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role holds: in one organisation, in a grouping, or, with neither, everywhere here."""

    organisation: str = ""
    grouping: str = ""


def signed_in(user: UUID, address: str, now: datetime) -> None:
    """Note that somebody came in; a sealed account's coming is an entry of its own that others are shown."""
    row = UserRow.objects.get(id=user)
    who = Actor(str(row.id), row.name)
    audit.note(who, "person.signed-in", row.email, now=now, detail={"address": address})
    if row.break_glass:
        audit.note(who, "person.broke-glass", row.email, now=now, detail={"address": address})
        _cry_out(row, address, now)


def _cry_out(row: UserRow, address: str, now: datetime) -> None:
    """Tell whoever answers for security where a sealed account was used: by mail, and on the screen."""
    moment = stamps.micros(now)
    for tenant in GrantRow.objects.filter(user=row).values_list("organisation_id", flat=True).distinct():
        reaches = Q(organisation=tenant) | Q(grouping__members=tenant)
        found = GrantRow.objects.filter(reaches, role="ciso").exclude(user=row).values_list("user_id", flat=True)
        for who in found.distinct():
            NoticeRow.objects.get_or_create(
                id=f"glass:{row.id.hex[:12]}:{moment}:{who.hex[:12]}",
                defaults={
                    "tenant": tenant or "",
                    "who": str(who),
                    "channel": "mail",
                    "text": "person.broke_glass",
                    "params": {"who": row.name, "address": address},
                    "subject": "",
                    "urgent": True,
                    "made_at": moment,
                },
            )


def sign_in_failed(email: str, address: str, now: datetime) -> None:
    """Note a failed attempt. What was typed is named only if it is a known address: it might be a password."""
    known = UserRow.objects.filter(email=email.lower()).exists()
    audit.note(
        Actor("", "unknown"),
        "person.sign-in-failed",
        email.lower() if known else "an unknown address",
        now=now,
        detail={"address": address},
    )


def create(email: str, name: str, now: datetime, *, password: str = "", language: str = "en") -> UserRow:
    """Make an account; without a password nobody can sign in to it but through a provider. Raises `InputError`."""
    row = UserRow(email=email.strip().lower(), name=name.strip(), language=language, created_at=now)
    if password:
        row.set_password(password)
    else:
        row.set_unusable_password()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise InputError(
            "there is an account with this address", fr="un compte existe avec cette adresse", where=row.email
        ) from None
    return row


@transaction.atomic
def grant(actor: Actor, user: UUID, role: str, place: Place, *, now: datetime, until: datetime | None = None) -> None:
    """Give a person a role somewhere. The actor must manage people there, and may not give more than they have."""
    _may_give(actor, role, place)
    row, made = GrantRow.objects.update_or_create(
        user_id=user,
        role=role,
        organisation_id=place.organisation or None,
        grouping_id=place.grouping or None,
        defaults={"since": now, "until": until},
    )
    detail = {"role": role, "grouping": place.grouping, "until": str(until or "")}
    verb = "grant.given" if made else "grant.renewed"
    audit.note(actor, verb, str(row.user_id), now=now, tenant=place.organisation, detail=detail)


@transaction.atomic
def end_grant(actor: Actor, grant_id: int, now: datetime) -> None:
    """End a role at once."""
    row = GrantRow.objects.filter(id=grant_id).first()
    if row is None:
        raise AccessError("not found, or not yours")
    place = Place(row.organisation_id or "", row.grouping_id or "")
    _may_manage(actor, place)
    row.until = now
    row.save(update_fields=["until"])
    audit.note(actor, "grant.ended", str(row.user_id), now=now, tenant=place.organisation, detail={"role": row.role})


@transaction.atomic
def invite(actor: Actor, email: str, role: str, place: Place, now: datetime) -> str:
    """Invite somebody; returns the secret of the link, which is kept nowhere. Raises `InputError` for an address."""
    _may_give(actor, role, place)
    if "@" not in email or len(email) > 254:  # noqa: PLR2004  (RFC 5321)
        raise InputError(
            "not an e-mail address",
            fr="ce n’est pas une adresse électronique",
            where="email",
            hint="such as name@hospital.example",
            hint_fr="par exemple nom@hopital.example",
        )
    secret = secrets.token_urlsafe(32)
    InvitationRow.objects.create(
        email=email.strip().lower(),
        role=role,
        organisation_id=place.organisation or None,
        grouping_id=place.grouping or None,
        secret_hash=digest(secret),
        created_at=now,
        until=now + INVITED_FOR,
        invited_by_id=UUID(actor.id) if actor.id and actor.id != _SYSTEM.id else None,
    )
    detail = {"role": role, "grouping": place.grouping}
    audit.note(actor, "invitation.sent", email.lower(), now=now, tenant=place.organisation, detail=detail)
    return secret


def invitation(secret: str, now: datetime) -> InvitationRow:
    """Return a valid invitation; raises `AccessError` for one that is unknown, used or too old."""
    row = InvitationRow.objects.filter(secret_hash=digest(secret), accepted_at__isnull=True, until__gt=now).first()
    if row is None:
        raise AccessError("not found, or not yours")
    return row


@transaction.atomic
def accept(secret: str, name: str, password: str, language: str, now: datetime) -> UserRow:
    """Make the account of somebody who was invited, with the role that was promised."""
    row = invitation(secret, now)
    user = UserRow.objects.filter(email=row.email).first()
    if user is None:
        user = create(row.email, name, now, password=password, language=language)
    row.accepted_at = now
    row.save(update_fields=["accepted_at"])
    GrantRow.objects.get_or_create(
        user=user,
        role=row.role,
        organisation_id=row.organisation_id,
        grouping_id=row.grouping_id,
        defaults={"since": now},
    )
    who = Actor(str(user.id), user.name)
    audit.note(
        who, "invitation.accepted", row.email, now=now, tenant=row.organisation_id or "", detail={"role": row.role}
    )
    return user


def set_language(actor: Actor, language: str) -> None:
    """Speak a language to a person from now on."""
    UserRow.objects.filter(id=actor.id).update(language=language)


@transaction.atomic
def set_likings(actor: Actor, *, language: str, theme: str, keys_on: bool, now: datetime) -> None:
    """Keep how a person likes the console."""
    UserRow.objects.filter(id=actor.id).update(language=language, theme=theme, keys_on=keys_on)
    detail = {"language": language, "theme": theme, "keys": keys_on}
    audit.note(actor, "person.likings-set", actor.id, now=now, detail=detail)


@transaction.atomic
def sign_out(actor: Actor, user: UUID, now: datetime) -> None:
    """End every session of a person that began before now: one's own, or of somebody at a place that one manages."""
    if str(user) != actor.id:
        reached = {tenant for one in granted(user, now) for tenant in one.tenants}
        if not reached & actor.scope(Permission.MANAGE_PEOPLE):
            raise AccessError("not found, or not yours")
    UserRow.objects.filter(id=user).update(signed_out_at=stamps.micros(now))
    audit.note(actor, "person.signed-out", str(user), now=now)


def digest(secret: str) -> str:
    """Return what is kept of a secret that has 256 random bits: its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _may_manage(actor: Actor, place: Place) -> None:
    """Raise `AccessError` unless the actor manages people in all that a place covers."""
    if place.organisation:
        authorise(actor, Permission.MANAGE_PEOPLE, place.organisation)
        return
    covered = OrganisationRow.objects.all()
    if place.grouping:
        covered = covered.filter(groupings=GroupingRow(slug=place.grouping))
    else:
        authorise(actor, Permission.ADMINISTER)
    tenants = frozenset(covered.values_list("slug", flat=True))
    if not tenants <= actor.scope(Permission.MANAGE_PEOPLE):
        raise AccessError("not found, or not yours")


def _may_give(actor: Actor, role: str, place: Place) -> None:
    if role not in ROLES:
        raise InputError("not a role", fr="ce rôle n’existe pas", where="role", hint=f"one of: {', '.join(ROLES)}")
    _may_manage(actor, place)
    # Nobody hands out what they do not have themselves; who runs the whole console may.
    if Permission.ADMINISTER in ROLES[role]:
        authorise(actor, Permission.ADMINISTER)
