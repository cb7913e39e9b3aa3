"""The NIS 2 file of a house: what it is and why, its registration, Art. 20, evidence by article, gaps, suppliers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from wardwatch.assessment import scores
from wardwatch.assessment.answers import Assessment, Kind, Standing
from wardwatch.assessment.entity import Standing as EntityStanding
from wardwatch.assessment.entity import Verdict
from wardwatch.assessment.framework import Framework, Question
from wardwatch.assessment.needs import ENOUGH
from wardwatch.assessment.states import State
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.reports.parts.document import Block, Document, Heading, Items, Paragraph, Table

ARTICLES: Mapping[str, Text] = {
    "20": Text("Management body", "Organe de direction"),
    "21(2)(a)": Text("Risk and policies", "Risques et politiques"),
    "21(2)(b)": Text("Handling of incidents", "Gestion des incidents"),
    "21(2)(c)": Text("Continuity, backup, crisis", "Continuité, sauvegarde, crise"),
    "21(2)(d)": Text("Suppliers", "Fournisseurs"),
    "21(2)(e)": Text("Buying, developing, maintaining; flaws", "Achat, développement, maintenance ; failles"),
    "21(2)(f)": Text("Whether measures work", "Efficacité des mesures"),
    "21(2)(g)": Text("Hygiene and training", "Hygiène et formation"),
    "21(2)(h)": Text("Cryptography", "Cryptographie"),
    "21(2)(i)": Text("People, access, assets", "Personnes, accès, biens"),
    "21(2)(j)": Text("Second factor, secured communication", "Second facteur, communications sécurisées"),
    "23": Text("Reporting of incidents", "Notification des incidents"),
}
_STANDINGS = {
    EntityStanding.ESSENTIAL: Text("Essential entity", "Entité essentielle"),
    EntityStanding.IMPORTANT: Text("Important entity", "Entité importante"),
    EntityStanding.OUTSIDE: Text("Outside of NIS 2", "Hors de NIS 2"),
    EntityStanding.UNKNOWN: Text("Not decided", "Non décidé"),
}
_W = {
    "what": Text("What the house is", "Ce qu’est l’établissement"),
    "rule": Text("The rule that decided", "La règle qui a décidé"),
    "missing": Text("Missing facts", "Faits manquants"),
    "registration": Text(
        "Registration with the authority (Art. 3(4))", "Enregistrement auprès de l’autorité (art. 3(4))"
    ),
    "state": Text("In {name}", "Pour {name}"),
    "management": Text("Management body (Art. 20)", "Organe de direction (art. 20)"),
    "evidence": Text("Evidence by article and letter", "Preuves par article et lettre"),
    "gaps": Text("What is missing", "Ce qui manque"),
    "suppliers": Text(
        "Register of suppliers (Art. 21(2)(d), 21(3))", "Registre des fournisseurs (art. 21(2)(d), 21(3))"
    ),
    "nobody": Text("Nobody has signed yet.", "Personne n’a encore signé."),
    "none": Text("None.", "Aucun."),
    "not": Text("not stated", "non renseigné"),
    "nodate": Text("no date set", "pas de date"),
    "late": Text("overdue", "en retard"),
    "unassessed": Text("no question answered", "aucune question répondue"),
}
FACTS = {
    "staff": Text("people", "personnes"),
    "turnover": Text("turnover", "chiffre d’affaires"),
    "balance": Text("balance sheet total", "total du bilan"),
}
FIELDS = {
    "name": Text("Name", "Nom"),
    "address": Text("Address", "Adresse"),
    "registration_number": Text("Number at the authority", "Numéro auprès de l’autorité"),
    "registered_on": Text("Registered on", "Enregistré le"),
    "contact": Text("Contact, e-mail and telephone", "Contact, courriel et téléphone"),
    "ranges": Text("Ranges of internet addresses", "Plages d’adresses internet"),
    "services": Text("Member States where it serves", "États membres desservis"),
}


@dataclass(frozen=True, slots=True)
class Registration:
    """What the authority registers (Art. 3(4)); an empty field is not stated."""

    name: str = ""
    address: str = ""
    registration_number: str = ""
    registered_on: str = ""
    contact: str = ""
    ranges: str = ""
    services: str = ""


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier. `notifies`: hours within which it must tell of an incident; `until`: when its contract ends."""

    name: str
    what: str
    contact: str = ""
    reaches_in: bool = False
    holds_data: bool = False
    stops_care: bool = False
    notifies: int | None = None
    until: date | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """By when a gap is closed, and by whom."""

    due: date
    owner: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A question below step 3 that NIS 2 asks about; `step` `None`: unknown."""

    question: Question
    step: int | None


Answers = Mapping[str, tuple[Framework, Assessment]]


def articles(question: Question) -> tuple[str, ...]:
    """The articles and letters of `ARTICLES` that a question belongs to: 23(4) belongs to 23."""
    numbers = question.maps.get("nis2", ())
    return tuple(
        article for article in ARTICLES if any(one == article or one.startswith(f"{article}(") for one in numbers)
    )


def gaps(answers: Answers) -> tuple[Gap, ...]:
    """What is missing, the heaviest first; each question once, as its newest assessment has it."""
    found = []
    for framework, one in answers.values():
        shares = scores.result(framework, one).shares
        for question in framework.at(one.depth):
            share = shares[question.id]
            answer = one.answers.get(question.id)
            if not articles(question) or share.standing not in (Standing.ANSWERED, Standing.SKIPPED):
                continue
            if share.step < ENOUGH:
                unknown = answer is not None and answer.kind is Kind.UNKNOWN
                found.append(Gap(question, None if unknown else share.step))
    return tuple(sorted(found, key=lambda one: (-one.question.weight, one.step or 0, one.question.id)))


def document(
    registration: Registration,
    verdict: Verdict,
    state: State | None,
    answers: Answers,
    suppliers: Sequence[Supplier],
    *,
    dues: Mapping[str, Due],
    language: str,
    today: date,
) -> Document:
    """The file, in one language."""

    def say(word: str, **filled: object) -> str:
        return _W[word].in_(language).format(**filled)

    open_ones = gaps(answers)
    blocks: list[Block] = [
        Heading(say("what")),
        Paragraph(f"{_STANDINGS[verdict.standing].in_(language)}. {verdict.why.in_(language)}"),
        Paragraph(f"{say('rule')}: {verdict.rule}, Directive (EU) 2022/2555", note=True),
    ]
    if verdict.missing:
        facts = ", ".join(FACTS[name].in_(language) for name in verdict.missing)
        blocks.append(Paragraph(f"{say('missing')}: {facts}", note=True))
    blocks += [Heading(say("registration")), _registration(registration, language)]
    if state is not None:
        blocks += [Heading(say("state", name=state.name.in_(language))), *_state(state, language)]
    blocks += [Heading(say("management")), *_signed(answers, language)]
    blocks += [Heading(say("evidence")), _evidence(answers, language)]
    blocks += [Heading(say("gaps")), _gaps(open_ones, dues, language, today)]
    blocks += [Heading(say("suppliers")), _suppliers(suppliers, language)]
    dated = sum(one.question.id in dues for one in open_ones)
    text = Text(
        "{standing} ({rule}); {n} gaps, {dated} of them with a date; {s} suppliers in the register.",
        "{standing} ({rule}) ; {n} manques, dont {dated} datés ; {s} fournisseurs au registre.",
    )
    return Document(
        title=f"NIS 2: {registration.name}",
        answer=text.in_(language).format(
            standing=_STANDINGS[verdict.standing].in_(language),
            rule=verdict.rule,
            n=len(open_ones),
            dated=dated,
            s=len(suppliers),
        ),
        language=language,
        blocks=blocks,
        contents=True,
    )


def _registration(one: Registration, language: str) -> Table:
    rows = [
        (FIELDS[name.name].in_(language), str(getattr(one, name.name)).strip() or f"◇ {_W['not'].in_(language)}")
        for name in fields(one)
    ]
    heads = [Text("Field", "Champ").in_(language), Text("As stated", "Renseigné").in_(language)]
    return Table(_W["registration"].in_(language), heads, rows)


def _said(*texts: Text, language: str) -> list[str]:
    return [text.in_(language) for text in texts]


def _state(state: State, language: str) -> list[Block]:
    items = [
        state.act.in_(language),
        f"{Text('Authority', 'Autorité').in_(language)}: {state.authority.in_(language)}",
        f"CSIRT: {state.csirt.in_(language)}",
        f"{Text('Register at', 'S’enregistrer sur').in_(language)}: {state.register_at.in_(language)}",
        f"{Text('Report at', 'Notifier sur').in_(language)}: {state.report_at}",
    ]
    sources = "; ".join(f"{one.title}, {one.date} ({one.url})" for one in state.sources)
    looked = Text("Looked up on {day}. {sources}", "Vérifié le {day}. {sources}")
    return [Items(items), Paragraph(looked.in_(language).format(day=state.as_of, sources=sources), note=True)]


def _signed(answers: Answers, language: str) -> list[Block]:
    rows = [
        (
            framework.name.in_(language),
            f"{one.by_name}, {one.function}",
            f"{stamps.moment(one.at):%Y-%m-%d}",
            one.text,
            Text("yes", "oui").in_(language) if one.seal == value.seal else Text("no", "non").in_(language),
        )
        for framework, value in answers.values()
        for one in value.signed
    ]
    if not rows:
        return [Paragraph(_W["nobody"].in_(language))]
    heads = _said(
        Text("Assessment", "Évaluation"),
        Text("Signed by", "Signée par"),
        Text("On", "Le"),
        Text("What was decided", "Décision"),
        Text("Still the answers that were signed", "Réponses inchangées depuis"),
        language=language,
    )
    return [Table(_W["management"].in_(language), heads, rows)]


def _evidence(answers: Answers, language: str) -> Table:
    rows = []
    for article, name in ARTICLES.items():
        asked = answered = enough = shown = 0
        for framework, one in answers.values():
            for question in framework.at(one.depth):
                if article not in articles(question):
                    continue
                asked += 1
                answer = one.answers.get(question.id)
                if answer is not None:
                    answered += 1
                    enough += (answer.step or 0) >= ENOUGH
                    shown += bool(answer.note or answer.files)
        figures = (str(asked), str(answered), str(enough), str(shown)) if asked else ("0", "0", "0", "0")
        rows.append((f"Art. {article}", name.in_(language), *figures))
    heads = _said(
        Text("Article", "Article"),
        Text("About", "Objet"),
        Text("Questions", "Questions"),
        Text("Answered", "Répondues"),
        Text("Step 3 or more", "Palier 3 ou plus"),
        Text("With a note or file", "Avec note ou pièce"),
        language=language,
    )
    return Table(_W["evidence"].in_(language), heads, rows, frozenset({2, 3, 4, 5}))


def _gaps(open_ones: Sequence[Gap], dues: Mapping[str, Due], language: str, today: date) -> Block:
    if not open_ones:
        return Paragraph(_W["none"].in_(language))
    rows = []
    for one in open_ones:
        due = dues.get(one.question.id)
        when = _W["nodate"].in_(language) if due is None else due.due.isoformat()
        if due is not None and due.due < today:
            when = f"▲ {when}, {_W['late'].in_(language)}"
        rows.append(
            (
                one.question.ask.in_(language),
                ", ".join(articles(one.question)),
                "◇" if one.step is None else str(one.step),
                when,
                due.owner if due else "",
            )
        )
    heads = _said(
        Text("Question", "Question"),
        Text("Article", "Article"),
        Text("Step", "Palier"),
        Text("By when", "Échéance"),
        Text("By whom", "Responsable"),
        language=language,
    )
    return Table(_W["gaps"].in_(language), heads, rows, frozenset({2}))


def _suppliers(suppliers: Sequence[Supplier], language: str) -> Block:
    if not suppliers:
        return Paragraph(_W["none"].in_(language))
    yes, no = Text("yes", "oui").in_(language), Text("no", "non").in_(language)
    rows = [
        (
            one.name,
            one.what,
            one.contact,
            yes if one.reaches_in else no,
            yes if one.holds_data else no,
            yes if one.stops_care else no,
            "–" if one.notifies is None else f"{one.notifies} h",
            one.until.isoformat() if one.until else "–",
        )
        for one in suppliers
    ]
    heads = _said(
        Text("Supplier", "Fournisseur"),
        Text("What", "Objet"),
        Text("Contact", "Contact"),
        Text("Reaches in", "Accès au réseau"),
        Text("Holds data", "Détient des données"),
        Text("Stops care", "Arrête les soins"),
        Text("Tells within", "Prévient sous"),
        Text("Contract until", "Contrat jusqu’au"),
        language=language,
    )
    return Table(_W["suppliers"].in_(language), heads, rows)
