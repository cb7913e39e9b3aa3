"""Which hour of the week an hour is like: on a public holiday, the same hour of a Sunday."""

from datetime import UTC, date, datetime
from functools import lru_cache

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.silence.usual import Slot, plain_week

_HOURS = 24  # of a day
_SUNDAY = 3 * _HOURS  # 1970-01-04 was the first


def with_holidays(code: str) -> Slot:
    """Return the hours of a country's weeks: `FR`, or `DE-BY` for one of its parts; without a code, of no holidays.

    Raises `InputError` for what is not known.
    """
    if not code:
        return plain_week
    import holidays  # noqa: PLC0415  (loads slowly, and only the watch needs it)

    country, _, part = code.partition("-")
    try:
        known = holidays.country_holidays(country, subdiv=part or None)
        date(1970, 1, 1) in known  # noqa: B015  (a year is looked up when it is asked for)
    except NotImplementedError as error:
        hint = "pipeline.holidays is a country such as FR, or one of its parts such as DE-BY"
        raise InputError(f"no holidays are known of {code!r}: {error}", where="pipeline.holidays", hint=hint) from None

    @lru_cache(maxsize=4_096)
    def is_holiday(day: int) -> bool:
        return datetime.fromtimestamp(day * 86_400, UTC).date() in known

    def slot(hour: int) -> int:
        return _SUNDAY + hour % _HOURS if is_holiday(hour // _HOURS) else plain_week(hour)

    return slot
