"""Look at what a group needs: the map, one need, and a hospital beside the others."""

from typing import Any

from wardwatch.assessment import needs
from wardwatch.assessment.framework import TOP
from wardwatch.assessment.release import Release
from wardwatch.charts import Chart, spread, tiles
from wardwatch.kernel.errors import AccessError
from wardwatch.records.queries.needs import Campaign, Participant
from wardwatch.reports import needs_map as needs_map_report
from wardwatch.usecases import campaigns
from wardwatch.usecases import needs as usecase
from wardwatch.usecases.needs import Course, Seen
from wardwatch.usecases.papers import PAPER, WRITE
from wardwatch.usecases.roles import Permission
from wardwatch.web import labels
from wardwatch.web.attached import attached
from wardwatch.web.guideline import guide
from wardwatch.web.screen import Answer, Asked, Page, Table
from wardwatch.web.screens.needs import shown
from wardwatch.web.screens.needs.shown import Basis

ROWS = 60  # hospitals that are shown at first
MOST = 12  # needs


def _wanted(asked: Asked) -> dict[str, str]:
    return {name: asked.get(name) for name in shown.FILTERS if asked.get(name)}


def needs_map(asked: Asked, campaign: str) -> Answer:
    """Hospitals × domains, the needs shared most, Member States, and how it went from campaign to campaign."""
    seen = usecase.seen(asked.actor, campaign)
    wanted = _wanted(asked) if seen.runs else {}
    found = shown.basis(seen, wanted)
    data = _data(asked, seen, found, whole=bool(asked.get("all")))
    data["filters"] = wanted
    listed = data["states"]
    more = {
        "map": tiles.draw({one["code"]: (one["shown"], shown.heat(one["share"].high / 100)) for one in listed}),
        "chart": _spreads(asked, seen, found),
        "choices": {name: sorted({getattr(one, name) for one in seen.rows}) for name in shown.FILTERS},
    }
    rows = [
        [
            one.question.id,
            one.question.ask.in_(asked.language),
            one.hospitals.low,
            one.hospitals.high,
            found.of,
            round(one.burden),
        ]
        for one in seen.ranked(found.counts, found.of)
    ]
    return Page("needs/map.html", data, Table(("need", "question", "at_least", "at_most", "of", "burden"), rows), more)


def export(asked: Asked, campaign: str, form: str) -> Answer:
    """The map on paper or as a workbook, whole; noted."""
    seen = usecase.seen(asked.actor, campaign)
    if form not in WRITE:
        raise AccessError("not found, or not yours")
    data = _data(asked, seen, shown.basis(seen, {}), whole=True)
    usecase.note_export(asked.actor, seen.campaign, form, asked.now)
    made = WRITE[form](needs_map_report.document(data, {**labels.COUNTRIES, **labels.HOUSES}, asked.language))
    return attached(made, PAPER[form], f"needs-{campaign}")


def _data(asked: Asked, seen: Seen, found: Basis, *, whole: bool) -> dict[str, Any]:
    """What the map shows; `whole`: not only the first of long lists."""
    domains = {one.id: one for one in seen.framework.domains}
    ranked = shown.ranked(seen.ranked(found.counts, found.of), domains)
    heat = shown.heat_rows(seen, found, None if whole else ROWS)
    listed = shown.states(seen, found)
    course = usecase.course(asked.actor, seen)
    ends = sorted(found.rows, key=lambda one: (one.figures["points"], one.hospital))
    return {
        "campaign": shown.head(seen.campaign, seen.framework, asked),
        "runs": seen.runs,
        "named": found.named,
        "released": found.release is not None,
        "noisy": bool(found.release and found.release.rule.epsilon),
        "of": found.of,
        "withheld": found.release.withheld if found.release else 0,
        "domains": [{"id": one.id, "name": one.name} for one, _ in shown.parts_of(seen.framework, seen)],
        "lowest": ends[0].hospital if ends else "",
        "highest": ends[-1].hospital if ends else "",
        "heat": heat,
        "more": max(0, len(found.rows) - len(heat)),
        "needs": ranked if whole else ranked[:MOST],
        "more_needs": max(0, len(ranked) - MOST),
        "offers": shown.offers(found)[: None if whole else MOST],
        "states": listed,
        "course": [_course(one) for one in course],
        "own": [{"tenant": one.tenant, "hospital": one.hospital} for one in seen.rows[:MOST] if not seen.runs],
    }


def _course(one: Course) -> dict[str, Any]:
    return {
        "id": one.campaign.id,
        "name": one.campaign.name,
        "hospitals": one.hospitals,
        "overall": one.overall,
        "domains": {id_: found.middle for id_, found in one.domains.items()},
    }


def _spreads(asked: Asked, seen: Seen, found: Basis) -> Chart[spread.Row] | None:
    """How hospitals by name are spread in each domain; with fewer than three there is nothing to spread."""
    if len(found.rows) < 3:  # noqa: PLR2004
        return None
    ranges = []
    for domain, _ in shown.parts_of(seen.framework, seen):
        points = [
            one.figures["domains"][domain.id]["points"] for one in found.rows if domain.id in one.figures["domains"]
        ]
        if points:
            one = needs.spread(points)
            ranges.append(
                spread.Range(domain.name.in_(asked.language), one.least, one.lower, one.middle, one.upper, one.most)
            )
    return spread.draw(ranges)


def need(asked: Asked, campaign: str, question: str) -> Answer:
    """One need: how many stand at which step, by size, kind and Member State, who, and what to do."""
    seen = usecase.seen(asked.actor, campaign)
    found = shown.basis(seen, {})
    one = next((two for two in seen.framework.at(seen.depth) if two.id == question), None)
    if one is None:
        raise AccessError("not found, or not yours")
    below = found.counts.get(question, needs.NOBODY)
    steps = needs.at_step(below, found.of)
    groups = []
    for name in shown.FILTERS:
        for value, many, counts in _broken_down(found, name):
            if question in counts:
                has = counts[question][needs.ENOUGH - 1]
                groups.append({"by": name, "value": value, "of": many, "hospitals": has, "shown": shown.between(has)})
    having = [
        {"tenant": two.tenant, "hospital": two.hospital, "step": found.steps[two.tenant][question]}
        for two in found.rows
        if found.steps is not None and found.steps[two.tenant][question] < needs.ENOUGH
    ]
    data = {
        "campaign": shown.head(seen.campaign, seen.framework, asked),
        "runs": seen.runs,
        "named": found.named,
        "counted": question in found.counts,
        "id": one.id,
        "ask": one.ask,
        "domain": next(two.name for two in seen.framework.domains if two.id == one.domain),
        "pillar": one.pillar.value,
        "of": found.of,
        "hospitals": below[needs.ENOUGH - 1],
        "shown": shown.between(below[needs.ENOUGH - 1]),
        "steps": [
            {"step": at, "text": one.steps[at], "hospitals": many, "shown": shown.between(many)}
            for at, many in enumerate(steps)
        ],
        "groups": groups,
        "having": sorted(having, key=lambda two: (two["step"], two["hospital"])),
        "guide": guide(one),
        "helps": [{"id": two.id, "name": two.name, "kind": two.kind.value} for two in shown.helping(question)],
    }
    rows = [[one["by"], one["value"], one["hospitals"].low, one["hospitals"].high, one["of"]] for one in groups]
    return Page("needs/one.html", data, Table(("by", "value", "at_least", "at_most", "of"), rows))


def _broken_down(found: Basis, name: str) -> list[tuple[str, int, Any]]:
    """Value of a dimension, hospitals, counts."""
    if found.release is not None:
        return [(value, many, counts) for value, (many, counts) in found.release.broken_down(name).items() if value]
    if found.steps is None:
        return []
    groups = []
    for value in sorted({getattr(one, name) for one in found.rows}):
        some = [found.steps[one.tenant] for one in found.rows if getattr(one, name) == value]
        groups.append((value, len(some), needs.tally(some)))
    return groups


def _beside(one: Campaign, own: Participant, released: Release) -> list[dict[str, Any]]:
    """A hospital's own steps beside what was released: where most others stand ahead, first."""
    framework, depth, counts = usecase.framework(one), usecase.depth(one), released.total()
    steps = needs.steps_of(framework, depth, own.figures)
    found: list[dict[str, Any]] = []
    for question in framework.at(depth):
        below = counts.get(question.id)
        if below is None:
            continue
        step = steps[question.id]
        need = below[needs.ENOUGH - 1]
        found.append(
            {
                "id": question.id,
                "ask": question.ask,
                "step": step,
                "text": question.steps[step],
                "need": need,
                "shown": shown.between(need),
                "ahead": released.hospitals - below[step].high if step < TOP else 0,
            }
        )
    return sorted(found, key=lambda two: (-two["ahead"], two["id"]))


def house(asked: Asked, campaign: str, tenant: str) -> Answer:
    """A hospital in a campaign: what it lets be shared, how far its answers are, and where it stands beside others."""
    one, own = campaigns.taking_part(asked.actor, campaign, tenant)
    framework = usecase.framework(one)
    released = usecase.released(one.id)
    beside = _beside(one, own, released) if own.finished and released and not released.rule.epsilon else []
    data = {
        "campaign": shown.head(one, framework, asked),
        "tenant": tenant,
        "hospital": own.hospital,
        "consent": own.consent,
        "said_by": own.said_by_name,
        "said_at": own.said_at,
        "assessment": own.assessment,
        "answered": own.figures.get("answered", 0),
        "asked": own.figures.get("asked", 0),
        "finished": own.finished,
        "signed": own.signed,
        "of": released.hospitals if released else 0,
        "noisy": bool(released and released.rule.epsilon),
        "beside": beside,
        "may_answer": asked.actor.can(Permission.ANSWER, tenant),
        "may_consent": asked.actor.can(Permission.SIGN, tenant),
    }
    rows = [[two["id"], two["step"], two["need"].low, two["need"].high, data["of"], two["ahead"]] for two in beside]
    columns = ("question", "step", "others_at_least", "others_at_most", "of", "ahead_at_least")
    return Page("needs/house.html", data, Table(columns, rows))
