"""Look at alerts: the queue with one group opened beside it, and a group alone."""

import secrets
from typing import Any

from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError
from wardwatch.kernel.severity import Level
from wardwatch.records.queries import alerts as queries
from wardwatch.records.queries.alerts import Filters, QueueRow
from wardwatch.usecases import alerts, detections
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Answer, Asked, Page, Table
from wardwatch.web.screens.alerts.sentences import sentence

_COLUMNS = ("id", "hospital", "title", "level", "score", "alerts", "hosts", "first", "last", "assignee", "state")


def queue(asked: Asked) -> Answer:
    """The queue, best first, and the group that is opened beside it."""
    which = asked.get("which", "review")
    filters = Filters(asked.get("tenant"), _level(asked.get("level")), asked.get("host"), asked.get("rule"))
    view = alerts.queue(asked.actor, which, filters, asked.get("after"))
    rows = [_shown(row) for row in view.page.rows]
    data: dict[str, Any] = {
        "which": which if which in queries.QUEUES else "review",
        "counts": view.counts,
        "rows": rows,
        "next": view.page.next,
        "moment": stamps.micros(asked.now),
    }
    more: dict[str, Any] = {"people": queries.people_of({row.assignee or "" for row in view.page.rows})}
    chosen = asked.get("at")
    if chosen:
        try:
            data["opened"] = pane(asked, chosen)
        except AccessError:
            data["gone"] = True
    cells = [[*_cells(row)] for row in view.page.rows]
    return Page("alerts/queue.html", data, Table(_COLUMNS, cells), more | {"key": secrets.token_hex(8)})


def newer(asked: Asked) -> Answer:
    """How many groups are new since the page was made: `3 new – show`, and nothing moves."""
    since = asked.number(asked.get("since"))
    count = alerts.newer(asked.actor, since)
    return Page("alerts/newer.html", {"count": count, "since": since})


def one(asked: Asked, group: str) -> Answer:
    """A group with what happened, why, what care it touches, and what to do."""
    return Page("alerts/one.html", {"opened": pane(asked, group)}, more={"key": secrets.token_hex(8)})


def pane(asked: Asked, group: str) -> dict[str, Any]:
    """Everything that a group's page shows."""
    found = alerts.opened(asked.actor, group, asked.now)
    whole = found.whole
    row = whole.row
    people = {row.assignee or "", *(entry.by for entry in whole.timeline)}
    return {
        **_shown(row),
        "alerts": [
            {
                "id": one.id,
                "at": one.occurred_at,
                "level": one.level,
                "says": sentence(one.alert, detections.title(one.rule_id, one.alert.rule_title)),
                "rule_id": one.rule_id,
                "record": one.alert.record_id,
                "file": one.alert.file,
                "fields": dict(one.alert.fields),
                "ties": one.ties,
            }
            for one in whole.alerts
            if one.alert is not None and one.place == "live"
        ],
        "reasons": whole.group.reasons[:8],
        "parts": whole.group.parts,
        "tactics": whole.group.tactics,
        "techniques": whole.group.techniques,
        "users": whole.group.users,
        "indicators": whole.group.indicators,
        "related": whole.group.related,
        "below": [{"id": one.id, "count": one.count, "hosts": one.hosts} for one in whole.below],
        "merged_into": whole.group.merged_into,
        "advice": detections.advice(row.rule_id, row.title),
        "rules": [(rule, detections.title(rule)) for rule in whole.group.rule_ids[:10]],
        "before": found.before[:6],
        "timeline": whole.timeline,
        "people": queries.people_of(people),
        "may_act": asked.actor.can(Permission.TRIAGE, row.tenant),
        "may_undo": whole.group.last_act is not None,
        "mine": row.assignee == asked.actor.id,
    }


def _shown(row: QueueRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "tenant": row.tenant,
        "hospital": row.hospital,
        "rule_id": row.rule_id,
        "title": detections.title(row.rule_id, row.title),
        "level": row.level,
        "score": row.score,
        "count": row.count,
        "hosts": row.hosts,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "assignee": row.assignee,
        "silenced_until": row.silenced_until,
        "incident": row.incident,
        "state": row.state,
    }


def _cells(row: QueueRow) -> tuple[object, ...]:
    return (
        row.id,
        row.hospital,
        row.title,
        row.level.word,
        row.score,
        row.count,
        " ".join(row.hosts),
        stamps.iso_text(row.first_at),
        stamps.iso_text(row.last_at),
        row.assignee or "",
        row.state,
    )


def _level(word: str) -> Level | None:
    try:
        return Level.parse(word) if word else None
    except ValueError:
        return None
