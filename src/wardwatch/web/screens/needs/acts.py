"""Open a campaign, remind, close, release; agree to share, and begin to answer."""

from datetime import UTC, datetime, time

from wardwatch.assessment.framework import Tier
from wardwatch.kernel.errors import InputError
from wardwatch.usecases import campaigns
from wardwatch.usecases import needs as usecase
from wardwatch.web.screen import Answer, Asked, back
from wardwatch.web.screens.needs import campaigns as pages


def _day(asked: Asked) -> datetime:
    """The end of a day that was typed. Raises `InputError`."""
    try:
        return datetime.combine(datetime.fromisoformat(asked.sent("closes")).date(), time(23, 59), UTC)
    except ValueError:
        raise InputError(
            "say until when, as a date", fr="dites jusqu’à quand, sous forme de date", where="closes"
        ) from None


def begin(asked: Asked) -> Answer:
    """Open a campaign and invite a group's hospitals."""
    try:
        id_ = campaigns.begin(
            asked.actor,
            asked.sent("grouping"),
            asked.sent("framework"),
            asked.sent("name", longest=120),
            _day(asked),
            now=asked.now,
            depth=Tier.DEEPER if asked.sent("depth") == Tier.DEEPER else Tier.FIRST,
        )
    except InputError as error:
        return pages.listed(asked, wrong=(error.where or "name", error.said.in_(asked.language)))
    return back(asked, f"/needs/{id_}/who")


def remind(asked: Asked, campaign: str) -> Answer:
    """Remind those who have not finished."""
    campaigns.remind(asked.actor, campaign, asked.now)
    return back(asked, f"/needs/{campaign}/who")


def invite(asked: Asked, campaign: str) -> Answer:
    """Invite those who joined the group since."""
    campaigns.invite_new(asked.actor, campaign, asked.now)
    return back(asked, f"/needs/{campaign}/who")


def close(asked: Asked, campaign: str) -> Answer:
    """Close a campaign now."""
    campaigns.close(asked.actor, campaign, asked.now)
    return back(asked, f"/needs/{campaign}/who")


def reopen(asked: Asked, campaign: str) -> Answer:
    """Let hospitals answer until a later day."""
    campaigns.reopen(asked.actor, campaign, _day(asked), asked.now)
    return back(asked, f"/needs/{campaign}/who")


def publish(asked: Asked, campaign: str) -> Answer:
    """Release what may be said of the group without names."""
    by = [name for name in asked.request.POST.getlist("by") if name]
    try:
        epsilon = float(asked.sent("epsilon", "0", longest=8))
    except ValueError:
        epsilon = -1.0
    try:
        usecase.publish(asked.actor, campaign, by, epsilon, now=asked.now)
    except InputError as error:
        return pages.release(asked, campaign, wrong=error.said.in_(asked.language))
    return back(asked, f"/needs/{campaign}")


def consent(asked: Asked, campaign: str, tenant: str) -> Answer:
    """Say what of a hospital may be shared."""
    campaigns.consent(asked.actor, campaign, tenant, asked.sent("consent"), asked.now)
    return back(asked, f"/needs/{campaign}/house/{tenant}")


def take_part(asked: Asked, campaign: str, tenant: str) -> Answer:
    """Begin a hospital's answers."""
    id_ = campaigns.take_part(asked.actor, campaign, tenant, asked.now)
    return back(asked, f"/assessment/{id_}")
