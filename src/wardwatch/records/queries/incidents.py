"""What the screens of incidents show: a list, and one incident with its timeline and its alerts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, Q

from wardwatch.events.alert import Alert
from wardwatch.incidents.incident import Incident
from wardwatch.incidents.states import OVER
from wardwatch.incidents.timeline import TimelineEntry
from wardwatch.kernel.severity import Level
from wardwatch.records.models import AlertRow, GroupRow, IncidentRow
from wardwatch.records.queries.alerts import names_of, timeline
from wardwatch.watch.groups import AlertState
from wardwatch.watch.plain import from_plain

PAGE = 50
MOST_ALERTS = 500
_OVER = tuple(one.value for one in OVER)


@dataclass(frozen=True, slots=True)
class Listed:
    """An incident in a list. Times in µs UTC."""

    id: str
    tenant: str
    hospital: str
    title: str
    state: str
    level: Level
    score: int
    owner: str | None
    opened_at: int
    updated_at: int


def listed(scope: Collection[str], which: str, after: str = "") -> tuple[tuple[Listed, ...], str]:
    """Return a part of the incidents (`open` or `over`), the gravest first, and the cursor behind it."""
    rows = IncidentRow.objects.filter(tenant__in=scope)
    rows = rows.filter(state__in=_OVER) if which == "over" else rows.exclude(state__in=_OVER)
    start = int(after) if after.isdecimal() and len(after) < 7 else 0  # noqa: PLR2004
    fields = ("id", "tenant", "title", "state", "level", "score", "owner", "opened_at", "updated_at")
    found = list(rows.order_by("-level", "-updated_at", "id").values_list(*fields)[start : start + PAGE + 1])
    names = names_of({row[1] for row in found})
    shown = tuple(
        Listed(row[0], row[1], names.get(row[1], row[1]), row[2], row[3], Level(row[4]), *row[5:])
        for row in found[:PAGE]
    )
    return shown, str(start + PAGE) if len(found) > PAGE else ""


def counts(scope: Collection[str]) -> Mapping[str, int]:
    """How many incidents are open, are nobody's, and are over. One query."""
    opened = ~Q(state__in=_OVER)
    found = IncidentRow.objects.filter(tenant__in=scope).aggregate(
        open=Count("id", filter=opened),
        nobodys=Count("id", filter=opened & Q(owner__isnull=True)),
        over=Count("id", filter=~opened),
    )
    return {name: int(value) for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class Whole:
    """An incident with its timeline, its groups by id, its alerts in order, and the name of its hospital."""

    incident: Incident
    hospital: str
    timeline: tuple[TimelineEntry, ...]
    groups: Mapping[str, int]
    alerts: tuple[AlertState, ...]


def incident(scope: Collection[str], id_: str) -> Incident | None:
    """An incident as it is, or None where it is not there or not in scope."""
    plain = IncidentRow.objects.filter(id=id_, tenant__in=scope).values_list("plain", flat=True).first()
    return from_plain(Incident, plain) if plain else None


def whole(scope: Collection[str], id_: str) -> Whole | None:
    """An incident with everything that its page shows. Five queries."""
    found = incident(scope, id_)
    if found is None:
        return None
    groups = dict(GroupRow.objects.filter(incident=id_, merged=False).values_list("id", "count"))
    families = GroupRow.objects.filter(family__in=groups).values("id")
    alerts = AlertRow.objects.filter(group__in=families).order_by("occurred_at", "id").values_list("plain", flat=True)
    return Whole(
        found,
        names_of({found.tenant}).get(found.tenant, found.tenant),
        timeline(id_),
        groups,
        tuple(from_plain(AlertState, one) for one in alerts[:MOST_ALERTS]),
    )


def all_alerts(found: Whole) -> list[Alert]:
    """The alerts of an incident as Alert v1."""
    return [one.alert for one in found.alerts if one.alert is not None and one.place == "live"]


def others(tenant: str, most: int = 200) -> tuple[Incident, ...]:
    """The latest incidents of a hospital, to compare with."""
    rows = IncidentRow.objects.filter(tenant=tenant).order_by("-updated_at").values_list("plain", flat=True)[:most]
    return tuple(from_plain(Incident, plain) for plain in rows)


@dataclass(frozen=True, slots=True)
class Effect:
    """What an open incident does to a service, as it was stated last."""

    incident: str
    state: str
    at: int
    text: str


def care_effects(tenants: Collection[str]) -> Mapping[str, Mapping[str, Effect]]:
    """What open incidents do to services, by tenant and the service's name (case folded): the latest word."""
    found: dict[str, dict[str, Effect]] = {}
    rows = IncidentRow.objects.filter(tenant__in=tenants).exclude(state__in=_OVER).values_list("tenant", "id", "plain")
    for tenant, id_, plain in rows:
        here = found.setdefault(tenant, {})
        for one in plain.get("care_effects") or ():
            key = str(one["service"]).casefold()
            if key not in here or here[key].at <= one["at"]:
                here[key] = Effect(id_, one["state"], one["at"], one.get("text", ""))
    return found


def open_by_tenant(tenants: Collection[str]) -> Mapping[str, int]:
    """How many incidents are open, by tenant. One query."""
    rows = IncidentRow.objects.filter(tenant__in=tenants).exclude(state__in=_OVER)
    return dict(rows.values_list("tenant").annotate(count=Count("id")))
