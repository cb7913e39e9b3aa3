"""An assessment as JSON, without loss: `wardwatch/assessment/1`. Written for other programs, and read back."""

from collections.abc import Mapping
from typing import Any

from wardwatch.assessment.answers import Answer, Assessment, Delegation, Kind, SignOff
from wardwatch.assessment.framework import Tier

FORMAT = "wardwatch/assessment/1"


def plain_answer(one: Answer) -> dict[str, Any]:
    """One answer as JSON."""
    return {
        "question": one.question,
        "kind": one.kind.value,
        "step": one.step,
        "reason": one.reason,
        "note": one.note,
        "by": one.by,
        "by_name": one.by_name,
        "at": one.at,
        "files": list(one.files),
    }


def answer_of(found: Mapping[str, Any]) -> Answer:
    """Read one answer. Raises `ValueError`, `KeyError` or `TypeError` for what is none."""
    step = found.get("step")
    return Answer(
        question=str(found["question"]),
        kind=Kind(found["kind"]),
        step=step,
        reason=str(found.get("reason") or ""),
        by=str(found.get("by") or ""),
        by_name=str(found.get("by_name") or ""),
        at=int(found.get("at") or 0),
        note=str(found.get("note") or ""),
        files=tuple(str(one) for one in found.get("files") or ()),
    )


def plain(one: Assessment) -> dict[str, Any]:
    """The whole assessment."""
    return {
        "format": FORMAT,
        "campaign": one.campaign,
        "tenant": one.tenant,
        "framework": one.framework,
        "version": one.version,
        "depth": one.depth.value,
        "answers": [plain_answer(answer) for _, answer in sorted(one.answers.items())],
        "delegations": [
            {"question": two.question, "to": two.to, "to_name": two.to_name, "by": two.by, "at": two.at}
            for _, two in sorted(one.delegations.items())
        ],
        "signed": [
            {
                "by": two.by,
                "by_name": two.by_name,
                "function": two.function,
                "at": two.at,
                "text": two.text,
                "seal": two.seal,
                "score": two.score,
            }
            for two in one.signed
        ],
        "seal": one.seal,
    }


def of_plain(found: Mapping[str, Any]) -> Assessment:
    """Read it back, equal to what was written. Raises `ValueError`, `KeyError` or `TypeError` for what is none."""
    if found.get("format") != FORMAT:
        raise ValueError(f"not {FORMAT}")
    answers = [answer_of(one) for one in found["answers"]]
    return Assessment(
        campaign=found["campaign"],
        tenant=found["tenant"],
        framework=found["framework"],
        version=found["version"],
        depth=Tier(found["depth"]),
        answers={one.question: one for one in answers},
        delegations={one["question"]: Delegation(**one) for one in found["delegations"]},
        signed=tuple(SignOff(**one) for one in found["signed"]),
    )
