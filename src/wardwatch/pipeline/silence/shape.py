"""Windows over what came: how much was understood, which fields were there, how late it was.

Each `take` adds to the window that runs and, where that is over, returns whether it is bad (`None`: nothing can be
said) and the figures that an alert shows.
"""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from wardwatch.pipeline.silence.usual import HOUR, MINUTE

Verdict = tuple[bool | None, dict[str, Any]]
NOTHING: Verdict = (None, {})
SKEW = 5 * MINUTE  # a clock that is wrong by more is reported
FORGOTTEN = 7 * 24 * HOUR  # without a measurement for longer, a host's clock is forgotten
_WINDOW = 10 * MINUTE
_ROWS = 50  # frames in a window that can be judged
_LEARNED = 6  # windows after which a share is usual
_SHARES = 144  # windows that are remembered: of a day
_JUMP = 0.2  # by which the share of what is not understood must rise above nine in ten of the windows before
_MANY = 100  # events of an hour in which a field that always comes is missed
_ALWAYS = 168  # such hours in a row in each of which a field came, so that it always comes: a week
_MEASURED = 5  # measurements of a clock in a window
_WINDOWS = 3  # windows in a row in which it is wrong


@dataclass(slots=True)
class Understood:
    """The share of frames of a sensor that was not understood, in windows of ten minutes."""

    begun_at: int
    events: int = 0
    rejects: int = 0
    shares: list[float] = field(default_factory=list)

    def take(self, events: int, rejects: int, at: int) -> Verdict:
        """See the module."""
        self.events += events
        self.rejects += rejects
        total = self.events + self.rejects
        if at - self.begun_at < _WINDOW:
            return NOTHING
        share = self.rejects / total if total else 0.0
        self.begun_at, self.events, self.rejects = at, 0, 0
        if total < _ROWS:
            return NOTHING
        high = sorted(self.shares)[len(self.shares) * 9 // 10] if self.shares else 0.0
        bad = len(self.shares) >= _LEARNED and share > high + _JUMP
        if not bad:
            self.shares = [*self.shares, share][-_SHARES:]
        return bad, {"share": round(share, 3), "usual_share": round(high, 3), "frames": total}


@dataclass(slots=True)
class Fields:
    """Which of the fields that rules ask came in each hour, from one source in one log source."""

    begun_at: int
    events: int = 0
    seen: list[str] = field(default_factory=list)
    hours: dict[str, int] = field(default_factory=dict)  # field → hours in a row in which it came

    def take(self, events: int, names: frozenset[str] | set[str], asked: frozenset[str], at: int) -> Verdict:
        """See the module; `names` are those of the `asked` fields that came."""
        self.events += events
        self.seen = sorted({*self.seen, *names})
        if at - self.begun_at < HOUR or self.events < _MANY:
            return NOTHING
        seen = set(self.seen)
        gone = sorted(name for name, hours in self.hours.items() if hours >= _ALWAYS and name in asked - seen)
        # A field that always came and is gone stays one that is missed; any other is counted anew.
        kept = {name: self.hours[name] for name in gone}
        self.hours = {name: self.hours.get(name, 0) + 1 for name in sorted(seen)} | kept
        self.begun_at, self.events, self.seen = at, 0, []
        return bool(gone), {"fields": gone} if gone else {}


@dataclass(slots=True)
class Clock:
    """By how much arrival follows what a host states (µs): the median of each window of ten minutes or more."""

    begun_at: int
    late: list[int] = field(default_factory=list)
    medians: list[int] = field(default_factory=list)
    heard_at: int = 0

    def take(self, late: list[int], at: int) -> Verdict:
        """See the module. Wrong is a clock that is so in three windows in a row, to the same side."""
        self.late += late[: 1_000 - len(self.late)]
        self.heard_at = at
        if at - self.begun_at < _WINDOW or len(self.late) < _MEASURED:
            return NOTHING
        self.medians = [*self.medians, int(median(self.late))][-_WINDOWS:]
        self.begun_at, self.late = at, []
        newest = self.medians[-1]
        says = {"skew_seconds": round(newest / 1e6), "clock": "behind, or sent late" if newest > 0 else "ahead"}
        if abs(newest) <= SKEW:
            return False, says
        one_side = all(one > SKEW for one in self.medians) or all(one < -SKEW for one in self.medians)
        return (True if len(self.medians) == _WINDOWS and one_side else None), says
