"""Sentences by key, in both languages: content `words/*.yml` (schema `wardwatch/words/1`), filled with parameters."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from wardwatch.catalogue import files
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import ContentError

SCHEMA = "wardwatch/words/1"
WORDS = frozenset({"level", "state", "from", "to", "what"})
_PLACE = re.compile(r"\{(\w+)\}")


@cache
def shipped() -> Mapping[str, Text]:
    """What Wardwatch ships. Raises `ContentError`."""
    return load([files.shipped("words")])


def load(paths: Iterable[Path]) -> Mapping[str, Text]:
    """Read sentences; of the same key the last one counts. Raises `ContentError`."""
    found: dict[str, Text] = {}
    for file in files.find(paths):
        for document in files.documents(file):
            words = document.get("words")
            if document.get("schema") != SCHEMA or not isinstance(words, dict):
                raise ContentError(f"schema is not {SCHEMA}", where=file.path)
            for key, text in words.items():
                if not isinstance(text, dict) or not text.get("en") or not text.get("fr"):
                    raise ContentError(f"{key} is not in both languages", where=file.path)
                if set(places(text["en"])) != set(places(text["fr"])):
                    raise ContentError(f"{key} has not the same parameters in both languages", where=file.path)
                found[str(key)] = Text.parse(text)
    return found


def places(text: str) -> tuple[str, ...]:
    """The parameters that a sentence asks for."""
    return tuple(_PLACE.findall(text))


def sentence(key: str, params: Mapping[str, str], language: str, words: Mapping[str, Text] | None = None) -> str:
    """The sentence of a key; a parameter that is missing or empty is a dash. A key that is not known stays itself.

    Parameters that hold a word of ours (`WORDS`: a level, a state) are translated, by the keys `value.<word>`.
    """
    known = shipped() if words is None else words
    text = known.get(key)
    if text is None:
        return key

    def filled(place: re.Match[str]) -> str:
        value = params.get(place[1]) or "–"
        word = known.get(f"value.{value}") if place[1] in WORDS else None
        return word.in_(language) if word else value

    return _PLACE.sub(filled, text.in_(language))
