"""What a group needs, as a document: hospitals by domain, needs by weight, what offers cover, Member States, course.

It takes plain values, so that whoever may see less hands in less.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from wardwatch.kernel.bilingual import Text
from wardwatch.reports.parts.document import Block, Document, Heading, Paragraph, Table

_W = {
    "map": Text("Hospitals and domains", "Établissements et domaines"),
    "parts": Text(
        "Open needs in percent, by group and domain", "Besoins ouverts en pourcentage, par groupe et domaine"
    ),
    "hospital": Text("Hospital", "Établissement"),
    "group": Text("Group", "Groupe"),
    "together": Text("others together", "les autres ensemble"),
    "needs": Text("Needs by share and weight", "Besoins selon leur part et leur poids"),
    "need": Text("Need", "Besoin"),
    "domain": Text("Domain", "Domaine"),
    "hospitals": Text("Hospitals of {n}", "Établissements sur {n}"),
    "nothing": Text("of which nothing yet", "dont rien encore"),
    "weight": Text("Weight of 100", "Poids sur 100"),
    "start": Text("First step", "Premier pas"),
    "offers": Text("What a shared purchase would cover", "Ce que couvrirait un achat commun"),
    "what": Text("What", "Quoi"),
    "met": Text("Needs met", "Besoins couverts"),
    "driver": Text("Its price grows with", "Son prix croît avec"),
    "states": Text("Member States", "États membres"),
    "state": Text("Member State", "État membre"),
    "count": Text("Hospitals", "Établissements"),
    "open": Text("Percent open", "Pourcentage ouvert"),
    "course": Text("From campaign to campaign", "D’une campagne à l’autre"),
    "campaign": Text("Campaign", "Campagne"),
    "lowest": Text("Lowest", "Plus bas"),
    "median": Text("Median", "Médiane"),
    "highest": Text("Highest", "Plus haut"),
    "named": Text(
        "Hospitals that share their figures by name. This paper names them: handle it as they would.",
        "Établissements qui partagent leurs chiffres nommément. Ce document les nomme : traitez-le comme eux.",
    ),
    "counted": Text(
        "Counted without names, in groups that never overlap; {n} more are in no group.",
        "Comptés sans noms, en groupes qui ne se recoupent jamais ; {n} autres ne sont dans aucun groupe.",
    ),
    "none": Text("Nothing may be said yet.", "Rien ne peut encore être dit."),
}


def document(data: Mapping[str, Any], names: Mapping[str, Text], language: str) -> Document:
    """`data`: what the page of the map shows; `names`: words for countries, sizes and kinds."""

    def say(word: str, **filled: object) -> str:
        return _W[word].in_(language).format(**filled)

    campaign, needs, of = data["campaign"], data["needs"], data["of"]
    answer = say("none")
    if needs:
        text = Text(
            "The heaviest need, in {x} of {n} hospitals: {ask}",
            "Le besoin le plus lourd, dans {x} établissements sur {n} : {ask}",
        )
        answer = text.in_(language).format(x=needs[0]["shown"], n=of, ask=needs[0]["ask"].in_(language))
    blocks: list[Block] = [Paragraph(say("named") if data["named"] else say("counted", n=data["withheld"]), note=True)]
    if data["heat"]:
        title = say("map" if data["named"] else "parts")
        blocks += [Heading(title), _map(data, names, title, language)]
    for title, made in (
        (say("needs"), _needs(needs, of, language)),
        (say("offers"), _offers(data["offers"], of, language)),
        (say("states"), _states(data["states"], names, language)),
        (say("course"), _course(data["course"], language)),
    ):
        if made is not None:
            blocks += [Heading(title), made]
    return Document(f"{campaign['name']}, {campaign['grouping']}", answer, language, blocks)


Rows = Sequence[Mapping[str, Any]]


def _heads(words: Sequence[str], language: str, of: int = 0) -> list[str]:
    return [_W[word].in_(language).format(n=of) for word in words]


def _needs(needs: Rows, of: int, language: str) -> Table | None:
    rows = [
        (
            one["ask"].in_(language),
            one["domain"].in_(language),
            one["shown"],
            one["grave_shown"],
            str(one["burden"]),
            one["start"].in_(language),
        )
        for one in needs
    ]
    heads = _heads(("need", "domain", "hospitals", "nothing", "weight", "start"), language, of)
    return Table(_W["needs"].in_(language), heads, rows, frozenset({2, 3, 4})) if rows else None


def _offers(offers: Rows, of: int, language: str) -> Table | None:
    rows = [
        (one["name"].in_(language), one["shown"], one["needs_shown"], one["driver"].in_(language)) for one in offers
    ]
    heads = _heads(("what", "hospitals", "met", "driver"), language, of)
    return Table(_W["offers"].in_(language), heads, rows, frozenset({1, 2})) if rows else None


def _states(states: Rows, names: Mapping[str, Text], language: str) -> Table | None:
    rows = [(_named(one["code"], names, language), str(one["hospitals"]), one["shown"]) for one in states]
    heads = _heads(("state", "count", "open"), language)
    return Table(_W["states"].in_(language), heads, rows, frozenset({1, 2})) if rows else None


def _course(course: Rows, language: str) -> Table | None:
    rows = [
        (
            one["name"],
            str(one["hospitals"]),
            str(one["overall"].least),
            str(one["overall"].middle),
            str(one["overall"].most),
        )
        for one in course
    ]
    heads = _heads(("campaign", "count", "lowest", "median", "highest"), language)
    return Table(_W["course"].in_(language), heads, rows, frozenset({1, 2, 3, 4})) if len(rows) > 1 else None


def _named(key: str, names: Mapping[str, Text], language: str) -> str:
    return names[key].in_(language) if key in names else key


def _map(data: Mapping[str, Any], names: Mapping[str, Text], title: str, language: str) -> Table:
    """A row for each hospital or group, a column for each domain."""
    heat: Sequence[Mapping[str, Any]] = data["heat"]
    first = _W["hospital" if data["named"] else "group"].in_(language)
    heads = [first, *(one["name"].in_(language) for one in data["domains"])]
    rows = []
    for row in heat:
        where = " ".join(_named(value, names, language) for value in row.get("where", {}).values())
        name = row["name"] if data["named"] else f"{where or _W['together'].in_(language)} ({row['hospitals']})"
        rows.append((name, *(cell["value"] if cell else "–" for cell in row["cells"])))
    return Table(title, heads, rows, frozenset(range(1, len(heads))))
