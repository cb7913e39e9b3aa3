"""Guidelines as a book: a chapter for each domain, a section for each question."""

from wardwatch.assessment import loading
from wardwatch.kernel.errors import AccessError
from wardwatch.usecases import assessment_documents
from wardwatch.usecases.assessment import frameworks
from wardwatch.usecases.roles import Permission
from wardwatch.web.attached import attached
from wardwatch.web.guideline import guide
from wardwatch.web.screen import Answer, Asked, Page, Screen


def book(asked: Asked) -> Answer:  # noqa: ARG001
    """The contents."""
    data = {
        "books": [
            {
                "id": one.id,
                "name": one.name,
                "about": one.about,
                "chapters": [
                    {
                        "id": domain.id,
                        "name": domain.name,
                        "count": sum(two.domain == domain.id for two in one.questions),
                    }
                    for domain in one.domains
                ],
            }
            for one in frameworks()
        ]
    }
    return Page("guidelines/book.html", data, more={"forms": {"pdf": "PDF", "docx": "Word", "html": "HTML"}})


def chapter(asked: Asked, framework: str, domain: str) -> Answer:  # noqa: ARG001
    """One chapter."""
    found = loading.shipped().get(framework)
    here = next((one for one in found.domains if one.id == domain), None) if found else None
    if found is None or here is None:
        raise AccessError("not found, or not yours")
    place = found.domains.index(here)
    data = {
        "framework": {"id": found.id, "name": found.name},
        "domain": here,
        "questions": [
            {"id": one.id, "ask": one.ask, "steps": one.steps, "guide": guide(one), "tier": one.tier.value}
            for one in found.questions
            if one.domain == domain
        ],
        "before": found.domains[place - 1] if place else None,
        "after": found.domains[place + 1] if place + 1 < len(found.domains) else None,
    }
    return Page("guidelines/chapter.html", data)


def export(asked: Asked, framework: str, form: str) -> Answer:
    """A whole book as a file."""
    made = assessment_documents.book(framework, form, asked.language)
    return attached(made, assessment_documents.FORMS[form], f"guidelines-{framework}-{asked.language}")


SCREENS = (
    Screen("guidelines", "guidelines", Permission.SEE_ASSESSMENT, book),
    Screen("guidelines/<str:framework>/export/<str:form>", "guidelines-export", Permission.SEE_ASSESSMENT, export),
    Screen("guidelines/<str:framework>/<str:domain>", "guideline", Permission.SEE_ASSESSMENT, chapter),
)
