"""Entries of the audit log as screens show them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from wardwatch.records.models import AuditRow

PAGE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` in µs UTC."""

    number: int
    at: int
    tenant: str
    actor: str
    actor_name: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    hash: str


def latest(
    scope: Collection[str], *, everything: bool, before: int | None = None, action: str = "", text: str = ""
) -> tuple[Entry, ...]:
    """The latest entries of a scope; `everything`: those of no hospital, too."""
    rows = AuditRow.objects.filter(Q(tenant__in=scope) | Q(tenant="") if everything else Q(tenant__in=scope))
    if before is not None:
        rows = rows.filter(number__lt=before)
    if action:
        rows = rows.filter(action__startswith=action)
    if text:
        rows = rows.filter(Q(actor_name__icontains=text) | Q(subject__icontains=text))
    fields = ("number", "at", "tenant", "actor", "actor_name", "action", "subject", "detail", "hash")
    return tuple(Entry(*values) for values in rows.order_by("-number").values_list(*fields)[:PAGE])
