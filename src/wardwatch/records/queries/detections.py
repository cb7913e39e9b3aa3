"""What is kept about rules: proposals to tune them, and when they fired."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Max

from wardwatch.records.models import AlertRow, ProposalRow


@dataclass(frozen=True, slots=True)
class Proposal:
    """A tuning that somebody should look at. `made_at` in µs UTC."""

    id: str
    tenant: str
    subject: str
    rules: tuple[str, ...]
    owner: str
    reason: str
    made_at: int


def proposals(scope: Collection[str]) -> tuple[Proposal, ...]:
    """The proposals that wait, the latest first."""
    rows = ProposalRow.objects.filter(tenant__in=scope, settled_at__isnull=True).order_by("-made_at")[:50]
    return tuple(
        Proposal(row.id, row.tenant, row.subject, tuple(row.rules), row.owner, row.reason, row.made_at) for row in rows
    )


def fired(scope: Collection[str], rule: str) -> tuple[int, int | None]:
    """How many alerts of a rule are kept, and when the last was (µs UTC)."""
    found = AlertRow.objects.filter(tenant__in=scope, rule_id=rule, place="live").aggregate(
        count=Count("id"), last=Max("occurred_at")
    )
    return int(found["count"]), found["last"]
