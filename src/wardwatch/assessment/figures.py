"""The scores of an assessment as plain JSON, kept beside the answers so that hundreds of hospitals read at once."""

from typing import Any

from wardwatch.assessment import scores
from wardwatch.assessment.answers import Assessment, Kind, Standing
from wardwatch.assessment.framework import Framework
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
