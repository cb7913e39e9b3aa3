"""The audit log: who did or looked at what; and whether the chain is whole."""

from wardwatch.records.queries import audit as queries
from wardwatch.usecases import audit
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Asked, Page, Screen, Table

_COLUMNS = ("number", "at", "tenant", "actor", "actor name", "action", "subject", "detail", "hash")


def listed(asked: Asked) -> Page:
    """The latest entries of the hospitals that the person audits."""
    scope = asked.actor.scope(Permission.SEE_AUDIT)
    everything = asked.actor.can(Permission.ADMINISTER)
    entries = queries.latest(
        scope,
        everything=everything,
        before=asked.number(asked.get("before")) or None,
        action=asked.get("action"),
        text=asked.get("q"),
    )
    audit.note(asked.actor, "audit.read", asked.get("q") or "*", now=asked.now, detail={"action": asked.get("action")})
    rows = [
        [one.number, one.at, one.tenant, one.actor, one.actor_name, one.action, one.subject, one.detail, one.hash]
        for one in entries
    ]
    last = entries[-1].number if len(entries) == queries.PAGE else None
    return Page("audit/list.html", {"entries": entries, "next": last}, Table(_COLUMNS, rows))


SCREENS = (Screen("audit", "audit", Permission.SEE_AUDIT, listed, csv=True),)
