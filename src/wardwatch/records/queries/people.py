"""People, organisations, groupings and mandates as screens show them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from wardwatch.records.models import (
    GrantRow,
    GroupingRow,
    InvitationRow,
    MandateRow,
    OrganisationRow,
    TokenRow,
)


@dataclass(frozen=True, slots=True)
class Held:
    """A role that a person has: where, from when, until when."""

    id: int
    user: str
    name: str
    email: str
    role: str
    organisation: str
    grouping: str
    since: datetime
    until: datetime | None
    active: bool
    break_glass: bool


PAGE = 100


def held(scope: Collection[str], now: datetime, text: str = "", start: int = 0) -> tuple[tuple[Held, ...], int]:
    """A part of the roles in organisations of a scope, and in groupings that lie within it, by name; and how many."""
    outside = OrganisationRow.objects.exclude(slug__in=scope)
    groupings = GroupingRow.objects.filter(members__in=scope).exclude(members__in=outside).distinct()
    rows = (
        GrantRow.objects.filter(Q(organisation__in=scope) | Q(grouping__in=groupings))
        .filter(Q(until__isnull=True) | Q(until__gt=now))
        .select_related("user", "organisation", "grouping")
        .order_by("user__name", "role", "id")
    )
    if text:
        rows = rows.filter(Q(user__name__icontains=text) | Q(user__email__icontains=text))
    shown = tuple(
        Held(
            row.id,
            str(row.user_id),
            row.user.name,
            row.user.email,
            row.role,
            row.organisation.name if row.organisation else "",
            row.grouping.name if row.grouping else "",
            row.since,
            row.until,
            row.user.is_active,
            row.user.break_glass,
        )
        for row in rows[start : start + PAGE]
    )
    return shown, rows.count()


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a hospital lets a provider do."""

    id: str
    provider: str
    hospital: str
    tenant: str
    roles: tuple[str, ...]
    reason: str
    since: datetime
    until: datetime
    revoked_at: datetime | None


def mandates(scope: Collection[str]) -> tuple[Mandate, ...]:
    """The mandates that hospitals of a scope gave, the latest first."""
    rows = MandateRow.objects.filter(hospital__in=scope).select_related("provider", "hospital").order_by("-since")[:500]
    return tuple(
        Mandate(
            str(row.id),
            row.provider.name,
            row.hospital.name,
            row.hospital_id,
            tuple(row.roles),
            row.reason,
            row.since,
            row.until,
            row.revoked_at,
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose from: its slug and its name."""

    slug: str
    name: str


def organisations(scope: Collection[str]) -> tuple[Choice, ...]:
    """Organisations by name."""
    rows = OrganisationRow.objects.filter(slug__in=scope).order_by("name").values_list("slug", "name")
    return tuple(Choice(*row) for row in rows)


def providers() -> tuple[Choice, ...]:
    """Security providers by name."""
    rows = OrganisationRow.objects.filter(kind="provider").order_by("name").values_list("slug", "name")
    return tuple(Choice(*row) for row in rows)


def groupings(scope: Collection[str]) -> tuple[Choice, ...]:
    """The groupings that lie within a scope, by name."""
    outside = OrganisationRow.objects.exclude(slug__in=scope)
    rows = GroupingRow.objects.filter(members__in=scope).exclude(members__in=outside).distinct().order_by("name")
    return tuple(Choice(*row) for row in rows.values_list("slug", "name"))


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that waits."""

    email: str
    role: str
    where: str
    until: datetime


def invited(scope: Collection[str], now: datetime) -> tuple[Invited, ...]:
    """The invitations that wait, by address."""
    rows = InvitationRow.objects.filter(organisation__in=scope, accepted_at__isnull=True, until__gt=now)
    return tuple(
        Invited(row.email, row.role, row.organisation.name if row.organisation else "", row.until)
        for row in rows.select_related("organisation").order_by("email")[:200]
    )


@dataclass(frozen=True, slots=True)
class Token:
    """A key of a program, without its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    until: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def tokens(user: UUID) -> tuple[Token, ...]:
    """The keys of a person, the latest first."""
    rows = TokenRow.objects.filter(user_id=user).order_by("-created_at")[:200]
    return tuple(
        Token(str(row.id), row.name, tuple(row.scopes), row.created_at, row.until, row.used_at, row.revoked_at)
        for row in rows
    )


def names_of_organisations(most: int = 2_000) -> tuple[str, ...]:
    """The names of organisations, at most so many."""
    return tuple(OrganisationRow.objects.order_by("slug").values_list("name", flat=True)[:most])
