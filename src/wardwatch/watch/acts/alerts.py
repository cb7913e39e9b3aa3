"""An alert arrives: new, grown, moved to another id, withdrawn, or heard before."""

from dataclasses import replace

from wardwatch.estate.care import UNKNOWN
from wardwatch.events.alert import Alert
from wardwatch.incidents.timeline import Kind
from wardwatch.watch import groups as grouping
from wardwatch.watch import joining, marks, members, scoring
from wardwatch.watch.groups import AlertPlace, AlertState, Group, GroupState
from wardwatch.watch.messages import AlertArrived
from wardwatch.watch.seen import RULE, Addition
from wardwatch.watch.working import Work


def arrived(work: Work, message: AlertArrived) -> None:
    """Upsert by id; the higher revision wins, and what is superseded goes (formats: Alert v1)."""
    alert = message.alert
    known = work.alerts.get(alert.id)
    if alert.supersedes == alert.id:
        _withdraw(work, alert, known)
        return
    inherited = _supersede(work, alert) if alert.supersedes else ""
    if known is not None and known.revision >= alert.revision:
        return
    if known is not None and known.place is AlertPlace.LIVE:
        _grow(work, alert, known)
    elif known is not None and known.place is AlertPlace.FALSE_POSITIVE:
        work.alerts[alert.id] = replace(known, revision=alert.revision, alert=alert)
    else:
        _join(work, alert, inherited)


def put_in(work: Work, state: AlertState, group: Group) -> Group:
    """Count an alert in a group; returns the root, refreshed."""
    alert = state.alert
    assert alert is not None, "an alert that is put in was heard"
    was, known_rule = group.own, group.own.rules.get(alert.rule_id)
    before = work.before.seen.get(f"{RULE}:{alert.rule_id}")
    rarity = scoring.rarity(before.groups if before else 0)
    care = work.before.care.get(marks.host_name(alert.host), UNKNOWN) if alert.host else UNKNOWN
    own = members.with_alert(was, alert, state.marks, care, rarity)
    work.alerts[alert.id] = replace(state, group=group.id, place=AlertPlace.LIVE)
    work.link(state.marks, group.id, alert.last_at)
    if known_rule is None:
        work.add(Addition(f"{RULE}:{alert.rule_id}", work.now, groups=1))
    for mark in state.marks:
        if marks.kind_of(mark) in marks.INDICATORS and mark not in was.marks:
            work.add(Addition(mark, work.now, groups=1))
    work.put(replace(group, own=own))
    return work.refresh(work.groups[group.id])


def take_out(work: Work, state: AlertState) -> Group | None:
    """No longer count an alert in its group; returns the group's root, refreshed."""
    group = work.groups.get(state.group)
    if group is None or state.alert is None:
        return None
    own = members.without_alert(group.own, state.alert, state.marks)
    rest = {rule: tuple(one for one in found if one != state.id) for rule, found in group.correlated.items()}
    correlated = {rule: found for rule, found in rest.items() if len(found) > 1}
    work.put(replace(group, own=own, correlated=correlated))
    return work.refresh(work.groups[group.id])


def _state(work: Work, alert: Alert, found: tuple[str, ...], arrived_at: int | None = None) -> AlertState:
    return AlertState(
        id=alert.id,
        tenant=alert.tenant,
        group="",
        place=AlertPlace.LIVE,
        revision=alert.revision,
        arrived_at=work.now if arrived_at is None else arrived_at,
        event=alert.event_ids[0] if alert.event_ids else "",
        level=alert.level,
        rule_id=alert.rule_id,
        host=alert.host or "",
        user=alert.user or "",
        occurred_at=alert.occurred_at,
        last_at=alert.last_at,
        marks=found,
        alert=alert,
    )


def _join(work: Work, alert: Alert, inherited: str) -> None:
    found = marks.of_alert(alert)
    state = _state(work, alert, found)
    group = work.groups.get(inherited)
    if group is not None and joining.joinable(work, group):
        _tell(work, group, alert, put_in(work, replace(state, ties=_inherited_ties(work, alert)), group))
        return
    place = joining.find(work, alert, found)
    if place.group is None:
        _found(work, alert, state)
        return
    group = joining.with_related(place.group, place.related)
    correlated = {one.value: (*one.alerts, alert.id) for one in place.ties if one.kind == grouping.CORRELATION}
    if correlated:
        known = {rule: (*group.correlated.get(rule, ()), *alerts) for rule, alerts in correlated.items()}
        group = replace(group, correlated={**group.correlated, **{one: _few(all_) for one, all_ in known.items()}})
    before = group
    _tell(work, before, alert, put_in(work, replace(state, ties=place.ties), group))


def _few(alerts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(alerts))[:20])


def _inherited_ties(work: Work, alert: Alert) -> tuple[grouping.Tie, ...]:
    was = work.alerts.get(alert.supersedes or "")
    return was.ties if was else ()


def _found(work: Work, alert: Alert, state: AlertState) -> None:
    id_ = grouping.group_id(work.tenant, alert.id)
    if id_ in work.groups:  # its founder came back after the group was closed or emptied
        id_ = grouping.group_id(work.tenant, f"{alert.id}:{alert.revision}")
    group = Group(id_, work.tenant, GroupState.OPEN, id_, members.Members(), work.now, work.now)
    root = put_in(work, state, group)
    _entry(work, root.id, "group.began", alert)


def _tell(work: Work, before: Group, alert: Alert, root: Group) -> None:
    """Say on the timelines what is new: a rule, a host, a worse level. Not each alert."""
    for one in _news(before, alert):
        for subject in (root.id, root.incident):
            if subject:
                _entry(work, subject, f"group.new_{one}", alert)
    if root.silenced_until is not None and alert.level > (root.silenced_level or 0):
        work.put(replace(root, silenced_until=None, silenced_level=None))
        work.entry(root.id, Kind.DECISION, "group.woke", {"level": alert.level.word})
        if root.assignee:
            work.notify(root.assignee, "screen", "group.woke", root.id, {"level": alert.level.word})


def _entry(work: Work, subject: str, text: str, alert: Alert) -> None:
    work.entry(
        subject,
        Kind.EVIDENCE,
        text,
        {"rule": alert.rule_id, "title": alert.rule_title, "level": alert.level.word, "host": alert.host or ""},
        happened_at=alert.occurred_at,
        alerts=(alert.id,),
    )


def _news(before: Group, alert: Alert) -> list[str]:
    found = []
    whole = before.own
    if alert.rule_id not in whole.rules:
        found.append("rule")
    if alert.host and marks.host_name(alert.host) not in whole.hosts:
        found.append("host")
    if alert.level > whole.level:
        found.append("level")
    return found


def _grow(work: Work, alert: Alert, known: AlertState) -> None:
    group = work.groups[known.group]
    take_out(work, known)
    found = marks.of_alert(alert)
    state = replace(_state(work, alert, found, known.arrived_at), ties=known.ties)
    before = work.groups[known.group]
    root = put_in(work, state, before)
    _tell(work, replace(before, own=group.own), alert, root)
    _ended(work, alert, work.groups[root.id])


def _ended(work: Work, alert: Alert, root: Group) -> None:
    """A silence that is over settles itself, if nobody has taken it up (formats: Alerts of silence)."""
    closed = alert.rule_id.startswith("wardwatch-") and alert.fields.get("state") == "closed"
    over = closed and root.count == 1
    if over and root.state is GroupState.OPEN and root.assignee is None:
        work.put(replace(root, state=GroupState.SETTLED))
        work.entry(root.id, Kind.EVIDENCE, "group.ended", happened_at=alert.last_at, alerts=(alert.id,))


def _supersede(work: Work, alert: Alert) -> str:
    """Let the superseded alert go; returns the group that it leaves to its successor."""
    old = work.alerts.get(alert.supersedes or "")
    gone = AlertPlace.SUPERSEDED
    if old is None:
        id_ = alert.supersedes or ""
        work.alerts[id_] = AlertState(id_, work.tenant, "", gone, alert.revision - 1, work.now, superseded_by=alert.id)
        return ""
    if old.place is AlertPlace.SUPERSEDED or old.revision >= alert.revision:
        return old.group  # heard before, or back again since
    if old.place is AlertPlace.LIVE:
        take_out(work, old)
    # Its own revisions are below that of its successor: one that comes late must not bring it back.
    last = max(old.revision, alert.revision - 1)
    work.alerts[old.id] = replace(old, place=gone, revision=last, superseded_by=alert.id)
    return old.group


def _withdraw(work: Work, alert: Alert, known: AlertState | None) -> None:
    if known is None:
        gone = AlertPlace.WITHDRAWN
        work.alerts[alert.id] = AlertState(alert.id, work.tenant, "", gone, alert.revision, work.now)
        return
    if known.revision >= alert.revision:
        return
    root = take_out(work, known) if known.place is AlertPlace.LIVE else None
    work.alerts[alert.id] = replace(known, place=AlertPlace.WITHDRAWN, revision=alert.revision)
    if root is None:
        return
    _entry(work, root.id, "alert.withdrawn", alert)
    emptied(work, root)


def emptied(work: Work, root: Group) -> None:
    """An open group without any alert is none any more."""
    if root.count == 0 and root.state is GroupState.OPEN:
        work.put(replace(work.groups[root.id], state=GroupState.WITHDRAWN))
        work.entry(root.id, Kind.EVIDENCE, "group.withdrawn")
