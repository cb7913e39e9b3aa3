"""ATT&CK Navigator layers: what alerts touched, and what rules cover.

Layer format 4.5 (https://github.com/mitre-attack/attack-navigator, layers/spec/v4.5). Navigator shows one
domain at a time; techniques of the other domain are left out of a layer and named in its description.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wardwatch.detection.rules import Rule
from wardwatch.kernel.bilingual import Text
from wardwatch.reports import Findings, Words, number
from wardwatch.threats import attack

ENTERPRISE, ICS = "enterprise-attack", "ics-attack"
MAX_COMMENT = 10  # rules named in a comment; the others are counted
STRINGS = {
    "alerts.name": Text("Wardwatch: techniques seen", "Wardwatch : techniques observées"),
    "alerts.description": Text("Score = alerts.", "Score = alertes."),
    "alerts.legend": Text("1 to {n} alerts", "1 à {n} alertes"),
    "rules.name": Text("Wardwatch: techniques covered by rules", "Wardwatch : techniques couvertes par les règles"),
    "rules.description": Text("Score = rules that run.", "Score = règles actives."),
    "rules.legend": Text("1 to {n} rules", "1 à {n} règles"),
    "more": Text("and {n} more", "et {n} autres"),
    "left": Text("Not in this matrix: {techniques}.", "Hors de cette matrice : {techniques}."),
}
_COLOURS = ("#cfe2ec", "#0a4a6d")  # the heat scale of the house: one hue


@dataclass(frozen=True, slots=True)
class Scored:
    """One rule's share of a layer: its title, its techniques (ids), and what it adds to their score."""

    title: str
    techniques: tuple[str, ...]
    score: int


def of_story(findings: Findings, domain: str = ENTERPRISE) -> str:
    """The layer of a scan's alerts: a technique's score is the number of alerts."""
    say = Words(STRINGS, findings.language)
    scored = [
        Scored(say.text(total.title), attack.techniques_of(total.tags), total.count)
        for total in findings.story.totals(findings.rules)
    ]
    return _layer(scored, "alerts", say, domain)


def of_rules(rules: Mapping[str, Rule], language: str = "en", domain: str = ENTERPRISE) -> str:
    """The layer of what rules cover: a technique's score is the number of rules that run."""
    say = Words(STRINGS, language)
    running = (rules[id_] for id_ in sorted(rules) if rules[id_].supported)
    return _layer([Scored(say.text(rule.title), rule.techniques, 1) for rule in running], "rules", say, domain)


def _layer(scored: Iterable[Scored], kind: str, say: Words, domain: str) -> str:
    scores: dict[str, int] = {}
    titles: dict[str, dict[str, None]] = {}
    for one in scored:
        for id_ in one.techniques:
            scores[id_] = scores.get(id_, 0) + one.score
            titles.setdefault(id_, {})[one.title] = None
    here = [id_ for id_ in sorted(scores) if id_.startswith("T0") is (domain == ICS)]
    elsewhere = sorted(scores.keys() - set(here))
    highest = max((scores[id_] for id_ in here), default=1)
    description = say(f"{kind}.description")
    if elsewhere:
        description += " " + say("left", techniques=", ".join(elsewhere))
    layer = {
        "name": say(f"{kind}.name"),
        "versions": {"attack": "18", "navigator": "5.2.0", "layer": "4.5"},
        "domain": domain,
        "description": f"{description} {attack.TRADEMARK.in_(say.language)}",
        "sorting": 3,
        "hideDisabled": False,
        "techniques": [
            {
                "techniqueID": id_,
                "score": scores[id_],
                "comment": _comment(list(titles[id_]), say),
                "enabled": True,
                "showSubtechniques": "." in id_ or any(other.startswith(f"{id_}.") for other in here),
            }
            for id_ in here
        ],
        "gradient": {"colors": list(_COLOURS), "minValue": 0, "maxValue": highest},
        "legendItems": [{"label": say(f"{kind}.legend", n=number(highest, say.language)), "color": _COLOURS[1]}],
    }
    return json.dumps(layer, ensure_ascii=False, indent=1) + "\n"


def _comment(titles: list[str], say: Words) -> str:
    shown = titles[:MAX_COMMENT]
    more = len(titles) - len(shown)
    return "; ".join(shown) + (f"; {say('more', n=number(more, say.language))}" if more else "")
