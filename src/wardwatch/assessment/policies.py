"""Policies to begin with: templates for the letters of NIS 2, Art. 21(2), filled with what is known of a house."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wardwatch.catalogue import files, strict
from wardwatch.catalogue.files import ContentFile
from wardwatch.catalogue.strict import Place, Wrong
from wardwatch.kernel.bilingual import Text

SCHEMA = "wardwatch/policy/1"
LETTERS = tuple("abcdefghij")
# What may be filled in, and what it is called where it is not known.
BLANKS: Mapping[str, Text] = {
    "hospital": Text("name of the hospital", "nom de l’établissement"),
    "responsible": Text("who leads information security", "responsable de la sécurité"),
    "contact": Text("whom to call, day and night", "qui appeler, jour et nuit"),
    "authority": Text("the competent authority", "l’autorité compétente"),
    "csirt": Text("the CSIRT", "le CSIRT"),
    "data_protection": Text("the data protection authority", "l’autorité de protection des données"),
}
_BLANK = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Part:
    """A section."""

    head: Text
    text: Text


@dataclass(frozen=True, slots=True)
class Policy:
    """A template. `letters`: of Art. 21(2)."""

    id: str
    letters: tuple[str, ...]
    name: Text
    parts: tuple[Part, ...]


def fill(text: str, known: Mapping[str, str], language: str) -> str:
    """Fill blanks in; what is not known is named in brackets, so that nobody overlooks it."""

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        return known.get(name, "").strip() or f"[◇ {BLANKS[name].in_(language)}]"

    return _BLANK.sub(filled, text)


@cache
def shipped() -> Mapping[str, Policy]:
    """Templates by id, in the order of their letters. Raises `ContentError`."""
    return load([files.shipped("policies")])


def load(paths: Iterable[Path]) -> Mapping[str, Policy]:
    """Read templates; of the same id the last one counts. Raises `ContentError` with file and line."""
    found = {}
    for file in files.find(paths):
        for document in files.documents(file):
            one = _read(file, document)
            found[one.id] = one
    return {one.id: one for one in sorted(found.values(), key=lambda one: (one.letters, one.id))}


def _read(file: ContentFile, one: Mapping[str, Any]) -> Policy:
    try:
        strict.among(one, "schema", (), (SCHEMA,))
        strict.no_more(one, {"schema", "id", "letters", "name", "parts"}, ())
        letters = strict.items(one, "letters", ())
        for place, letter in enumerate(letters):
            if letter not in LETTERS:
                raise Wrong(f"no letter of Art. 21(2): {letter}", ("letters", place))  # noqa: TRY301
        parts = tuple(_part(two, ("parts", place)) for place, two in enumerate(strict.items(one, "parts", ())))
        return Policy(strict.word(one, "id", ()), tuple(letters), strict.text(one, "name", ()), parts)
    except Wrong as wrong:
        raise strict.error(file, wrong, "compare it with a policy that Wardwatch ships") from None


def _part(one: Any, at: Place) -> Part:  # noqa: ANN401  (any YAML)
    strict.no_more(one, {"head", "text"}, at)
    part = Part(strict.text(one, "head", at), strict.text(one, "text", at))
    for text in (part.text.en, part.text.fr):
        if unknown := sorted(set(_BLANK.findall(text)) - BLANKS.keys()):
            raise Wrong(f"nothing is called {', '.join(unknown)}", (*at, "text"))
    return part
