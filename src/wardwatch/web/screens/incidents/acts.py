"""Do something with an incident."""

from collections.abc import Callable

from django.http import FileResponse

from wardwatch.kernel.errors import InputError
from wardwatch.usecases import alerts, incidents, installation
from wardwatch.usecases.alerts import Acting
from wardwatch.usecases.watch import Outcome
from wardwatch.web.acting import acting, done
from wardwatch.web.screen import Answer, Asked


def _done(asked: Asked, incident: str, act: Callable[[Acting], Outcome]) -> Answer:
    return done(asked, f"/incidents/{incident}", act)


def move(asked: Asked, incident: str) -> Answer:
    """Bring it to another state."""
    return _done(
        asked, incident, lambda acting: incidents.move(acting, incident, asked.sent("to"), asked.sent("reason"))
    )


def own(asked: Asked, incident: str) -> Answer:
    """Lead it."""
    return _done(asked, incident, lambda acting: incidents.own(acting, incident))


def note(asked: Asked, incident: str) -> Answer:
    """Write something down."""
    return _done(asked, incident, lambda acting: incidents.note(acting, incident, asked.sent("text", longest=10_001)))


def task(asked: Asked, incident: str) -> Answer:
    """Say what is to be done, perhaps until when."""

    def add(acting: Acting) -> Outcome:
        due = asked.sent("due")
        moment = alerts.until(due, asked.now, installation.zone()) if due else None
        return incidents.add_task(acting, incident, asked.sent("title", longest=500), due=moment)

    return _done(asked, incident, add)


def task_done(asked: Asked, incident: str, task: str) -> Answer:
    """Say that it was done."""
    return _done(asked, incident, lambda acting: incidents.finish_task(acting, incident, task))


def care(asked: Asked, incident: str) -> Answer:
    """Say what it does to a service."""
    service, state, text = asked.sent("service"), asked.sent("state"), asked.sent("text")
    return _done(asked, incident, lambda acting: incidents.state_care(acting, incident, service, state, text))


def evidence(asked: Asked, incident: str) -> Answer:
    """Keep a file."""

    def add(acting: Acting) -> Outcome:
        file = asked.request.FILES.get("file")
        if file is None:
            raise InputError("choose a file", fr="choisissez un fichier", where="file")
        return incidents.add_evidence(acting, incident, file.name or "file", file.chunks())

    return _done(asked, incident, add)


def evidence_copy(asked: Asked, incident: str, evidence: str) -> Answer:
    """Hand out a copy of a file: one more hand in its chain of custody."""
    path, name = incidents.evidence(acting(asked), incident, evidence)
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream")


def undo(asked: Asked, incident: str) -> Answer:
    """Take back the last act."""
    return _done(asked, incident, lambda acting: incidents.undo(acting, incident))
