"""The chart of an attack's course: one line for each computer, a mark where it first reached each tactic.

Geometry only; the template draws it. Lengths are in the units of the chart's view box, which are CSS
pixels at full width. A label stands where there is room for it; the table beside the chart has them all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

WIDTH = 880
_LEFT, _RIGHT = 190, 868  # between which time runs
_TOP, _ROW, _BOTTOM = 36, 50, 34
_LETTER = 7.3  # width of a semibold letter at 12 px, with room for fonts that run wide
_DIM = 3.4  # half of the width of a letter on the axis
_MERGE = 14  # marks nearer than this become one
_NAME = 26  # characters of a computer's name
_SECOND = 1_000_000
_STEPS = tuple(
    seconds * _SECOND
    for seconds in (
        *(1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400),
        *(172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 15_552_000, 31_536_000, 63_072_000, 157_680_000),
    )
)
_DAY = 86_400 * _SECOND
_MAX_TICKS = 6


class Times(Protocol):
    """Writes the times (µs UTC) of an axis, in the language of the document."""

    def at(self, stamp: int) -> str:
        """Write the day and the minute."""
        ...

    def day(self, stamp: int) -> str:
        """Write the day."""
        ...

    def minute(self, stamp: int) -> str:
        """Write the time of day, to the minute."""
        ...

    def second(self, stamp: int) -> str:
        """Write the time of day, to the second."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One computer: its name, and the tactics it reached with their times (µs UTC), in order of time."""

    name: str
    reached: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark and its label (which may be empty), `dy` above or below the line."""

    x: float
    text: str
    text_x: float
    dy: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Row:
    """One computer's line."""

    name: str
    y: float
    first: float
    last: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """One time on the axis."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn."""

    width: int
    height: int
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]


def draw(lines: Sequence[Line], times: Times) -> Chart:
    """Lay out `lines`, in their order; each must have reached something."""
    first = min(at for line in lines for at, _ in line.reached)
    last = max(at for line in lines for at, _ in line.reached)
    scale = _Scale(first, last)
    rows = tuple(_row(line, _TOP + place * _ROW, scale) for place, line in enumerate(lines))
    height = _TOP + (len(lines) - 1) * _ROW + 12 + _BOTTOM
    return Chart(WIDTH, height, tuple(_ticks(scale, times)), rows)


@dataclass(frozen=True, slots=True)
class _Scale:
    first: int
    last: int

    def x(self, at: int) -> float:
        if self.last == self.first:
            return float(_LEFT)
        return round(_LEFT + (_RIGHT - _LEFT) * (at - self.first) / (self.last - self.first), 1)


def _row(line: Line, y: float, scale: _Scale) -> Row:
    clusters: list[tuple[float, list[str]]] = []
    for at, tactic in line.reached:
        x = scale.x(at)
        if clusters and x - clusters[-1][0] < _MERGE:
            clusters[-1][1].append(tactic)
        else:
            clusters.append((x, [tactic]))
    lanes = [0.0, 0.0]  # where the last label above and below the line ended
    marks = tuple(_labelled(x, tactics, lanes) for x, tactics in clusters)
    name = line.name if len(line.name) <= _NAME else line.name[: _NAME - 1] + "…"
    return Row(name, y, marks[0].x, marks[-1].x, marks)


def _labelled(x: float, tactics: Sequence[str], lanes: list[float]) -> Mark:
    """The mark at `x` with the longest label that has room above the line or else below (see `lanes`)."""
    full = ", ".join(tactics)
    short = f"{tactics[0]} +{len(tactics) - 1}" if len(tactics) > 1 else full
    for text, at_end in ((full, False), (short, False), (short, True)):
        width = len(text) * _LETTER
        start = x + 5 - width if at_end else x - 5
        for lane, dy in enumerate((-10, 19)):
            if start >= max(lanes[lane], _LEFT - 5) and start + width <= _RIGHT + 5:
                lanes[lane] = start + width + 10
                return Mark(x, text, round(x + 5 if at_end else start, 1), dy, "end" if at_end else "start")
    return Mark(x, "", x, 0, "start")


def _ticks(scale: _Scale, times: Times) -> Iterator[Tick]:
    span = scale.last - scale.first
    step = next((step for step in _STEPS if span <= step * (_MAX_TICKS - 1)), _STEPS[-1])
    if span < _SECOND:
        yield Tick(scale.x(scale.first), times.at(scale.first), "start")  # all is at the left edge
        return
    at, shown = -(-scale.first // step) * step, ""
    while at <= scale.last:
        day = times.day(at)
        time = times.minute(at) if step >= 60 * _SECOND else times.second(at)
        text = day if step >= _DAY else time if day == shown else f"{day}, {time}"
        shown, x = day, scale.x(at)
        half = len(text) * _DIM
        anchor = "start" if x < _LEFT + 40 else "end" if x + half > WIDTH else "middle"
        yield Tick(x, text, anchor)
        at += step
