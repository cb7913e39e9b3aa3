"""Detections: every rule with its state, ATT&CK coverage counted honestly, and what was proposed to be tuned."""

from typing import Any

from wardwatch.kernel.errors import AccessError
from wardwatch.usecases import detections
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Answer, Asked, Page, Screen, Table

_COLUMNS = ("id", "title", "level", "state", "reason", "techniques")


def listed(asked: Asked) -> Answer:
    """Rules by state, and the coverage of those that can fire."""
    view = detections.overview(asked.actor, asked.now)
    state, text = asked.get("state"), asked.get("q").lower()
    shown = [
        one
        for one in view.rules
        if (not state or one.state == state) and (not text or text in one.title.in_(asked.language).lower())
    ]
    data: dict[str, Any] = {
        "rules": shown[:300],
        "all": len(shown),
        "states": view.states,
        "coverage": view.coverage,
        "tested": view.tested,
        "state": state,
        "proposals": view.proposals,
    }
    rows = [
        [one.id, one.title.in_(asked.language), one.level.word, one.state, one.reason, " ".join(one.techniques)]
        for one in shown
    ]
    return Page("detections/list.html", data, Table(_COLUMNS, rows))


def one(asked: Asked, rule: str) -> Answer:
    """One rule: what it is about, why it can or cannot fire, and when it fired last."""
    found = detections.opened(asked.actor, rule, asked.now)
    if found is None:
        raise AccessError("not found, or not yours")
    return Page("detections/one.html", {"rule": found})


SCREENS = (
    Screen("detections", "detections", Permission.SEE_DETECTIONS, listed, csv=True),
    Screen("detections/<str:rule>", "detection", Permission.SEE_DETECTIONS, one),
)
