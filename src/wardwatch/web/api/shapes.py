"""What the API takes and gives."""

import secrets
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Schema, Status
from ninja.errors import HttpError

from wardwatch.kernel import stamps
from wardwatch.usecases import clock
from wardwatch.usecases.access import Actor
from wardwatch.usecases.alerts import Acting
from wardwatch.usecases.watch import Outcome

Short = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=10_000)]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Problem(Schema):
    """Why something was not done."""

    error: str


class Done(Schema):
    """That an act was followed."""

    done: bool = True


class Refusal(Schema):
    """That an act was not followed, and the key of the reason; nothing was changed."""

    error: str
    reason: str


class AlertGroup(Schema):
    """Alerts that belong together. Times are ISO 8601, UTC."""

    id: str
    tenant: str
    hospital: str
    rule_id: str
    title: str
    level: str
    score: int
    count: int
    hosts: list[str]
    first_at: str
    last_at: str
    assignee: str | None
    silenced_until: str | None
    incident: str | None
    state: str


class AlertGroups(Schema):
    """A page of groups; `next` is the cursor of the page behind it, empty at the end."""

    items: list[AlertGroup]
    next: str


class WholeGroup(AlertGroup):
    """A group with its alerts (Alert v1), why it is one, and its timeline."""

    alerts: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    parts: list[dict[str, Any]]
    timeline: list[dict[str, Any]]


class Incident(Schema):
    """An incident. Times are ISO 8601, UTC."""

    id: str
    tenant: str
    hospital: str
    title: str
    state: str
    level: str
    score: int
    owner: str | None
    opened_at: str
    updated_at: str


class Incidents(Schema):
    """A page of incidents."""

    items: list[Incident]
    next: str


class Hospital(Schema):
    """A hospital or laboratory that the key reaches."""

    slug: str
    name: str
    kind: str
    country: str
    size: str


class Service(Schema):
    """A clinical service as it stands now."""

    id: str
    name: str
    state: str
    since: str | None
    until: str | None
    minutes: int
    why: str


class Board(Schema):
    """A hospital and its services, the worst first."""

    hospital: Hospital
    worst: str
    services: list[Service]


class Me(Schema):
    """Who the key stands for, and what it may do where."""

    id: str
    name: str
    roles: list[str]
    may: dict[str, list[str]]


class Asset(Schema):
    """An asset of the estate."""

    id: str
    tenant: str
    name: str
    kind: str
    zone: str
    system: str
    addresses: list[str]
    isolation: str
    services: list[str]
    last_at: str | None


class Assets(Schema):
    """A page of assets."""

    items: list[Asset]
    next: str


class Reason(Schema):
    """Why an act is done."""

    reason: Short = ""


class Silence(Schema):
    """Until when a group is not to be heard of."""

    until: datetime
    reason: Short = ""


class Raise(Schema):
    """An incident's title, or the incident that a group joins."""

    title: Short = ""
    incident: Annotated[str, Field(max_length=32)] = ""


class Merge(Schema):
    """Groups that go below another one."""

    groups: Annotated[list[Id], Field(min_length=1, max_length=50)]


class Note(Schema):
    """Something to be written down."""

    text: Text


class Move(Schema):
    """Where an incident goes, and why."""

    to: Short
    reason: Short = ""


class Task(Schema):
    """Something to be done."""

    title: Short
    due_at: datetime | None = None


class CareEffect(Schema):
    """What an incident does to a service."""

    service: Annotated[str, Field(min_length=1, max_length=80)]
    state: Short
    text: Short = ""


def actor_of(request: HttpRequest) -> Actor:
    """Who a request stands for."""
    found = getattr(request, "auth", None)
    assert isinstance(found, Actor)
    return found


def acting(request: HttpRequest) -> Acting:
    """Who does something, under the key that the request states, or one of its own."""
    key = request.headers.get("Idempotency-Key", "")[:80] or secrets.token_hex(8)
    return Acting(actor_of(request), clock.now(), f"api:{key}")


def outcome(found: Outcome) -> Status[dict[str, Any]]:
    """Say what came of an act."""
    if found.refused is not None:
        return Status(409, {"error": "not done", "reason": found.refused.reason})
    return Status(200, {"done": True})


def iso(stamp: int | None) -> str | None:
    """µs UTC as ISO 8601."""
    return None if stamp is None else stamps.iso_text(stamp)


def aware(moment: datetime) -> datetime:
    """A moment that says its zone; refuses others with 422."""
    if moment.tzinfo is None:
        raise HttpError(422, "state the zone: 2026-11-23T18:00:00Z")
    return moment
