"""The last act is taken back. The timeline keeps both: it is only ever added to."""

from dataclasses import replace

from wardwatch.incidents.incident import Incident, LastAct
from wardwatch.incidents.states import State
from wardwatch.incidents.timeline import Kind
from wardwatch.kernel.severity import Level
from wardwatch.watch import messages, seen
from wardwatch.watch.acts import alerts, groups
from wardwatch.watch.acts.incidents import with_task
from wardwatch.watch.effects import Refused
from wardwatch.watch.groups import AlertPlace, Group, GroupState
from wardwatch.watch.seen import Addition
from wardwatch.watch.working import Work

_LEADS = frozenset({"ciso", "crisis_director"})  # who may take back what others did


def undone(work: Work, act: messages.Undone) -> Refused | None:
    """Put back what was there before the last act, if it was not too long ago."""
    subject = work.subject(act.subject)
    if subject is None:
        return Refused("no_such_subject")
    last = subject.last_act
    if last is None:
        return Refused("nothing_to_undo")
    if work.now - last.at > work.policy.undo_within:
        return Refused("undo_too_late", {"minutes": str(work.policy.undo_within // 60_000_000)})
    if last.by != act.by and not _LEADS & frozenset(act.roles):
        return Refused("undo_not_yours", {"by": last.by})
    refused = _of_incident(work, subject, last) if isinstance(subject, Incident) else _of_group(work, subject, last)
    if refused is not None:
        return refused
    work.entry(subject.id, Kind.DECISION, "undone", {"what": last.kind, "message": last.message})
    work.record("undone", subject.id, {"what": last.kind, "message": last.message})
    return None


def _of_group(work: Work, group: Group, last: LastAct) -> Refused | None:
    if group.merged:
        return Refused("is_merged", {"root": work.root(group).id})
    if last.kind in ("raised", "joined"):
        return _lower(work, group, last)
    if last.kind == "merged":
        for id_ in str(last.before["groups"]).split():
            below = work.groups.get(id_)
            if below is not None and below.merged_into == group.id:
                groups.stand_alone(work, below)
    elif last.kind == "alerts_false_positive":
        for id_ in last.alerts:
            state = work.alerts.get(id_)
            if state is not None and state.place is AlertPlace.FALSE_POSITIVE:
                alerts.put_in(work, state, work.groups[state.group])
        work.put(replace(work.groups[group.id], state=GroupState(str(last.before["state"]))))
    else:
        _put_back(work, group, last)
    work.put(replace(work.groups[group.id], last_act=None, updated_at=work.now))
    return None


def _put_back(work: Work, group: Group, last: LastAct) -> None:
    """Attributes as they were."""
    before = last.before
    if last.kind == "assigned":
        work.put(replace(group, assignee=_text(before["assignee"])))
    elif last.kind == "silenced":
        level = _number(before["silenced_level"])
        work.put(replace(group, silenced_until=_number(before["silenced_until"]), silenced_level=level))
    else:
        was = GroupState(str(before["state"]))
        _count_back(work, group, last.kind, was)
        work.put(replace(group, state=was))


def _count_back(work: Work, group: Group, kind: str, was: GroupState) -> None:
    mark = seen.fingerprint(group)
    if kind == "reopened":
        wrong = 1 if was is GroupState.FALSE_POSITIVE else 0
        work.add(Addition(mark, work.now, groups=1, false_positives=wrong))
    else:
        wrong = -1 if kind == "false_positive" else 0
        work.add(Addition(mark, work.now, groups=-1, false_positives=wrong))


def _lower(work: Work, group: Group, last: LastAct) -> Refused | None:
    """A group is taken out of its incident; one that was made for it alone was a false alarm."""
    incident = work.incidents.get(group.incident or "")
    if incident is None:
        return Refused("no_such_incident")
    if last.kind == "raised":
        if incident.last_act is None or incident.last_act.message != last.message:
            return Refused("undo_went_on")
        incident = replace(incident, state=State.FALSE_ALARM, closed_at=work.now, last_act=None)
    rest, count = tuple(one for one in incident.groups if one != group.id), incident.alert_count - group.count
    work.put(replace(incident, groups=rest, alert_count=count, updated_at=work.now))
    work.entry(incident.id, Kind.DECISION, "incident.group_taken_out", {"group": group.id})
    work.add(Addition(seen.fingerprint(group), work.now, groups=-1, incidents=-1))
    until, level = _number(last.before["silenced_until"]), _number(last.before["silenced_level"])
    if until is not None and (until <= work.now or group.level > Level(level or 0)):
        until = level = None
    work.put(
        replace(
            group,
            state=GroupState.OPEN,
            incident=None,
            silenced_until=until,
            silenced_level=level,
            last_act=None,
            updated_at=work.now,
        )
    )
    return None


def _of_incident(work: Work, incident: Incident, last: LastAct) -> Refused | None:
    before = last.before
    changed = replace(incident, last_act=None, updated_at=work.now)
    if last.kind == "raised":
        return Refused("undo_on_group", {"group": str(before["group"])})
    if last.kind == "owned":
        changed = replace(changed, owner=_text(before["owner"]))
    elif last.kind == "moved":
        state = State(str(before["state"]))
        confirmed_at, closed_at = _number(before["confirmed_at"]), _number(before["closed_at"])
        changed = replace(changed, state=state, confirmed_at=confirmed_at, closed_at=closed_at)
    else:
        task = incident.task(str(before["task"]))
        if task is None:
            return Refused("no_such_task")
        if last.kind == "task_added":
            changed = replace(changed, tasks=tuple(one for one in incident.tasks if one.id != task.id))
        else:
            changed = with_task(changed, replace(task, done_at=None, done_by=None))
    work.put(changed)
    return None


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _number(value: str | int | None) -> int | None:
    return None if value is None else int(value)
