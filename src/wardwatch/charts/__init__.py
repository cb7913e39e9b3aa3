"""Charts, laid out in one place for every document: geometry, which a template draws as SVG. No script is needed."""

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
