"""The chart of where a hospital stands: places follow the points, whatever these are."""

from hypothesis import given
from hypothesis import strategies as st

from wardwatch.charts import standing
from wardwatch.charts.standing import Bar


def test_places_follow_points() -> None:
    chart = standing.draw([Bar("A", 0, 100), Bar("B", 50, 80, before=25)])
    assert [(row.x, row.most_x, row.before_x) for row in chart.rows] == [(232, 660, None), (446, 574.4, 339)]
    assert [figure for _, figure in chart.ticks] == [0, 25, 50, 75, 100]
    assert chart.rows[0].y < chart.rows[1].y < chart.height


@given(st.lists(st.builds(Bar, st.just("x"), st.integers(-5, 200), st.integers(0, 200)), max_size=20))
def test_nothing_leaves_the_picture(bars: list[Bar]) -> None:
    chart = standing.draw(bars)
    assert all(chart.left <= row.x <= chart.width and row.y < chart.height for row in chart.rows)
