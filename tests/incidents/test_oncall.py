"""Who is called: turns, nights, weekends, public holidays, summer time, and when it can wait until the morning."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.incidents import oncall
from wardwatch.incidents.oncall import HOLIDAY, Call, Quiet, Rota, Shift, Step
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import ContentError
from wardwatch.kernel.severity import Level

PARIS = ZoneInfo("Europe/Paris")
DAYS = Shift(("leo", "mia"), days=frozenset(range(5)), start=8 * 60, end=20 * 60, since="2026-01-05")
NIGHTS = Shift(("nora", "paul", "rita"), start=20 * 60, end=8 * 60, turn_days=1, since="2026-01-05")
WEEKENDS = Shift(("nora", "paul", "rita"), days=frozenset({5, 6}), start=8 * 60, end=20 * 60, since="2026-01-05")
FEASTS = Shift(("chief",), days=frozenset({HOLIDAY}), start=8 * 60, end=20 * 60)
ROTA = Rota("Europe/Paris", "FR", shifts=(DAYS, NIGHTS, WEEKENDS, FEASTS), fallback=("ciso",))


def at(text: str) -> int:
    return stamps.micros(datetime.fromisoformat(text).replace(tzinfo=PARIS))


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-11-23 10:00", "leo"),  # the 46th week after the first
        ("2026-11-30 10:00", "mia"),
        ("2026-11-23 07:59", "nora"),  # the night of Sunday
        ("2026-11-23 20:00", "paul"),
        ("2026-11-24 03:00", "paul"),  # still the night of Monday
        ("2026-11-24 20:00", "rita"),
        ("2026-11-28 12:00", "paul"),
        ("2026-05-01 12:00", "chief"),  # a Friday, and Labour Day
        ("2026-05-01 22:00", "rita"),
        ("2026-03-29 04:00", "paul"),  # the night in which summer time begins
    ],
)
def test_whose_turn_it_is(moment: str, who: str) -> None:
    assert oncall.on_duty(ROTA, at(moment)) == (who,)


def test_where_no_shift_covers_the_moment_the_fallback_is_called() -> None:
    days_only = Rota("Europe/Paris", shifts=(DAYS,), fallback=("ciso",))
    assert oncall.on_duty(days_only, at("2026-11-28 12:00")) == ("ciso",)
    assert oncall.on_duty(Rota(shifts=(Shift(()),)), at("2026-11-23 12:00")) == ()


@given(st.integers(0, 365 * 24 * 4))
def test_at_every_quarter_of_an_hour_exactly_one_person_has_duty(quarters: int) -> None:
    now = at("2026-01-05 08:00") + quarters * 15 * 60_000_000
    assert len(oncall.on_duty(ROTA, now)) == 1
    assert oncall.on_duty(ROTA, now) != ("ciso",)


def test_holidays_are_those_of_the_country() -> None:
    day = datetime(2026, 7, 21, tzinfo=PARIS).date()  # Belgium's national day
    assert oncall.is_holiday(Rota(country="BE"), day)
    assert not oncall.is_holiday(Rota(country="FR"), day)
    assert not oncall.is_holiday(Rota(), day)
    alsace = Rota(country="FR", subdivision="57")
    saint_stephen = datetime(2026, 12, 26, tzinfo=PARIS).date()
    assert (oncall.is_holiday(alsace, saint_stephen), oncall.is_holiday(ROTA, saint_stephen)) == (True, False)


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-11-23 12:00", False),
        ("2026-11-23 20:00", True),
        ("2026-11-24 07:59", True),
        ("2026-11-24 08:00", False),
        ("2026-11-28 12:00", True),
        ("2026-05-01 12:00", True),
    ],
)
def test_when_people_sleep_or_are_off(moment: str, *, quiet: bool) -> None:
    assert oncall.is_quiet(ROTA, at(moment)) is quiet


def test_a_quiet_time_within_a_day() -> None:
    siesta = Rota("Europe/Paris", quiet=Quiet(13 * 60, 15 * 60, weekends=False, holidays=False))
    assert [oncall.is_quiet(siesta, at(f"2026-11-28 {hour}:00")) for hour in (12, 14, 16)] == [False, True, False]


def test_what_is_not_grave_waits_for_the_morning_of_a_working_day() -> None:
    friday_night = at("2026-11-27 22:00")
    assert oncall.may_call(ROTA, friday_night, Level.HIGH) == friday_night
    assert oncall.may_call(ROTA, friday_night, Level.MEDIUM) == at("2026-11-30 08:00")
    noon = at("2026-11-23 12:00")
    assert oncall.may_call(ROTA, noon, Level.LOW) == noon
    before_labour_day = at("2026-04-30 23:00")  # Friday is a holiday, then the weekend
    assert oncall.may_call(ROTA, before_labour_day, Level.LOW) == at("2026-05-04 08:00")


def test_where_it_is_always_quiet_nothing_waits_for_ever() -> None:
    always = Rota("Europe/Paris", quiet=Quiet(0, 0))
    assert oncall.may_call(always, at("2026-11-23 12:00"), Level.LOW) == at("2026-11-23 12:00")


def test_steps_call_by_name_and_by_duty_each_once_and_otherwise_at_night() -> None:
    rota = Rota(
        "Europe/Paris", shifts=(DAYS, NIGHTS), steps=(Step(("duty", "leo"), 0), Step(("ciso",), 5, ("mail",), ("sms",)))
    )
    noon, night = at("2026-11-23 12:00"), at("2026-11-23 23:00")
    assert oncall.calls(rota, noon, 0) == (Call("leo", "mail"),)
    assert oncall.calls(rota, night, 0) == (
        Call("paul", "sms"),
        Call("paul", "mail"),
        Call("leo", "sms"),
        Call("leo", "mail"),
    )
    assert oncall.calls(rota, night, 1) == (Call("ciso", "sms"),)
    assert oncall.calls(rota, night, 2) == ()


@pytest.mark.parametrize(
    "rota",
    [
        Rota("Mars/Olympus"),
        Rota(country="ZZ"),
        Rota(country="FR", subdivision="nowhere"),
        Rota(shifts=(Shift(("a",), since="yesterday"),)),
        Rota(shifts=(Shift(("a",), turn_days=0),)),
        Rota(shifts=(Shift(("a",), start=25 * 60),)),
    ],
)
def test_rules_that_make_no_sense_are_refused_before_a_night_depends_on_them(rota: Rota) -> None:
    with pytest.raises(ContentError):
        oncall.check(rota)


def test_rules_that_make_sense_pass() -> None:
    oncall.check(ROTA)
    assert timedelta(microseconds=ROTA.steps[1].after) == timedelta(minutes=15)
