"""Look at assessments and their questions."""

from typing import Any

from wardwatch.assessment import loading
from wardwatch.assessment.answers import Kind
from wardwatch.kernel.errors import AccessError
from wardwatch.records.queries import assessment as queries
from wardwatch.records.queries import estate
from wardwatch.usecases import assessment as usecase
from wardwatch.usecases import assessment_documents
from wardwatch.usecases.roles import Permission
from wardwatch.web.attached import attached
from wardwatch.web.guideline import guide
from wardwatch.web.screen import Answer, Asked, Page, Table
from wardwatch.web.screens.assessment import shown

_COLUMNS = ("hospital", "name", "framework", "points", "most", "asked", "answered", "unknown")


def listed(asked: Asked) -> Answer:
    """Assessments, the newest first; what waits for this person; a form to begin another one."""
    known = loading.shipped()
    rows = [shown.listed(one, known.get(one.framework)) for one in usecase.listed(asked.actor)]
    may = asked.actor.scope(Permission.ANSWER)
    data: dict[str, Any] = {
        "rows": rows,
        "waiting": usecase.asked_of(asked.actor),
        "hospitals": [one for one in estate.hospitals(may) if one.kind in {"hospital", "laboratory"}],
        "frameworks": [{"id": one.id, "name": one.name, "about": one.about} for one in usecase.frameworks()],
        "open": sum(one["answered"] < one["asked"] for one in rows),
    }
    return Page("assessment/list.html", data, Table(_COLUMNS, [[row[name] for name in _COLUMNS] for row in rows]))


def tasks(asked: Asked, assessment: str) -> Answer:
    """The task list: domains with their questions and how far they are."""
    found = usecase.opened(asked.actor, assessment)
    whole = shown.domains(found)
    data = {
        "assessment": shown.head(found),
        "domains": whole,
        "next": next((one["next"] for one in whole if one["answered"] < len(one["questions"])), ""),
        "may_answer": asked.actor.can(Permission.ANSWER, found.listed.tenant),
        "signed": found.value.signed,
        "valid": found.value.valid_signature is not None,
    }
    return Page("assessment/tasks.html", data)


def ask(asked: Asked, assessment: str, question: str) -> Answer:
    """One question, its guideline beside it, what was seen, who answered what before."""
    return asked_page(asked, assessment, question)


def asked_page(
    asked: Asked,
    assessment: str,
    question: str,
    *,
    wrong: tuple[str, str] = ("", ""),
    typed: dict[str, str] | None = None,
) -> Page:
    """The page of a question; `wrong` is a field and what is wrong with it, `typed` what the person had typed."""
    found = usecase.opened(asked.actor, assessment)
    here = [one.id for one in found.questions]
    one = found.framework.by_id.get(question)
    if one is None or one not in found.framework.at(found.value.depth):
        raise AccessError("not found, or not yours")
    answer = found.value.answers.get(question)
    place = here.index(question) if question in here else 0
    in_domain = [id_ for id_ in here if found.framework.by_id[id_].domain == one.domain]
    may = asked.actor.can(Permission.ANSWER, found.listed.tenant)
    question_shown = shown.asked(found, one)
    data = {
        "assessment": shown.head(found),
        "question": question_shown,
        "guide": guide(one),
        "domain": next(two for two in found.framework.domains if two.id == one.domain),
        "number": in_domain.index(question) + 1 if question in in_domain else 1,
        "of": len(in_domain),
        "evidence": shown.evidence(usecase.evidence(found, asked.now).get(question, ()), answer),
        "history": [shown.answered(two, one) for two in queries.history(assessment, question)],
        "files": queries.files(assessment, question),
        "before": here[place - 1] if place else "",
        "may_answer": may,
    }
    more = {
        "people": usecase.who_may_answer(found, asked.now) if may else (),
        "wrong": {"field": wrong[0], "what": wrong[1]} if wrong[1] else None,
        "typed": typed or question_shown["answer"] or {},
    }
    return Page("assessment/ask.html", data, more=more, status=422 if wrong[1] else 200)


def cards(asked: Asked, assessment: str, domain: str) -> Answer:
    """All questions of a domain on one page, each saved when it is changed."""
    found = usecase.opened(asked.actor, assessment, Permission.ANSWER)
    whole = shown.domains(found)
    here = next((one for one in whole if one["id"] == domain), None)
    if here is None:
        raise AccessError("not found, or not yours")
    data = {
        "assessment": shown.head(found),
        "domain": here,
        "domains": [{"id": one["id"], "name": one["name"]} for one in whole],
    }
    return Page("assessment/cards.html", data)


def check(asked: Asked, assessment: str) -> Answer:
    """All answers, to read once more: what is open, unknown, or spoken against by what was seen."""
    found = usecase.opened(asked.actor, assessment)
    whole = shown.domains(found)
    against = [
        {"id": question, "ask": found.framework.by_id[question].ask, "what": one["what"]}
        for question, some in usecase.evidence(found, asked.now).items()
        for one in shown.evidence(some, found.value.answers.get(question))
        if one["verdict"] == "contradicts"
    ]
    open_ones = [one for domain in whole for one in domain["questions"] if one["answer"] is None]
    unknown = [
        one for domain in whole for one in domain["questions"] if (one["answer"] or {}).get("kind") == Kind.UNKNOWN
    ]
    data = {
        "assessment": shown.head(found),
        "domains": whole,
        "open": [{"id": one["id"], "ask": one["ask"]} for one in open_ones],
        "unknown": [{"id": one["id"], "ask": one["ask"]} for one in unknown],
        "against": against,
        "may_answer": asked.actor.can(Permission.ANSWER, found.listed.tenant),
    }
    rows = [
        [
            domain["name"].in_(asked.language),
            one["id"],
            one["ask"].in_(asked.language),
            (one["answer"] or {}).get("choice", ""),
            (one["answer"] or {}).get("reason", ""),
            (one["answer"] or {}).get("note", ""),
            (one["answer"] or {}).get("by", ""),
        ]
        for domain in whole
        for one in domain["questions"]
    ]
    return Page(
        "assessment/check.html", data, Table(("domain", "id", "question", "answer", "reason", "note", "by"), rows)
    )


def export(asked: Asked, assessment: str, form: str) -> Answer:
    """The assessment as a file; noted."""
    made = assessment_documents.export(asked.actor, assessment, form, asked.language, asked.now)
    return attached(made, assessment_documents.FORMS[form], f"assessment-{assessment}")
