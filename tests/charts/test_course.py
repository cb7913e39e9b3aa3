"""The chart of an attack's course."""

from itertools import pairwise

import pytest

from wardwatch.charts import course
from wardwatch.kernel import stamps
from wardwatch.reports import Clock


def test_labels_of_the_chart_do_not_overlap():
    minute = 60_000_000
    reached = [(at * minute, f"Tactic {at}") for at in (0, 1, 2, 30, 31, 45, 46, 100)]
    chart = course.draw([course.Line("a", reached)], Clock("en"))
    spans: dict[int, list[tuple[float, float]]] = {}
    for mark in chart.rows[0].marks:
        width = len(mark.text) * 7.3
        start = mark.text_x - width if mark.anchor == "end" else mark.text_x
        if mark.text:
            spans.setdefault(mark.dy, []).append((start, start + width))
    assert [one for row in spans.values() for one, after in pairwise(row) if one[1] > after[0]] == []
    assert [mark.text for mark in chart.rows[0].marks] == [
        *("Tactic 0, Tactic 1, Tactic 2", "Tactic 30, Tactic 31", "Tactic 45, Tactic 46", "Tactic 100"),
    ]  # fmt: skip


@pytest.mark.parametrize("seconds", [0, 3, 59, 3_600, 86_400, 40 * 86_400, 3_000 * 86_400])
def test_the_axis_has_a_few_times_inside_the_chart(seconds: int):
    start = stamps.iso("2026-11-23T02:11:04Z")[0]
    chart = course.draw([course.Line("a", [(start, "x"), (start + seconds * 1_000_000, "y")])], Clock("en"))
    assert 0 <= len(chart.ticks) <= 6
    assert [tick for tick in chart.ticks if not 190 <= tick.x <= 868] == []


def test_no_label_of_the_chart_passes_its_edge():
    hours = [(at * 3_600_000_000, "A very long name of a tactic") for at in (0, 20, 23, 24)]
    chart = course.draw([course.Line("a", hours)], Clock("en", year=True))
    ends = [mark.text_x + len(mark.text) * 7.3 for mark in chart.rows[0].marks if mark.anchor == "start"]
    halves = [tick.x + len(tick.text) * 3.4 for tick in chart.ticks if tick.anchor == "middle"]
    assert [end for end in ends + halves if end > chart.width] == []
