"""Charts, laid out in one place for every document: geometry, which a template draws as SVG. No script is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

WIDTH = 720
LEFT, RIGHT = 232, 660  # between which points of 0 to 100 run
TOP, ROW = 18, 30  # what is above the first row, and how high one is
TICKS = (0, 25, 50, 75, 100)


def across(points: int) -> float:
    """Where points of 100 lie; beyond the scale, its end."""
    return round(LEFT + (RIGHT - LEFT) * min(max(points, 0), 100) / 100, 1)


def middle(place: int) -> int:
    """The y of the middle of a row, counted from 0."""
    return TOP + place * ROW + ROW // 2


def height(rows: int) -> int:
    """How high a chart of so many rows is."""
    return TOP + rows * ROW + 4


def axis() -> tuple[tuple[float, int], ...]:
    """The (x, figure) of the scale's lines."""
    return tuple((across(one), one) for one in TICKS)


RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Chart(Generic[RowT]):
    """Everything that is drawn: rows, each in its own shape, and the (x, figure) of the axis."""

    width: int
    height: int
    left: int
    rows: tuple[RowT, ...]
    ticks: tuple[tuple[float, int], ...]


def chart(rows: Sequence[RowT]) -> Chart[RowT]:
    """A chart of points of 100, a row below the other."""
    return Chart(WIDTH, height(len(rows)), LEFT, tuple(rows), axis())
