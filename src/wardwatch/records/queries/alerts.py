"""What the queue of alerts shows: groups as rows, counts, and one group with its alerts and timeline."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, Sum, When

from wardwatch.incidents.timeline import TimelineEntry
from wardwatch.kernel.severity import Level
from wardwatch.records.models import AlertRow, EntryRow, GroupRow, OrganisationRow, SeenRow, UserRow
from wardwatch.watch.groups import AlertState, Group, GroupState
from wardwatch.watch.plain import from_plain
from wardwatch.watch.seen import Elsewhere, Seen

PAGE = 50
MANY = 20  # hospitals, from which on it is asked whether a scope is everything
MOST_ALERTS = 200  # of a group, that its page lists
QUEUES = ("review", "mine", "silenced", "closed")
_OVER = (GroupState.SETTLED.value, GroupState.FALSE_POSITIVE.value, GroupState.WITHDRAWN.value)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A group of alerts in a list. `rule_id` and `title` are of what weighs most in it. Times in µs UTC."""

    id: str
    tenant: str
    hospital: str
    rule_id: str
    title: str
    level: Level
    score: int
    count: int
    hosts: tuple[str, ...]
    first_at: int
    last_at: int
    assignee: str | None
    silenced_until: int | None
    incident: str | None
    state: str


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A part of a list, best first; `next` is the cursor of the part behind it, empty at the end."""

    rows: tuple[QueueRow, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; empty: all."""

    tenant: str = ""
    level: Level | None = None
    host: str = ""
    rule: str = ""


def _of(scope: Collection[str]) -> QuerySet[GroupRow]:
    """The groups of a scope; where it is everything, nothing is narrowed, and an index gives the order."""
    if len(scope) > MANY and len(scope) >= OrganisationRow.objects.count():
        return GroupRow.objects.all()
    return GroupRow.objects.filter(tenant__in=scope)


def _queue(scope: Collection[str], which: str, person: str) -> QuerySet[GroupRow]:
    rows = _of(scope).filter(merged=False)
    if which == "mine":
        return rows.filter(assignee=person, state=GroupState.OPEN.value)
    if which == "silenced":
        return rows.filter(state=GroupState.OPEN.value, silenced_until__isnull=False)
    if which == "closed":
        return rows.filter(state__in=_OVER)
    return rows.filter(state=GroupState.OPEN.value, silenced_until__isnull=True)


def queue(scope: Collection[str], which: str, person: str, filters: Filters, after: str = "") -> QueuePage:
    """Return a part of a queue: best score first, then the latest. Four queries."""
    rows = _queue(scope, which, person)
    if filters.tenant:
        rows = rows.filter(tenant=filters.tenant)
    if filters.level is not None:
        rows = rows.filter(level__gte=int(filters.level))
    if filters.host:
        rows = rows.filter(id__in=AlertRow.objects.filter(host__icontains=filters.host).values("group"))
    if filters.rule:
        rows = rows.filter(id__in=AlertRow.objects.filter(rule_id=filters.rule).values("group"))
    place = _cursor(after)
    if place:
        score, last_at, id_ = place
        rows = rows.filter(
            Q(score__lt=score) | Q(score=score, last_at__lt=last_at) | Q(score=score, last_at=last_at, id__gt=id_)
        )
    # Ids first: sorting them is cheap, sorting whole groups is not.
    ids = list(rows.order_by("-score", "-last_at", "id").values_list("id", flat=True)[: PAGE + 1])
    by_id = dict(GroupRow.objects.filter(id__in=ids).values_list("id", "plain"))
    found = [by_id[id_] for id_ in ids if id_ in by_id]
    names = names_of({plain["tenant"] for plain in found})
    shown = tuple(_row(plain, names) for plain in found[:PAGE])
    more = len(found) > PAGE
    return QueuePage(shown, f"{shown[-1].score}-{shown[-1].last_at}-{shown[-1].id}" if more else "")


def _cursor(text: str) -> tuple[int, int, str] | None:
    score, _, rest = text.partition("-")
    last_at, _, id_ = rest.partition("-")
    if score.isdecimal() and last_at.isdecimal() and len(score) < 10 and len(last_at) < 19:  # noqa: PLR2004  (of an integer)
        return int(score), int(last_at), id_
    return None


def counts(scope: Collection[str], person: str) -> Mapping[str, int]:
    """How many groups are in each queue. Five queries, each answered from an index."""
    return {name: _queue(scope, name, person).count() for name in QUEUES}


def newer(scope: Collection[str], since: int) -> int:
    """How many open groups are new or have grown since a moment (µs UTC). One query."""
    return GroupRow.objects.filter(
        tenant__in=scope, merged=False, state=GroupState.OPEN.value, silenced_until__isnull=True, updated_at__gt=since
    ).count()


def names_of(tenants: Collection[str]) -> dict[str, str]:
    """The names of organisations by their slug."""
    return dict(OrganisationRow.objects.filter(slug__in=tenants).values_list("slug", "name"))


def people_of(ids: Collection[str]) -> dict[str, str]:
    """The names of accounts by their id; what is no account has none."""
    found = [id_ for id_ in ids if len(id_) == 36]  # noqa: PLR2004  (a UUID)
    return {str(id_): name for id_, name in UserRow.objects.filter(id__in=found).values_list("id", "name")}


def _row(plain: Mapping[str, Any], names: Mapping[str, str]) -> QueueRow:
    """Read a row without building the whole group: a list has fifty of them."""
    parts = plain.get("parts") or ()
    worst = parts[0]["value"] if parts else next(iter(plain.get("rule_ids") or ("",)))
    rules = {**plain["below"].get("rules", {}), **plain["own"].get("rules", {})}
    return QueueRow(
        id=plain["id"],
        tenant=plain["tenant"],
        hospital=names.get(plain["tenant"], plain["tenant"]),
        rule_id=worst,
        title=rules.get(worst, {}).get("title", worst),
        level=Level(plain["level"]),
        score=plain["score"],
        count=plain["count"],
        hosts=tuple(plain["hosts"][:3]),
        first_at=plain["first_at"],
        last_at=plain["last_at"],
        assignee=plain["assignee"],
        silenced_until=plain["silenced_until"],
        incident=plain["incident"],
        state=plain["state"],
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """A group with everything that its page shows. `alerts` by time, at most `MOST_ALERTS`."""

    row: QueueRow
    group: Group
    below: tuple[Group, ...]
    alerts: tuple[AlertState, ...]
    timeline: tuple[TimelineEntry, ...]
    seen: Mapping[str, Seen]
    elsewhere: Mapping[str, Elsewhere]


def group(scope: Collection[str], id_: str) -> Group | None:
    """A group as it is, or None where it is not there or not in scope."""
    plain = GroupRow.objects.filter(id=id_, tenant__in=scope).values_list("plain", flat=True).first()
    return from_plain(Group, plain) if plain else None


def whole(scope: Collection[str], id_: str, marks: Collection[str], others: Collection[str]) -> Whole | None:
    """A group with its alerts, its timeline, and what was seen before here and at `others`. Seven queries at most."""
    plain = GroupRow.objects.filter(id=id_, tenant__in=scope).values_list("plain", flat=True).first()
    if plain is None:
        return None
    found = from_plain(Group, plain)
    family = [
        from_plain(Group, one)
        for one in GroupRow.objects.filter(family=found.family).exclude(id=id_).values_list("plain", flat=True)
    ]
    below = tuple(one for one in family if one.merged_into == id_)
    ids = [id_, *(one.id for one in family if found.family == id_)]
    alerts = AlertRow.objects.filter(group__in=ids).order_by("occurred_at", "id").values_list("plain", flat=True)
    return Whole(
        row=_row(plain, names_of({found.tenant})),
        group=found,
        below=below,
        alerts=tuple(from_plain(AlertState, one) for one in alerts[:MOST_ALERTS]),
        timeline=timeline(id_),
        seen=_seen(found.tenant, marks),
        elsewhere=_elsewhere(others, marks),
    )


def timeline(subject: str) -> tuple[TimelineEntry, ...]:
    """A timeline in its order."""
    rows = EntryRow.objects.filter(subject=subject).order_by("number").values_list("plain", flat=True)
    return tuple(from_plain(TimelineEntry, plain) for plain in rows)


_SEEN = ("mark", "groups", "first_at", "last_at", "false_positives", "incidents")


def _seen(tenant: str, marks: Collection[str]) -> dict[str, Seen]:
    rows = SeenRow.objects.filter(tenant=tenant, mark__in=marks).values_list(*_SEEN)
    return {values[0]: Seen(*values) for values in rows}


def _elsewhere(others: Collection[str], marks: Collection[str]) -> dict[str, Elsewhere]:
    """What other hospitals saw, as counts: which of them did is not told."""
    found: dict[str, list[tuple[int, int, int, int]]] = {}
    rows = SeenRow.objects.filter(tenant__in=others, mark__in=marks, groups__gt=0).values_list(*_SEEN)
    for mark, groups, _, last_at, false_positives, incidents in rows:
        found.setdefault(mark, []).append((groups, last_at, false_positives, incidents))
    return {
        mark: Elsewhere(
            mark,
            len(all_),
            sum(one[0] for one in all_),
            max(one[1] for one in all_),
            sum(one[2] for one in all_),
            sum(one[3] for one in all_),
        )
        for mark, all_ in found.items()
    }


def neighbours(tenant: str) -> frozenset[str]:
    """The hospitals that share a grouping with one, and let others count what they saw."""
    rows = OrganisationRow.objects.filter(groupings__members=tenant, share_sightings=True).exclude(slug=tenant)
    return frozenset(rows.values_list("slug", flat=True))


def waiting_by_tenant(tenants: Collection[str], least: Level = Level.HIGH) -> Mapping[str, tuple[int, int]]:
    """How many groups are to be reviewed, and how many of these are of a level or above, by tenant. One query.

    Nothing but an index is read: what is counted must not name a column that is not in it.
    """
    rows = _of(tenants).filter(merged=False, state=GroupState.OPEN.value, silenced_until__isnull=True)
    grave = Sum(Case(When(level__gte=int(least), then=1), default=0))
    found = rows.order_by().values_list("tenant").annotate(count=Count("*"), grave=grave)
    return {tenant: (count, grave or 0) for tenant, count, grave in found}
