"""Who may do what where, as it is kept: grants, groupings and mandates, resolved to tenants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from wardwatch.records.models import GrantRow, GroupingRow, MandateRow, OrganisationRow


@dataclass(frozen=True, slots=True)
class Granted:
    """A role that a person has in some organisations now; `through` names a mandate's provider, else it is empty."""

    role: str
    tenants: frozenset[str]
    through: str = ""


def granted(user: UUID, now: datetime) -> tuple[Granted, ...]:
    """Every role that is valid now, with the organisations that it reaches. At most four queries."""
    rows = list(
        GrantRow.objects.filter(user_id=user, since__lte=now)
        .filter(Q(until__isnull=True) | Q(until__gt=now))
        .values_list("role", "organisation_id", "grouping_id")
    )
    if not rows:
        return ()
    members = _members({grouping for _, _, grouping in rows if grouping})
    everyone = _everyone() if any(not own and not grouping for _, own, grouping in rows) else frozenset()
    found = []
    for role, own, grouping in rows:
        if own:
            found.append(Granted(role, frozenset({own})))
        else:
            found.append(Granted(role, members.get(grouping, frozenset()) if grouping else everyone))
    return (*found, *_mandated(rows, now))


def _members(groupings: set[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    if groupings:
        through = GroupingRow.members.through.objects.filter(groupingrow_id__in=groupings)
        for grouping, member in through.values_list("groupingrow_id", "organisationrow_id"):
            found.setdefault(grouping, set()).add(member)
    return {grouping: frozenset(members) for grouping, members in found.items()}


def _everyone() -> frozenset[str]:
    return frozenset(OrganisationRow.objects.values_list("slug", flat=True))


def _mandated(rows: Sequence[tuple[str, str | None, str | None]], now: datetime) -> list[Granted]:
    """What the providers that a person works for may do at hospitals, as far as the person's own role reaches."""
    employers = {own for _, own, _ in rows if own}
    mandates = MandateRow.objects.filter(
        provider_id__in=employers, provider__kind="provider", since__lte=now, until__gt=now, revoked_at__isnull=True
    ).values_list("provider_id", "hospital_id", "roles")
    return [
        Granted(role, frozenset({hospital}), through=provider)
        for provider, hospital, roles in mandates
        for role, own, _ in rows
        if own == provider and role in roles
    ]
