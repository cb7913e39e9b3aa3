"""Time stamps as logs write them, turned into microseconds since 1970-01-01 UTC.

Every function raises `ValueError` on text that is not such a stamp. `zoned` in a result says whether the stamp
itself stated its zone; where it did not, the caller's zone was used.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_BSD = re.compile(r"([A-Za-z]{3}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?")
_COMMON_LOG = re.compile(r"(\d{2})/([A-Za-z]{3})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-]\d{4})")


def micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware `moment`."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(stamp: int) -> datetime:
    """The aware UTC datetime of `stamp` microseconds."""
    return _EPOCH + stamp * _MICROSECOND


def iso_text(stamp: int) -> str:
    """`stamp` as ISO 8601 with `Z` and microseconds where there are any."""
    return moment(stamp).isoformat().replace("+00:00", "Z")


def iso(text: str, zone: tzinfo = UTC) -> tuple[int, bool]:
    """Parse ISO 8601 / RFC 3339 (also with a blank for the `T` and a comma for the point): (micros, zoned)."""
    found = datetime.fromisoformat(text.strip().replace(",", "."))
    zoned = found.tzinfo is not None
    return micros(found if zoned else found.replace(tzinfo=zone)), zoned


def bsd(text: str, reference: int, zone: tzinfo = UTC) -> int:
    """Parse the stamp of RFC 3164 (`Nov  3 04:05:06`, optionally with a year or a fraction).

    The year that the stamp lacks is the latest that does not lead past `reference` (micros) by more than a day.
    """
    found = _BSD.match(text)
    if not found or found[1].lower() not in _MONTHS:
        raise ValueError(f"not an RFC 3164 time stamp: {text[:20]!r}")
    month, day = _MONTHS[found[1].lower()], int(found[2])
    clock = (int(found[4]), int(found[5]), int(found[6]), int((found[7] or "0").ljust(6, "0")[:6]))
    if found[3]:
        return micros(datetime(int(found[3]), month, day, *clock, tzinfo=zone))
    latest = moment(reference) + timedelta(days=1)
    for year in range(latest.year + 1, latest.year - 8, -1):
        try:
            stamp = datetime(year, month, day, *clock, tzinfo=zone)
        except ValueError:  # 29 February in a common year
            continue
        if stamp <= latest:
            return micros(stamp)
    raise ValueError(f"no such day: {text[:20]!r}")


def bsd_length(text: str) -> int:
    """Return how many characters at the start of `text` are an RFC 3164 stamp; 0 if none."""
    found = _BSD.match(text)
    return found.end() if found else 0


def common_log(text: str) -> int:
    """Parse the stamp of the Common Log Format, `10/Oct/2026:13:55:36 +0200`."""
    found = _COMMON_LOG.match(text)
    if not found or found[2].lower() not in _MONTHS:
        raise ValueError(f"not a common log time stamp: {text[:30]!r}")
    sign = -1 if found[7][0] == "-" else 1
    offset = sign * timedelta(hours=int(found[7][1:3]), minutes=int(found[7][3:5]))
    local = datetime(
        int(found[3]),
        _MONTHS[found[2].lower()],
        int(found[1]),
        int(found[4]),
        int(found[5]),
        int(found[6]),
        tzinfo=UTC,
    )
    return micros(local - offset)


_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d)\Z")
_DURATIONS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


def duration(text: str) -> int:
    """Microseconds of a span such as `250ms`, `30s`, `10m`, `4h`, `90d`."""
    found = _DURATION.match(text.strip())
    if not found:
        raise ValueError(f"not a span of time: {text[:20]!r} (write 30s, 10m, 4h or 90d)")
    return int(found[1]) * _DURATIONS[found[2]]


def epoch(number: float | str) -> int:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size."""
    value = float(number)
    magnitude = abs(value)
    for limit, factor in ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (1e20, 1e-3)):
        if magnitude < limit:
            return round(value * factor)
    raise ValueError(f"not an epoch time: {number!r}")
