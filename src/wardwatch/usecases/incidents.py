"""What people do with incidents: lead, decide, note, give tasks, keep evidence, say what it does to care, hand on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wardwatch.incidents import exporting, similar, stix
from wardwatch.incidents.incident import Incident
from wardwatch.incidents.states import State, moves_for
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.queries import incidents as queries
from wardwatch.records.queries.incidents import Listed, Whole
from wardwatch.usecases import audit, kept_files
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.alerts import Acting
from wardwatch.usecases.roles import Permission
from wardwatch.usecases.watch import Outcome
from wardwatch.watch import messages


@dataclass(frozen=True, slots=True)
class View:
    """A part of the list, the cursor behind it, and counts."""

    rows: tuple[Listed, ...]
    next: str
    counts: dict[str, int]


def listed(actor: Actor, which: str, after: str = "") -> View:
    """Return a part of the incidents that the actor sees."""
    authorise(actor, Permission.SEE_INCIDENTS)
    scope = actor.scope(Permission.SEE_INCIDENTS)
    rows, behind = queries.listed(scope, which, after)
    return View(rows, behind, dict(queries.counts(scope)))


@dataclass(frozen=True, slots=True)
class Opened:
    """An incident, what is like it, and where the actor may move it."""

    whole: Whole
    similar: tuple[similar.Similar, ...]
    moves: tuple[State, ...]


def opened(actor: Actor, id_: str, now: datetime) -> Opened:
    """Open an incident: a look at personal data, which is noted. Raises `AccessError`."""
    found = queries.whole(actor.scope(Permission.SEE_INCIDENTS), id_)
    if found is None:
        raise AccessError("not found, or not yours")
    tenant = found.incident.tenant
    audit.note(actor, "incident.opened", id_, now=now, tenant=tenant)
    moves: tuple[State, ...] = ()
    if actor.can(Permission.MOVE_INCIDENTS, tenant):
        moves = moves_for(found.incident.state, actor.roles_at(tenant))
    return Opened(found, similar.similar(found.incident, queries.others(tenant)), moves)


def _incident(acting: Acting, id_: str) -> Incident:
    found = queries.incident(acting.actor.scope(Permission.SEE_INCIDENTS), id_)
    if found is None:
        raise AccessError("not found, or not yours")
    return found


def move(acting: Acting, id_: str, to: str, reason: str) -> Outcome:
    """Bring an incident to another state. Raises `InputError` for one that is none."""
    try:
        state = State(to)
    except ValueError:
        raise InputError(
            "no such state", fr="cet état n’existe pas", where="to", hint=f"one of: {', '.join(State)}"
        ) from None
    return acting.follow(messages.StateMoved, _incident(acting, id_).tenant, incident=id_, to=state, reason=reason)


def own(acting: Acting, id_: str, owner: str = "") -> Outcome:
    """Lead an incident, or let somebody else lead it."""
    return acting.follow(messages.OwnerTaken, _incident(acting, id_).tenant, incident=id_, owner=owner or None)


def add_task(acting: Acting, id_: str, title: str, *, assignee: str = "", due: datetime | None = None) -> Outcome:
    """Say what is to be done."""
    due_at = stamps.micros(due) if due else None
    given = {"title": title, "assignee": assignee or None, "due_at": due_at}
    return acting.follow(messages.TaskAdded, _incident(acting, id_).tenant, incident=id_, **given)


def finish_task(acting: Acting, id_: str, task: str) -> Outcome:
    """Say that it was done."""
    return acting.follow(messages.TaskDone, _incident(acting, id_).tenant, incident=id_, task=task)


def note(acting: Acting, id_: str, text: str) -> Outcome:
    """Write something down."""
    return acting.follow(messages.NoteAdded, _incident(acting, id_).tenant, subject=id_, text=text)


def state_care(acting: Acting, id_: str, service: str, state: str, text: str) -> Outcome:
    """Say what an incident does to a service."""
    given = {"service": service[:80], "state": state, "text": text}
    return acting.follow(messages.CareEffectStated, _incident(acting, id_).tenant, incident=id_, **given)


def undo(acting: Acting, id_: str) -> Outcome:
    """Take back the last act."""
    return acting.follow(messages.Undone, _incident(acting, id_).tenant, subject=id_)


def add_evidence(acting: Acting, id_: str, name: str, chunks: Iterable[bytes]) -> Outcome:
    """Keep a file as evidence under the SHA-256 of what is in it. Raises `InputError` for one that is too large."""
    found = _incident(acting, id_)
    authorise(acting.actor, Permission.WORK_INCIDENTS, found.tenant)
    sha256, size = kept_files.keep(found.tenant, chunks)
    given = {"name": Path(name).name[:255], "sha256": sha256, "size": size}
    return acting.follow(messages.EvidenceAdded, found.tenant, incident=id_, **given)


def evidence(acting: Acting, id_: str, evidence_id: str) -> tuple[Path, str]:
    """Hand out a file that was kept, one more hand in its chain; returns where it lies and its name."""
    found = _incident(acting, id_)
    authorise(acting.actor, Permission.WORK_INCIDENTS, found.tenant)
    one = next((one for one in found.evidence if one.id == evidence_id), None)
    if one is None:
        raise AccessError("not found, or not yours")
    path = kept_files.place(found.tenant, one.sha256, one.name)
    acting.follow(messages.EvidenceHandled, found.tenant, incident=id_, evidence=evidence_id, what="copied")
    return path, one.name


def export(actor: Actor, id_: str, now: datetime) -> dict[str, Any]:
    """Return the whole incident as JSON (`wardwatch/incident-export/1`); noted."""
    found = _whole(actor, id_)
    audit.note(actor, "incident.exported", id_, now=now, tenant=found.incident.tenant, detail={"form": "json"})
    return exporting.document(found.incident, found.timeline, queries.all_alerts(found))


def export_stix(actor: Actor, id_: str, now: datetime, tlp: str = "amber") -> dict[str, Any]:
    """Return what others may know of it as a STIX 2.1 bundle; noted."""
    found = _whole(actor, id_)
    if tlp not in stix.TLP:
        raise InputError(
            "no such colour", fr="cette couleur n’existe pas", where="tlp", hint=f"one of: {', '.join(stix.TLP)}"
        )
    detail = {"form": "stix", "tlp": tlp}
    audit.note(actor, "incident.exported", id_, now=now, tenant=found.incident.tenant, detail=detail)
    sender = stix.Sender(found.hospital, tlp)
    return dict(stix.bundle(found.incident, sender, found.incident.title or id_, now=stamps.micros(now)))


def _whole(actor: Actor, id_: str) -> Whole:
    found = queries.whole(actor.scope(Permission.WORK_INCIDENTS), id_)
    if found is None:
        raise AccessError("not found, or not yours")
    return found
