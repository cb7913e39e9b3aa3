"""What is usual for one source of one sensor: events and longest gaps, for each hour of the week.

Nothing is assumed of how events are spread but that weeks are alike: a night, a weekend or a job that runs at four is
in what was seen at that hour in the last weeks. Medians and extremes of up to four weeks, no parameters to be fitted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

WEEK = 168  # hours
WEEKS = 4  # that are remembered
HOUR, MINUTE = 3_600_000_000, 60_000_000  # µs
SHORTEST = 10 * MINUTE  # a silence that is shorter is none
_EXPECTED = 12.0  # events that should have come: by chance none comes once in 160,000 times (e^-12)
_LEARNED = 14 * 24  # hours after which the longest gap of all is believed
_STEADY = MINUTE  # a source that was never silent for longer is steady
_STEADY_AFTER = 24  # hours of it
# How much longer than the longest known gap of that hour a silence must be, by how many weeks are known.
_FACTORS = {1: 3.0, 2: 2.0}
_FACTOR = 1.5


Slot = Callable[[int], int]  # number of a local hour since 1970 → the hour of the week that it is like


def plain_week(hour: int) -> int:
    """Every week is alike; hour 0 is that of a Thursday, as 1970 began."""
    return hour % WEEK


@dataclass(slots=True)
class Usual:
    """Learns from hours that were watched whole; `counts` and `gaps` hold the last weeks of each hour of the week.

    `ended` are the longest gaps that an event ended, of the last weeks: a silence that goes on is not usual yet.
    """

    counts: dict[int, list[int]] = field(default_factory=dict)
    gaps: dict[int, list[int]] = field(default_factory=dict)  # µs
    ended: dict[int, int] = field(default_factory=dict)  # number of the week → µs
    hours: int = 0  # learned

    def learn(self, slot: int, count: int, gap: int) -> None:
        """Take in an hour: its events, and the longest time without one that was seen in it (µs)."""
        for known, value in ((self.counts, count), (self.gaps, gap)):
            known[slot] = [*known.get(slot, ()), value][-WEEKS:]
        self.hours += 1

    def end(self, gap: int, at: int) -> None:
        """Take in a gap that an event at a time (µs) ended."""
        week = at // (WEEK * HOUR)
        if gap > self.ended.get(week, -1):
            self.ended[week] = gap
            self.ended = {one: self.ended[one] for one in sorted(self.ended)[-WEEKS - 1 :]}

    def low(self, slot: int) -> float:
        """Events of an hour, cautiously: the least of what is usual in it and in the hours beside it.

        So a shift that begins earlier or later than last week makes no difference.
        """
        beside = ((slot - 1) % WEEK, slot, (slot + 1) % WEEK)
        return min(median(self.counts[one]) if one in self.counts else 0.0 for one in beside)

    def least(self, slot: int) -> int:
        """The least that ever came in this hour or beside it in the weeks that are known; 0 before the second week."""
        beside = ((slot - 1) % WEEK, slot, (slot + 1) % WEEK)
        if any(len(self.counts.get(one, ())) < 2 for one in beside):  # noqa: PLR2004  (two weeks)
            return 0
        return min(min(self.counts[one]) for one in beside)

    def longest(self) -> int:
        """The longest gap of all that ended (µs)."""
        return max(self.ended.values(), default=0)

    def expected(self, begin: int, end: int, slot: Slot = plain_week) -> float:
        """Events that should have come between two *local* times (µs since 1970-01-01, local), at most a week."""
        begin = max(begin, end - WEEK * HOUR)
        total = 0.0
        for hour in range(begin // HOUR, end // HOUR + 1):
            share = min(end, (hour + 1) * HOUR) - max(begin, hour * HOUR)
            total += self.low(slot(hour)) * share / HOUR
        return total

    def silent(self, begin: int, end: int, slot: Slot = plain_week) -> int | None:
        """Return the usual gap (µs) that a silence between two local times is longer than; `None`: it is usual."""
        age = end - begin
        if age <= SHORTEST:
            return None
        known = self.gaps.get(slot(end // HOUR))
        if known:
            usual = max(known)
            if age > _FACTORS.get(len(known), _FACTOR) * usual and self.expected(begin, end, slot) >= _EXPECTED:
                return usual
        longest = self.longest()
        if self.hours >= _LEARNED and age > _FACTOR * longest:
            return longest
        if not known and self.hours >= _STEADY_AFTER and longest <= _STEADY:
            return longest
        return None

    def plain(self) -> list[Any]:
        """As plain data; see `restored`."""
        return [list(self.counts.items()), list(self.gaps.items()), list(self.ended.items()), self.hours]


def restored(plain: list[Any]) -> Usual:
    """Rebuild what `plain` returned."""
    counts, gaps, ended, hours = plain
    return Usual(
        {int(slot): list(some) for slot, some in counts},
        {int(slot): list(some) for slot, some in gaps},
        {int(week): int(gap) for week, gap in ended},
        hours,
    )
