"""The case state of hospitals in the database: the store that `watch` asks for (`watch.slices.Store`).

Call `locked` first: one step at a time for each hospital, in one transaction.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.db import models
from django.db.models.functions import RowNumber

from wardwatch.estate.care import UNKNOWN, Care
from wardwatch.incidents.incident import Incident
from wardwatch.records.models import (
    AlertRow,
    CaseRow,
    EntryRow,
    GroupRow,
    HandledRow,
    IncidentRow,
    LinkRow,
    SeenRow,
    TimerRow,
)
from wardwatch.watch import seen as counting
from wardwatch.watch.groups import AlertState, Group, GroupState
from wardwatch.watch.plain import from_plain, to_plain
from wardwatch.watch.policy import DEFAULT, Policy
from wardwatch.watch.seen import Seen
from wardwatch.watch.slices import LINKS, NEAR, Link, Needs, Slice, Timer

T = TypeVar("T")
MARK = 400  # characters of a mark that are kept; longer ones are told apart by their beginning
_JOINABLE = (GroupState.OPEN.value, GroupState.RAISED.value)
_SEEN = ("mark", "groups", "first_at", "last_at", "false_positives", "incidents")
Row = TypeVar("Row", bound=models.Model)


def locked(tenant: str) -> CaseRow:
    """Take the hospital's lock until the end of the transaction, and return its row."""
    row = CaseRow.objects.select_for_update().filter(tenant=tenant).first()
    if row is None:
        CaseRow.objects.get_or_create(tenant=tenant)
        row = CaseRow.objects.select_for_update().get(tenant=tenant)
    return row


class CaseStore:
    """See `watch.slices.Store`. `care` says what stands on a host; `now` (µs UTC) dates what was handled."""

    def __init__(self, now: int, care: Callable[[str, str], Care] = lambda _tenant, _host: UNKNOWN) -> None:
        self._now = now
        self._care = care

    def load(self, tenant: str, needs: Needs, near: int = NEAR) -> Slice:
        """See `Store.load`; `near`: of how many links of a mark the groups are loaded."""
        alerts = self._alerts(tenant, needs)
        links = self._links(tenant, needs.marks)
        wanted = {*needs.groups, *(one.group for one in alerts.values())}
        wanted |= {one.group for found in links.values() for one in found[:near]}
        groups = self._families(tenant, wanted)
        belongs = {one.incident for one in groups.values() if one.incident}
        incidents = _values(IncidentRow, Incident, tenant, {*needs.incidents, *belongs})
        case = CaseRow.objects.filter(tenant=tenant).values_list("policy", "called").first()
        return Slice(
            tenant,
            from_plain(Policy, case[0]) if case and case[0] else DEFAULT,
            alerts,
            groups,
            incidents,
            links,
            self._timers(tenant, needs, (*groups, *incidents)),
            self._seen(tenant, needs.seen),
            {host: self._care(tenant, host) for host in needs.hosts},
            dict(case[1]) if case else {},
            self._handled(tenant, needs.messages),
        )

    def _alerts(self, tenant: str, needs: Needs) -> dict[str, AlertState]:
        named = set(needs.alerts)
        if needs.events:
            rows = AlertRow.objects.filter(tenant=tenant, event__in=needs.events)
            named.update(rows.values_list("id", flat=True))
        for plain in _plain(GroupRow, tenant, needs.groups):
            named.update((plain.get("last_act") or {}).get("alerts") or ())
        return _values(AlertRow, AlertState, tenant, named)

    @staticmethod
    def _links(tenant: str, marks: Iterable[str]) -> dict[str, tuple[Link, ...]]:
        by_kept = {mark[:MARK]: mark for mark in marks}
        if not by_kept:
            return {}
        place = models.Window(
            RowNumber(),
            partition_by="mark",
            order_by=[models.F("last_at").desc(), models.F("group_id").desc()],
        )
        rows = (
            LinkRow.objects.filter(tenant=tenant, mark__in=by_kept, group__standing__in=_JOINABLE)
            .annotate(place=place)
            .filter(place__lte=LINKS)
            .order_by("mark", "place")
            .values_list("mark", "group_id", "last_at")
        )
        found: dict[str, list[Link]] = {}
        for kept, group, last_at in rows:
            found.setdefault(by_kept[kept], []).append(Link(by_kept[kept], group, last_at))
        return {mark: tuple(links) for mark, links in found.items()}

    @staticmethod
    def _families(tenant: str, ids: Iterable[str]) -> dict[str, Group]:
        wanted = sorted(ids)
        if not wanted:
            return {}
        families = GroupRow.objects.filter(tenant=tenant, id__in=wanted).values("family")
        rows = GroupRow.objects.filter(tenant=tenant, family__in=families).order_by("id")
        return {id_: from_plain(Group, plain) for id_, plain in rows.values_list("id", "plain")}

    @staticmethod
    def _timers(tenant: str, needs: Needs, subjects: tuple[str, ...]) -> dict[str, Timer]:
        if not needs.timers and not subjects:
            return {}
        asked = models.Q(id__in=needs.timers) | models.Q(subject__in=subjects)
        rows = TimerRow.objects.filter(asked, tenant=tenant).order_by("id")
        fields = ("id", "tenant", "subject", "kind", "due_at", "ref")
        return {values[0]: Timer(*values) for values in rows.values_list(*fields)}

    @staticmethod
    def _seen(tenant: str, marks: Iterable[str]) -> dict[str, Seen]:
        by_kept = {mark[:MARK]: mark for mark in marks}
        rows = SeenRow.objects.filter(tenant=tenant, mark__in=by_kept).values_list(*_SEEN) if by_kept else ()
        return {by_kept[values[0]]: Seen(by_kept[values[0]], *values[1:]) for values in rows}

    @staticmethod
    def _handled(tenant: str, messages: tuple[str, ...]) -> frozenset[str]:
        if not messages:
            return frozenset()
        return frozenset(
            HandledRow.objects.filter(tenant=tenant, message__in=messages).values_list("message", flat=True)
        )

    def save(self, before: Slice, after: Slice) -> None:
        """See `Store.save`."""
        tenant = after.tenant
        _upsert(AlertRow, [_alert_row(one) for one in _changed(before.alerts, after.alerts)])
        _upsert(GroupRow, self._group_rows(before, after))
        _upsert(IncidentRow, [_incident_row(one) for one in _changed(before.incidents, after.incidents)])
        links = {
            (link.mark[:MARK], link.group): link
            for found in _changed(before.links, after.links)
            for link in found
            if link not in before.links.get(link.mark, ())
        }
        LinkRow.objects.bulk_create(
            [
                LinkRow(tenant=tenant, mark=mark, group_id=group, last_at=one.last_at)
                for (mark, group), one in links.items()
            ],
            update_conflicts=True,
            unique_fields=["tenant", "mark", "group"],
            update_fields=["last_at"],
        )
        timers = _changed(before.timers, after.timers)
        _upsert(TimerRow, [TimerRow(**_fields(one)) for one in timers])
        gone = before.timers.keys() - after.timers.keys()
        if gone:
            TimerRow.objects.filter(tenant=tenant, id__in=gone).delete()
        if after.called != before.called:
            called = {**before.called, **after.called}
            CaseRow.objects.update_or_create(tenant=tenant, defaults={"called": called})
        self._add(after)

    @staticmethod
    def _group_rows(before: Slice, after: Slice) -> list[GroupRow]:
        """Return rows of what changed, and of what lies below a root whose state changed."""
        rows = []
        for group in after.groups.values():
            root, was = after.groups.get(group.family, group), before.groups.get(group.id)
            old = before.groups.get(was.family, was) if was is not None else None
            if was is not group or old is None or old.state is not root.state:
                rows.append(_group_row(group, root.state))
        return rows

    def _add(self, after: Slice) -> None:
        tenant = after.tenant
        if after.entries:
            EntryRow.objects.bulk_create(
                [
                    EntryRow(
                        id=one.id, tenant=tenant, subject=one.subject, kind=one.kind, at=one.at, plain=to_plain(one)
                    )
                    for one in after.entries
                ]
            )
        marks = {one.mark for one in after.additions}
        known: dict[str, Seen | None] = dict(self._seen(tenant, sorted(marks)))
        for addition in after.additions:
            known[addition.mark] = counting.added(known.get(addition.mark), addition)
        SeenRow.objects.bulk_create(
            [
                SeenRow(tenant=tenant, mark=one.mark[:MARK], **{name: getattr(one, name) for name in _SEEN[1:]})
                for one in known.values()
                if one is not None
            ],
            update_conflicts=True,
            unique_fields=["tenant", "mark"],
            update_fields=list(_SEEN[1:]),
        )
        HandledRow.objects.bulk_create(
            [HandledRow(tenant=tenant, message=one, at=self._now) for one in sorted(after.handled)],
            ignore_conflicts=True,
        )

    def due(self, now: int, limit: int) -> tuple[Timer, ...]:
        """See `Store.due`."""
        rows = TimerRow.objects.filter(due_at__lte=now).order_by("due_at", "id")
        return tuple(
            Timer(*values) for values in rows.values_list("id", "tenant", "subject", "kind", "due_at", "ref")[:limit]
        )


def policy_of(tenant: str) -> Policy:
    """Return what a hospital has decided about its watch."""
    plain = CaseRow.objects.filter(tenant=tenant).values_list("policy", flat=True).first()
    return from_plain(Policy, plain) if plain else DEFAULT


def set_policy(tenant: str, policy: Policy) -> None:
    """Keep what a hospital has decided."""
    CaseRow.objects.update_or_create(tenant=tenant, defaults={"policy": to_plain(policy)})


def _plain(rows: type[models.Model], tenant: str, ids: Iterable[str]) -> list[dict[str, Any]]:
    wanted = sorted(ids)
    if not wanted:
        return []
    return list(
        rows._default_manager.filter(tenant=tenant, id__in=wanted).order_by("id").values_list("plain", flat=True)  # noqa: SLF001
    )


def _values(rows: type[models.Model], cls: type[T], tenant: str, ids: Iterable[str]) -> dict[str, T]:
    found = (from_plain(cls, plain) for plain in _plain(rows, tenant, ids))
    return {one.id: one for one in found}  # type: ignore[attr-defined]


def _changed(before: Mapping[str, T], after: Mapping[str, T]) -> list[T]:
    return [value for id_, value in after.items() if before.get(id_) is not value]


def _fields(timer: Timer) -> dict[str, Any]:
    return {name: getattr(timer, name) for name in ("id", "tenant", "subject", "kind", "due_at", "ref")}


def _upsert(kind: type[Row], rows: list[Row]) -> None:
    if rows:
        names = [one.name for one in kind._meta.concrete_fields if not one.primary_key]  # noqa: SLF001  (Django's own API)
        kind._default_manager.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=names)  # noqa: SLF001


def _alert_row(one: AlertState) -> AlertRow:
    return AlertRow(
        id=one.id,
        tenant=one.tenant,
        group=one.group,
        place=one.place,
        level=int(one.level),
        rule_id=one.rule_id[:120],
        host=one.host[:255],
        user=one.user[:255],
        occurred_at=one.occurred_at,
        event=one.event,
        plain=to_plain(one),
    )


def _group_row(one: Group, standing: GroupState) -> GroupRow:
    return GroupRow(
        id=one.id,
        tenant=one.tenant,
        family=one.family,
        merged=one.merged,
        state=one.state,
        standing=standing,
        score=one.score,
        level=int(one.level),
        count=one.count,
        first_at=one.first_at,
        last_at=one.last_at,
        assignee=one.assignee,
        silenced_until=one.silenced_until,
        incident=one.incident,
        updated_at=one.updated_at,
        plain=to_plain(one),
    )


def _incident_row(one: Incident) -> IncidentRow:
    return IncidentRow(
        id=one.id,
        tenant=one.tenant,
        title=one.title[:300],
        state=one.state,
        level=int(one.level),
        score=one.score,
        owner=one.owner,
        opened_at=one.opened_at,
        updated_at=one.updated_at,
        plain=to_plain(one),
    )
