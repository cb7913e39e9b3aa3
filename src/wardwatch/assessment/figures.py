"""The scores of an assessment as plain JSON, kept beside the answers so that hundreds of hospitals read at once."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from wardwatch.assessment import scores
from wardwatch.assessment.answers import Assessment, Kind, Standing
from wardwatch.assessment.framework import TOP, Framework, Tier
from wardwatch.assessment.scores import Score

FORMAT = "wardwatch/assessment-figures/1"


def figures(framework: Framework, assessment: Assessment) -> dict[str, Any]:
    """Overall and by domain. `steps`: question → 0 to 4, `unknown`, `not_applicable` or `skipped`; open: absent."""
    found = scores.result(framework, assessment)
    steps: dict[str, int | str] = {}
    for id_, share in found.shares.items():
        answer = assessment.answers.get(id_)
        if share.standing is Standing.ANSWERED and answer is not None:
            steps[id_] = "unknown" if answer.kind is Kind.UNKNOWN else share.step
        elif share.standing is not Standing.OPEN:
            steps[id_] = share.standing.value
    return {
        "format": FORMAT,
        **_plain(found.overall),
        "domains": {id_: _plain(one) for id_, one in found.domains.items()},
        "steps": steps,
    }


def _plain(score: Score) -> dict[str, int]:
    return {
        "points": score.points,
        "most": score.most,
        "level": score.level,
        "asked": score.asked,
        "answered": score.answered,
        "unknown": score.unknown,
        "not_applicable": score.not_applicable,
    }


def narrowed(framework: Framework, depth: Tier, whole: Mapping[str, Any]) -> dict[str, Any]:
    """The figures at a depth, out of those of the same answers at a greater one: so that hospitals compare.

    Equal to `figures` of an assessment at that depth: whether a question is asked never depends on deeper ones.
    """
    said: Mapping[str, int | str] = whole["steps"]
    parts: dict[str, dict[str, int]] = {}
    reached, reachable = Fraction(), Fraction()
    found = tuple(framework.by_domain(depth))
    for domain, questions in found:
        weight = sum(one.weight for one in questions)
        points = Fraction(sum(one.weight * _step(said.get(one.id)) for one in questions) * scores.FULL, weight * TOP)
        most = Fraction(
            sum(one.weight for one in questions if said.get(one.id) != Standing.NOT_APPLICABLE) * scores.FULL, weight
        )
        parts[domain.id] = _counted([said.get(one.id) for one in questions], points, most)
        reached, reachable = reached + points, reachable + most
    every = framework.at(depth)
    return {
        "format": FORMAT,
        **_counted([said.get(one.id) for one in every], reached / len(found), reachable / len(found)),
        "domains": parts,
        "steps": {one.id: said[one.id] for one in every if one.id in said},
    }


def _step(said: int | str | None) -> int:
    return said if isinstance(said, int) else 0


def _counted(said: Sequence[int | str | None], reached: Fraction, reachable: Fraction) -> dict[str, int]:
    """Counts of what was said; `None` is open."""
    skipped = sum(one == Standing.SKIPPED for one in said)
    apart = sum(one == Standing.NOT_APPLICABLE for one in said)
    asked = len(said) - skipped - apart
    return _plain(
        Score(
            reached=reached,
            reachable=reachable,
            asked=asked,
            answered=asked - sum(one is None for one in said),
            unknown=sum(one == Kind.UNKNOWN for one in said),
            not_applicable=apart,
            skipped=skipped,
        )
    )
