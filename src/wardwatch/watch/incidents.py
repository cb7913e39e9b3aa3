"""An incident as its groups make it: raised from one, growing with all."""

from dataclasses import replace

from wardwatch.incidents.incident import Incident, incident_id
from wardwatch.incidents.states import State
from wardwatch.watch.groups import LISTED, Group
from wardwatch.watch.working import Work


def raised(work: Work, group: Group, title: str) -> Incident:
    """A new incident of a group."""
    return Incident(
        id=incident_id(work.tenant, work.message),
        tenant=work.tenant,
        title=title,
        state=State.NEW,
        level=group.level,
        score=group.score,
        opened_at=work.now,
        updated_at=work.now,
        first_at=group.first_at,
        last_at=group.last_at,
        owner=group.assignee,
        raised_by=work.by,
        groups=(group.id,),
        hosts=group.hosts,
        users=group.users,
        rule_ids=group.rule_ids,
        techniques=group.techniques,
        indicators=group.indicators,
        alert_count=group.count,
    )


def grow(work: Work) -> None:
    """Take over into the incidents that were there what their groups became in this step.

    Only some of an incident's groups are in the slice: what they say is added, nothing is taken away.
    """
    known = dict.fromkeys(
        group.incident
        for id_ in work.touched
        if (group := work.groups.get(id_)) is not None and group.incident in work.before.incidents
    )
    for id_ in known:
        if id_ is not None:
            _grow(work, work.incidents[id_])


def _grow(work: Work, incident: Incident) -> None:
    groups = [one for one in work.groups.values() if one.incident == incident.id and not one.merged and one.count]
    more = sum(one.count - _counted(work, one) for one in groups)
    changed = replace(
        incident,
        level=max([incident.level, *(one.level for one in groups)]),
        score=max([incident.score, *(one.score for one in groups)]),
        first_at=min([incident.first_at, *(one.first_at for one in groups)]),
        last_at=max([incident.last_at, *(one.last_at for one in groups)]),
        hosts=_more(incident.hosts, *(one.hosts for one in groups)),
        users=_more(incident.users, *(one.users for one in groups)),
        rule_ids=_more(incident.rule_ids, *(one.rule_ids for one in groups)),
        techniques=_more(incident.techniques, *(one.techniques for one in groups)),
        indicators=_more(incident.indicators, *(one.indicators for one in groups)),
        alert_count=incident.alert_count + more,
    )
    if changed != incident:
        work.put(replace(changed, updated_at=work.now))


def _counted(work: Work, group: Group) -> int:
    before = work.before.groups.get(group.id)
    return before.count if before is not None and before.incident == group.incident else 0


def _more(known: tuple[str, ...], *found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*known, *(name for one in found for name in one)]))[: 4 * LISTED]
