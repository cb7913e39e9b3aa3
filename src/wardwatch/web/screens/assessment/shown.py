"""Assessments as screens show them: plain values."""

from typing import Any

from wardwatch.assessment.answers import Answer, Evidence, Standing, standing
from wardwatch.assessment.framework import Framework, Question
from wardwatch.records.queries.assessment import Listed
from wardwatch.usecases.assessment import Opened


def head(found: Opened) -> dict[str, Any]:
    """What every page of an assessment says of it."""
    overall = found.result.overall
    one = found.listed
    return {
        "id": one.id,
        "name": one.campaign_name,
        "hospital": one.hospital,
        "tenant": one.tenant,
        "size": one.size,
        "framework": found.framework.id,
        "framework_name": found.framework.name,
        "depth": one.depth,
        "asked": len(found.questions),
        "answered": sum(question.id in found.value.answers for question in found.questions),
        "unknown": overall.unknown,
        "closes_at": one.closes_at,
    }


def listed(one: Listed, framework: Framework | None) -> dict[str, Any]:
    """An assessment in a list."""
    return {
        "id": one.id,
        "name": one.campaign_name,
        "hospital": one.hospital,
        "tenant": one.tenant,
        "framework": one.framework,
        "framework_name": framework.name if framework else one.framework,
        "depth": one.depth,
        "points": one.figures["points"],
        "most": one.figures["most"],
        "asked": one.figures["asked"],
        "answered": one.figures["answered"],
        "unknown": one.figures["unknown"],
        "changed_at": one.changed_at,
    }


def answered(answer: Answer | None, question: Question) -> dict[str, Any] | None:
    """An answer in words."""
    if answer is None:
        return None
    return {
        "kind": answer.kind.value,
        "step": answer.step,
        "words": question.steps[answer.step] if answer.step is not None else None,
        "choice": str(answer.step) if answer.step is not None else answer.kind.value,
        "reason": answer.reason,
        "note": answer.note,
        "by": answer.by_name,
        "at": answer.at,
    }


def asked(found: Opened, question: Question) -> dict[str, Any]:
    """A question with its answer."""
    delegation = found.value.delegations.get(question.id)
    return {
        "id": question.id,
        "domain": question.domain,
        "ask": question.ask,
        "steps": list(enumerate(question.steps)),
        "tier": question.tier.value,
        "standing": standing(found.framework, found.value, question).value,
        "answer": answered(found.value.answers.get(question.id), question),
        "delegated": {"to": delegation.to_name, "at": delegation.at} if delegation else None,
    }


def evidence(some: tuple[Evidence, ...], answer: Answer | None) -> list[dict[str, Any]]:
    """What was seen, and what it says to an answer."""
    return [{"what": one.what, "source": one.source, "at": one.at, "verdict": one.verdict(answer)} for one in some]


def domains(found: Opened) -> list[dict[str, Any]]:
    """The domains with their questions, as far as these are asked, and their scores."""
    result, here = found.result, {one.id for one in found.questions}
    whole = []
    for domain, questions in found.framework.by_domain(found.value.depth):
        shown = [asked(found, one) for one in questions if one.id in here]
        score = result.domains[domain.id]
        whole.append(
            {
                "id": domain.id,
                "name": domain.name,
                "questions": shown,
                "answered": sum(one["answer"] is not None for one in shown),
                "next": next((one["id"] for one in shown if one["answer"] is None), shown[0]["id"] if shown else ""),
                "points": score.points,
                "most": score.most,
                "level": score.level,
                "unknown": score.unknown,
                "skipped": sum(standing(found.framework, found.value, one) is Standing.SKIPPED for one in questions),
            }
        )
    return whole
