"""An assessment in OSCAL 1.1 (NIST): assessment results, and a plan of action and milestones. JSON, by the same model.

An answer is an *observation* (method: interview) and a *finding* that is satisfied from step 3 on; what Wardwatch needs
to read it back stands in a property of ours. Ids are UUID 5 of what they name: the same assessment gives the same file.
"""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

from wardwatch.assessment import interchange, scores
from wardwatch.assessment.answers import Answer, Assessment, Kind, Standing
from wardwatch.assessment.framework import TOP, Framework, Question
from wardwatch.assessment.needs import ENOUGH
from wardwatch.kernel import stamps

VERSION = "1.1.2"
NAMESPACE = "urn:wardwatch:oscal:1"
_ROOT = UUID("6f1d2b0e-2c9a-5d7e-9b1f-0a4c6e8d2f31")


def results(framework: Framework, one: Assessment, hospital: str, language: str) -> dict[str, Any]:
    """Assessment results (OSCAL assessment results model)."""
    answers = [(question, one.answers[question.id]) for question in _answered(framework, one)]
    times = [answer.at for _, answer in answers] or [0]
    return {
        "assessment-results": {
            "uuid": _id(one, "results"),
            "metadata": _metadata(framework, one, f"{framework.name.in_(language)}: {hospital}", max(times)),
            # Who asks oneself has no plan of somebody else's: the framework is the plan.
            "import-ap": {"href": f"#{_id(one, 'plan')}"},
            "results": [
                {
                    "uuid": _id(one, "result"),
                    "title": framework.name.in_(language),
                    "description": framework.about.in_(language),
                    "start": stamps.iso_text(min(times)),
                    "end": stamps.iso_text(max(times)),
                    "reviewed-controls": {"control-selections": [{"include-all": {}}]},
                    **_listed("observations", [_observation(one, *found, language) for found in answers]),
                    **_listed("findings", [_finding(one, *found, language) for found in answers]),
                }
            ],
        }
    }


def plan(framework: Framework, one: Assessment, hospital: str, language: str) -> dict[str, Any]:
    """A plan of action and milestones: every open need with its next step, the gravest first."""
    shares = scores.result(framework, one).shares
    open_ones = [
        question
        for question in framework.at(one.depth)
        if shares[question.id].step < ENOUGH and shares[question.id].standing in (Standing.ANSWERED, Standing.SKIPPED)
    ]
    open_ones.sort(key=lambda two: (-two.weight * (TOP - shares[two.id].step), two.id))
    times = [answer.at for answer in one.answers.values()] or [0]
    found = {
        "uuid": _id(one, "plan-of-action"),
        "metadata": _metadata(framework, one, f"{framework.name.in_(language)}: {hospital}", max(times)),
        "system-id": {"identifier-type": NAMESPACE, "id": one.tenant},
        **_listed("risks", [_risk(one, two, shares[two.id].step, language) for two in open_ones]),
        "poam-items": [_item(one, two, shares[two.id].step, language) for two in open_ones],
    }
    if not open_ones:  # the model wants at least one
        nothing = {
            "uuid": _id(one, "nothing"),
            "title": "No open need",
            "description": "Every question stands at step 3.",
        }
        found["poam-items"] = [nothing]
    return {"plan-of-action-and-milestones": found}


def _listed(name: str, some: list[dict[str, Any]]) -> dict[str, Any]:
    """A list of the model, which may not be empty."""
    return {name: some} if some else {}


def _answered(framework: Framework, one: Assessment) -> Iterator[Question]:
    """The questions with an answer, in the framework's order."""
    return (question for question in framework.questions if question.id in one.answers)


def _id(one: Assessment, *names: str) -> str:
    return str(uuid5(_ROOT, "\x1f".join((one.campaign, one.tenant, one.framework, *names))))


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": NAMESPACE, "value": value}


def _metadata(framework: Framework, one: Assessment, title: str, at: int) -> dict[str, Any]:
    return {
        "title": title,
        "last-modified": stamps.iso_text(at),
        "version": one.seal,
        "oscal-version": VERSION,
        "props": [
            _property("framework", framework.id),
            _property("framework-version", str(framework.version)),
            _property("depth", one.depth.value),
        ],
    }


def _observation(one: Assessment, question: Question, answer: Answer, language: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": _id(one, "observation", question.id),
        "title": question.ask.in_(language),
        "description": _words(question, answer, language),
        "props": [_property("answer", json.dumps(interchange.plain_answer(answer), ensure_ascii=True))],
        "methods": ["INTERVIEW"],
        "collected": stamps.iso_text(answer.at),
    }
    if answer.note.strip():
        found["remarks"] = answer.note
    return found


def _words(question: Question, answer: Answer, language: str) -> str:
    if answer.kind is Kind.STEP and answer.step is not None:
        return question.steps[answer.step].in_(language)
    if answer.kind is Kind.UNKNOWN:
        return {"fr": "Nous ne savons pas."}.get(language, "We do not know.")
    return answer.reason


def _finding(one: Assessment, question: Question, answer: Answer, language: str) -> dict[str, Any]:
    satisfied = answer.kind is Kind.NOT_APPLICABLE or (answer.step or 0) >= ENOUGH
    state = "other" if answer.kind is Kind.NOT_APPLICABLE else "pass" if satisfied else "fail"
    return {
        "uuid": _id(one, "finding", question.id),
        "title": question.ask.in_(language),
        "description": _words(question, answer, language),
        "props": [
            _property(name, number.replace(" ", "_")) for name, numbers in question.maps.items() for number in numbers
        ]
        or [_property("pillar", question.pillar.value)],
        "target": {
            "type": "objective-id",
            "target-id": question.id,
            "status": {"state": "satisfied" if satisfied else "not-satisfied", "reason": state},
        },
        "related-observations": [{"observation-uuid": _id(one, "observation", question.id)}],
    }


def _risk(one: Assessment, question: Question, step: int, language: str) -> dict[str, Any]:
    return {
        "uuid": _id(one, "risk", question.id),
        "title": question.ask.in_(language),
        "description": question.steps[step].in_(language),
        "statement": question.guide.why.in_(language),
        "status": "open",
        "remediations": [
            {
                "uuid": _id(one, "remediation", question.id),
                "lifecycle": "recommendation",
                "title": question.steps[step + 1].in_(language),
                "description": question.guide.start[0].in_(language),
                "tasks": [
                    {
                        "uuid": _id(one, "task", question.id, str(place)),
                        "type": "action",
                        "title": start.in_(language),
                    }
                    for place, start in enumerate(question.guide.start)
                ],
            }
        ],
    }


def _item(one: Assessment, question: Question, step: int, language: str) -> dict[str, Any]:
    days = question.guide.days
    return {
        "uuid": _id(one, "item", question.id),
        "title": question.ask.in_(language),
        "description": question.steps[step + 1].in_(language),
        "props": [
            _property("question", question.id),
            _property("step", str(step)),
            _property("weight", str(question.weight)),
            _property("pillar", question.pillar.value),
            _property("working-days", f"{days[0]}-{days[1]}"),
        ],
        "related-risks": [{"risk-uuid": _id(one, "risk", question.id)}],
    }


def said(found: dict[str, Any]) -> tuple[tuple[object, object], Iterator[Any]]:
    """The framework and version that results are of, and their answers; what has none is passed over."""
    whole = found["assessment-results"]
    whole = whole if isinstance(whole, dict) else {}
    named = dict(_properties(whole.get("metadata")))
    version = named.get("framework-version", "")
    number = int(version) if version.isascii() and version.isdigit() and len(version) <= len("999999") else None
    return (named.get("framework"), number), _answers(whole)


def _answers(whole: dict[str, Any]) -> Iterator[Any]:
    for result in _dicts(whole.get("results")):
        for observation in _dicts(result.get("observations")):
            value = dict(_properties(observation)).get("answer")
            if value is not None:
                try:
                    yield json.loads(value)
                except (ValueError, RecursionError):
                    yield None


def _dicts(some: object) -> Iterator[dict[str, Any]]:
    return (one for one in some if isinstance(one, dict)) if isinstance(some, list) else iter(())


def _properties(part: object) -> Iterator[tuple[str, str]]:
    for one in _dicts(part.get("props") if isinstance(part, dict) else None):
        name, value = one.get("name"), one.get("value")
        if one.get("ns") == NAMESPACE and isinstance(name, str) and isinstance(value, str):
            yield name, value
