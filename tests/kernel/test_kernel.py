"""Stamps, ids, errors, severity, bilingual text, discovery."""

from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wardwatch.sources as package
from wardwatch.kernel import discovery, ids, stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import ContentError, InputError, UnsupportedRuleError, WardwatchError
from wardwatch.kernel.severity import Level
from wardwatch.sources import Source

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
NOON = stamps.iso("2026-11-23T12:00:00Z")[0]


@given(moment=MOMENTS)
def test_moments_come_back(moment: datetime) -> None:
    stamp = stamps.micros(moment)
    assert stamps.moment(stamp) == moment
    assert stamps.iso(stamps.iso_text(stamp)) == (stamp, True)


@pytest.mark.parametrize(
    ("text", "expected", "zoned"),
    [
        ("2026-11-23T02:11:04Z", "2026-11-23T02:11:04Z", True),
        ("2026-11-23 02:11:04,5", "2026-11-23T01:11:04.500000Z", False),
        (" 2026-11-23T02:11:04.123456789+02:00 ", "2026-11-23T00:11:04.123456Z", True),
        ("2026-07-01", "2026-06-30T22:00:00Z", False),
    ],
)
def test_iso(text: str, expected: str, *, zoned: bool) -> None:
    stamp, found = stamps.iso(text, ZoneInfo("Europe/Paris"))
    assert (stamps.iso_text(stamp), found) == (expected, zoned)


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "12:00"])
def test_what_is_no_iso(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        stamps.iso(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nov 23 03:04:05", "2026-11-23T03:04:05Z"),
        ("Nov  3 03:04:05.25 host", "2026-11-03T03:04:05.250000Z"),
        ("Nov 24 11:59:59", "2026-11-24T11:59:59Z"),
        ("Nov 24 12:00:01", "2025-11-24T12:00:01Z"),
        ("Dec 31 23:59:59", "2025-12-31T23:59:59Z"),
        ("Feb 29 00:00:00", "2024-02-29T00:00:00Z"),
        ("jan  1 2020 00:00:00", "2020-01-01T00:00:00Z"),
    ],
)
def test_bsd(text: str, expected: str) -> None:
    assert stamps.iso_text(stamps.bsd(text, NOON)) == expected


@pytest.mark.parametrize("text", ["Nov 31 00:00:00", "Foo 01 00:00:00", "Nov 1 25:00:00", "", "Nov 23"])
def test_what_is_no_bsd_stamp(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        stamps.bsd(text, NOON)


def test_lengths_of_bsd_stamps() -> None:
    assert stamps.bsd_length("Nov 23 03:04:05 host") == 15
    assert stamps.bsd_length("2026-11-23") == 0


def test_common_log() -> None:
    assert stamps.iso_text(stamps.common_log("10/Oct/2026:13:55:36 +0230]")) == "2026-10-10T11:25:36Z"
    assert stamps.iso_text(stamps.common_log("10/Oct/2026:13:55:36 -0700")) == "2026-10-10T20:55:36Z"
    for text in ("10/Foo/2026:13:55:36 +0200", "31/Feb/2026:13:55:36 +0000", "x"):
        with pytest.raises(ValueError):  # noqa: PT011
            stamps.common_log(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("30s", 30), (" 10m", 600), ("4h", 14400), ("90d", 7776000)]
)
def test_durations(text: str, seconds: float) -> None:
    assert stamps.duration(text) == seconds * 1_000_000


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "5w", "1.5h", "5m ago"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a span of time"):
        stamps.duration(text)


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_epochs_of_any_unit(factor: int) -> None:
    assert stamps.epoch(1_700_000_000 * factor) == 1_700_000_000_000_000
    assert stamps.epoch(str(1_700_000_000 * factor)) == 1_700_000_000_000_000


@pytest.mark.parametrize("number", ["x", "1e30", "nan", "inf"])
def test_what_is_no_epoch(number: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        stamps.epoch(number)


def test_a_zone_of_the_sensor() -> None:
    zone = timezone(timedelta(hours=-5))
    assert stamps.iso_text(stamps.bsd("Nov 23 03:04:05", NOON, zone)) == "2026-11-23T08:04:05Z"


# ------------------------------------------------------------------------------------------------ ids


def test_parts_of_an_id_are_kept_apart() -> None:
    assert ids.digest("a", b"xy", b"z") != ids.digest("a", b"x", b"yz")
    assert ids.digest("a", b"x") != ids.digest("b", b"x")
    assert ids.event_id(ids.event_prefix("t", b"o"), 1) != ids.event_id(ids.event_prefix("to", b""), 1)


def test_groups_of_correlations_are_kept_apart() -> None:
    groups: list[tuple[str | None, ...]] = [(), (None,), ("",), ("a",), ("a", None), (None, "a"), ("\ud800",)]
    found = {ids.correlation_alert_id("t", "r", group, b"e") for group in groups}
    assert len(found) == len(groups)


# ------------------------------------------------------------------------------------------------ errors and words


def test_errors_are_three_lines() -> None:
    error = InputError("what", where="here", hint="do this")
    assert str(error) == "error: what\nwhere: here\nhint: do this"
    assert str(WardwatchError("what")) == "error: what"
    assert (error.what, error.where, error.hint) == ("what", "here", "do this")


@pytest.mark.parametrize("kind", [InputError, ContentError, UnsupportedRuleError])
def test_errors_are_one_family(kind: type[WardwatchError]) -> None:
    with pytest.raises(WardwatchError):
        raise kind("x")


def test_levels() -> None:
    assert [level.word for level in sorted(Level)] == ["informational", "low", "medium", "high", "critical"]
    assert Level.parse("High") is Level.HIGH
    assert Level.HIGH > Level.MEDIUM
    with pytest.raises(ValueError, match="choose one of informational, low, medium, high, critical"):
        Level.parse("severe")


def test_texts_fall_back_to_english() -> None:
    assert Text.parse("plain").in_("fr") == "plain"
    assert Text.parse({"en": "a", "fr": "b"}).in_("fr") == "b"
    assert Text("a", "b").in_("en") == "a"


# ------------------------------------------------------------------------------------------------ discovery


def test_plugins_are_found() -> None:
    found = [one.name for one in discovery.plugins(package, "source", Source)]
    assert len(found) == len(set(found)) >= 20
    assert {"windows_json", "evtx", "syslog"} <= set(found)


def test_modules_come_by_name() -> None:
    names = [module.__name__ for module in discovery.modules(package)]
    assert names == sorted(names)
    assert all(isinstance(module, ModuleType) for module in discovery.modules(package))


def test_plugins_of_third_parties(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        def __init__(self, found: object) -> None:
            self.found = found

        def load(self) -> object:
            return self.found

    def entry_points(*, group: str) -> list[Entry]:
        assert group == "wardwatch.sources"
        return [Entry("theirs"), Entry(5)]

    monkeypatch.setattr(discovery, "entry_points", entry_points)
    assert list(discovery.plugins(package, "__doc__", str))[-1] == "theirs"
