"""What a group needs as screens show it: plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wardwatch.assessment import inventory, needs
from wardwatch.assessment.framework import Domain, Framework, Question
from wardwatch.assessment.inventory import InventoryEntry
from wardwatch.assessment.needs import Below, Counted, Need, Steps
from wardwatch.assessment.release import Part, Release
from wardwatch.kernel import stamps
from wardwatch.records.queries.needs import Campaign, Participant
from wardwatch.usecases.needs import Seen
from wardwatch.web.screen import Asked

FILTERS = ("country", "size", "kind")
_HEATS = 5


def head(one: Campaign, framework: Framework, asked: Asked) -> dict[str, Any]:
    """What every page of a campaign says of it."""
    closed = one.closes_at is not None and one.closes_at <= stamps.micros(asked.now)
    return {
        "id": one.id,
        "name": one.name,
        "grouping": one.grouping.name,
        "framework": framework.id,
        "framework_name": framework.name,
        "opened_at": one.opened_at,
        "closes_at": one.closes_at,
        "closed": closed,
        "released_at": one.released_at,
        "members": len(one.grouping.members),
    }


def between(one: Counted) -> str:
    """A count in figures: 31, or 29–33."""
    return str(one.low) if one.exact else f"{one.low}–{one.high}"


def heat(share: float) -> int:
    """0 (none of it) to 4 (nearly all)."""
    return min(_HEATS - 1, int(share * _HEATS))


@dataclass(frozen=True, slots=True)
class Basis:
    """What a page counts: hospitals by name, or a release. `steps` is empty for a release."""

    named: bool
    of: int
    counts: Mapping[str, Below]
    rows: tuple[Participant, ...] = ()
    steps: Mapping[str, Steps] | None = None
    release: Release | None = None


def basis(seen: Seen, wanted: Mapping[str, str]) -> Basis:
    """By name for whoever runs the campaign, as filtered; else what was released."""
    if seen.runs:
        rows = tuple(one for one in seen.rows if all(getattr(one, key) == value for key, value in wanted.items()))
        steps = seen.steps(rows)
        return Basis(True, len(rows), needs.tally(steps.values()), rows, steps)
    if seen.released is not None:
        return Basis(False, seen.released.hospitals, seen.released.total(), release=seen.released)
    return Basis(False, 0, {})


def parts_of(framework: Framework, seen: Seen) -> tuple[tuple[Domain, tuple[Question, ...]], ...]:
    """The domains that are counted, with their questions."""
    return tuple(framework.by_domain(seen.depth))


def ranked(found: Sequence[Need], domains: Mapping[str, Domain]) -> list[dict[str, Any]]:
    """Needs, as lists show them."""
    return [
        {
            "id": one.question.id,
            "ask": one.question.ask,
            "domain": domains[one.question.domain].name,
            "pillar": one.question.pillar.value,
            "hospitals": one.hospitals,
            "shown": between(one.hospitals),
            "grave": one.grave,
            "grave_shown": between(one.grave),
            "of": one.of,
            "burden": round(one.burden),
            "start": one.question.guide.start[0],
        }
        for one in found
    ]


def heat_rows(seen: Seen, found: Basis, most: int | None) -> list[dict[str, Any]]:
    """The heatmap: a hospital by name and its points by domain, the lowest first; or a part and its open needs."""
    if found.release is not None:
        return [_part_row(seen, one) for one in found.release.parts]
    rows = sorted(found.rows, key=lambda one: (one.figures["points"], one.hospital))
    return [_house_row(seen, one) for one in rows[:most]]


def _house_row(seen: Seen, one: Participant) -> dict[str, Any]:
    cells = []
    for domain, _ in parts_of(seen.framework, seen):
        score = one.figures["domains"].get(domain.id)
        cells.append({"value": str(score["points"]), "heat": heat(1 - score["points"] / 100)} if score else None)
    return {
        "name": one.hospital,
        "tenant": one.tenant,
        "country": one.country,
        "size": one.size,
        "kind": one.kind,
        "points": one.figures["points"],
        "cells": cells,
    }


def _part_row(seen: Seen, part: Part) -> dict[str, Any]:
    cells: list[dict[str, Any] | None] = []
    for domain, questions in parts_of(seen.framework, seen):
        share = needs.open_share(part.counts, [one.id for one in questions], part.hospitals)
        noisy = part.counts.get(needs.domain_measure(domain.id))
        if noisy is not None:
            share = needs.open_share({"": noisy}, [""], part.hospitals)
        cells.append({"value": between(share), "heat": heat((share.low + share.high) / 200)})
    return {"where": dict(part.where), "hospitals": part.hospitals, "cells": cells}


def states(seen: Seen, found: Basis) -> list[dict[str, Any]]:
    """Member States by how many percent of all needs are open there, the most first."""
    questions = [one.id for one in seen.framework.at(seen.depth)]
    by_state: dict[str, tuple[int, Mapping[str, Below]]] = {}
    if found.release is not None:
        by_state = {code: some for code, some in found.release.broken_down("country").items() if code}
    elif found.steps is not None:
        for code in {one.country for one in found.rows}:
            some = [found.steps[one.tenant] for one in found.rows if one.country == code]
            by_state[code] = (len(some), needs.tally(some))
    listed: list[dict[str, Any]] = []
    for code, (hospitals, counts) in by_state.items():
        share = needs.open_share(counts, questions, hospitals)
        if any(one in counts for one in questions):
            listed.append({"code": code, "hospitals": hospitals, "share": share, "shown": between(share)})
    return sorted(listed, key=lambda one: (-one["share"].high, one["code"]))


def helping(question: str) -> tuple[InventoryEntry, ...]:
    """What there is to meet a need; the questions of other frameworks are not linked."""
    return inventory.shipped().for_question(question)


def offers(found: Basis) -> list[dict[str, Any]]:
    """What a shared purchase or service would cover: hospitals with a need that it meets, and how many such needs."""
    listed: list[dict[str, Any]] = []
    for one in inventory.shipped().entries:
        asked = [id_ for id_ in one.meets if id_ in found.counts]
        if not asked or not found.of:
            continue
        covers = (
            needs.covered(found.steps.values(), asked)
            if found.steps is not None
            else needs.covered_bounds(found.counts, asked, found.of)
        )
        total = Counted(
            sum(found.counts[id_][needs.ENOUGH - 1].low for id_ in asked),
            sum(found.counts[id_][needs.ENOUGH - 1].high for id_ in asked),
        )
        listed.append(
            {
                "id": one.id,
                "name": one.name,
                "kind": one.kind.value,
                "hospitals": covers,
                "shown": between(covers),
                "needs": total,
                "needs_shown": between(total),
                "driver": one.cost.driver,
            }
        )
    return sorted(listed, key=lambda two: (-two["hospitals"].low, -two["needs"].low, two["id"]))
