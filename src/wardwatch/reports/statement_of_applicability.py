"""The statement of applicability (ISO/IEC 27001:2022, 6.1.3 d): every control of Annex A, how it stands, and by what.

What questions say is filled in. A control without a question, or without an answer, is not said to be met: somebody
must decide it.
"""

from collections.abc import Mapping

from wardwatch.assessment import annex
from wardwatch.assessment.answers import Answer, Assessment, Kind
from wardwatch.assessment.framework import TOP, Framework, Question
from wardwatch.assessment.needs import ENOUGH
from wardwatch.kernel.bilingual import Text
from wardwatch.reports.parts.document import Document, Heading, Paragraph, Table

_THEMES = {
    "5": Text("Organisation", "Organisation"),
    "6": Text("People", "Personnes"),
    "7": Text("Buildings and equipment", "Bâtiments et matériel"),
    "8": Text("Technology", "Technique"),
}
_MET = Text("met", "couvert")
_PARTLY = Text("partly", "en partie")
_NOT = Text("not met", "non couvert")
_APART = Text("does not apply", "sans objet")
_OPEN = Text("to be decided", "à décider")
_HEADS = (
    Text("Control", "Mesure"),
    Text("About", "Objet"),
    Text("Applies", "Applicable"),
    Text("Stands", "État"),
    Text("Why, and by what", "Pourquoi, et par quoi"),
)


def document(hospital: str, answers: Mapping[str, tuple[Framework, Assessment]], language: str) -> Document:
    """The whole statement."""
    asked = _by_control(answers)
    counted = {text.en: 0 for text in (_MET, _PARTLY, _NOT, _APART, _OPEN)}
    blocks: list[Heading | Paragraph | Table] = []
    yes, no = Text("yes", "oui").in_(language), Text("no", "non").in_(language)
    for theme, name in _THEMES.items():
        rows = []
        for number, about in annex.controls().items():
            if number.split(".")[1] != theme:
                continue
            some = asked.get(number, ())
            stands = _stands(some)
            counted[stands.en] += 1
            applies = no if stands is _APART else yes
            rows.append((number, about.in_(language), applies, stands.in_(language), _why(some, language)))
        blocks.append(Heading(name.in_(language)))
        blocks.append(Table(name.in_(language), [text.in_(language) for text in _HEADS], rows))
    note = Text(
        "A control applies unless a reason says why not. “To be decided”: no question of Wardwatch speaks of it, or"
        " it has no answer yet.",
        "Une mesure est applicable sauf raison contraire. « À décider » : aucune question de Wardwatch n’en parle, ou"
        " la réponse manque.",
    )
    answer = Text(
        "{n} controls: {met} met, {partly} partly, {not_met} not met, {apart} do not apply, {open} to be decided.",
        "{n} mesures : {met} couvertes, {partly} en partie, {not_met} non couvertes, {apart} sans objet,"
        " {open} à décider.",
    )
    return Document(
        title=f"{Text('Statement of applicability', 'Déclaration d’applicabilité').in_(language)}: {hospital}",
        answer=answer.in_(language).format(
            n=len(annex.controls()),
            met=counted[_MET.en],
            partly=counted[_PARTLY.en],
            not_met=counted[_NOT.en],
            apart=counted[_APART.en],
            open=counted[_OPEN.en],
        ),
        language=language,
        blocks=[Paragraph(note.in_(language), note=True), *blocks],
    )


Asked = tuple[tuple[Question, Answer | None], ...]


def _by_control(answers: Mapping[str, tuple[Framework, Assessment]]) -> dict[str, Asked]:
    found: dict[str, list[tuple[Question, Answer | None]]] = {}
    for framework, one in answers.values():
        for question in framework.at(one.depth):
            for number in question.maps.get("iso", ()):
                found.setdefault(number, []).append((question, one.answers.get(question.id)))
    return {number: tuple(some) for number, some in found.items()}


def _stands(some: Asked) -> Text:
    """By the answers that there are: all at step 3 or more is met, none partly or not; nothing answered is open."""
    said = [answer for _, answer in some if answer is not None]
    if not said:
        return _OPEN
    if all(one.kind is Kind.NOT_APPLICABLE for one in said):
        return _APART
    steps = [one.step or 0 for one in said if one.kind is not Kind.NOT_APPLICABLE]
    if len(said) == len(some) and min(steps) >= ENOUGH:
        return _MET
    return _NOT if max(steps) == 0 else _PARTLY


def _why(some: Asked, language: str) -> str:
    parts = []
    for question, answer in some:
        if answer is None:
            continue
        if answer.kind is Kind.STEP and answer.step is not None:
            parts.append(f"{question.steps[answer.step].in_(language)} ({answer.step}/{TOP})")
        elif answer.kind is Kind.NOT_APPLICABLE:
            parts.append(answer.reason)
        else:
            parts.append(Text("not known", "pas connu").in_(language))
    return "; ".join(dict.fromkeys(parts))
