"""Look at results: scores, what to begin with, two campaigns beside each other, the signature."""

from typing import Any

from wardwatch.assessment import scores
from wardwatch.assessment.scores import Move
from wardwatch.charts import standing
from wardwatch.usecases import assessment as usecase
from wardwatch.usecases.assessment import Opened
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Answer, Asked, Page, Table
from wardwatch.web.screens.assessment import shown

FORM_NAMES = {
    "pdf": "PDF",
    "docx": "Word",
    "html": "HTML",
    "xlsx": "Excel",
    "csv": "CSV",
    "json": "JSON",
    "oscal-results": "OSCAL",
    "oscal-poam": "OSCAL POA&M",
}
_COLUMNS = ("domain", "points", "most", "answered", "unknown")


def result(asked: Asked, assessment: str) -> Answer:
    """Points of 100 by domain, where they come from, and what to begin with."""
    found = usecase.opened(asked.actor, assessment)
    whole = shown.domains(found)
    bars = [standing.Bar(one["name"].in_(asked.language), one["points"], one["most"]) for one in whole]
    data = {
        "assessment": shown.head(found),
        "overall": _score(found),
        "domains": [{key: value for key, value in one.items() if key != "questions"} for one in whole],
        "weakest": min(whole, key=lambda one: (one["points"], one["id"]))["name"],
        "strongest": max(whole, key=lambda one: (one["points"], one["id"]))["name"],
        "next": [
            {
                "id": one.question.id,
                "ask": one.question.ask,
                "now": one.question.steps[one.step],
                "then": one.question.steps[one.step + 1],
                "start": one.question.guide.start[0],
                "days": one.question.guide.days,
                "cost": one.question.guide.cost.value,
                "gain": _tenths(one.gain),
            }
            for one in scores.next_steps(found.framework, found.value)
        ],
        "earlier": [{"id": one.id, "name": one.campaign_name} for one in usecase.earlier(asked.actor, found)],
        "valid": found.value.valid_signature,
        "may_answer": asked.actor.can(Permission.ANSWER, found.listed.tenant),
    }
    rows = [
        [one["name"].in_(asked.language), one["points"], one["most"], one["answered"], one["unknown"]] for one in whole
    ]
    return Page(
        "assessment/result.html", data, Table(_COLUMNS, rows), more={"chart": standing.draw(bars), "forms": FORM_NAMES}
    )


def _score(found: Opened) -> dict[str, Any]:
    one = found.result.overall
    return {
        "points": one.points,
        "most": one.most,
        "answered": one.answered,
        "asked": one.asked,
        "unknown": one.unknown,
        "not_applicable": one.not_applicable,
    }


def _tenths(points: Any) -> float:  # noqa: ANN401  (a fraction)
    return round(float(points), 1)


def compare(asked: Asked, assessment: str, earlier: str) -> Answer:
    """Two campaigns of a hospital, and which answers moved how many points."""
    after, before, found = usecase.compared(asked.actor, assessment, earlier)
    bars = [
        standing.Bar(one.domain.name.in_(asked.language), one.after.points, one.after.most, one.before.points)
        for one in found.domains
    ]
    data: dict[str, Any] = {
        "assessment": shown.head(after),
        "before": {"id": before.listed.id, "name": before.listed.campaign_name, "points": found.before.points},
        "after": {"name": after.listed.campaign_name, "points": found.after.points},
        "difference": found.after.points - found.before.points,
        "domains": [
            {
                "id": one.domain.id,
                "name": one.domain.name,
                "before": one.before.points,
                "after": one.after.points,
                "difference": one.after.points - one.before.points,
            }
            for one in found.domains
        ],
        "moves": [_move(one) for one in found.moves],
    }
    best = max(data["domains"], key=lambda one: one["difference"])
    data["gained"] = best["name"] if best["difference"] > 0 else None
    rows = [
        [one["name"].in_(asked.language), one["before"], one["after"], one["difference"]] for one in data["domains"]
    ]
    table = Table(("domain", "before", "after", "difference"), rows)
    return Page("assessment/compare.html", data, table, more={"chart": standing.draw(bars)})


def _move(one: Move) -> dict[str, Any]:
    return {
        "id": one.question.id,
        "ask": one.question.ask,
        "before": shown.answered(one.before, one.question),
        "after": shown.answered(one.after, one.question),
        "points": _tenths(one.overall_points),
        "up": one.overall_points > 0,
    }


def sign(asked: Asked, assessment: str) -> Answer:
    """What is signed, by whom it was, and the form for a member of the management body."""
    return signing(asked, assessment)


def signing(
    asked: Asked, assessment: str, *, wrong: tuple[str, str] = ("", ""), typed: dict[str, str] | None = None
) -> Page:
    """The page of signatures; `wrong` is a field and what is wrong with it."""
    found = usecase.opened(asked.actor, assessment)
    data = {
        "assessment": shown.head(found),
        "overall": _score(found),
        "signed": [
            {
                "by": one.by_name,
                "function": one.function,
                "at": one.at,
                "text": one.text,
                "score": one.score,
                "valid": one.seal == found.value.seal,
                "seal": one.seal,
            }
            for one in reversed(found.value.signed)
        ],
        "seal": found.value.seal,
        "may_sign": asked.actor.can(Permission.SIGN, found.listed.tenant),
    }
    more = {"wrong": {"field": wrong[0], "what": wrong[1]} if wrong[1] else None, "typed": typed or {}}
    return Page("assessment/sign.html", data, more=more, status=422 if wrong[1] else 200)
