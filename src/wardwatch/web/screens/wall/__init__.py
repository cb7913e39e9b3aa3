"""The wall: every hospital and its services at a glance, the worst first."""

from collections.abc import Mapping
from typing import Any

from wardwatch.kernel.severity import Level
from wardwatch.records.queries import alerts, incidents
from wardwatch.usecases import care, clock
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Asked, Page, Screen, Table

ROWS = 60  # hospitals that are shown at first, the worst of them
SHOWN = 8  # services that have a column
_PREFERRED = (
    "diagnostic-imaging",
    "emergency-department",
    "operating-theatres",
    "clinical-laboratory",
    "admissions",
    "intensive-care",
    "pharmacy",
    "wards",
)


def wall(asked: Asked) -> Page:
    """Hospitals × services, incidents, and alerts that wait."""
    scope = asked.actor.scope(Permission.SEE_WALL)
    boards = care.boards(scope, clock.now())
    columns = _columns(boards)
    open_incidents = incidents.open_by_tenant(scope & asked.actor.scope(Permission.SEE_INCIDENTS))
    waiting = alerts.waiting_by_tenant(scope & asked.actor.scope(Permission.SEE_ALERTS))
    grave = alerts.waiting_by_tenant(scope & asked.actor.scope(Permission.SEE_ALERTS), Level.HIGH)
    boards = tuple(sorted(boards, key=lambda one: -_needs(one, open_incidents, grave)))
    rows: list[dict[str, Any]] = []
    for one in boards if asked.get("all") else boards[:ROWS]:
        by_template = {service.template or service.id: service for service in one.services}
        rows.append(
            {
                "hospital": one.hospital,
                "cells": [by_template.get(column) for column, _ in columns],
                "incidents": open_incidents.get(one.hospital.slug, 0),
                "alerts": waiting.get(one.hospital.slug, 0),
                "worst": one.worst,
            }
        )
    troubled = [one for one in boards if _needs(one, open_incidents, grave)]
    risk = [
        (one.hospital, service) for one in boards for service in one.services if service.state in {"down", "degraded"}
    ]
    data = {
        "columns": [name for _, name in columns],
        "rows": rows,
        "more": len(boards) - len(rows),
        "troubled": [one.hospital.name for one in troubled],
        "first": troubled[0] if troubled else None,
        "grave": grave.get(troubled[0].hospital.slug, 0) if troubled else 0,
        "risk": risk[:12],
        "unknown": sum(len(one.of("unknown")) for one in boards),
        "incidents": sum(open_incidents.values()),
        "alerts": sum(waiting.values()),
    }
    table = [
        [row["hospital"].name, row["hospital"].country, row["worst"], row["incidents"], row["alerts"]]
        + [cell.state if cell else "" for cell in row["cells"]]
        for row in rows
    ]
    heads = ["hospital", "country", "worst", "incidents", "alerts", *(name.en for _, name in columns)]
    return Page("wall/wall.html", data, Table(heads, table))


def _needs(board: care.Board, open_incidents: Mapping[str, int], grave: Mapping[str, int]) -> int:
    """How much a hospital needs somebody: care first, then incidents, then grave alerts; 0: not at all."""
    tenant = board.hospital.slug
    if board.worst in {"down", "degraded"}:
        return 3 if board.worst == "down" else 2
    return int(bool(open_incidents.get(tenant) or grave.get(tenant)))


def _columns(boards: tuple[care.Board, ...]) -> list[tuple[str, Any]]:
    """The services that are shown: those that most hospitals have and that patients need first."""
    names = {one.template or one.id: one.name for board in boards for one in board.services}
    found = [key for key in _PREFERRED if key in names]
    found += sorted(key for key in names if key not in found)
    return [(key, names[key]) for key in found[:SHOWN]]


SCREENS = (Screen("wall", "wall", Permission.SEE_WALL, wall, csv=True),)
