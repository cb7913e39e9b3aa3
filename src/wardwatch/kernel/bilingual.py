"""Texts that people read exist in English and French."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """One text in each language. `fr` falls back to `en` where a third party wrote English only."""

    en: str
    fr: str = ""

    def in_(self, language: str) -> str:
        """Return the text in `language` (`en` or `fr`)."""
        return self.fr if language == "fr" and self.fr else self.en

    @classmethod
    def parse(cls, value: str | Mapping[str, object]) -> "Text":
        """Build from content: a plain string is English; a mapping holds `en` and `fr`, whatever else is made text."""
        if isinstance(value, str):
            return cls(en=value)
        english, french = value["en"], value.get("fr")
        return cls(en="" if english is None else str(english), fr="" if french is None else str(french))
