"""Public holidays are like Sundays."""

from datetime import UTC, datetime

import pytest

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.silence.usual import plain_week
from wardwatch.runtime.weeks import with_holidays

SUNDAY_TEN = 3 * 24 + 10


def hour(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 10, tzinfo=UTC).timestamp()) // 3_600


@pytest.mark.parametrize(
    ("code", "day", "is_sunday"),
    [
        ("FR", (2026, 7, 14), True),
        ("FR", (2026, 7, 21), False),
        ("BE", (2026, 7, 21), True),
        ("FR", (2027, 3, 29), True),  # Easter Monday moves
        ("DE", (2026, 1, 6), False),
        ("DE-BY", (2026, 1, 6), True),
        ("", (2026, 7, 14), False),
        ("FR", (2026, 11, 22), True),  # a Sunday
    ],
)
def test_a_holiday_is_like_a_sunday(code: str, day: tuple[int, int, int], is_sunday: bool) -> None:  # noqa: FBT001
    slot = with_holidays(code)(hour(*day))
    assert (slot == SUNDAY_TEN) == is_sunday
    if not is_sunday:
        assert slot == plain_week(hour(*day))


@pytest.mark.parametrize("code", ["XX", "FR-ZZZ"])
def test_what_is_no_country_is_said(code: str) -> None:
    with pytest.raises(InputError, match="no holidays are known"):
        with_holidays(code)
