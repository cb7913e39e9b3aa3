"""The chart of where a hospital stands: a line for each domain, from nothing to its points, with what can be reached.

Geometry only; the template draws it, with the table beside it. Lengths are in the units of the view box.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 720
_LEFT, _RIGHT = 232, 660  # between which 0 to 100 runs
_TOP, _ROW = 18, 30
_TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class Bar:
    """What one line shows, in points of 100. `before`: in an earlier campaign; `None`: there is none."""

    name: str
    points: int
    most: int
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line as it is drawn."""

    name: str
    y: int
    x: float
    most_x: float
    before_x: float | None
    points: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn: rows and the (x, figure) of the axis."""

    width: int
    height: int
    left: int
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, int], ...]


def draw(bars: Sequence[Bar]) -> Chart:
    """Lay out bars, in their order."""
    rows = tuple(
        Row(
            name=one.name,
            y=_TOP + place * _ROW + _ROW // 2,
            x=_x(one.points),
            most_x=_x(one.most),
            before_x=None if one.before is None else _x(one.before),
            points=one.points,
        )
        for place, one in enumerate(bars)
    )
    height = _TOP + len(bars) * _ROW + 4
    return Chart(WIDTH, height, _LEFT, rows, tuple((_x(one), one) for one in _TICKS))


def _x(points: int) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * min(max(points, 0), 100) / 100, 1)
