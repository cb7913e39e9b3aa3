"""What people do with groups of alerts. Each function changes the work, or says why not and leaves it alone."""

from dataclasses import replace

from wardwatch.incidents.incident import MAX_GROUPS, MAX_TITLE, LastAct
from wardwatch.incidents.timeline import Kind
from wardwatch.watch import incidents as raising
from wardwatch.watch import messages, seen
from wardwatch.watch.acts import alerts
from wardwatch.watch.effects import Refused
from wardwatch.watch.groups import MAX_FAMILY, AlertPlace, Group, GroupState
from wardwatch.watch.messages import MAX_REASON, Act
from wardwatch.watch.needing import MAX_NAMED
from wardwatch.watch.seen import Addition
from wardwatch.watch.working import Work

MAX_SILENCE = 90 * 24 * 3_600_000_000  # µs
_LIVE = (GroupState.OPEN, GroupState.RAISED)
_SAMPLE = 20  # alerts that a proposed tuning is made of


def assigned(work: Work, act: messages.Assigned) -> Refused | None:
    """The group is somebody's: nobody else is called."""
    group = _group(work, act.group, _LIVE)
    if isinstance(group, Refused):
        return group
    if group.assignee == act.assignee:
        return Refused("already_so")
    _put(work, act, replace(group, assignee=act.assignee), "assigned", assignee=group.assignee)
    who = act.assignee or ""
    work.entry(group.id, Kind.DECISION, "group.assigned" if who else "group.unassigned", {"who": who})
    work.record("group.assigned", group.id, {"who": who})
    work.notify(who, "screen", "group.assigned", group.id, {"by": act.by, "level": group.level.word})
    return None


def silenced(work: Work, act: messages.Silenced) -> Refused | None:
    """Quiet until then, unless something worse comes."""
    group = _group(work, act.group, (GroupState.OPEN,))
    if isinstance(group, Refused):
        return group
    if act.until <= work.now:
        return Refused("until_past")
    if act.until > work.now + MAX_SILENCE:
        return Refused("until_far", {"days": str(MAX_SILENCE // 86_400_000_000)})
    changed = replace(group, silenced_until=act.until, silenced_level=int(group.level))
    before = {"silenced_until": group.silenced_until, "silenced_level": group.silenced_level}
    _put(work, act, changed, "silenced", **before)
    params = {"until": str(act.until), "reason": act.reason[:MAX_REASON]}
    work.entry(group.id, Kind.DECISION, "group.silenced", params)
    work.record("group.silenced", group.id, params)
    return None


def marked_false_positive(work: Work, act: messages.MarkedFalsePositive) -> Refused | None:
    """It was nothing, all of it or some alerts. A tuning is proposed; a person decides on it."""
    group = _group(work, act.group, (GroupState.OPEN,) if not act.alerts else _LIVE)
    if isinstance(group, Refused):
        return group
    reason = act.reason[:MAX_REASON]
    if act.alerts:
        return _some_false_positive(work, act, group, reason)
    sample = sorted({one for mark in group.whole.marks.values() for one in mark.alerts})[:_SAMPLE]
    _put(work, act, replace(group, state=GroupState.FALSE_POSITIVE), "false_positive", state=group.state.value)
    work.add(Addition(seen.fingerprint(group), work.now, groups=1, false_positives=1))
    work.entry(group.id, Kind.DECISION, "group.false_positive", {"reason": reason})
    work.record("group.false_positive", group.id, {"reason": reason})
    work.propose(group.id, group.rule_ids, tuple(sample), reason)
    return None


def _some_false_positive(work: Work, act: messages.MarkedFalsePositive, group: Group, reason: str) -> Refused | None:
    chosen = [work.alerts.get(id_) for id_ in dict.fromkeys(act.alerts)]
    family = {group.id, *(one.id for one in work.below(group))}
    found = [one for one in chosen if one and one.place is AlertPlace.LIVE and one.group in family]
    if len(found) != len(chosen) or len(chosen) > MAX_NAMED:
        return Refused("alert_not_in_group")
    for one in found:
        alerts.take_out(work, one)
        work.alerts[one.id] = replace(work.alerts[one.id], place=AlertPlace.FALSE_POSITIVE)
    names = tuple(one.id for one in found)
    last = LastAct(act.id, "alerts_false_positive", work.now, act.by, {"state": group.state.value}, names)
    work.put(replace(work.groups[group.id], last_act=last))
    alerts.emptied(work, work.groups[group.id])
    work.entry(
        group.id,
        Kind.DECISION,
        "group.alerts_false_positive",
        {"count": str(len(names)), "reason": reason},
        alerts=names[:_SAMPLE],
    )
    work.record("group.alerts_false_positive", group.id, {"count": str(len(names)), "reason": reason})
    work.propose(group.id, tuple(sorted({one.rule_id for one in found})), names[:_SAMPLE], reason)
    return None


def settled(work: Work, act: messages.Settled) -> Refused | None:
    """It was dealt with, and needs no incident."""
    group = _group(work, act.group, (GroupState.OPEN,))
    if isinstance(group, Refused):
        return group
    _put(work, act, replace(group, state=GroupState.SETTLED), "settled", state=group.state.value)
    work.add(Addition(seen.fingerprint(group), work.now, groups=1))
    work.entry(group.id, Kind.DECISION, "group.settled", {"reason": act.reason[:MAX_REASON]})
    work.record("group.settled", group.id, {"reason": act.reason[:MAX_REASON]})
    return None


def reopened(work: Work, act: messages.Reopened) -> Refused | None:
    """It is open again."""
    group = _group(work, act.group, (GroupState.SETTLED, GroupState.FALSE_POSITIVE))
    if isinstance(group, Refused):
        return group
    _put(work, act, replace(group, state=GroupState.OPEN), "reopened", state=group.state.value)
    work.add(_taken_back(work, group))
    work.entry(group.id, Kind.DECISION, "group.reopened")
    work.record("group.reopened", group.id)
    return None


def raised(work: Work, act: messages.Raised) -> Refused | None:
    """The group becomes an incident, or joins one."""
    group = _group(work, act.group, (GroupState.OPEN,))
    if isinstance(group, Refused):
        return group
    if act.incident is None:
        incident = raising.raised(work, group, act.title.strip()[:MAX_TITLE])
        incident = replace(incident, last_act=LastAct(act.id, "raised", work.now, act.by, {"group": group.id}))
        work.put(incident)
    else:
        known = work.incidents.get(act.incident)
        if known is None:
            return Refused("no_such_incident")
        if known.over or len(known.groups) >= MAX_GROUPS:
            return Refused("incident_over" if known.over else "too_many")
        incident = replace(known, groups=(*known.groups, group.id), updated_at=work.now, last_act=None)
        work.put(incident)
    changed = replace(group, state=GroupState.RAISED, incident=incident.id, silenced_until=None, silenced_level=None)
    kind = "raised" if act.incident is None else "joined"
    before = {"silenced_until": group.silenced_until, "silenced_level": group.silenced_level}
    _put(work, act, changed, kind, **before)
    work.add(Addition(seen.fingerprint(group), work.now, groups=1, incidents=1))
    work.entry(group.id, Kind.DECISION, f"group.{kind}", {"incident": incident.id})
    facts = {
        "group": group.id,
        "count": str(group.count),
        "level": group.level.word,
        "hosts": ", ".join(group.hosts[:5]),
    }
    work.entry(incident.id, Kind.DECISION, f"incident.{kind}", facts, happened_at=group.first_at)
    work.record(f"group.{kind}", group.id, {"incident": incident.id})
    return None


def merged(work: Work, act: messages.Merged) -> Refused | None:
    """Groups go below another one; they stay what they are."""
    into = _group(work, act.into, _LIVE)
    if isinstance(into, Refused):
        return into
    below: list[Group] = []
    for id_ in dict.fromkeys(act.groups):
        group = _group(work, id_, (GroupState.OPEN,))
        if isinstance(group, Refused):
            return group
        if group.id == into.id:
            return Refused("merge_with_itself")
        below.append(group)
    size = 1 + len(work.below(into)) + sum(1 + len(work.below(one)) for one in below)
    if not below or size > MAX_FAMILY:
        return Refused("too_many" if below else "nothing_named", {"most": str(MAX_FAMILY)})
    for group in below:
        for one in work.below(group):
            work.put(replace(one, family=into.id))
        work.put(replace(group, family=into.id, merged_into=into.id, merged_count=group.count))
        work.entry(group.id, Kind.ACTION, "group.merged_into", {"into": into.id})
    root = work.refresh(work.groups[into.id])
    names = [one.id for one in below]
    last = LastAct(act.id, "merged", work.now, act.by, {"groups": " ".join(names)})
    work.put(replace(work.groups[root.id], last_act=last))
    work.entry(
        into.id,
        Kind.ACTION,
        "group.merged",
        {"groups": " ".join(names), "count": str(sum(one.count for one in below))},
    )
    work.record("group.merged", into.id, {"groups": " ".join(names)})
    return None


def unmerged(work: Work, act: messages.Unmerged) -> Refused | None:
    """The group stands alone again, with what it had, and what its marks brought it meanwhile."""
    group = work.groups.get(act.group)
    if group is None:
        return Refused("no_such_group")
    if group.merged_into is None:
        return Refused("not_merged")
    root = stand_alone(work, group)
    work.put(replace(work.groups[root.id], last_act=None))
    work.record("group.unmerged", group.id, {"root": root.id})
    return None


def stand_alone(work: Work, group: Group) -> Group:
    """Take a group from below another one; returns the root it had."""
    root, above = work.root(group), work.groups[group.merged_into or ""]
    for one in work.below(group):
        work.put(replace(one, family=group.id))
    meanwhile = group.count - group.merged_count
    work.put(replace(group, family=group.id, merged_into=None, merged_count=0))
    work.refresh(work.groups[group.id])
    work.refresh(work.groups[above.id])
    work.entry(group.id, Kind.ACTION, "group.unmerged", {"root": root.id, "meanwhile": str(meanwhile)})
    work.entry(root.id, Kind.ACTION, "group.unmerged_from", {"group": group.id, "meanwhile": str(meanwhile)})
    return root


def _group(work: Work, id_: str, states: tuple[GroupState, ...]) -> Group | Refused:
    group = work.groups.get(id_)
    if group is None:
        return Refused("no_such_group")
    if group.merged:
        return Refused("is_merged", {"root": work.root(group).id})
    if group.state not in states:
        return Refused("group_state", {"state": group.state.value})
    return group


def _put(work: Work, act: Act, group: Group, kind: str, **before: str | int | None) -> None:
    last = LastAct(act.id, kind, work.now, act.by, before)
    work.put(replace(group, last_act=last, updated_at=work.now))


def _taken_back(work: Work, group: Group) -> Addition:
    wrong = -1 if group.state is GroupState.FALSE_POSITIVE else 0
    return Addition(seen.fingerprint(group), work.now, groups=-1, false_positives=wrong)
