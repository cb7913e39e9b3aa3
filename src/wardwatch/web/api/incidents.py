"""Incidents: list, look, hand on, and act."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from wardwatch.usecases import clock, incidents
from wardwatch.web.api import shapes
from wardwatch.web.api.shapes import acting, actor_of, iso, outcome

router = Router(tags=["incidents"])
_ANSWERS: dict[int, Any] = {200: shapes.Done, 404: shapes.Problem, 409: shapes.Refusal, 422: shapes.Problem}


@router.get("", response=shapes.Incidents, summary="Incidents, the gravest first")
def listed(request: HttpRequest, which: str = "open", cursor: str = Query("", max_length=12)) -> dict[str, Any]:
    """`which` is open or over."""
    view = incidents.listed(actor_of(request), which, cursor)
    items = [
        {**asdict(one), "level": one.level.word, "opened_at": iso(one.opened_at), "updated_at": iso(one.updated_at)}
        for one in view.rows
    ]
    return {"items": items, "next": view.next}


@router.get("/{incident}", response={200: dict[str, Any], 404: shapes.Problem}, summary="One incident, whole")
def one(request: HttpRequest, incident: str) -> dict[str, Any]:
    """As `wardwatch/incident-export/1`: with its timeline and its alerts."""
    return incidents.export(actor_of(request), incident, clock.now())


@router.get("/{incident}/stix", response={200: dict[str, Any], 404: shapes.Problem}, summary="As a STIX 2.1 bundle")
def stix(request: HttpRequest, incident: str, tlp: str = "amber") -> dict[str, Any]:
    """What others may know of it."""
    return incidents.export_stix(actor_of(request), incident, clock.now(), tlp)


@router.post("/{incident}/own", response=_ANSWERS, summary="Lead an incident")
def own(request: HttpRequest, incident: str) -> Any:  # noqa: ANN401
    """Whoever the key stands for leads it."""
    return outcome(incidents.own(acting(request), incident))


@router.post("/{incident}/move", response=_ANSWERS, summary="Bring an incident to another state")
def move(request: HttpRequest, incident: str, body: shapes.Move) -> Any:  # noqa: ANN401
    """As far as the roles of whoever the key stands for allow."""
    return outcome(incidents.move(acting(request), incident, body.to, body.reason))


@router.post("/{incident}/notes", response=_ANSWERS, summary="Write something down")
def note(request: HttpRequest, incident: str, body: shapes.Note) -> Any:  # noqa: ANN401
    """It stays on the timeline."""
    return outcome(incidents.note(acting(request), incident, body.text))


@router.post("/{incident}/tasks", response=_ANSWERS, summary="Say what is to be done")
def task(request: HttpRequest, incident: str, body: shapes.Task) -> Any:  # noqa: ANN401
    """Perhaps until when."""
    due = shapes.aware(body.due_at) if body.due_at is not None else None
    return outcome(incidents.add_task(acting(request), incident, body.title, due=due))


@router.post("/{incident}/tasks/{task}/done", response=_ANSWERS, summary="Say that it was done")
def task_done(request: HttpRequest, incident: str, task: str) -> Any:  # noqa: ANN401
    """It stays on the list."""
    return outcome(incidents.finish_task(acting(request), incident, task))


@router.post("/{incident}/care", response=_ANSWERS, summary="Say what an incident does to a service")
def state_care(request: HttpRequest, incident: str, body: shapes.CareEffect) -> Any:  # noqa: ANN401
    """`state` is normal, degraded, down or unknown."""
    return outcome(incidents.state_care(acting(request), incident, body.service, body.state, body.text))


@router.post("/{incident}/undo", response=_ANSWERS, summary="Take back the last act")
def undo(request: HttpRequest, incident: str) -> Any:  # noqa: ANN401
    """Within fifteen minutes."""
    return outcome(incidents.undo(acting(request), incident))
