"""Groups of alerts: list, look, and act as an analyst does."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from wardwatch.events import alert_lines
from wardwatch.kernel.errors import InputError
from wardwatch.kernel.severity import Level
from wardwatch.records.queries.alerts import QUEUES, Filters, QueueRow
from wardwatch.usecases import alerts, clock
from wardwatch.usecases.alerts import Acting
from wardwatch.usecases.watch import Outcome
from wardwatch.web.api import shapes
from wardwatch.web.api.shapes import acting, actor_of, iso, outcome

router = Router(tags=["alerts"])
_ANSWERS: dict[int, Any] = {200: shapes.Done, 404: shapes.Problem, 409: shapes.Refusal, 422: shapes.Problem}
_Word = Query("", max_length=120)


@router.get("", response=shapes.AlertGroups, summary="A queue of alert groups, the gravest first")
def listed(
    request: HttpRequest,
    *,
    queue: str = "review",
    tenant: str = _Word,
    level: str = _Word,
    host: str = _Word,
    rule: str = _Word,
    cursor: str = _Word,
) -> dict[str, Any]:
    """`queue` is review, mine, silenced or closed."""
    if queue not in QUEUES:
        raise InputError("no such queue", where="queue", hint=", ".join(QUEUES))
    try:
        least = Level.parse(level) if level else None
    except ValueError as error:
        raise InputError(str(error), where="level") from None
    view = alerts.queue(actor_of(request), queue, Filters(tenant, least, host, rule), cursor)
    return {"items": [_row(one) for one in view.page.rows], "next": view.page.next}


@router.get("/{group}", response={200: shapes.WholeGroup, 404: shapes.Problem}, summary="One group, whole")
def one(request: HttpRequest, group: str) -> dict[str, Any]:
    """With its alerts (Alert v1), why it is one, its score in parts, and its timeline."""
    found = alerts.opened(actor_of(request), group, clock.now()).whole
    return {
        **_row(found.row),
        "alerts": [alert_lines.document(one.alert) for one in found.alerts if one.alert is not None],
        "reasons": [asdict(one) for one in found.group.reasons],
        "parts": [asdict(one) for one in found.group.parts],
        "timeline": [{**asdict(one), "at": iso(one.at), "happened_at": iso(one.happened_at)} for one in found.timeline],
    }


def _row(row: QueueRow) -> dict[str, Any]:
    return {
        **asdict(row),
        "level": row.level.word,
        "hosts": list(row.hosts),
        "first_at": iso(row.first_at),
        "last_at": iso(row.last_at),
        "silenced_until": iso(row.silenced_until),
    }


def _act(name: str, act: Callable[[Acting, str], Outcome], summary: str) -> None:
    """Add an act that needs no more than its group."""

    def view(request: HttpRequest, group: str) -> Any:  # noqa: ANN401
        return outcome(act(acting(request), group))

    view.__name__ = f"alert_{name}"
    router.post(f"/{{group}}/{name}", response=_ANSWERS, summary=summary)(view)


_act("take", alerts.take, "Take a group")
_act("release", lambda who, group: alerts.take(who, group, release=True), "Give a group back")
_act("reopen", alerts.reopen, "Open a settled group again")
_act("unmerge", alerts.unmerge, "Let a merged group stand alone again")
_act("undo", alerts.undo, "Take back the last act on a group")


@router.post("/{group}/silence", response=_ANSWERS, summary="Do not hear of a group until then")
def silence(request: HttpRequest, group: str, body: shapes.Silence) -> Any:  # noqa: ANN401
    """Unless it gets worse; at most 90 days."""
    return outcome(alerts.silence(acting(request), group, shapes.aware(body.until), body.reason))


@router.post("/{group}/false-positive", response=_ANSWERS, summary="Say that a group was nothing")
def false_positive(request: HttpRequest, group: str, body: shapes.Reason) -> Any:  # noqa: ANN401
    """A tuning is proposed."""
    return outcome(alerts.false_positive(acting(request), group, body.reason))


@router.post("/{group}/settle", response=_ANSWERS, summary="Say that a group was dealt with")
def settle(request: HttpRequest, group: str, body: shapes.Reason) -> Any:  # noqa: ANN401
    """It needs no incident."""
    return outcome(alerts.settle(acting(request), group, body.reason))


@router.post("/{group}/raise", response=_ANSWERS, summary="Make an incident of a group")
def raise_incident(request: HttpRequest, group: str, body: shapes.Raise) -> Any:  # noqa: ANN401
    """Or add it to one."""
    return outcome(alerts.raise_incident(acting(request), group, body.title, body.incident))


@router.post("/{group}/merge", response=_ANSWERS, summary="Put other groups below a group")
def merge(request: HttpRequest, group: str, body: shapes.Merge) -> Any:  # noqa: ANN401
    """It can be undone exactly."""
    return outcome(alerts.merge(acting(request), group, body.groups))


@router.post("/{group}/notes", response=_ANSWERS, summary="Write something down at a group")
def note(request: HttpRequest, group: str, body: shapes.Note) -> Any:  # noqa: ANN401
    """It stays on the timeline."""
    return outcome(alerts.note(acting(request), group, body.text))
