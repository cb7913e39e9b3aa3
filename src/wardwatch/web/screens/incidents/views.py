"""Look at incidents."""

from typing import Any

import orjson
from django.http import HttpResponse

from wardwatch.incidents.incident import CARE_STATES
from wardwatch.kernel import stamps
from wardwatch.records.queries import alerts as names
from wardwatch.records.queries.incidents import Listed, Whole
from wardwatch.usecases import detections, incidents
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Answer, Asked, Page, Table

_COLUMNS = ("id", "hospital", "title", "state", "level", "score", "owner", "opened", "updated")


def listed(asked: Asked) -> Answer:
    """Incidents that are open, or over."""
    which = "over" if asked.get("which") == "over" else "open"
    view = incidents.listed(asked.actor, which, asked.get("after"))
    people = names.people_of({row.owner or "" for row in view.rows})
    data = {"which": which, "counts": view.counts, "rows": view.rows, "next": view.next, "people": people}
    return Page("incidents/list.html", data, Table(_COLUMNS, [_cells(row, people) for row in view.rows]))


def _cells(row: Listed, people: dict[str, str]) -> tuple[object, ...]:
    owner = people.get(row.owner or "", row.owner or "")
    times = stamps.iso_text(row.opened_at), stamps.iso_text(row.updated_at)
    return (row.id, row.hospital, row.title, row.state, row.level.word, row.score, owner, *times)


def one(asked: Asked, incident: str) -> Answer:
    """One incident: its answer, its timeline, what is to be done, evidence, and what it does to care."""
    found = incidents.opened(asked.actor, incident, asked.now)
    data = _data(found.whole)
    kind = asked.get("kind")
    data["kind"] = kind
    data["similar"] = found.similar
    data["moves"] = found.moves
    tenant = found.whole.incident.tenant
    data["may_work"] = asked.actor.can(Permission.WORK_INCIDENTS, tenant)
    data["may_state_care"] = asked.actor.can(Permission.STATE_CARE, tenant)
    shown = tuple(entry for entry in found.whole.timeline if not kind or entry.kind == kind)
    return Page("incidents/one.html", data | {"shown": shown}, more={"care_states": CARE_STATES})


def report(asked: Asked, incident: str) -> Answer:
    """The incident as a page to print."""
    found = incidents.opened(asked.actor, incident, asked.now)
    return Page("incidents/report.html", _data(found.whole))


def _data(whole: Whole) -> dict[str, Any]:
    found = whole.incident
    people = {found.owner or "", *(one.by for one in whole.timeline)}
    people |= {one.assignee or "" for one in found.tasks} | {one.done_by or "" for one in found.tasks}
    people |= {hand.by for one in found.evidence for hand in one.custody}
    counted: dict[str, int] = {}
    for entry in whole.timeline:
        counted[entry.kind.value] = counted.get(entry.kind.value, 0) + 1
    latest = {one.service: one for one in sorted(found.care_effects, key=lambda one: one.at)}
    return {
        "incident": found,
        "hospital": whole.hospital,
        "timeline": whole.timeline,
        "groups": whole.groups,
        "care": tuple(latest.values()),
        "kinds": counted,
        "people": names.people_of(people),
        "rules": [(rule, detections.title(rule)) for rule in found.rule_ids[:12]],
        "alerts": [
            {"at": one.occurred_at, "rule": detections.title(one.rule_id), "host": one.host, "user": one.user}
            for one in whole.alerts
            if one.place == "live"
        ],
    }


def export(asked: Asked, incident: str) -> Answer:
    """The whole incident as one JSON document, to keep."""
    return _download(
        incidents.export(asked.actor, incident, asked.now), f"incident-{incident}.json", "application/json"
    )


def stix(asked: Asked, incident: str) -> Answer:
    """What others may know, as a STIX 2.1 bundle."""
    bundle = incidents.export_stix(asked.actor, incident, asked.now, asked.get("tlp", "amber"))
    return _download(bundle, f"incident-{incident}.stix.json", "application/stix+json;version=2.1")


def _download(document: dict[str, Any], name: str, kind: str) -> HttpResponse:
    response = HttpResponse(orjson.dumps(document, option=orjson.OPT_INDENT_2), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
