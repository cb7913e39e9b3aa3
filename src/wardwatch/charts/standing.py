"""The chart of where a hospital stands: a line for each domain, from nothing to its points, with what can be reached.

Geometry only; the template draws it, with the table beside it. Lengths are in the units of the view box.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wardwatch.charts import Chart, across, chart, middle


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


def draw(bars: Sequence[Bar]) -> Chart[Row]:
    """Lay out bars, in their order."""
    rows = tuple(
        Row(
            name=one.name,
            y=middle(place),
            x=across(one.points),
            most_x=across(one.most),
            before_x=None if one.before is None else across(one.before),
            points=one.points,
        )
        for place, one in enumerate(bars)
    )
    return chart(rows)
