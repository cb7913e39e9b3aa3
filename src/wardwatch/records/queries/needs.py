"""Campaigns of groups as they are kept: who takes part, what each has answered, what was released."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.db.models.fields.json import KeyTransform

from wardwatch.assessment import loading
from wardwatch.assessment.figures import narrowed
from wardwatch.assessment.framework import Tier
from wardwatch.records.models import (
    AssessmentRow,
    CampaignRow,
    GrantRow,
    GroupingRow,
    MandateRow,
    OrganisationRow,
    ParticipationRow,
    ReleaseRow,
    SignOffRow,
    UserRow,
)
from wardwatch.records.queries.access import granted


@dataclass(frozen=True, slots=True)
class Grouping:
    """Hospitals that act together, by tenant."""

    slug: str
    name: str
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign of a grouping. Times in µs UTC; `released_at`: `None` where nothing was released."""

    id: str
    name: str
    framework: str
    version: int
    depth: str
    grouping: Grouping
    opened_at: int
    closes_at: int | None
    released_at: int | None


@dataclass(frozen=True, slots=True)
class Participant:
    """A hospital in a campaign; `assessment` is empty until somebody there begins. `figures` as with assessments."""

    tenant: str
    hospital: str
    size: str
    kind: str
    country: str
    consent: str
    said_by_name: str
    said_at: int | None
    invited_at: int
    reminded_at: int | None
    assessment: str
    changed_at: int | None
    signed: bool
    figures: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        """Whether every question that is asked has an answer."""
        return bool(self.figures) and self.figures["asked"] > 0 and self.figures["answered"] == self.figures["asked"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A release as it is kept (`wardwatch/needs-release/1`)."""

    at: int
    by_name: str
    plain: Mapping[str, Any]


def groupings(scope: Collection[str]) -> tuple[Grouping, ...]:
    """The groupings with at least one member in scope, by name, each with all its members that are hospitals."""
    rows = GroupingRow.objects.filter(members__in=scope).distinct().order_by("name")
    return tuple(Grouping(row.slug, row.name, found) for row in rows if (found := members(row.slug)))


def members(grouping: str) -> frozenset[str]:
    """Those of a grouping that can be assessed: hospitals and laboratories."""
    rows = OrganisationRow.objects.filter(groupings=GroupingRow(slug=grouping), kind__in=("hospital", "laboratory"))
    return frozenset(rows.values_list("slug", flat=True))


def campaigns(scope: Collection[str]) -> tuple[Campaign, ...]:
    """The campaigns of groupings with a member in scope, the newest first."""
    known = {one.slug: one for one in groupings(scope)}
    rows = CampaignRow.objects.filter(grouping__in=known).select_related("release").order_by("-opened_at", "id")
    return tuple(_campaign(row, known[row.grouping]) for row in rows)


def campaign(scope: Collection[str], id_: str) -> Campaign | None:
    """A campaign, or None where it is not there or none of its hospitals is in scope."""
    try:
        row = CampaignRow.objects.filter(id=UUID(id_)).select_related("release").first()
    except ValueError:
        return None
    if row is None or not row.grouping:
        return None
    found = members(row.grouping)
    named = GroupingRow.objects.filter(slug=row.grouping).first()
    if named is None or not found & frozenset(scope):
        return None
    return _campaign(row, Grouping(named.slug, named.name, found))


def _campaign(row: CampaignRow, grouping: Grouping) -> Campaign:
    released = getattr(row, "release", None)
    return Campaign(
        id=str(row.id),
        name=row.name,
        framework=row.framework,
        version=row.version,
        depth=row.depth,
        grouping=grouping,
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        released_at=released.at if released else None,
    )


def participants(campaign_id: str, only: Collection[str] | None = None) -> tuple[Participant, ...]:
    """Who was invited to a campaign, by name of the hospital. Four queries, whatever their number."""
    rows = ParticipationRow.objects.filter(campaign__id=campaign_id)
    if only is not None:
        rows = rows.filter(tenant__in=only)
    found = list(rows)
    tenants = [row.tenant for row in found]
    houses = OrganisationRow.objects.in_bulk(tenants)
    begun = {
        row.tenant: row
        for row in AssessmentRow.objects.filter(campaign__id=campaign_id, tenant__in=tenants).select_related("campaign")
    }
    signed = set(
        SignOffRow.objects.filter(assessment__campaign__id=campaign_id).values_list("assessment__tenant", flat=True)
    )
    shown = [_participant(row, houses.get(row.tenant), begun.get(row.tenant), row.tenant in signed) for row in found]
    return tuple(sorted(shown, key=lambda one: (one.hospital, one.tenant)))


def _participant(
    row: ParticipationRow,
    house: OrganisationRow | None,
    begun: AssessmentRow | None,
    signed: bool,  # noqa: FBT001
) -> Participant:
    return Participant(
        tenant=row.tenant,
        hospital=house.name if house else row.tenant,
        size=house.size if house else "",
        kind=house.kind if house else "",
        country=house.country if house else "",
        consent=row.consent,
        said_by_name=row.said_by_name,
        said_at=row.said_at,
        invited_at=row.invited_at,
        reminded_at=row.reminded_at,
        assessment=str(begun.id) if begun else "",
        changed_at=begun.changed_at if begun else None,
        signed=signed,
        figures=_figures(begun) if begun else {},
    )


def _figures(row: AssessmentRow) -> Mapping[str, Any]:
    """The figures by the campaign's own measure: a hospital that went deeper is counted like the others."""
    framework = loading.shipped().get(row.campaign.framework)
    whole: Mapping[str, Any] = row.figures
    if row.depth == row.campaign.depth or framework is None:
        return whole
    return narrowed(framework, Tier(row.campaign.depth), whole)


def invitations(scope: Collection[str], now: int) -> tuple[tuple[str, str, str, int | None], ...]:
    """(campaign, its name, tenant, closes at) of open campaigns to which hospitals in scope have said nothing yet."""
    rows = (
        ParticipationRow.objects.filter(tenant__in=scope, consent="")
        .filter(Q(campaign__closes_at__isnull=True) | Q(campaign__closes_at__gt=now))
        .select_related("campaign")
        .order_by("campaign__closes_at", "tenant")
    )
    return tuple((str(row.campaign_id), row.campaign.name, row.tenant, row.campaign.closes_at) for row in rows)


def release(campaign_id: str) -> Kept | None:
    """What was released of a campaign."""
    row = ReleaseRow.objects.filter(campaign__id=campaign_id).defer("cells").first()
    return Kept(row.at, row.by_name, row.plain) if row else None


def cells_since(moment: int) -> tuple[frozenset[str], ...]:
    """The hospitals behind every part of every release since a moment, of any grouping."""
    rows = ReleaseRow.objects.filter(at__gte=moment).values_list("cells", flat=True)
    return tuple(frozenset(cell) for cells in rows for cell in cells)


def spent_since(moment: int) -> dict[str, float]:
    """Tenant → the epsilon that was spent on it since a moment."""
    found: dict[str, float] = {}
    for epsilon, cells in ReleaseRow.objects.filter(at__gte=moment, epsilon__gt=0).values_list("epsilon", "cells"):
        for tenant in (one for cell in cells for one in cell):
            found[tenant] = found.get(tenant, 0.0) + epsilon
    return found


def people(roles: Iterable[str], now: datetime) -> dict[str, frozenset[str]]:
    """User → the hospitals at which they have one of some roles now; mandates count."""
    wanted = frozenset(roles)
    active = UserRow.objects.filter(is_active=True)
    own = GrantRow.objects.filter(role__in=wanted, user__in=active).values_list("user_id", flat=True)
    providers = MandateRow.objects.filter(until__gt=now, revoked_at__isnull=True).values_list("provider_id", flat=True)
    lent = GrantRow.objects.filter(organisation__in=providers, user__in=active).values_list("user_id", flat=True)
    found = {}
    for user in {*own, *lent}:
        reached = [one.tenants for one in granted(user, now) if one.role in wanted]
        if reached:
            found[str(user)] = frozenset[str]().union(*reached)
    return found


def points(
    campaign_ids: Collection[str], tenants: Collection[str]
) -> dict[str, tuple[tuple[int, Mapping[str, int]], ...]]:
    """Campaign → (points overall, points by domain) of every hospital among some that agreed to be named there."""
    agreed = set(
        ParticipationRow.objects.filter(campaign__id__in=campaign_ids, tenant__in=tenants, consent="named").values_list(
            "campaign_id", "tenant"
        )
    )
    asked = AssessmentRow.objects.filter(campaign__id__in=campaign_ids, tenant__in=tenants)
    rows = asked.filter(depth=F("campaign__depth")).values_list(
        "campaign_id",
        "tenant",
        KeyTransform("points", "figures"),
        KeyTransform("answered", "figures"),
        KeyTransform("asked", "figures"),
        KeyTransform("domains", "figures"),
    )
    deeper = [
        (row.campaign_id, row.tenant, *(figures[name] for name in ("points", "answered", "asked", "domains")))
        for row in asked.exclude(depth=F("campaign__depth")).select_related("campaign")
        for figures in (_figures(row),)
    ]
    found: dict[str, list[tuple[int, Mapping[str, int]]]] = {}
    for campaign_id, tenant, overall, answered, total, domains in (*rows, *deeper):
        if (campaign_id, tenant) in agreed and total and answered == total:
            one = (overall, {id_: score["points"] for id_, score in domains.items()})
            found.setdefault(str(campaign_id), []).append(one)
    return {id_: tuple(some) for id_, some in found.items()}
