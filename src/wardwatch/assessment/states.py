"""What NIS 2 is in a Member State: act, authority, CSIRT, where to register and report; as far as it is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wardwatch.catalogue import files, strict
from wardwatch.catalogue.files import ContentFile
from wardwatch.catalogue.strict import Wrong
from wardwatch.kernel.bilingual import Text

SCHEMA = "wardwatch/state/1"
_KEYS = {"schema", "id", "name", "as_of", "languages", "act", "authority", "csirt", "report_at", "register_at"}
_KEYS |= {"data_protection", "sources"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where it stands; `date` as published."""

    title: str
    url: str
    date: str


@dataclass(frozen=True, slots=True)
class State:
    """A Member State. `as_of`: the day on which this was looked up, `YYYY-MM-DD`."""

    id: str
    name: Text
    as_of: str
    languages: tuple[str, ...]
    act: Text
    authority: Text
    csirt: Text
    report_at: str
    register_at: Text
    data_protection: Text
    sources: tuple[Source, ...]


@cache
def shipped() -> Mapping[str, State]:
    """Member States by their code. Raises `ContentError`."""
    return load([files.shipped("states")])


def load(paths: Iterable[Path]) -> Mapping[str, State]:
    """Read states; of the same code the last one counts. Raises `ContentError` with file and line."""
    found = {}
    for file in files.find(paths):
        for document in files.documents(file):
            one = _read(file, document)
            found[one.id] = one
    return found


def _read(file: ContentFile, one: Mapping[str, Any]) -> State:
    try:
        strict.among(one, "schema", (), (SCHEMA,))
        strict.no_more(one, _KEYS, ())
        return State(
            id=strict.word(one, "id", ()),
            name=strict.text(one, "name", ()),
            as_of=strict.word(one, "as_of", ()),
            languages=tuple(strict.items(one, "languages", ())),
            act=strict.text(one, "act", ()),
            authority=strict.text(one, "authority", ()),
            csirt=strict.text(one, "csirt", ()),
            report_at=strict.word(one, "report_at", ()),
            register_at=strict.text(one, "register_at", ()),
            data_protection=strict.text(one, "data_protection", ()),
            sources=tuple(_source(two, place) for place, two in enumerate(strict.items(one, "sources", ()))),
        )
    except Wrong as wrong:
        raise strict.error(file, wrong, "compare it with a state that Wardwatch ships") from None


def _source(one: object, place: int) -> Source:
    at = ("sources", place)
    strict.no_more(one, {"title", "url", "date"}, at)
    return Source(strict.word(one, "title", at), strict.word(one, "url", at), strict.word(one, "date", at))
