"""A month of a small hospital: the outage is found in time, and nights, weekends and restarts alarm nobody."""

from datetime import date, datetime, timedelta

import pytest
from tests.pipeline.silence.month import DESK, FIRST, HOUR, PACS, PARIS, VEEAM, Month

from wardwatch.pipeline.assembling import Who
from wardwatch.pipeline.silence import signals
from wardwatch.pipeline.silence.usual import plain_week


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def between(begin: str, end: str, at: datetime) -> bool:
    return local(begin) <= at < local(end)


@pytest.mark.parametrize("seed", range(3))
def test_one_outage_is_found_and_nothing_else(seed: int) -> None:
    def out(who: Who, at: datetime) -> bool:
        return who == PACS and between("2026-10-27T10:30", "2026-10-27T11:40", at)

    told = list(Month(seed, out).run(31))
    assert [(one.rule_id, one.group["sensor"], one.fields["state"]) for _, one in told] == [
        (signals.STOPPED, "pacs", "open"),
        (signals.STOPPED, "pacs", "closed"),
    ]
    (opened, first), (closed, last) = told
    assert opened - local("2026-10-27T10:30") <= timedelta(minutes=15)
    assert closed - local("2026-10-27T11:40") <= timedelta(minutes=5)
    assert (first.id, first.revision, last.id, last.revision) == (first.id, 0, first.id, 1)


def test_a_job_that_does_not_run_and_a_source_that_never_comes_back() -> None:
    def out(who: Who, at: datetime) -> bool:
        return (who == VEEAM and at >= local("2026-10-21T00:00")) or (who == DESK and at >= local("2026-10-20T12:00"))

    told = [(at, one.group["sensor"]) for at, one in Month(7, out).run(31)]
    assert [sensor for _, sensor in told] == ["desk", "backup"]
    assert told[0][0] - local("2026-10-20T12:00") <= timedelta(minutes=15)
    # Nothing comes for 24 hours each day: one night without is seen the next day.
    assert told[1][0] - local("2026-10-21T02:00") <= timedelta(hours=13)


def test_while_wardwatch_is_down_nobody_is_silent() -> None:
    def down(at: datetime) -> bool:
        return between("2026-10-22T09:00", "2026-10-22T15:00", at) or between(
            "2026-10-24T01:00", "2026-10-25T16:00", at
        )

    assert list(Month(5, down=down).run(31)) == []


def test_a_source_that_is_cut_while_wardwatch_is_down_is_found_afterwards() -> None:
    def down(at: datetime) -> bool:
        return between("2026-10-22T09:00", "2026-10-22T11:00", at)

    def out(who: Who, at: datetime) -> bool:
        return who == DESK and at >= local("2026-10-22T09:30")

    ((at, alert), *more) = Month(5, out, down).run(23)
    assert (alert.rule_id, alert.group["sensor"], more) == (signals.STOPPED, "desk", [])
    assert at - local("2026-10-22T11:00") <= timedelta(minutes=15)


def test_a_source_that_slows_is_told_and_recovers() -> None:
    thinned = Month(11, lambda who, at: who == ("fw1", "fortigate") and _thin(at))
    found = [(one.rule_id, one.fields["state"], at.hour) for at, one in thinned.run(22)]
    assert found == [(signals.SLOW, "open", 13), (signals.SLOW, "closed", 16)]


def _thin(at: datetime) -> bool:
    """Nine of ten minutes are lost, for three hours."""
    return between("2026-10-21T12:00", "2026-10-21T15:00", at) and at.minute % 10 != 0


def test_a_public_holiday_is_like_a_sunday() -> None:
    holiday = (FIRST // HOUR + 2) // 24 + 20  # the 21st, a Wednesday, as a local day since 1970

    def out(who: Who, at: datetime) -> bool:
        return who == DESK and at.date() == date(2026, 10, 21)

    def slot(hour: int) -> int:
        return 3 * 24 + hour % 24 if hour // 24 == holiday else plain_week(hour)

    assert [one.group["sensor"] for _, one in Month(7, out).run(31)] == ["desk", "desk"], "told, and closed"
    month = Month(7, out, slot=slot)
    assert list(month.run(31)) == []
