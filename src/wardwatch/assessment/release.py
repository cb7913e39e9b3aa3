"""What may be said of a group without naming anybody: counts by cell, blurred where all would be alike.

The rule, against whoever knows the answers of up to `known` hospitals of the group and everything that is released:

1. Hospitals are counted in cells that never overlap (`cells`), of at least `least` members. Members of a cell could be
   exchanged for one another without any released figure changing.
2. A count of at most `apart` is released as "0 to `apart`", one of at least n - `apart` as "n - `apart` to n", with
   `apart` = `known` + 1. So it is never certain that all others in a cell are alike.
3. A campaign is released once, when it is closed. A cell that shares some but not all hospitals with a cell released
   in the last 90 days is withheld: the difference of the two would be about few.
4. Only questions are counted. What follows from several of them (domains, what an offer would cover), totals and
   breakdowns are worked out of these counts, never counted anew: together, dependent counts tell more than each.

With an `epsilon`, only domains are released, each count with two-sided geometric noise (Ghosh, Roughgarden and
Sundararajan 2009, "Universally utility-maximizing privacy mechanisms"): the whole release is epsilon-differentially
private for each hospital, since a hospital is in one cell and the noise of each of its counts has epsilon / counts.
"""

import math
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wardwatch.assessment.cells import Cell, Member, conflicting, cut
from wardwatch.assessment.framework import TOP
from wardwatch.assessment.needs import ENOUGH, NOBODY, Below, Counted, Steps, below_of, is_domain

FORMAT = "wardwatch/needs-release/1"
LEAST = 5
YEARLY_BUDGET = 4.0  # the most epsilon that may be spent on a hospital within a year
_SURE = 0.95  # how sure it is that a noisy count is within its bounds
_BITS = 53

# Returns a number evenly spread over (0, 1].
Draw = Callable[[], float]


def even_draw() -> float:
    """Draw from the system's randomness; noise that could be foreseen could be subtracted."""
    return (secrets.randbits(_BITS) + 1) / (1 << _BITS)


@dataclass(frozen=True, slots=True)
class Rule:
    """How to protect. `known`: how many hospitals of a cell one person may know; `epsilon` 0: no noise."""

    known: int = 1
    epsilon: float = 0.0

    @property
    def apart(self) -> int:
        """Counts so near to none or all are blurred."""
        return self.known + 1

    @property
    def least(self) -> int:
        """The fewest hospitals of a cell."""
        return max(LEAST, 2 * self.apart + 1)


@dataclass(frozen=True, slots=True)
class Part:
    """A cell as it is released: what all its hospitals share, how many they are, and their counts by measure."""

    where: Mapping[str, str]
    hospitals: int
    counts: Mapping[str, Below]


@dataclass(frozen=True, slots=True)
class Release:
    """A group in counts.

    Args:
        parts: the cells.
        answered: hospitals that have finished and let themselves be counted.
        withheld: of these, how many are in no part: too few to be counted unseen, or counted elsewhere lately.
        rule: what protects them.
        by: the dimensions along which cells were cut, in their order.
    """

    parts: tuple[Part, ...]
    answered: int
    withheld: int
    rule: Rule
    by: tuple[str, ...] = ()

    @property
    def hospitals(self) -> int:
        """How many are counted."""
        return sum(one.hospitals for one in self.parts)

    def total(self) -> dict[str, Below]:
        """Counts of all parts together."""
        return summed(self.parts)

    def broken_down(self, dimension: str) -> dict[str, tuple[int, dict[str, Below]]]:
        """Value → hospitals and counts; "" holds those who cannot be told apart by this dimension."""
        found: dict[str, list[Part]] = {}
        for one in self.parts:
            found.setdefault(one.where.get(dimension, ""), []).append(one)
        return {value: (sum(one.hospitals for one in some), summed(some)) for value, some in sorted(found.items())}


def summed(parts: Iterable[Part]) -> dict[str, Below]:
    """Counts of parts together: bounds add up."""
    found: dict[str, Below] = {}
    for part in parts:
        for measure, below in part.counts.items():
            before = found.get(measure, NOBODY)
            found[measure] = below_of(one.plus(two) for one, two in zip(before, below, strict=True))
    return found


@dataclass(frozen=True, slots=True)
class Made:
    """A release, and who is in which of its cells; the latter is kept, and never shown."""

    release: Release
    cells: tuple[Cell, ...] = field(repr=False)


def make(
    hospitals: Mapping[Member, Steps],
    by: Sequence[str],
    rule: Rule,
    *,
    released: Sequence[frozenset[str]] = (),
    draw: Draw = even_draw,
) -> Made:
    """Release what hospitals answered. `released`: the members of cells that were released in the last 90 days."""
    steps = {member.tenant: found for member, found in hospitals.items()}
    cells = tuple(one for one in cut(hospitals, by, rule.least) if not conflicting(one, released))
    parts = tuple(_part(cell, [steps[tenant] for tenant in cell.members], rule, draw) for cell in cells)
    counted = sum(len(cell.members) for cell in cells)
    return Made(Release(parts, len(steps), len(steps) - counted, rule, tuple(by)), cells)


def _part(cell: Cell, hospitals: Sequence[Steps], rule: Rule, draw: Draw) -> Part:
    many = len(hospitals)
    every = {measure for steps in hospitals for measure in steps}
    measures = sorted(one for one in every if is_domain(one) == bool(rule.epsilon))
    counts: dict[str, Below] = {}
    for measure in measures:
        found = [sum(steps.get(measure, 0) < at for steps in hospitals) for at in range(1, TOP + 1)]
        if rule.epsilon:
            counts[measure] = _noisy(found[ENOUGH - 1], many, rule.epsilon / len(measures), draw)
        else:
            counts[measure] = below_of(blurred(one, many, rule.apart) for one in found)
    return Part(cell.where, many, counts)


def blurred(count: int, of: int, apart: int) -> Counted:
    """A count as it may be said: bounds where it is near to none or all. `of` is at least 2 `apart` + 1."""
    if count <= apart:
        return Counted(0, apart)
    if count >= of - apart:
        return Counted(of - apart, of)
    return Counted(count, count)


def _noisy(count: int, of: int, epsilon: float, draw: Draw) -> Below:
    """Only how many have a need is said; what stands below the other steps stays open."""
    said = count + geometric(epsilon, draw) - geometric(epsilon, draw)
    wide = half_width(epsilon)
    need = Counted(min(of, max(0, said - wide)), min(of, max(0, said + wide)))
    low, high = Counted(0, need.high), Counted(need.low, of)
    return (low, low, need, high)


def geometric(epsilon: float, draw: Draw) -> int:
    """A number n with P(n) = (1 - a) a^n, a = exp(-epsilon). The difference of two is two-sided geometric noise."""
    return math.floor(math.log(draw()) / -epsilon)


def half_width(epsilon: float) -> int:
    """The smallest w with P(-w <= noise <= w) at least 95 %: P(|noise| > w) = 2 a^(w+1) / (1 + a)."""
    ratio = math.exp(-epsilon)
    return max(0, math.ceil(math.log((1 - _SURE) * (1 + ratio) / 2) / math.log(ratio) - 1))


def plain(release: Release) -> dict[str, Any]:
    """A release as JSON, the same as it is stored and exported."""
    return {
        "format": FORMAT,
        "answered": release.answered,
        "hospitals": release.hospitals,
        "withheld": release.withheld,
        "rule": {"known": release.rule.known, "least": release.rule.least, "epsilon": release.rule.epsilon},
        "by": list(release.by),
        "parts": [
            {
                "where": dict(part.where),
                "hospitals": part.hospitals,
                "below": {
                    measure: [[one.low, one.high] for one in below] for measure, below in sorted(part.counts.items())
                },
            }
            for part in release.parts
        ],
    }


def of_plain(found: Mapping[str, Any]) -> Release:
    """Read a release back; equal to what was written."""
    return Release(
        parts=tuple(
            Part(
                part["where"],
                part["hospitals"],
                {measure: below_of(Counted(*one) for one in below) for measure, below in part["below"].items()},
            )
            for part in found["parts"]
        ),
        answered=found["answered"],
        withheld=found["withheld"],
        rule=Rule(found["rule"]["known"], found["rule"]["epsilon"]),
        by=tuple(found["by"]),
    )
