"""How much care stands on an asset: which clinical services need it, and how long they can do without."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Criticality(IntEnum):
    """What happens to patients when a service stops. Comparable: `VITAL > LOW`."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
    VITAL = 3

    @property
    def word(self) -> str:
        """The lower-case word used in content and imports."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> "Criticality":
        """Return the criticality for a word; raises `ValueError` naming the choices."""
        try:
            return cls[word.strip().upper()]
        except KeyError:
            choices = ", ".join(one.word for one in cls)
            raise ValueError(f"{word!r} is not a criticality; choose one of {choices}") from None


@dataclass(frozen=True, slots=True)
class Stands:
    """A service that stands on an asset: `minutes` it can do without, `via` the systems in between."""

    service: str
    criticality: Criticality
    minutes: int
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Care:
    """The care that an asset serves.

    Args:
        asset: its id.
        known: whether the asset is in the estate at all.
        services: those that stand on it, the most urgent first.
        percent: the factor by which trouble with it weighs more, 100 (no care stands on it) to 200.
        minutes: how long the most urgent of them can do without; `None` where none stands on it.
    """

    asset: str
    known: bool = True
    services: tuple[Stands, ...] = ()
    percent: int = 100
    minutes: int | None = None


UNKNOWN = Care("", known=False)
_BY_CRITICALITY: Mapping[Criticality, int] = {
    Criticality.LOW: 5,
    Criticality.MEDIUM: 20,
    Criticality.HIGH: 45,
    Criticality.VITAL: 70,
}
# (minutes without, what is added): what must be back within the hour weighs most.
_BY_MINUTES = ((60, 30), (4 * 60, 22), (12 * 60, 14), (24 * 60, 8), (72 * 60, 3))


def percent_of(services: tuple[Stands, ...]) -> int:
    """The weight of the most urgent of the services: 100 for none, at most 200; more services do not add up."""
    return max((100 + _BY_CRITICALITY[one.criticality] + _hurry(one.minutes) for one in services), default=100)


def _hurry(minutes: int) -> int:
    return next((added for limit, added in _BY_MINUTES if minutes <= limit), 0)
