"""The chart of spreads: a line for each row, from the least to the most, its middle half, and the median.

Geometry only; the template draws it, with the table beside it. Lengths are in the units of the view box.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wardwatch.charts import Chart, across, chart, middle


@dataclass(frozen=True, slots=True)
class Range:
    """What one line shows, in points of 100: the least, quartiles, the most."""

    name: str
    least: int
    lower: int
    middle: int
    upper: int
    most: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line as it is drawn; widths are never less than what can be seen."""

    name: str
    y: int
    whole: tuple[float, float]  # x and width, from the least to the most
    half: tuple[float, float]  # x and width, between the quartiles
    middle_x: float
    middle: int


def draw(ranges: Sequence[Range]) -> Chart[Row]:
    """Lay out ranges, in their order."""
    rows = tuple(
        Row(
            name=one.name,
            y=middle(place),
            whole=_span(one.least, one.most),
            half=_span(one.lower, one.upper),
            middle_x=across(one.middle),
            middle=one.middle,
        )
        for place, one in enumerate(ranges)
    )
    return chart(rows)


def _span(start: int, end: int) -> tuple[float, float]:
    return across(start), round(max(2.0, across(end) - across(start)), 1)
