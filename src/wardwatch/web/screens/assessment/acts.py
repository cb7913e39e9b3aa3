"""Answer, ask others, show, go deeper, sign."""

from django.http import FileResponse, HttpResponse

from wardwatch.assessment.answers import unanswered
from wardwatch.estate.importing import MAX_BYTES
from wardwatch.kernel.errors import InputError
from wardwatch.usecases import assessment as usecase
from wardwatch.usecases.assessment import Said
from wardwatch.web.screen import Answer, Asked, Page, back
from wardwatch.web.screens.assessment.results import signing
from wardwatch.web.screens.assessment.views import asked_page
from wardwatch.web.tags import french


def _wrong(asked: Asked, error: InputError) -> tuple[str, str]:
    """The field, and what is wrong in the person's language."""
    said = f"{error.said.in_(asked.language)}. {error.advice.in_(asked.language)}"
    return (error.where or "answer", french(said) if asked.language == "fr" else said)


def begin(asked: Asked) -> Answer:
    """Begin an assessment of a hospital's own."""
    id_ = usecase.begin(
        asked.actor, asked.sent("tenant"), asked.sent("framework"), asked.sent("name", longest=120), now=asked.now
    )
    return back(asked, f"/assessment/{id_}")


def answer(asked: Asked, assessment: str, question: str) -> Answer:
    """Keep an answer, then go on to the next question that is open."""
    typed = {name: asked.sent(name, longest=2001) for name in ("choice", "reason", "note")}
    silent = asked.request.headers.get("X-Autosave") == "1"
    try:
        said = Said.parse(typed["choice"], typed["reason"], typed["note"])
        usecase.answer(asked.actor, assessment, question, said, now=asked.now)
    except InputError as error:
        if silent:
            return HttpResponse(status=422)
        return asked_page(asked, assessment, question, wrong=_wrong(asked, error), typed=typed)
    return HttpResponse(status=204) if silent else back(asked, _next(asked, assessment, question))


def _next(asked: Asked, assessment: str, question: str) -> str:
    """The address of the next open question behind this one, else of any open one, else of the check."""
    found = usecase.opened(asked.actor, assessment)
    order = [one.id for one in found.framework.at(found.value.depth)]
    waiting = [one.id for one in unanswered(found.framework, found.value)]
    behind = [one for one in waiting if order.index(one) > order.index(question)]
    target = next(iter(behind or waiting), "")
    return f"/assessment/{assessment}/ask/{target}" if target else f"/assessment/{assessment}/check"


def take(asked: Asked, assessment: str) -> Answer:
    """Take answers out of a workbook, and show what was not right."""
    file = asked.request.FILES.get("file")
    if file is None or (file.size or 0) > MAX_BYTES:
        raise InputError(
            "choose a workbook of at most 10 MB", fr="choisissez un classeur de 10 Mo au plus", where="file"
        )
    taken, new = usecase.take(asked.actor, assessment, file.read(), asked.now)
    data = {"id": assessment, "read": len(taken.filled), "new": new, "problems": taken.problems}
    return Page("assessment/taken.html", data)


def delegate(asked: Asked, assessment: str, question: str) -> Answer:
    """Ask somebody else."""
    try:
        usecase.delegate(asked.actor, assessment, question, asked.sent("to"), now=asked.now)
    except InputError as error:
        return asked_page(asked, assessment, question, wrong=("to", error.said.in_(asked.language)))
    return back(asked, f"/assessment/{assessment}/ask/{question}")


def attach(asked: Asked, assessment: str, question: str) -> Answer:
    """Keep a file that shows the answer."""
    file = asked.request.FILES.get("file")
    try:
        if file is None:
            raise InputError("choose a file", fr="choisissez un fichier", where="file")  # noqa: TRY301
        usecase.attach(asked.actor, assessment, question, str(file.name), file.chunks(), now=asked.now)
    except InputError as error:
        return asked_page(asked, assessment, question, wrong=("file", error.said.in_(asked.language)))
    return back(asked, f"/assessment/{assessment}/ask/{question}")


def kept(asked: Asked, assessment: str, file: str) -> Answer:  # noqa: ARG001  (a part of the address)
    """Hand out a file that shows an answer; noted."""
    path, name = usecase.kept(asked.actor, file, asked.now)
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream")


def deepen(asked: Asked, assessment: str) -> Answer:
    """Go on to all questions."""
    usecase.deepen(asked.actor, assessment, asked.now)
    return back(asked, f"/assessment/{assessment}")


def sign(asked: Asked, assessment: str) -> Answer:
    """Sign for the management body."""
    typed = {"function": asked.sent("function", longest=120), "text": asked.sent("text", longest=1000)}
    try:
        usecase.sign(
            asked.actor,
            assessment,
            typed["function"],
            typed["text"],
            seal=asked.sent("seal", longest=32),
            now=asked.now,
        )
    except InputError as error:
        return signing(asked, assessment, wrong=_wrong(asked, error), typed=typed)
    return back(asked, f"/assessment/{assessment}/sign")
