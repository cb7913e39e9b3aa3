"""Note in the audit log who changed or looked at what, and read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wardwatch.kernel import stamps
from wardwatch.records import chain
from wardwatch.usecases.access import Actor


def note(
    actor: Actor,
    action: str,
    subject: str,
    *,
    now: datetime,
    tenant: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one entry; `action` is `noun.verb`. Call it in the transaction of the change itself."""
    chain.append(
        chain.Entry(
            at=stamps.micros(now),
            tenant=tenant,
            actor=actor.id,
            actor_name=actor.name[:160],
            action=action,
            subject=subject[:200],
            detail=dict(detail or {}),
        )
    )
