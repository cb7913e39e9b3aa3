"""The state of the art: what there is to meet a need – technology, services, tools, people, training.

Read from content (`wardwatch/inventory/1`), one file for each entry. An entry says which questions of
`hospital-readiness` it meets; domains and pillars follow from these. No product of a firm is named.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from wardwatch.assessment import loading
from wardwatch.assessment.framework import SIZES, Cost, Framework, Pillar
from wardwatch.catalogue import files, strict
from wardwatch.catalogue.files import ContentFile
from wardwatch.catalogue.strict import Place, Wrong
from wardwatch.kernel.bilingual import Text

SCHEMA = "wardwatch/inventory/1"
FRAMEWORK = "hospital-readiness"
_HINT = "compare it with an entry that Wardwatch ships (docs/reference/formats.md)"
_KEYS = {"schema", "id", "kind", "as_of", "name", "need", "meets", "sizes", "prerequisites", "staff", "cost"}
_KEYS |= {"limits", "offers", "sources"}
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_MOST_DAYS = 1000


class Kind(StrEnum):
    """What an entry is. A technology is a way to do it, a tool a program for a task."""

    TECHNOLOGY = "technology"
    SERVICE = "service"
    TOOL = "tool"
    PEOPLE = "people"
    TRAINING = "training"


class Way(StrEnum):
    """How a hospital comes by it."""

    IN_HOUSE = "in_house"
    OPEN_SOURCE = "open_source"
    COMMERCIAL = "commercial"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to come by it. `examples`: open-source projects, at least two or none, in alphabetical order."""

    way: Way
    what: Text
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where it stands; `date` as published: a year, month or day."""

    title: str
    url: str
    date: str


@dataclass(frozen=True, slots=True)
class Staff:
    """Working days to set up and in a month (from, to; estimates), and what people must be able to do."""

    setup: tuple[int, int]
    month: tuple[int, int]
    skills: Text


@dataclass(frozen=True, slots=True)
class Price:
    """What the price grows with; `figure` is a published one, with its `source`, where there is one."""

    level: Cost
    driver: Text
    figure: Text | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """One thing that meets a need.

    Args:
        as_of: the day on which the entry was last looked through, `YYYY-MM-DD`.
        meets: ids of questions; `domains` and `pillars` are theirs.
        sizes: for which hospitals (`SIZES`).
        limits: what it does not do, and what it can break in a hospital.
    """

    id: str
    kind: Kind
    as_of: str
    name: Text
    need: Text
    meets: tuple[str, ...]
    domains: tuple[str, ...]
    pillars: tuple[Pillar, ...]
    sizes: tuple[str, ...]
    prerequisites: tuple[Text, ...]
    staff: Staff
    cost: Price
    limits: tuple[Text, ...]
    offers: tuple[Offer, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Inventory:
    """All entries, by kind and then by English name."""

    entries: tuple[InventoryEntry, ...]

    @cached_property
    def by_id(self) -> Mapping[str, InventoryEntry]:
        """Entries by their id."""
        return {one.id: one for one in self.entries}

    def for_question(self, question: str) -> tuple[InventoryEntry, ...]:
        """What meets a question."""
        return tuple(one for one in self.entries if question in one.meets)

    def for_domain(self, domain: str) -> tuple[InventoryEntry, ...]:
        """What meets any question of a domain."""
        return tuple(one for one in self.entries if domain in one.domains)

    def for_size(self, size: str) -> tuple[InventoryEntry, ...]:
        """What fits a hospital of a size."""
        return tuple(one for one in self.entries if size in one.sizes)

    def find(
        self, *, kind: str = "", domain: str = "", size: str = "", pillar: str = "", words: str = ""
    ) -> "Inventory":
        """What has all of these; an empty one asks for nothing. `words` must all stand in it, in either language."""
        wanted = words.casefold().split()
        return Inventory(
            tuple(
                one
                for one in self.entries
                if (not kind or one.kind == kind)
                and (not domain or domain in one.domains)
                and (not size or size in one.sizes)
                and (not pillar or pillar in one.pillars)
                and (not wanted or all(word in _said(one) for word in wanted))
            )
        )


def _said(one: InventoryEntry) -> str:
    texts = (one.name, one.need, one.cost.driver, one.staff.skills, *one.limits, *one.prerequisites)
    whole = [*texts, *(offer.what for offer in one.offers)]
    examples = [example for offer in one.offers for example in offer.examples]
    return " ".join([*(f"{text.en} {text.fr}" for text in whole), *examples]).casefold()


@cache
def shipped() -> Inventory:
    """What Wardwatch ships. Raises `ContentError`."""
    return load([files.shipped("inventory")], loading.shipped()[FRAMEWORK])


def load(paths: Iterable[Path], framework: Framework) -> Inventory:
    """Read entries; of the same id the last one counts, so that a folder of the hospital's own comes last.

    Raises `ContentError` with file and line.
    """
    found: dict[str, InventoryEntry] = {}
    for file in files.find(paths):
        for document in files.documents(file):
            entry = _read(file, document, framework)
            found[entry.id] = entry
    order = list(Kind)
    return Inventory(tuple(sorted(found.values(), key=lambda one: (order.index(one.kind), one.name.en.casefold()))))


def _read(file: ContentFile, document: Mapping[str, Any], framework: Framework) -> InventoryEntry:
    try:
        return _entry(document, framework)
    except Wrong as wrong:
        raise strict.error(file, wrong, _HINT) from None


def _entry(one: Mapping[str, Any], framework: Framework) -> InventoryEntry:
    strict.among(one, "schema", (), (SCHEMA,))
    strict.no_more(one, _KEYS, ())
    meets = _words(one, "meets", (), tuple(framework.by_id))
    asked = [framework.by_id[id_] for id_ in meets]
    return InventoryEntry(
        id=strict.word(one, "id", ()),
        kind=Kind(strict.among(one, "kind", (), tuple(Kind))),
        as_of=_date(one, "as_of", ()),
        name=strict.text(one, "name", ()),
        need=strict.text(one, "need", ()),
        meets=meets,
        domains=tuple(domain.id for domain in framework.domains if any(two.domain == domain.id for two in asked)),
        pillars=tuple(pillar for pillar in Pillar if any(two.pillar is pillar for two in asked)),
        sizes=_words(one, "sizes", (), SIZES),
        prerequisites=_texts(one, "prerequisites"),
        staff=_staff(one),
        cost=_cost(one),
        limits=_texts(one, "limits"),
        offers=tuple(_offer(two, ("offers", place)) for place, two in enumerate(strict.items(one, "offers", ()))),
        sources=tuple(_source(two, ("sources", place)) for place, two in enumerate(strict.items(one, "sources", ()))),
    )


def _words(one: Mapping[str, Any], key: str, at: Place, allowed: tuple[str, ...]) -> tuple[str, ...]:
    found = strict.items(one, key, at)
    for place, two in enumerate(found):
        if two not in allowed:
            raise Wrong(f"no such {key}: {two}", (*at, key, place))
    if len(set(found)) != len(found):
        raise Wrong("something is there twice", (*at, key))
    return tuple(found)


def _texts(one: Mapping[str, Any], key: str) -> tuple[Text, ...]:
    return tuple(strict.as_text(two, (key, place)) for place, two in enumerate(strict.items(one, key, ())))


def _date(one: Mapping[str, Any], key: str, at: Place) -> str:
    found = strict.word(one, key, at)
    if not _DATE.fullmatch(found):
        raise Wrong("not a year, a month or a day such as 2026-11-27, as text", (*at, key))
    return found


def _days(one: Mapping[str, Any], key: str, at: Place) -> tuple[int, int]:
    found = strict.items(one, key, at)
    if len(found) != 2 or any(type(day) is not int for day in found) or not 0 <= found[0] <= found[1] <= _MOST_DAYS:  # noqa: PLR2004
        raise Wrong("not two numbers of days, from and to", (*at, key))
    return found[0], found[1]


def _staff(one: Mapping[str, Any]) -> Staff:
    at: Place = ("staff",)
    found = one.get("staff")
    strict.no_more(found, {"setup", "month", "skills"}, at)
    assert isinstance(found, dict)
    return Staff(_days(found, "setup", at), _days(found, "month", at), strict.text(found, "skills", at))


def _cost(one: Mapping[str, Any]) -> Price:
    at: Place = ("cost",)
    found = one.get("cost")
    strict.no_more(found, {"level", "driver", "figure", "source"}, at)
    assert isinstance(found, dict)
    if ("figure" in found) != ("source" in found):
        raise Wrong("a figure and its source stand together", at)
    return Price(
        level=Cost(strict.among(found, "level", at, tuple(Cost))),
        driver=strict.text(found, "driver", at),
        figure=strict.text(found, "figure", at) if "figure" in found else None,
        source=_source(found["source"], (*at, "source")) if "source" in found else None,
    )


def _offer(one: Mapping[str, Any], at: Place) -> Offer:
    strict.no_more(one, {"way", "what", "examples"}, at)
    way = Way(strict.among(one, "way", at, tuple(Way)))
    examples = strict.items(one, "examples", at) if "examples" in one else ()
    if examples and (
        way is not Way.OPEN_SOURCE
        or len(examples) < 2  # noqa: PLR2004
        or not all(isinstance(two, str) for two in examples)
        or list(examples) != sorted(examples, key=str.casefold)
    ):
        raise Wrong("only open source has examples: two or more, in alphabetical order", (*at, "examples"))
    return Offer(way, strict.text(one, "what", at), tuple(examples))


def _source(one: object, at: Place) -> Source:
    strict.no_more(one, {"title", "url", "date"}, at)
    assert isinstance(one, dict)
    url = strict.word(one, "url", at)
    if not url.startswith("https://"):
        raise Wrong("not an address that begins with https://", (*at, "url"))
    return Source(strict.word(one, "title", at), url, _date(one, "date", at))
