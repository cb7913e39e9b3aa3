"""Write and check the chain of the audit log (a hash chain: each entry seals all before it)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from wardwatch.records.models import AuditHeadRow, AuditRow

FIRST = "0" * 64
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry before it is in the chain. `at` in microseconds UTC."""

    at: int
    tenant: str
    actor: str
    actor_name: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the chain found; `broken_at` is the first entry that does not fit, or None."""

    entries: int
    last: str
    broken_at: int | None = None
    why: str = ""


def seal(previous: str, number: int, entry: Entry) -> str:
    """SHA-256 over the hash before, the number, and the entry as canonical JSON (sorted keys, no blanks)."""
    content = [
        number,
        entry.at,
        entry.tenant,
        entry.actor,
        entry.actor_name,
        entry.action,
        entry.subject,
        entry.detail,
    ]
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{plain}".encode("utf-8", "surrogatepass")).hexdigest()


def append(*entries: Entry) -> None:
    """Add entries, in one transaction with whatever the caller changes."""
    if not entries:
        return
    with transaction.atomic():
        head = AuditHeadRow.objects.select_for_update().filter(id=1).first()
        if head is None:
            AuditHeadRow.objects.get_or_create(id=1, defaults={"number": 0, "hash": FIRST})
            head = AuditHeadRow.objects.select_for_update().get(id=1)
        rows = []
        for entry in entries:
            number = head.number + 1
            sealed = seal(head.hash, number, entry)
            rows.append(
                AuditRow(
                    number=number,
                    at=entry.at,
                    tenant=entry.tenant,
                    actor=entry.actor,
                    actor_name=entry.actor_name,
                    action=entry.action,
                    subject=entry.subject,
                    detail=dict(entry.detail),
                    previous=head.hash,
                    hash=sealed,
                )
            )
            head.number, head.hash = number, sealed
        AuditRow.objects.bulk_create(rows)
        head.save()


def verify() -> Verdict:
    """Read the whole chain and say whether it is whole: every hash fits, no number is missing, the end is the end."""
    previous, count = FIRST, 0
    for row in entries_after(0):
        count += 1
        if row.number != count:
            return Verdict(count - 1, previous, count, "an entry is missing")
        if row.previous != previous:
            return Verdict(count - 1, previous, count, "it does not follow the entry before it")
        if seal(previous, row.number, plain(row)) != row.hash:
            return Verdict(count - 1, previous, count, "it was changed")
        previous = row.hash
    head = AuditHeadRow.objects.filter(id=1).first()
    if head is not None and (head.number, head.hash) != (count, previous):
        return Verdict(count, previous, count + 1, "entries at the end are missing")
    return Verdict(count, previous)


def plain(row: AuditRow) -> Entry:
    """Return the entry that a row keeps."""
    return Entry(row.at, row.tenant, row.actor, row.actor_name, row.action, row.subject, row.detail)


def entries_after(number: int) -> Iterator[AuditRow]:
    """Yield rows in their order, a batch at a time."""
    while True:
        batch = list(AuditRow.objects.filter(number__gt=number).order_by("number")[:_BATCH])
        if not batch:
            return
        yield from batch
        number = batch[-1].number
