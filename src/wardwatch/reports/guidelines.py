"""The guidelines of a framework as a book: for each question why, how to find out, what good is, first steps."""

from wardwatch.assessment.framework import MAPPED, PILLARS, SIZES, Framework, Question, Tier
from wardwatch.kernel.bilingual import Text
from wardwatch.reports.parts.document import Block, Document, Heading, Items, Paragraph

_W = {
    "answer": Text(
        "{n} questions in {d} domains, with help for each. Nothing here asks for a specialist.",
        "{n} questions dans {d} domaines, avec une aide pour chacune. Rien ici ne demande un spécialiste.",
    ),
    "deeper": Text("Asked when a hospital looks deeper.", "Posée quand l’établissement approfondit."),
    "steps": Text("The five steps", "Les cinq paliers"),
    "why": Text("Why we ask", "Pourquoi cette question"),
    "find": Text("How to find out", "Comment le savoir"),
    "good": Text("What good looks like", "Ce qui est bien"),
    "start": Text("First steps", "Premiers pas"),
    "effort": Text("About {a} to {b} working days (estimate).", "Environ {a} à {b} jours de travail (estimation)."),
    "law": Text("Law and standards", "Loi et normes"),
    "small": Text("Small house", "Petit établissement"),
    "medium": Text("Medium house", "Établissement moyen"),
    "large": Text("Large house", "Grand établissement"),
    "source": Text("Source", "Source"),
    "pillar": Text("Pillar of the EU action plan: {x}", "Pilier du plan d’action de l’UE : {x}"),
}


def document(framework: Framework, language: str) -> Document:
    """The whole book."""
    blocks: list[Block] = []
    for domain in framework.domains:
        blocks.append(Heading(domain.name.in_(language)))
        for question in framework.questions:
            if question.domain == domain.id:
                blocks += _question(question, language)
    return Document(
        title=framework.name.in_(language),
        answer=_say("answer", language, n=len(framework.questions), d=len(framework.domains)),
        language=language,
        blocks=blocks,
        contents=True,
    )


def _say(name: str, language: str, **filled: object) -> str:
    return _W[name].in_(language).format(**filled)


def _question(one: Question, language: str) -> list[Block]:
    guide = one.guide
    blocks: list[Block] = [Heading(one.ask.in_(language), 3)]
    if one.tier is Tier.DEEPER:
        blocks.append(Paragraph(_say("deeper", language), note=True))
    blocks += [Heading(_say("why", language), 4), Paragraph(guide.why.in_(language))]
    if guide.incident is not None:
        blocks.append(Paragraph(guide.incident.text.in_(language)))
        blocks.append(Paragraph(f"{_say('source', language)}: {guide.incident.source}", note=True))
    blocks += [Heading(_say("find", language), 4), Paragraph(guide.find.in_(language))]
    steps = [f"{step}: {words.in_(language)}" for step, words in enumerate(one.steps)]
    blocks += [Heading(_say("steps", language), 4), Items(steps)]
    good = [f"{_say(size, language)}: {guide.good[size].in_(language)}" for size in SIZES]
    blocks += [Heading(_say("good", language), 4), Items(good)]
    start = [words.in_(language) for words in guide.start]
    blocks += [Heading(_say("start", language), 4), Items(start, numbered=True)]
    blocks.append(Paragraph(_say("effort", language, a=guide.days[0], b=guide.days[1]), note=True))
    blocks.append(Paragraph(_say("pillar", language, x=PILLARS[one.pillar].in_(language)), note=True))
    if one.maps:
        numbers = "; ".join(f"{MAPPED[name]}: {', '.join(some)}" for name, some in one.maps.items())
        blocks.append(Paragraph(f"{_say('law', language)}: {numbers}", note=True))
    return blocks
