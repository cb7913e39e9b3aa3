"""Read frameworks from content (`wardwatch/framework/1`), strictly: what is wrong is named with file and line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from wardwatch.assessment.framework import (
    MAPPED,
    SIZES,
    STEPS,
    TOP,
    Condition,
    Cost,
    Domain,
    Framework,
    Guideline,
    KnownIncident,
    Pillar,
    Question,
    Tier,
)
from wardwatch.catalogue import files, strict
from wardwatch.catalogue.files import ContentFile
from wardwatch.catalogue.strict import Place
from wardwatch.kernel.bilingual import Text

SCHEMA, INCIDENTS_SCHEMA = "wardwatch/framework/1", "wardwatch/known-incidents/1"
HEAVIEST = 3
_HINT = "compare it with a framework that Wardwatch ships (docs/reference/formats.md)"
_QUESTION = {"id", "domain", "tier", "weight", "pillar", "ask", "steps", "guide", "maps", "when"}
_GUIDE = {"why", "find", "good", "start", "days", "cost", "incident"}


@cache
def shipped() -> Mapping[str, Framework]:
    """The frameworks that Wardwatch ships, by id. Raises `ContentError`."""
    return load([files.shipped("frameworks")])


def load(paths: Iterable[Path]) -> Mapping[str, Framework]:
    """Read frameworks; of the same id the last one counts, so that a folder of the hospital's own comes last.

    Raises `ContentError` with file and line.
    """
    found: dict[str, tuple[ContentFile, Mapping[str, Any]]] = {}
    known: dict[str, KnownIncident] = {}
    for file in files.find(paths):
        for document in files.documents(file):
            try:
                if strict.among(document, "schema", (), (SCHEMA, INCIDENTS_SCHEMA)) == INCIDENTS_SCHEMA:
                    known |= _incidents(document)
                else:
                    found[strict.word(document, "id", ())] = (file, document)
            except strict.Wrong as wrong:
                raise strict.error(file, wrong, _HINT) from None
    whole: dict[str, Framework] = {}
    for name, (place, stated) in sorted(found.items(), key=lambda one: "take" in one[1][1]):
        try:
            whole[name] = _framework(stated, known, whole)
        except strict.Wrong as wrong:
            raise strict.error(place, wrong, _HINT) from None
    return whole


def _incidents(document: Mapping[str, Any]) -> dict[str, KnownIncident]:
    found = {}
    for place, one in enumerate(strict.items(document, "incidents", ())):
        at: Place = ("incidents", place)
        id_ = strict.word(one, "id", at)
        found[id_] = KnownIncident(
            id_,
            strict.text(one, "text", at),
            strict.word(one, "source", at),
            strict.among(one, "confidence", at, ("high", "medium")),
        )
    return found


def _framework(
    document: Mapping[str, Any], known: Mapping[str, KnownIncident], others: Mapping[str, Framework]
) -> Framework:
    domains = tuple(
        Domain(strict.word(one, "id", ("domains", place)), strict.text(one, "name", ("domains", place)))
        for place, one in enumerate(strict.items(document, "domains", ()))
    )
    names = [one.id for one in domains]
    taken = _taken(document, others, names)
    questions = (*taken, *_questions(document, known, names))
    made = Framework(
        id=strict.word(document, "id", ()),
        version=strict.whole(document, "version", (), (1, 10_000)),
        name=strict.text(document, "name", ()),
        about=strict.text(document, "about", ()),
        domains=domains,
        questions=tuple(sorted(questions, key=lambda one: names.index(one.domain))),
    )
    if len(made.by_id) != len(questions):
        raise strict.Wrong("a question is there twice", ("questions",))
    return made


def _taken(document: Mapping[str, Any], others: Mapping[str, Framework], names: Sequence[str]) -> list[Question]:
    """Questions of another framework, in domains and an order of this one; conditions hold within it only."""
    if "take" not in document:
        return []
    source = others.get(strict.word(document, "from", ()))
    if source is None:
        raise strict.Wrong("no such framework", ("from",))
    found = []
    for domain, ids in document["take"].items():
        if domain not in names:
            raise strict.Wrong("no such domain", ("take", domain))
        for place, id_ in enumerate(ids):
            if id_ not in source.by_id:
                raise strict.Wrong(f"no such question: {id_}", ("take", domain, place))
            found.append(replace(source.by_id[id_], domain=domain))
    here = {one.id for one in found}
    return [replace(one, when=tuple(two for two in one.when if two.question in here)) for one in found]


def _questions(document: Mapping[str, Any], known: Mapping[str, KnownIncident], names: Sequence[str]) -> list[Question]:
    found: list[Question] = []
    for place, one in enumerate(strict.items(document, "questions", ()) if "questions" in document else ()):
        at: Place = ("questions", place)
        strict.no_more(one, _QUESTION, at)
        earlier = {question.id: question.tier for question in found}
        found.append(
            Question(
                id=strict.word(one, "id", at),
                domain=strict.among(one, "domain", at, names),
                tier=Tier(strict.among(one, "tier", at, tuple(Tier))),
                weight=strict.whole(one, "weight", at, (1, HEAVIEST)),
                pillar=Pillar(strict.among(one, "pillar", at, tuple(Pillar))),
                ask=strict.text(one, "ask", at),
                steps=_steps(one, at),
                guide=_guide(one, at, known),
                maps=_maps(one, at),
                when=_when(one, at, earlier),
            )
        )
    return found


def _steps(one: Mapping[str, Any], at: Place) -> tuple[Text, ...]:
    steps = tuple(
        strict.as_text(step, (*at, "steps", place)) for place, step in enumerate(strict.items(one, "steps", at))
    )
    if len(steps) != STEPS or len({step.en for step in steps}) != STEPS or len({step.fr for step in steps}) != STEPS:
        raise strict.Wrong(f"not {STEPS} different steps", (*at, "steps"))
    return steps


def _guide(one: Mapping[str, Any], question: Place, known: Mapping[str, KnownIncident]) -> Guideline:
    at = (*question, "guide")
    guide = one.get("guide")
    if not isinstance(guide, dict):
        raise strict.Wrong("missing", at)
    strict.no_more(guide, _GUIDE, at)
    days = strict.items(guide, "days", at)
    if len(days) != 2 or not all(type(day) is int for day in days) or not 0 < days[0] <= days[1]:  # noqa: PLR2004
        raise strict.Wrong("not two numbers of days, from and to", (*at, "days"))
    incident = guide.get("incident")
    if incident is not None and incident not in known:
        raise strict.Wrong(f"no such incident: {incident}", (*at, "incident"))
    good = guide.get("good")
    return Guideline(
        why=strict.text(guide, "why", at),
        find=strict.text(guide, "find", at),
        good={size: strict.text(good if isinstance(good, dict) else {}, size, (*at, "good")) for size in SIZES},
        start=tuple(
            strict.as_text(step, (*at, "start", place)) for place, step in enumerate(strict.items(guide, "start", at))
        ),
        days=(days[0], days[1]),
        cost=Cost(strict.among(guide, "cost", at, tuple(Cost))),
        incident=known[incident] if incident is not None else None,
    )


def _maps(one: Mapping[str, Any], at: Place) -> Mapping[str, tuple[str, ...]]:
    maps = one.get("maps", {})
    if not isinstance(maps, dict):
        raise strict.Wrong("not a mapping", (*at, "maps"))
    strict.no_more(maps, set(MAPPED), (*at, "maps"))
    for name, numbers in maps.items():
        if not isinstance(numbers, list) or not all(isinstance(number, str) and number for number in numbers):
            raise strict.Wrong("not a list of numbers, each as text", (*at, "maps", name))
    return {name: tuple(numbers) for name, numbers in maps.items()}


def _when(one: Mapping[str, Any], at: Place, earlier: Mapping[str, Tier]) -> tuple[Condition, ...]:
    found = []
    for place, condition in enumerate(strict.items(one, "when", at) if "when" in one else ()):
        here = (*at, "when", place)
        question = strict.word(condition, "question", here)
        if question not in earlier:
            raise strict.Wrong(f"asks for a question that does not come before: {question}", here)
        if one.get("tier") == Tier.FIRST and earlier[question] is not Tier.FIRST:
            raise strict.Wrong(f"a first question that asks for a deeper one: {question}", here)
        found.append(Condition(question, strict.whole(condition, "at_least", here, (1, TOP))))
    return tuple(found)
