"""The quiet page of a small house: what needs me, nothing else."""

from wardwatch.records.queries import alerts, incidents
from wardwatch.records.queries.alerts import Filters
from wardwatch.usecases import assessment, campaigns, detections
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Asked, Page, Screen

SHOWN = 5


def mine(asked: Asked) -> Page:
    """Show what waits for this person: incidents that they lead or nobody does, alerts, questions."""
    actor = asked.actor
    found, _ = incidents.listed(actor.scope(Permission.WORK_INCIDENTS), "open")
    leading = [one for one in found if one.owner == actor.id]
    free = [one for one in found if one.owner is None]
    scope = actor.scope(Permission.TRIAGE)
    own = alerts.queue(scope, "mine", actor.id, Filters()).rows
    waiting = alerts.queue(scope, "review", actor.id, Filters()).rows
    grave = [row for row in waiting if row.assignee is None][:SHOWN]
    shown = {row.id: detections.title(row.rule_id, row.title) for row in (*own, *grave)}
    asked_of = assessment.asked_of(actor)
    invited = campaigns.invitations(actor, asked.now)
    data = {
        "questions": asked_of,
        "invited": invited,
        "leading": leading,
        "free": free,
        "own": own[:SHOWN],
        "waiting": grave,
        "titles": shown,
        "count": len(leading) + len(free) + len(own) + len(grave) + len(asked_of) + len(invited),
    }
    return Page("mine/mine.html", data)


SCREENS = (Screen("mine", "mine", None, mine),)
