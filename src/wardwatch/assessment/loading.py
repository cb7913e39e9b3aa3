"""Read frameworks from content (`wardwatch/framework/1`), strictly: what is wrong is named with file and line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

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
from wardwatch.catalogue import files
from wardwatch.catalogue.files import ContentFile
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import ContentError

SCHEMA, INCIDENTS_SCHEMA = "wardwatch/framework/1", "wardwatch/known-incidents/1"
LONGEST = 1200  # characters of one text
HEAVIEST = 3
_HINT = "compare it with a framework that Wardwatch ships (docs/reference/formats.md)"
_QUESTION = {"id", "domain", "tier", "weight", "pillar", "ask", "steps", "guide", "maps", "when"}
_GUIDE = {"why", "find", "good", "start", "days", "cost", "incident"}
Place = tuple[str | int, ...]


class _Wrong(Exception):  # noqa: N818  (never leaves this module)
    """Something at a path within the document."""

    def __init__(self, what: str, at: Place) -> None:
        super().__init__(what, at)
        self.what = what
        self.at = at


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
                if _among(document, "schema", (), (SCHEMA, INCIDENTS_SCHEMA)) == INCIDENTS_SCHEMA:
                    known |= _incidents(document)
                else:
                    found[_word(document, "id", ())] = (file, document)
            except _Wrong as wrong:
                raise _error(file, wrong) from None
    whole: dict[str, Framework] = {}
    for name, (place, stated) in sorted(found.items(), key=lambda one: "take" in one[1][1]):
        try:
            whole[name] = _framework(stated, known, whole)
        except _Wrong as wrong:
            raise _error(place, wrong) from None
    return whole


def _error(file: ContentFile, wrong: _Wrong) -> ContentError:
    path = ".".join(str(one) for one in wrong.at)
    what = f"{path}: {wrong.what}" if path else wrong.what
    return ContentError(what, where=f"{file.path}:{_line(file, wrong.at)}", hint=_HINT)


def _line(file: ContentFile, path: Place) -> int:
    """The line of the innermost part of a path that is there; the file was read before and is valid YAML."""
    node: Any = yaml.compose(file.text, Loader=yaml.SafeLoader)
    line = 1
    for part in path:
        inner = None
        if isinstance(node, yaml.MappingNode):
            inner = next(((key, value) for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            inner = (node.value[part], node.value[part])
        if inner is None:
            break
        line, node = inner[0].start_mark.line + 1, inner[1]
    return int(line)


def _incidents(document: Mapping[str, Any]) -> dict[str, KnownIncident]:
    found = {}
    for place, one in enumerate(_list(document, "incidents", ())):
        at: Place = ("incidents", place)
        id_ = _word(one, "id", at)
        found[id_] = KnownIncident(
            id_, _text(one, "text", at), _word(one, "source", at), _among(one, "confidence", at, ("high", "medium"))
        )
    return found


def _framework(
    document: Mapping[str, Any], known: Mapping[str, KnownIncident], others: Mapping[str, Framework]
) -> Framework:
    domains = tuple(
        Domain(_word(one, "id", ("domains", place)), _text(one, "name", ("domains", place)))
        for place, one in enumerate(_list(document, "domains", ()))
    )
    names = [one.id for one in domains]
    taken = _taken(document, others, names)
    questions = (*taken, *_questions(document, known, names))
    made = Framework(
        id=_word(document, "id", ()),
        version=_whole(document, "version", (), (1, 10_000)),
        name=_text(document, "name", ()),
        about=_text(document, "about", ()),
        domains=domains,
        questions=tuple(sorted(questions, key=lambda one: names.index(one.domain))),
    )
    if len(made.by_id) != len(questions):
        raise _Wrong("a question is there twice", ("questions",))
    return made


def _taken(document: Mapping[str, Any], others: Mapping[str, Framework], names: Sequence[str]) -> list[Question]:
    """Questions of another framework, in domains and an order of this one; conditions hold within it only."""
    if "take" not in document:
        return []
    source = others.get(_word(document, "from", ()))
    if source is None:
        raise _Wrong("no such framework", ("from",))
    found = []
    for domain, ids in document["take"].items():
        if domain not in names:
            raise _Wrong("no such domain", ("take", domain))
        for place, id_ in enumerate(ids):
            if id_ not in source.by_id:
                raise _Wrong(f"no such question: {id_}", ("take", domain, place))
            found.append(replace(source.by_id[id_], domain=domain))
    here = {one.id for one in found}
    return [replace(one, when=tuple(two for two in one.when if two.question in here)) for one in found]


def _questions(document: Mapping[str, Any], known: Mapping[str, KnownIncident], names: Sequence[str]) -> list[Question]:
    found: list[Question] = []
    for place, one in enumerate(_list(document, "questions", ()) if "questions" in document else ()):
        at: Place = ("questions", place)
        _no_more(one, _QUESTION, at)
        earlier = {question.id: question.tier for question in found}
        found.append(
            Question(
                id=_word(one, "id", at),
                domain=_among(one, "domain", at, names),
                tier=Tier(_among(one, "tier", at, tuple(Tier))),
                weight=_whole(one, "weight", at, (1, HEAVIEST)),
                pillar=Pillar(_among(one, "pillar", at, tuple(Pillar))),
                ask=_text(one, "ask", at),
                steps=_steps(one, at),
                guide=_guide(one, at, known),
                maps=_maps(one, at),
                when=_when(one, at, earlier),
            )
        )
    return found


def _steps(one: Mapping[str, Any], at: Place) -> tuple[Text, ...]:
    steps = tuple(_as_text(step, (*at, "steps", place)) for place, step in enumerate(_list(one, "steps", at)))
    if len(steps) != STEPS or len({step.en for step in steps}) != STEPS or len({step.fr for step in steps}) != STEPS:
        raise _Wrong(f"not {STEPS} different steps", (*at, "steps"))
    return steps


def _guide(one: Mapping[str, Any], question: Place, known: Mapping[str, KnownIncident]) -> Guideline:
    at = (*question, "guide")
    guide = one.get("guide")
    if not isinstance(guide, dict):
        raise _Wrong("missing", at)
    _no_more(guide, _GUIDE, at)
    days = _list(guide, "days", at)
    if len(days) != 2 or not all(type(day) is int for day in days) or not 0 < days[0] <= days[1]:  # noqa: PLR2004
        raise _Wrong("not two numbers of days, from and to", (*at, "days"))
    incident = guide.get("incident")
    if incident is not None and incident not in known:
        raise _Wrong(f"no such incident: {incident}", (*at, "incident"))
    good = guide.get("good")
    return Guideline(
        why=_text(guide, "why", at),
        find=_text(guide, "find", at),
        good={size: _text(good if isinstance(good, dict) else {}, size, (*at, "good")) for size in SIZES},
        start=tuple(_as_text(step, (*at, "start", place)) for place, step in enumerate(_list(guide, "start", at))),
        days=(days[0], days[1]),
        cost=Cost(_among(guide, "cost", at, tuple(Cost))),
        incident=known[incident] if incident is not None else None,
    )


def _maps(one: Mapping[str, Any], at: Place) -> Mapping[str, tuple[str, ...]]:
    maps = one.get("maps", {})
    if not isinstance(maps, dict):
        raise _Wrong("not a mapping", (*at, "maps"))
    _no_more(maps, set(MAPPED), (*at, "maps"))
    for name, numbers in maps.items():
        if not isinstance(numbers, list) or not all(isinstance(number, str) and number for number in numbers):
            raise _Wrong("not a list of numbers, each as text", (*at, "maps", name))
    return {name: tuple(numbers) for name, numbers in maps.items()}


def _when(one: Mapping[str, Any], at: Place, earlier: Mapping[str, Tier]) -> tuple[Condition, ...]:
    found = []
    for place, condition in enumerate(_list(one, "when", at) if "when" in one else ()):
        here = (*at, "when", place)
        question = _word(condition, "question", here)
        if question not in earlier:
            raise _Wrong(f"asks for a question that does not come before: {question}", here)
        if one.get("tier") == Tier.FIRST and earlier[question] is not Tier.FIRST:
            raise _Wrong(f"a first question that asks for a deeper one: {question}", here)
        found.append(Condition(question, _whole(condition, "at_least", here, (1, TOP))))
    return tuple(found)


def _no_more(one: object, keys: set[str], at: Place) -> None:
    if not isinstance(one, dict):
        raise _Wrong("not a mapping", at)
    if unknown := sorted(str(key) for key in one if key not in keys):
        raise _Wrong(f"unknown: {', '.join(unknown)}", (*at, unknown[0]))


def _list(one: Mapping[str, Any], key: str, at: Place) -> Sequence[Any]:
    found = one.get(key)
    if not isinstance(found, list) or not found:
        raise _Wrong("not a list, or empty", (*at, key))
    return found


def _word(one: object, key: str, at: Place) -> str:
    found = one.get(key) if isinstance(one, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise _Wrong("missing", (*at, key))
    return found


def _among(one: Mapping[str, Any], key: str, at: Place, allowed: Sequence[str]) -> str:
    found = _word(one, key, at)
    if found not in allowed:
        raise _Wrong(f"{found} is not one of {', '.join(allowed)}", (*at, key))
    return found


def _whole(one: Mapping[str, Any], key: str, at: Place, between: tuple[int, int]) -> int:
    found = one.get(key)
    if type(found) is not int or not between[0] <= found <= between[1]:
        raise _Wrong(f"not a whole number from {between[0]} to {between[1]}", (*at, key))
    return found


def _text(one: Mapping[str, Any], key: str, at: Place) -> Text:
    return _as_text(one.get(key), (*at, key))


def _as_text(found: object, at: Place) -> Text:
    if not isinstance(found, dict) or set(found) != {"en", "fr"}:
        raise _Wrong("not a text in both languages", at)
    for language, text in found.items():
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
            raise _Wrong(f"empty, or longer than {LONGEST} characters", (*at, language))
    return Text(found["en"], found["fr"])
