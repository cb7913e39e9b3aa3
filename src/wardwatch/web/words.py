"""The sentences of timelines, refusals and notices: content, by key (`content/words/*.yml`, `wardwatch/words/1`)."""

from collections.abc import Mapping
from functools import cache

from wardwatch.catalogue import files
from wardwatch.kernel.bilingual import Text
from wardwatch.web.tags import french


@cache
def words() -> Mapping[str, Text]:
    """Every sentence by its key."""
    found: dict[str, Text] = {}
    for file in files.find([files.shipped("words")]):
        for document in files.documents(file):
            found |= {key: Text.parse(value) for key, value in document.get("words", {}).items()}
    return found


def fill(key: str, params: Mapping[str, str], language: str) -> str:
    """Return a sentence with its blanks filled in; a key without a sentence is shown as it is. Nothing is escaped."""
    text = words().get(key)
    if text is None:
        return key
    said = text.in_(language)
    for name, value in params.items():
        said = said.replace("{" + name + "}", value)
    return french(said) if language == "fr" else said
