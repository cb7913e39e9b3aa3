"""Where a hospital stands, as a document: the result, where its points come from, what to do next, who signed."""

from collections.abc import Mapping, Sequence

from wardwatch.assessment import scores
from wardwatch.assessment.answers import Answer, Assessment, Evidence, Kind, asked
from wardwatch.assessment.framework import Framework, Question
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.reports.parts.cells import cell
from wardwatch.reports.parts.document import Block, Document, Heading, Items, Paragraph, Table

COLUMNS = (
    "domain",
    "pillar",
    "question",
    "asks",
    "answer",
    "step",
    "says",
    "reason",
    "note",
    "by",
    "at",
    "points",
    "most",
)
NEXT = 10
_W = {
    "result": Text("Result by domain", "Résultat par domaine"),
    "domain": Text("Domain", "Domaine"),
    "points": Text("Points of 100", "Points sur 100"),
    "most": Text("Can be reached", "Maximum ici"),
    "answered": Text("Answered", "Réponses"),
    "unknown": Text("Unknown", "Inconnues"),
    "next": Text("What to begin with", "Par quoi commencer"),
    "open": Text("What is not known", "Ce qui n’est pas connu"),
    "apart": Text("What does not apply, and why", "Ce qui est sans objet, et pourquoi"),
    "against": Text("What was seen and speaks against an answer", "Ce qui a été vu et contredit une réponse"),
    "moved": Text("What moved since {name}", "Ce qui a bougé depuis {name}"),
    "answers": Text("All answers", "Toutes les réponses"),
    "signed": Text("Record of the management body (NIS 2, Art. 20)", "Trace de l’organe de direction (NIS 2, art. 20)"),
    "nobody": Text("Nobody has signed yet.", "Personne n’a encore signé."),
    "changed": Text("Answers have changed since.", "Des réponses ont changé depuis."),
    "question": Text("Question", "Question"),
    "answer": Text("Answer", "Réponse"),
    "by": Text("By", "Par"),
    "idk": Text("We do not know", "Nous ne savons pas"),
    "none": Text("Nothing.", "Rien."),
    "now": Text("Now", "Aujourd’hui"),
    "then": Text("Next", "Ensuite"),
    "gain": Text("Points it brings", "Points gagnés"),
    "days": Text("Working days (estimate)", "Jours de travail (estimation)"),
    "before": Text("Before", "Avant"),
    "after": Text("After", "Après"),
    "overall": Text("Overall", "Ensemble"),
}


def document(
    framework: Framework,
    one: Assessment,
    hospital: str,
    language: str,
    *,
    evidence: Mapping[str, Sequence[Evidence]] | None = None,
    earlier: tuple[str, Assessment] | None = None,
) -> Document:
    """The report. `evidence`: question → what was seen; `earlier`: the name of an earlier campaign, and its answers."""

    def say(word: str, **filled: object) -> str:
        return _W[word].in_(language).format(**filled)

    found = scores.result(framework, one)
    blocks: list[Block] = [Heading(say("result")), _domains(framework, found, language)]
    if earlier is not None:
        blocks += [Heading(say("moved", name=earlier[0])), _moved(framework, earlier[1], one, language)]
    blocks += [Heading(say("next")), _next(framework, one, language)]
    blocks += [Heading(say("open")), *_of_kind(framework, one, Kind.UNKNOWN, language)]
    blocks += [Heading(say("apart")), *_of_kind(framework, one, Kind.NOT_APPLICABLE, language)]
    against = [
        f"{framework.by_id[question].ask.in_(language)} {seen.what.in_(language)}"
        for question, some in (evidence or {}).items()
        for seen in some
        if seen.verdict(one.answers.get(question)) == "contradicts"
    ]
    blocks += [Heading(say("against")), Items(against) if against else Paragraph(say("none"))]
    blocks += [Heading(say("signed")), *_signed(one, language)]
    blocks += [Heading(say("answers")), *_answers(framework, one, language)]
    return Document(
        title=f"{framework.name.in_(language)}: {hospital}",
        answer=_answer(found, hospital, language),
        language=language,
        blocks=blocks,
        contents=True,
    )


def _answer(found: scores.Result, hospital: str, language: str) -> str:
    whole = found.overall
    text = Text(
        "{hospital} reaches {points} of {most} points; {answered} of {asked} questions answered, {unknown} unknown.",
        "{hospital} atteint {points} points sur {most} ; {answered} réponses sur {asked}, {unknown} inconnues.",
    )
    return text.in_(language).format(
        hospital=hospital,
        points=whole.points,
        most=whole.most,
        answered=whole.answered,
        asked=whole.asked,
        unknown=whole.unknown,
    )


def _domains(framework: Framework, found: scores.Result, language: str) -> Table:
    names = {one.id: one.name.in_(language) for one in framework.domains}
    rows = [
        (names[id_], str(one.points), str(one.most), f"{one.answered} / {one.asked}", str(one.unknown))
        for id_, one in found.domains.items()
    ]
    whole = found.overall
    rows.append(
        (
            _W["overall"].in_(language),
            str(whole.points),
            str(whole.most),
            f"{whole.answered} / {whole.asked}",
            str(whole.unknown),
        )
    )
    heads = [_W[name].in_(language) for name in ("domain", "points", "most", "answered", "unknown")]
    return Table(_W["result"].in_(language), heads, rows, frozenset({1, 2, 3, 4}))


def _moved(framework: Framework, before: Assessment, after: Assessment, language: str) -> Block:
    moves = scores.compare(framework, before, after).moves
    if not moves:
        return Paragraph(_W["none"].in_(language))
    rows = [
        (
            one.question.ask.in_(language),
            _said(one.question, one.before, language),
            _said(one.question, one.after, language),
            f"{float(one.overall_points):+.1f}",
        )
        for one in moves
    ]
    heads = [_W[name].in_(language) for name in ("question", "before", "after", "points")]
    return Table(_W["points"].in_(language), heads, rows, frozenset({3}))


def _next(framework: Framework, one: Assessment, language: str) -> Block:
    steps = scores.next_steps(framework, one, NEXT)
    if not steps:
        return Paragraph(_W["none"].in_(language))
    rows = [
        (
            two.question.ask.in_(language),
            two.question.steps[two.step].in_(language),
            two.question.guide.start[0].in_(language),
            f"{float(two.gain):.1f}",
            f"{two.question.guide.days[0]}–{two.question.guide.days[1]}",
        )
        for two in steps
    ]
    heads = [_W[name].in_(language) for name in ("question", "now", "then", "gain", "days")]
    return Table(_W["next"].in_(language), heads, rows, frozenset({3, 4}))


def _of_kind(framework: Framework, one: Assessment, kind: Kind, language: str) -> list[Block]:
    found = [
        f"{question.ask.in_(language)} {one.answers[question.id].reason}".strip()
        for question in asked(framework, one)
        if question.id in one.answers and one.answers[question.id].kind is kind
    ]
    return [Items(found) if found else Paragraph(_W["none"].in_(language))]


def _signed(one: Assessment, language: str) -> list[Block]:
    if not one.signed:
        return [Paragraph(_W["nobody"].in_(language))]
    text = Text("{by}, {function}, {at}: {text} ({score} points)", "{by}, {function}, {at} : {text} ({score} points)")
    items = [
        text.in_(language).format(
            by=two.by_name,
            function=two.function,
            at=f"{stamps.moment(two.at):%Y-%m-%d}",
            text=two.text,
            score=two.score,
        )
        + ("" if two.seal == one.seal else f" {_W['changed'].in_(language)}")
        for two in one.signed
    ]
    return [Items(items)]


def _said(question: Question, answer: Answer | None, language: str) -> str:
    if answer is None:
        return "–"
    if answer.step is not None:
        return f"{answer.step}: {question.steps[answer.step].in_(language)}"
    return _W["idk"].in_(language) if answer.kind is Kind.UNKNOWN else answer.reason


def _answers(framework: Framework, one: Assessment, language: str) -> list[Block]:
    blocks: list[Block] = []
    heads = [_W[name].in_(language) for name in ("question", "answer", "by")]
    open_ones = {two.id for two in asked(framework, one)}
    for domain, questions in framework.by_domain(one.depth):
        rows = []
        for question in (two for two in questions if two.id in open_ones):
            answer = one.answers.get(question.id)
            said = _said(question, answer, language)
            if answer is not None and answer.note:
                said = f"{said} — {answer.note}"
            rows.append((question.ask.in_(language), said, answer.by_name if answer else ""))
        if rows:
            blocks += [Heading(domain.name.in_(language), 3), Table(domain.name.in_(language), heads, rows)]
    return blocks


def csv_rows(framework: Framework, one: Assessment, language: str) -> list[list[str]]:
    """Answers as rows of `COLUMNS`, with the points that each brings; cells are defused."""
    shares = scores.result(framework, one).shares
    names = {domain.id: domain.name.in_(language) for domain in framework.domains}
    rows = []
    for question in asked(framework, one):
        answer, share = one.answers.get(question.id), shares[question.id]
        row = [
            names[question.domain],
            question.pillar.value,
            question.id,
            question.ask.in_(language),
            answer.kind.value if answer else "",
            "" if answer is None or answer.step is None else str(answer.step),
            _said(question, answer, language) if answer else "",
            answer.reason if answer else "",
            answer.note if answer else "",
            answer.by_name if answer else "",
            stamps.iso_text(answer.at) if answer else "",
            f"{float(share.overall_points):.2f}",
            f"{float(share.overall_most):.2f}",
        ]
        rows.append([cell(text) for text in row])
    return rows
