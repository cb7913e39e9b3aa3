"""What a group of hospitals needs: how many stand below each step, which needs they share, what an offer would cover.

A *measure* is one thing that is counted: a question, or a domain. Of each it is counted how many hospitals stand below
step 1, 2, 3 and 4; a hospital *needs* it below step 3. Counts come with a lower and an upper bound: equal where
hospitals are seen by name, apart where they are not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from wardwatch.assessment.framework import TOP, Framework, Question, Tier

THRESHOLDS = tuple(range(1, TOP + 1))
ENOUGH = 3  # a hospital below this step has a need
_DOMAIN = "domain:"
_HEAVIEST = 3  # the largest weight of a question

Steps = Mapping[str, int]


def domain_measure(id_: str) -> str:
    """The measure of a domain."""
    return _DOMAIN + id_


def is_domain(measure: str) -> bool:
    """Whether a measure is a domain, not a question."""
    return measure.startswith(_DOMAIN)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many hospitals: at least `low`, at most `high`."""

    low: int
    high: int

    @property
    def exact(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high

    def plus(self, other: "Counted") -> "Counted":
        """Both together."""
        return Counted(self.low + other.low, self.high + other.high)


# Of a measure: how many hospitals stand below step 1, 2, 3, 4.
Below = tuple[Counted, Counted, Counted, Counted]
NOBODY: Below = (Counted(0, 0), Counted(0, 0), Counted(0, 0), Counted(0, 0))


def question_step(said: int | str | None) -> int | None:
    """The step that counts for a question, out of an assessment's figures.

    Unknown and not asked count as 0, since nobody can rely on them; what does not apply is no need. `None`: open.
    """
    if said is None or isinstance(said, int):
        return said
    return TOP if said == "not_applicable" else 0


def steps_of(framework: Framework, depth: Tier, figures: Mapping[str, Any]) -> Steps:
    """The step of a hospital at every measure, out of its figures (`wardwatch/assessment-figures/1`).

    Open questions count as 0: whoever counts decides before, whether an assessment is finished.
    """
    said = figures["steps"]
    steps = {one.id: question_step(said.get(one.id)) or 0 for one in framework.at(depth)}
    return steps | {domain_measure(domain): score["level"] for domain, score in figures["domains"].items()}


def tally(hospitals: Iterable[Steps]) -> dict[str, Below]:
    """Count hospitals that are seen by name: measure → exact counts."""
    counts: dict[str, list[int]] = {}
    for steps in hospitals:
        for measure, step in steps.items():
            below = counts.setdefault(measure, [0] * TOP)
            for place in range(step, TOP):
                below[place] += 1
    return {measure: below_of([Counted(one, one) for one in found]) for measure, found in counts.items()}


def below_of(some: Iterable[Counted]) -> Below:
    """Four counts as one value. Raises `ValueError` for any other number of them."""
    one, two, three, four = some
    return (one, two, three, four)


@dataclass(frozen=True, slots=True)
class Need:
    """A question at which hospitals of a group stand below step 3.

    Args:
        question: which.
        below: how many stand below each step.
        of: how many hospitals were counted.
        burden: of 100: weight and missing steps of all hospitals, against the most that they could be; what needs are
            ranked by. Where counts have bounds, the middle of both.
    """

    question: Question
    below: Below
    of: int
    burden: float

    @property
    def hospitals(self) -> Counted:
        """How many have the need."""
        return self.below[ENOUGH - 1]

    @property
    def grave(self) -> Counted:
        """How many have nothing of it (step 0)."""
        return self.below[0]


def rank(framework: Framework, depth: Tier, counts: Mapping[str, Below], of: int) -> tuple[Need, ...]:
    """The needs of a group, the heaviest first; those that nobody has are left out."""
    found = [
        Need(one, counts[one.id], of, _burden(one, counts[one.id], of))
        for one in framework.at(depth)
        if one.id in counts and counts[one.id][ENOUGH - 1].high
    ]
    return tuple(sorted(found, key=lambda one: (-one.burden, one.question.id)))


def _burden(question: Question, below: Below, of: int) -> float:
    """The sum of missing steps is the sum of how many stand below each step."""
    missing = sum(one.low + one.high for one in below) / 2
    return 100 * question.weight * missing / (_HEAVIEST * TOP * of) if of else 0.0


def at_step(below: Below, of: int) -> tuple[Counted, ...]:
    """How many hospitals stand at step 0, 1, 2, 3 and 4: bounds follow from those of neighbours."""
    edges = (Counted(0, 0), *below, Counted(of, of))
    return tuple(
        Counted(max(0, after.low - before.high), max(0, after.high - before.low)) for before, after in pairwise(edges)
    )


def covered(hospitals: Iterable[Steps], questions: Iterable[str]) -> Counted:
    """How many hospitals an offer would help: those with a need at one of its questions. For hospitals by name."""
    asked = tuple(questions)
    found = sum(any(steps.get(one, TOP) < ENOUGH for one in asked) for steps in hospitals)
    return Counted(found, found)


def covered_bounds(counts: Mapping[str, Below], questions: Iterable[str], of: int) -> Counted:
    """The same out of counts alone: at least those of the commonest need, at most those of all needs together."""
    needs = [counts[one][ENOUGH - 1] for one in questions if one in counts]
    return Counted(max((one.low for one in needs), default=0), min(of, sum(one.high for one in needs)))


@dataclass(frozen=True, slots=True)
class Spread:
    """How some figures are spread: the least, quartiles, and the most."""

    least: int
    lower: int
    middle: int
    upper: int
    most: int


def spread(figures: Iterable[int]) -> Spread:
    """Quartiles of at least one figure, each one that occurs (Hyndman and Fan 1996, definition 1)."""
    found = sorted(figures)

    def at(quarter: int) -> int:
        return found[max(0, -(-len(found) * quarter // 4) - 1)]

    return Spread(found[0], at(1), at(2), at(3), found[-1])


def open_share(counts: Mapping[str, Below], questions: Iterable[str], of: int) -> Counted:
    """Of all needs that hospitals could have at some questions, how many percent they have; bounds rounded outwards."""
    some = [counts[one][ENOUGH - 1] for one in questions if one in counts]
    most = of * len(some)
    if not most:
        return Counted(0, 0)
    low, high = 100 * sum(one.low for one in some), 100 * sum(one.high for one in some)
    if low == high:
        return Counted(round(low / most), round(low / most))
    return Counted(low // most, -(-high // most))
