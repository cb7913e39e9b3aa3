"""Sliding windows: which events of a group end a window that satisfies the rule, and with what value.

An event is a tuple (occurred_at, event_id, payload, origin), so that a sorted list of them is in the
documented order: by time, then by id. The window of time `t` covers (t - span, t], and all events at `t`.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol

from wardwatch.correlation import rules as kinds
from wardwatch.correlation.rules import CorrelationRule, Number, expression_holds

# host, user, source, file, record_id, and the values of the fields that the rule asks for
Origin = tuple[str | None, str | None, str | None, str | None, str | None, tuple[tuple[str, str | None], ...]]
# nothing (event_count), a mask of places (temporal), texts (value_count), a number (the others)
Payload = int | Fraction | tuple[str, ...] | None
Event = tuple[int, bytes, Payload, Origin]
# The value of a satisfying window as alerts show it; `None` where the window does not satisfy the rule.
Mark = int | float | None

EXACT_INTEGERS = 2**53  # JSON readers keep integers up to here


class Window(Protocol):
    """The running summary of one window."""

    def add(self, event: Event) -> None:
        """Take in the next event."""

    def remove(self, event: Event) -> None:
        """Let go of the oldest event."""

    def mark(self, floor: int) -> Mark:
        """Return the value, or `None` if the rule is not satisfied; the window covers times above `floor`."""


def shown(value: Number) -> int | float:
    """Return a number as alerts carry it."""
    if value.denominator == 1 and -EXACT_INTEGERS < value < EXACT_INTEGERS:
        return int(value)
    return float(value)


class _Tested:
    def __init__(self, rule: CorrelationRule) -> None:
        self.rule = rule

    def tested(self, value: Number) -> Mark:
        return shown(value) if self.rule.satisfied(value) else None


class _Distinct(_Tested):
    """Different values (`value_count`)."""

    def __init__(self, rule: CorrelationRule) -> None:
        super().__init__(rule)
        self.counts: Counter[Payload] = Counter()

    def add(self, event: Event) -> None:
        self.counts[event[2]] += 1

    def remove(self, event: Event) -> None:
        self.counts[event[2]] -= 1
        if not self.counts[event[2]]:
            del self.counts[event[2]]

    def mark(self, floor: int) -> Mark:
        del floor
        return self.tested(len(self.counts))


class _Seen(_Tested):
    """Different rules seen, in any order (`temporal`)."""

    def __init__(self, rule: CorrelationRule) -> None:
        super().__init__(rule)
        self.counts: Counter[int] = Counter()

    def add(self, event: Event) -> None:
        for index, ref in enumerate(self.rule.refs):
            if _mask(event) & ref.mask:
                self.counts[index] += 1

    def remove(self, event: Event) -> None:
        for index, ref in enumerate(self.rule.refs):
            if _mask(event) & ref.mask:
                self.counts[index] -= 1

    def mark(self, floor: int) -> Mark:
        del floor
        seen = [ref.mask for index, ref in enumerate(self.rule.refs) if self.counts[index]]
        if self.rule.expression is None:
            return self.tested(len(seen))
        return len(seen) if expression_holds(self.rule.expression, sum(seen)) else None


class _InOrder:
    """Rules seen in the order of the list, each by a later event (`temporal_ordered`).

    `starts[place]` is the latest time at which a run of the first rules up to `place` can have begun.
    """

    def __init__(self, rule: CorrelationRule) -> None:
        self.places = rule.places
        self.starts: list[int | None] = [None] * rule.places

    def add(self, event: Event) -> None:
        for place in reversed(range(self.places)):
            if _mask(event) >> place & 1:
                self.starts[place] = self.starts[place - 1] if place else event[0]

    def remove(self, event: Event) -> None:
        """Nothing to do: `mark` looks at when the run began."""

    def mark(self, floor: int) -> Mark:
        begun = self.starts[-1]
        return self.places if begun is not None and begun > floor else None


class _Sum(_Tested):
    """Sum or mean. Exact arithmetic: the result depends neither on the order nor on what was there before."""

    def __init__(self, rule: CorrelationRule) -> None:
        super().__init__(rule)
        self.total: Number = 0
        self.count = 0

    def add(self, event: Event) -> None:
        self.total += _number(event)
        self.count += 1

    def remove(self, event: Event) -> None:
        self.total -= _number(event)
        self.count -= 1

    def mark(self, floor: int) -> Mark:
        del floor
        return self.tested(self.total if self.rule.type == kinds.VALUE_SUM else Fraction(self.total) / self.count)


class _Sorted(_Tested):
    """Percentile by nearest rank, or median (the mean of the two in the middle)."""

    def __init__(self, rule: CorrelationRule) -> None:
        super().__init__(rule)
        self.values: list[Number] = []

    def add(self, event: Event) -> None:
        insort(self.values, _number(event))

    def remove(self, event: Event) -> None:
        del self.values[bisect_left(self.values, _number(event))]

    def mark(self, floor: int) -> Mark:
        del floor
        size = len(self.values)
        if self.rule.percentile is None:
            return self.tested((self.values[(size - 1) // 2] + self.values[size // 2]) / Fraction(2))
        rank = max(1, -(-self.rule.percentile * size // 100))
        return self.tested(self.values[rank - 1])


def _mask(event: Event) -> int:
    assert isinstance(event[2], int)
    return event[2]


def _number(event: Event) -> Number:
    assert isinstance(event[2], int | Fraction)
    return event[2]


_WINDOWS: Mapping[str, Callable[[CorrelationRule], Window]] = {
    kinds.VALUE_COUNT: _Distinct,
    kinds.TEMPORAL: _Seen,
    kinds.TEMPORAL_ORDERED: _InOrder,
    kinds.VALUE_SUM: _Sum,
    kinds.VALUE_AVG: _Sum,
    kinds.VALUE_PERCENTILE: _Sorted,
    kinds.VALUE_MEDIAN: _Sorted,
}


def remark(rule: CorrelationRule, events: list[Event], marks: list[Mark], changed: tuple[int, int]) -> None:
    """Bring `marks` up to date after events were added or removed between the two times of `changed`.

    Only windows that reach into that stretch are looked at; all events must be in `events` that these cover.
    """
    start = bisect_left(events, (changed[0],))
    stop = bisect_left(events, (changed[1] + rule.span,))
    if start >= stop:
        return
    low = bisect_left(events, (events[start][0] - rule.span + 1,))
    if rule.type == kinds.EVENT_COUNT:
        _remark_counts(rule, events, marks, (low, start, stop))
        return
    window: Window = _WINDOWS[rule.type](rule)
    for event in events[low:start]:
        window.add(event)
    at = start
    while at < stop:
        time = events[at][0]
        first = at
        while at < stop and events[at][0] == time:
            window.add(events[at])
            at += 1
        while events[low][0] <= time - rule.span:
            window.remove(events[low])
            low += 1
        marks[first:at] = [window.mark(time - rule.span)] * (at - first)


def _remark_counts(rule: CorrelationRule, events: list[Event], marks: list[Mark], bounds: tuple[int, int, int]) -> None:
    """`remark` for event_count, which needs no summary: a window's value is a difference of two indexes."""
    low, at, stop = bounds
    span, satisfied = rule.span, rule.satisfied
    size = len(events)
    while at < stop:
        time = events[at][0]
        first = at
        at += 1
        while at < size and events[at][0] == time:
            at += 1
        floor = time - span
        while events[low][0] <= floor:
            low += 1
        count = at - low
        mark = count if satisfied(count) else None
        if at == first + 1:
            marks[first] = mark
        else:
            marks[first:at] = [mark] * (at - first)
