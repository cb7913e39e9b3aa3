"""Severity levels, in the terms and the order of the Sigma specification 2.1 (section Level)."""

from enum import IntEnum


class Level(IntEnum):
    """How much an alert matters. Comparable: `Level.HIGH > Level.LOW`."""

    INFORMATIONAL = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The lower-case word used in rules, on the command line and in formats."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> "Level":
        """Return the level for a word such as `high`; raises `ValueError` naming the choices."""
        try:
            return cls[word.upper()]
        except KeyError:
            choices = ", ".join(level.word for level in cls)
            raise ValueError(f"{word!r} is not a level; choose one of {choices}") from None
