"""What is asked: domains, questions with five steps in plain words, and the guideline of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from wardwatch.kernel.bilingual import Text

STEPS = 5  # 0 to 4
TOP = STEPS - 1
SIZES = ("small", "medium", "large")


class Tier(StrEnum):
    """Asked in the first hour, or when a hospital looks deeper."""

    FIRST = "first"
    DEEPER = "deeper"


class Pillar(StrEnum):
    """The pillars of the European action plan on the cybersecurity of hospitals, COM(2025) 10."""

    PREVENT = "prevent"
    DETECT = "detect"
    RESPOND_RECOVER = "respond_recover"
    DETER = "deter"


PILLARS: Mapping[Pillar, Text] = {
    Pillar.PREVENT: Text("Prevent", "Prévenir"),
    Pillar.DETECT: Text("Detect", "Détecter"),
    Pillar.RESPOND_RECOVER: Text("Respond and recover", "Réagir et rétablir"),
    Pillar.DETER: Text("Deter", "Dissuader"),
}


class Cost(StrEnum):
    """What the first steps cost beside working time, roughly."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


# Where the numbers of mappings come from; each is quoted by number only.
MAPPED: Mapping[str, str] = {
    "nis2": "Directive (EU) 2022/2555",
    "cis": "CIS Controls v8",
    "csf": "NIST CSF 2.0",
    "iso": "ISO/IEC 27001:2022, Annex A",
    "hph": "HPH Cybersecurity Performance Goals",
    "cyfun": "CyberFundamentals",
    "care": "CaRE",
}


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """A real incident that shows why a question matters; `confidence` as its sources allow."""

    id: str
    text: Text
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A question is asked only if the answer to another one is at least at a step."""

    question: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Guideline:
    """Help with one question.

    Args:
        why: why it matters in a hospital.
        find: how to find the answer oneself: a command, a screen, whom to ask.
        good: what good looks like, by size of the hospital (`SIZES`).
        start: first steps, in order.
        days: working days that the first steps take, from and to (an estimate).
        cost: what they cost beside that.
        incident: a real one, where there is one.
    """

    why: Text
    find: Text
    good: Mapping[str, Text]
    start: tuple[Text, ...]
    days: tuple[int, int]
    cost: Cost
    incident: KnownIncident | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `weight` 1 to 3; `when`: all of these must hold, else it is not asked and counts as step 0."""

    id: str
    domain: str
    tier: Tier
    weight: int
    pillar: Pillar
    ask: Text
    steps: tuple[Text, ...]
    guide: Guideline
    maps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """A part of a framework, scored by itself."""

    id: str
    name: Text


@dataclass(frozen=True)
class Framework:
    """Questions in the order in which they are asked. `version` goes up when scores would change."""

    id: str
    version: int
    name: Text
    about: Text
    domains: tuple[Domain, ...]
    questions: tuple[Question, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        """Questions by their id."""
        return {one.id: one for one in self.questions}

    def at(self, depth: Tier) -> tuple[Question, ...]:
        """The questions of a depth: `FIRST` alone, or all."""
        return tuple(one for one in self.questions if depth is Tier.DEEPER or one.tier is Tier.FIRST)

    def by_domain(self, depth: Tier) -> Iterator[tuple[Domain, tuple[Question, ...]]]:
        """Yield domains that have questions, with these."""
        asked = self.at(depth)
        for domain in self.domains:
            found = tuple(one for one in asked if one.domain == domain.id)
            if found:
                yield domain, found
