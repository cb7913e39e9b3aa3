"""What people do with incidents. Each function changes the work, or says why not and leaves it alone."""

from dataclasses import replace

from wardwatch.incidents import evidence, states
from wardwatch.incidents.evidence import MAX_CUSTODY, Custody, Evidence
from wardwatch.incidents.incident import (
    CARE_STATES,
    MAX_EVIDENCE,
    MAX_TASKS,
    MAX_TITLE,
    CareEffect,
    Incident,
    LastAct,
    Task,
    task_id,
)
from wardwatch.incidents.states import OVER, State
from wardwatch.incidents.timeline import Kind
from wardwatch.watch import messages
from wardwatch.watch.effects import Refused
from wardwatch.watch.messages import MAX_REASON, MAX_TEXT, Act
from wardwatch.watch.working import Work

MAX_SERVICES = 200
CUSTODY = frozenset({"read", "copied", "handed_over", "returned"})


def noted(work: Work, act: messages.NoteAdded) -> Refused | None:
    """A note on the timeline of a group or an incident."""
    subject = work.subject(act.subject)
    if subject is None:
        return Refused("no_such_subject")
    text = act.text.strip()
    if not text or len(text) > MAX_TEXT:
        return Refused("text_empty" if not text else "text_long", {"most": str(MAX_TEXT)})
    work.put(replace(subject, updated_at=work.now))
    work.entry(subject.id, Kind.MESSAGE, "note", {"text": text})
    work.record("note", subject.id)
    return None


def moved(work: Work, act: messages.StateMoved) -> Refused | None:
    """Another state, by who may."""
    incident = work.incidents.get(act.incident)
    if incident is None:
        return Refused("no_such_incident")
    reason = states.refusal(incident.state, act.to, act.roles)
    if reason is not None:
        return Refused(reason, {"from": incident.state.value, "to": act.to.value})
    before = {
        "state": incident.state.value,
        "confirmed_at": incident.confirmed_at,
        "closed_at": incident.closed_at,
    }
    changed = replace(
        incident,
        state=act.to,
        confirmed_at=work.now if act.to is State.CONFIRMED else incident.confirmed_at,
        closed_at=work.now if act.to in OVER else None,
    )
    _put(work, act, changed, "moved", **before)
    params = {"from": incident.state.value, "to": act.to.value, "reason": act.reason[:MAX_REASON]}
    work.entry(incident.id, Kind.DECISION, "incident.moved", params)
    work.record("incident.moved", incident.id, params)
    if incident.owner:
        work.notify(incident.owner, "screen", "incident.moved", incident.id, params)
    return None


def owned(work: Work, act: messages.OwnerTaken) -> Refused | None:
    """Somebody leads it: nobody else is called."""
    incident = _open(work, act.incident)
    if isinstance(incident, Refused):
        return incident
    owner = act.owner or act.by
    if incident.owner == owner:
        return Refused("already_so")
    _put(work, act, replace(incident, owner=owner), "owned", owner=incident.owner)
    work.entry(incident.id, Kind.DECISION, "incident.owned", {"who": owner})
    work.record("incident.owned", incident.id, {"who": owner})
    work.notify(owner, "screen", "incident.owned", incident.id, {"by": act.by, "level": incident.level.word})
    return None


def task_added(work: Work, act: messages.TaskAdded) -> Refused | None:
    """Something is to be done."""
    incident = _open(work, act.incident)
    if isinstance(incident, Refused):
        return incident
    title = act.title.strip()
    if not title or len(title) > MAX_TITLE:
        return Refused("text_empty" if not title else "text_long", {"most": str(MAX_TITLE)})
    if len(incident.tasks) >= MAX_TASKS:
        return Refused("too_many", {"most": str(MAX_TASKS)})
    task = Task(task_id(incident.id, act.id), title, act.assignee, act.due_at)
    _put(work, act, replace(incident, tasks=(*incident.tasks, task)), "task_added", task=task.id)
    work.entry(incident.id, Kind.ACTION, "incident.task_added", {"title": title, "who": act.assignee or ""})
    work.record("incident.task_added", incident.id, {"task": task.id})
    who = act.assignee or ""
    work.notify(who, "screen", "incident.task_added", incident.id, {"title": title, "who": who, "by": act.by})
    return None


def task_done(work: Work, act: messages.TaskDone) -> Refused | None:
    """It is done."""
    incident = work.incidents.get(act.incident)
    task = incident.task(act.task) if incident else None
    if incident is None or task is None:
        return Refused("no_such_incident" if incident is None else "no_such_task")
    if task.done_at is not None:
        return Refused("already_so")
    _put(work, act, with_task(incident, replace(task, done_at=work.now, done_by=act.by)), "task_done", task=task.id)
    work.entry(incident.id, Kind.ACTION, "incident.task_done", {"title": task.title})
    work.record("incident.task_done", incident.id, {"task": task.id})
    return None


def evidence_added(work: Work, act: messages.EvidenceAdded) -> Refused | None:
    """A file is evidence; its chain of custody begins."""
    incident = work.incidents.get(act.incident)
    if incident is None:
        return Refused("no_such_incident")
    if reason := evidence.problem(act.name, act.sha256, act.size):
        return Refused(reason)
    id_ = evidence.evidence_id(incident.id, act.sha256)
    if any(one.id == id_ for one in incident.evidence):
        return Refused("already_so")
    if len(incident.evidence) >= MAX_EVIDENCE:
        return Refused("too_many", {"most": str(MAX_EVIDENCE)})
    file = Evidence(id_, act.name, act.sha256, act.size, (Custody(act.by, work.now, "taken_in"),))
    work.put(replace(incident, evidence=(*incident.evidence, file), updated_at=work.now))
    params = {"name": act.name, "sha256": act.sha256, "size": str(act.size)}
    work.entry(incident.id, Kind.EVIDENCE, "incident.evidence_added", params)
    work.record("incident.evidence_added", incident.id, {"evidence": id_, **params})
    return None


def evidence_handled(work: Work, act: messages.EvidenceHandled) -> Refused | None:
    """One more hand in the chain of custody."""
    incident = work.incidents.get(act.incident)
    file = next((one for one in incident.evidence if one.id == act.evidence), None) if incident else None
    if incident is None or file is None:
        return Refused("no_such_incident" if incident is None else "no_such_evidence")
    if act.what not in CUSTODY:
        return Refused("no_such_custody", {"choices": ", ".join(sorted(CUSTODY))})
    if len(file.custody) >= MAX_CUSTODY:
        return Refused("too_many", {"most": str(MAX_CUSTODY)})
    changed = file.handled(Custody(act.by, work.now, act.what, act.note[:MAX_REASON]))
    files = tuple(changed if one.id == file.id else one for one in incident.evidence)
    work.put(replace(incident, evidence=files, updated_at=work.now))
    work.entry(incident.id, Kind.EVIDENCE, "incident.evidence_handled", {"name": file.name, "what": act.what})
    work.record("incident.evidence_handled", incident.id, {"evidence": file.id, "what": act.what})
    return None


def care_effect_stated(work: Work, act: messages.CareEffectStated) -> Refused | None:
    """What it means for patients, by who knows."""
    incident = _open(work, act.incident)
    if isinstance(incident, Refused):
        return incident
    if act.state not in CARE_STATES or not act.service:
        return Refused("no_such_care_state", {"choices": ", ".join(CARE_STATES)})
    effect = CareEffect(act.service, act.state, work.now, act.by, act.text.strip()[:MAX_REASON])
    others = [one for one in incident.care_effects if one.service != act.service]
    if len(others) >= MAX_SERVICES:
        return Refused("too_many", {"most": str(MAX_SERVICES)})
    work.put(replace(incident, care_effects=(*others, effect), updated_at=work.now))
    params = {"service": act.service, "state": act.state, "text": effect.text}
    work.entry(incident.id, Kind.CARE_EFFECT, "incident.care_effect", params)
    work.record("incident.care_effect", incident.id, params)
    if incident.owner:
        work.notify(incident.owner, "screen", "incident.care_effect", incident.id, params)
    return None


def with_task(incident: Incident, task: Task) -> Incident:
    """The incident with a changed task."""
    return replace(incident, tasks=tuple(task if one.id == task.id else one for one in incident.tasks))


def _open(work: Work, id_: str) -> Incident | Refused:
    incident = work.incidents.get(id_)
    if incident is None:
        return Refused("no_such_incident")
    return Refused("incident_over", {"state": incident.state.value}) if incident.over else incident


def _put(work: Work, act: Act, incident: Incident, kind: str, **before: str | int | None) -> None:
    last = LastAct(act.id, kind, work.now, act.by, before)
    work.put(replace(incident, last_act=last, updated_at=work.now))
