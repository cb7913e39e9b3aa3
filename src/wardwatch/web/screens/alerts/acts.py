"""Do something with alerts; each act goes back to where it was done, and can be undone there."""

from collections.abc import Callable

from wardwatch.usecases import alerts, installation
from wardwatch.usecases.alerts import Acting
from wardwatch.usecases.watch import Outcome
from wardwatch.web.acting import done
from wardwatch.web.screen import Answer, Asked


def _done(asked: Asked, group: str, act: Callable[[Acting], Outcome]) -> Answer:
    return done(asked, f"/alerts/{group}", act)


def take(asked: Asked, group: str) -> Answer:
    """Take it."""
    return _done(asked, group, lambda acting: alerts.take(acting, group))


def release(asked: Asked, group: str) -> Answer:
    """Give it back."""
    return _done(asked, group, lambda acting: alerts.take(acting, group, release=True))


def silence(asked: Asked, group: str) -> Answer:
    """Do not hear of it until then."""
    zone = installation.zone()
    return _done(
        asked,
        group,
        lambda acting: alerts.silence(
            acting, group, alerts.until(asked.sent("until"), asked.now, zone), asked.sent("reason")
        ),
    )


def false_positive(asked: Asked, group: str) -> Answer:
    """Say that it, or some of its alerts, were nothing."""
    only = asked.request.POST.getlist("alert")[:100]
    return _done(asked, group, lambda acting: alerts.false_positive(acting, group, asked.sent("reason"), only))


def settle(asked: Asked, group: str) -> Answer:
    """Say that it was dealt with."""
    return _done(asked, group, lambda acting: alerts.settle(acting, group, asked.sent("reason")))


def reopen(asked: Asked, group: str) -> Answer:
    """Open it again."""
    return _done(asked, group, lambda acting: alerts.reopen(acting, group))


def raise_incident(asked: Asked, group: str) -> Answer:
    """Make an incident of it."""
    title, incident = asked.sent("title", longest=200), asked.sent("incident", longest=32)
    return _done(asked, group, lambda acting: alerts.raise_incident(acting, group, title, incident))


def merge(asked: Asked, group: str) -> Answer:
    """Put other groups below it."""
    others = [one for one in asked.request.POST.getlist("other")[:50] if one != group]
    return _done(asked, group, lambda acting: alerts.merge(acting, group, others))


def unmerge(asked: Asked, group: str) -> Answer:
    """Let it stand alone again."""
    return _done(asked, group, lambda acting: alerts.unmerge(acting, group))


def undo(asked: Asked, group: str) -> Answer:
    """Take back the last act."""
    return _done(asked, group, lambda acting: alerts.undo(acting, group))


def note(asked: Asked, group: str) -> Answer:
    """Write something down."""
    return _done(asked, group, lambda acting: alerts.note(acting, group, asked.sent("text", longest=10_000)))
