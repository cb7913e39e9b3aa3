"""Detections: every rule with its state, ATT&CK coverage counted honestly, and what was proposed to be tuned."""

from typing import Any

from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError
from wardwatch.usecases import detections, tunings
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, Table, back

_DAYS = 90  # that a tuning holds unless somebody says otherwise
_TUNED = ("tenant", "name", "rule", "owner", "reason", "created_at", "expires_at", "holds", "detection")
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


def tunings_(asked: Asked) -> Answer:
    """What rules no longer say here, who answers for that, why, and until when."""
    found, broken = tunings.listed(asked.actor, asked.now)
    data: dict[str, Any] = {"tunings": found, "broken": broken, "may": asked.actor.scope(Permission.TUNE)}
    rows = [
        (one.tenant, one.slug, one.rule, one.owner, one.reason, stamps.iso_text(one.created_at),
         stamps.iso_text(one.expires_at), one.holds, one.detection)
        for one in found
    ]  # fmt: skip
    return Page("detections/tunings.html", data, Table(_TUNED, rows))


def expire(asked: Asked, tenant: str, slug: str) -> Answer:
    """Let a tuning end now."""
    tunings.expire(asked.actor, tenant, slug, asked.now)
    return back(asked, "/detections/tunings")


def proposal(asked: Asked, proposal: str) -> Answer:
    """A proposal, to be read, mended, tried and agreed to."""
    draft = tunings.draft(asked.actor, proposal)
    typed = tunings.Asked(draft.detection, draft.reason, _DAYS, tunings.SPANS[1])
    return Page("detections/proposal.html", {"draft": draft, "typed": typed, "proof": None, "spans": tunings.SPANS})


def try_(asked: Asked, proposal: str) -> Answer:
    """Try a proposal as it was mended, or let it hold if that was asked."""
    typed = tunings.Asked(
        asked.sent("detection", longest=10_000),
        asked.sent("reason", longest=1000),
        asked.number(asked.sent("days")),
        asked.number(asked.sent("span")),
    )
    if asked.sent("agreed") == "yes":
        tunings.agree(asked.actor, proposal, typed, asked.now)
        return back(asked, "/detections/tunings")
    proof = tunings.tried(asked.actor, proposal, typed, asked.now)
    draft = tunings.draft(asked.actor, proposal)
    shown = {
        "events": proof.simulation.events,
        "before": sum(proof.simulation.before.values()),
        "quiet": [
            (detections.title(rule), host, day, count)
            for (rule, host, day), count in sorted(proof.simulation.quiet.items(), key=lambda one: -one[1])
        ][:50],
        "all": sum(proof.simulation.quiet.values()),
        "silenced": [str(one) for one in proof.silenced],
    }
    return Page("detections/proposal.html", {"draft": draft, "typed": typed, "proof": shown, "spans": tunings.SPANS})


def dismiss(asked: Asked, proposal: str) -> Answer:
    """Put a proposal aside."""
    tunings.dismiss(asked.actor, proposal, asked.now)
    return back(asked, "/detections")


SCREENS = (
    Screen("detections/tunings", "tunings", Permission.SEE_DETECTIONS, tunings_, csv=True),
    Act("detections/tunings/<str:tenant>/<str:slug>/expire", "tuning-expire", Permission.TUNE, expire),
    Screen("detections/proposals/<str:proposal>", "proposal", Permission.TUNE, proposal),
    Act("detections/proposals/<str:proposal>/try", "proposal-try", Permission.TUNE, try_),
    Act("detections/proposals/<str:proposal>/dismiss", "proposal-dismiss", Permission.TUNE, dismiss),
    Screen("detections", "detections", Permission.SEE_DETECTIONS, listed, csv=True),
    Screen("detections/<str:rule>", "detection", Permission.SEE_DETECTIONS, one),
)
