"""Ranges lie on one scale from 0 to 100, and are never too narrow to be seen."""

from wardwatch.charts.spread import Range, draw


def test_ranges_lie_on_the_scale() -> None:
    chart = draw([Range("a", 0, 25, 50, 75, 100), Range("b", 40, 40, 40, 40, 40)])
    left, right = chart.ticks[0][0], chart.ticks[-1][0]
    first, second = chart.rows
    assert first.whole == (left, right - left)
    assert first.half == (chart.ticks[1][0], round(chart.ticks[3][0] - chart.ticks[1][0], 1))
    assert first.middle_x == chart.ticks[2][0]
    assert second.whole[1] == second.half[1] == 2.0
    assert second.y - first.y == 30
