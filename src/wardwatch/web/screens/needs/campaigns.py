"""Look at campaigns: all of them, who takes part in one, and what a release of it would consist of."""

from wardwatch.assessment import loading
from wardwatch.assessment.cells import DIMENSIONS
from wardwatch.assessment.release import YEARLY_BUDGET
from wardwatch.kernel.errors import InputError
from wardwatch.records.queries import needs as queries
from wardwatch.usecases import campaigns
from wardwatch.usecases import needs as usecase
from wardwatch.usecases.assessment import frameworks
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Answer, Asked, Page, Table
from wardwatch.web.screens.needs import shown

SHOWN = 100


def listed(asked: Asked, *, wrong: tuple[str, str] = ("", "")) -> Answer:
    """Campaigns of the groups that the person belongs to, the newest first."""
    known = loading.shipped()
    found = [one for one in usecase.listed(asked.actor) if one.framework in known]
    rows = [
        {**shown.head(one, known[one.framework], asked), "runs": campaigns.runs(asked.actor, one.grouping)}
        for one in found[:SHOWN]
    ]
    own = queries.groupings(asked.actor.scope(Permission.RUN_CAMPAIGNS))
    data = {
        "campaigns": rows,
        "groupings": [
            {"slug": one.slug, "name": one.name, "hospitals": len(one.members)}
            for one in own
            if campaigns.runs(asked.actor, one)
        ],
    }
    more = {"frameworks": frameworks(), "wrong": {"field": wrong[0], "what": wrong[1]} if wrong[1] else None}
    table = [[one["name"], one["grouping"], one["framework"], one["members"], one["closed"]] for one in rows]
    heads = ("campaign", "group", "framework", "hospitals", "closed")
    return Page("needs/list.html", data, Table(heads, table), more, status=422 if wrong[1] else 200)


def who(asked: Asked, campaign: str) -> Answer:
    """Who was invited, what they agreed to, and how far their answers are; those who wait first."""
    one = campaigns.run(asked.actor, campaign)
    every = queries.participants(one.id)
    rows = [
        {
            "tenant": two.tenant,
            "hospital": two.hospital,
            "country": two.country,
            "size": two.size,
            "kind": two.kind,
            "consent": two.consent or "open",
            "said_by": two.said_by_name,
            "answered": two.figures.get("answered", 0),
            "asked": two.figures.get("asked", 0),
            "finished": two.finished,
            "signed": two.signed,
            "reminded_at": two.reminded_at,
            "waits": campaigns.waits(two),
        }
        for two in every
    ]
    rows.sort(key=lambda two: (not two["waits"], two["answered"], two["hospital"]))
    data = {
        "campaign": shown.head(one, usecase.framework(one), asked),
        "rows": rows,
        "waiting": sum(bool(two["waits"]) for two in rows),
        "finished": sum(bool(two["finished"]) for two in rows),
        "silent": sum(two["consent"] == "open" for two in rows),
        "uninvited": len(one.grouping.members - {two.tenant for two in every}),
    }
    columns = ("tenant", "hospital", "country", "size", "kind", "consent", "answered", "asked", "finished", "signed")
    return Page("needs/who.html", data, Table(columns, [[two[name] for name in columns] for two in rows]))


def release(asked: Asked, campaign: str, *, wrong: str = "") -> Answer:
    """What would be released, before it is: the parts and their sizes, who is left out and why."""
    one = campaigns.run(asked.actor, campaign)
    by = tuple(name for name in asked.request.GET.getlist("by") if name in DIMENSIONS)
    epsilon = _epsilon(asked.get("epsilon"))
    plan = usecase.planned(asked.actor, campaign, by, epsilon, asked.now)
    data = {
        "campaign": shown.head(one, usecase.framework(one), asked),
        "by": by,
        "epsilon": epsilon,
        "parts": [{"where": dict(where), "hospitals": many} for where, many in plan.parts],
        "counted": plan.counted,
        "too_few": plan.too_few,
        "elsewhere": plan.elsewhere,
        "spent": plan.spent,
        "known": plan.rule.known,
        "least": plan.rule.least,
        "apart": plan.rule.apart,
    }
    more = {"dimensions": DIMENSIONS, "epsilons": usecase.EPSILONS, "budget": YEARLY_BUDGET, "wrong": wrong}
    return Page("needs/release.html", data, more=more, status=422 if wrong else 200)


def _epsilon(text: str) -> float:
    found = next((one for one in usecase.EPSILONS if str(one) == text), None)
    if text and found is None:
        raise InputError("choose how much noise", fr="choisissez le niveau de bruit", where="epsilon")
    return found or 0.0
