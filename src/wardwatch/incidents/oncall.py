"""Who is called now: rotation, nights, weekends, public holidays, and who comes next when nobody answers.

All times come in as µs UTC and are looked at in the hospital's own zone. Public holidays are those of the country (and
its subdivision) by the `holidays` library; on the day of one, a shift for holidays stands before one for that weekday.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays as calendar

from wardwatch.kernel import stamps
from wardwatch.kernel.errors import ContentError
from wardwatch.kernel.severity import Level

HOLIDAY = 7  # a day beside Monday (0) to Sunday (6)
WORKDAYS, WEEKEND, EVERY_DAY = frozenset(range(5)), frozenset({5, 6, HOLIDAY}), frozenset(range(8))
DAY = 24 * 60  # minutes
_MINUTE = 60_000_000
_DUTY = "duty"


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of the day on some days, and who takes turns in it.

    Args:
        people: accounts in the order of their turns.
        days: 0 Monday … 6 Sunday, 7 public holiday; the day on which the shift begins.
        start, end: minutes since midnight, local; an end at or before the start is on the next day.
        turn_days: how many days a turn lasts (7: a week).
        since: the day on which the first in `people` began (ISO 8601).
    """

    people: tuple[str, ...]
    days: frozenset[int] = EVERY_DAY
    start: int = 0
    end: int = DAY
    turn_days: int = 7
    since: str = "2024-01-01"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of calling: `after` µs behind the one before, `who` (accounts; `duty` is whoever has duty), and how.

    `quiet_channels` are used at night, at weekends and on public holidays, when nobody reads mail.
    """

    who: tuple[str, ...] = (_DUTY,)
    after: int = 15 * _MINUTE
    channels: tuple[str, ...] = ("mail",)
    quiet_channels: tuple[str, ...] = ("sms", "mail")


@dataclass(frozen=True, slots=True)
class Quiet:
    """When people sleep or are off: from `start` to `end` (minutes, local), weekends and holidays all day.

    In quiet time only what is of `level` or above calls anybody; the rest waits for the morning.
    """

    start: int = 20 * 60
    end: int = 8 * 60
    weekends: bool = True
    holidays: bool = True
    level: Level = Level.HIGH


_QUIET = Quiet()
_STEPS = (Step(after=0), Step(), Step(after=30 * _MINUTE))


@dataclass(frozen=True, slots=True)
class Rota:
    """A hospital's on-call rules. The first shift that fits counts; where none does, `fallback` is called."""

    zone: str = "UTC"
    country: str = ""
    subdivision: str = ""
    shifts: tuple[Shift, ...] = ()
    steps: tuple[Step, ...] = _STEPS
    quiet: Quiet = _QUIET
    fallback: tuple[str, ...] = ()


NOBODY = Rota()


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody who is to be called, through one channel."""

    who: str
    channel: str


def check(rota: Rota) -> None:
    """Raise `ContentError` for a zone, country or day that does not exist, before a night depends on it."""
    try:
        ZoneInfo(rota.zone)
    except (ValueError, KeyError, OSError) as error:
        raise ContentError(f"no such time zone: {rota.zone}", hint="write it as Europe/Paris") from error
    if rota.country:
        try:
            calendar.country_holidays(rota.country, subdiv=rota.subdivision or None, years=2026)
        except NotImplementedError:
            place = f"{rota.country} {rota.subdivision}".strip()
            raise ContentError(f"no public holidays known for {place}", hint="write FR, BE, DE …") from None
    for shift in rota.shifts:
        day = _date(shift.since)
        if day is None or shift.turn_days < 1 or not 0 <= shift.start < DAY or not 0 < shift.end <= DAY:
            raise ContentError("a shift whose times make no sense", where=", ".join(shift.people)[:80])


def on_duty(rota: Rota, now: int) -> tuple[str, ...]:
    """The account whose turn it is (`fallback` where no shift covers the moment)."""
    local = stamps.moment(now).astimezone(ZoneInfo(rota.zone))
    minute = local.hour * 60 + local.minute
    for holiday in (True, False):  # shifts made for holidays come first
        for shift in rota.shifts:
            if (HOLIDAY in shift.days and not shift.days & WORKDAYS) is not holiday or not shift.people:
                continue
            began = _began(rota, shift, local.date(), minute)
            if began is not None:
                return (shift.people[_turn(shift, began)],)
    return rota.fallback


def is_quiet(rota: Rota, now: int) -> bool:
    """Whether it is night, weekend or a public holiday at the hospital."""
    local = stamps.moment(now).astimezone(ZoneInfo(rota.zone))
    minute = local.hour * 60 + local.minute
    quiet = rota.quiet
    if quiet.weekends and local.weekday() >= WEEKEND_BEGINS:
        return True
    if quiet.holidays and is_holiday(rota, local.date()):
        return True
    if quiet.start <= quiet.end:
        return quiet.start <= minute < quiet.end
    return minute >= quiet.start or minute < quiet.end


WEEKEND_BEGINS = 5


def may_call(rota: Rota, now: int, level: Level) -> int:
    """When something of this level may call somebody: `now`, or the end of quiet time (µs UTC).

    The end is looked for in steps to the next possible morning, for at most two weeks of days off in a row.
    """
    if level >= rota.quiet.level or not is_quiet(rota, now):
        return now
    zone = ZoneInfo(rota.zone)
    day = stamps.moment(now).astimezone(zone).date()
    for days in range(15):
        morning = datetime.combine(day + timedelta(days=days), datetime.min.time(), zone)
        due = stamps.micros(morning + timedelta(minutes=rota.quiet.end))
        if due > now and not is_quiet(rota, due):
            return due
    return now


def calls(rota: Rota, now: int, number: int) -> tuple[Call, ...]:
    """Whom step `number` (from 0) calls now and how; beyond the last step, nobody.

    An account that stands in a step twice, by name and by duty, is called once.
    """
    if number >= len(rota.steps):
        return ()
    step = rota.steps[number]
    channels = step.quiet_channels if is_quiet(rota, now) else step.channels
    people = dict.fromkeys(_people(rota, step, now))
    return tuple(Call(who, channel) for who in people for channel in channels)


def _people(rota: Rota, step: Step, now: int) -> Iterable[str]:
    for who in step.who:
        yield from on_duty(rota, now) if who == _DUTY else (who,)


def is_holiday(rota: Rota, day: date) -> bool:
    """Whether it is a public holiday there; without a country, no day is."""
    return bool(rota.country) and day in _holidays(rota.country, rota.subdivision, day.year)


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    return frozenset(calendar.country_holidays(country, subdiv=subdivision or None, years=year))


def _began(rota: Rota, shift: Shift, today: date, minute: int) -> date | None:
    """The day on which the shift that covers this minute began; `None` if it does not cover it."""
    over_night = shift.end <= shift.start
    if over_night:
        if minute >= shift.start and _is_on(rota, shift, today):
            return today
        yesterday = today - timedelta(days=1)
        return yesterday if minute < shift.end and _is_on(rota, shift, yesterday) else None
    return today if shift.start <= minute < shift.end and _is_on(rota, shift, today) else None


def _is_on(rota: Rota, shift: Shift, day: date) -> bool:
    if is_holiday(rota, day) and HOLIDAY in shift.days:
        return True
    return day.weekday() in shift.days


def _turn(shift: Shift, began: date) -> int:
    first = _date(shift.since) or began
    return ((began - first).days // shift.turn_days) % len(shift.people)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
