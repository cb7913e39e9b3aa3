import pytest

from wardwatch.frames import syslog
from wardwatch.kernel import stamps

RECEIVED_AT, _ = stamps.iso("2026-11-23T12:00:00Z")


def parts(line: str) -> tuple[str | None, str | None, str | None, str | None, str]:
    found = syslog.parse(line, RECEIVED_AT)
    stamp = None if found.occurred_at is None else stamps.iso_text(found.occurred_at)
    return stamp, found.host, found.app, found.pid, found.message


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("<34>Nov 23 03:11:02 web01 su[7]: text", ("2026-11-23T03:11:02Z", "web01", "su", "7", "text")),
        ("Nov  3 03:11:02 web01 su: a: b", ("2026-11-03T03:11:02Z", "web01", "su", None, "a: b")),
        ("Dec  3 03:11:02 web01 su: x", ("2025-12-03T03:11:02Z", "web01", "su", None, "x")),
        ("Nov 23 03:11:02 su[7]: no host", ("2026-11-23T03:11:02Z", None, "su", "7", "no host")),
        ("Nov 23 03:11:02 web01 no tag", ("2026-11-23T03:11:02Z", "web01", None, None, "no tag")),
        ("Nov 23 03:11:02 fw01 CEF:0|a|b", ("2026-11-23T03:11:02Z", "fw01", None, None, "CEF:0|a|b")),
        (
            "2026-11-23T03:11:02.5+01:00 web01 su: x",
            ("2026-11-23T02:11:02.500000Z", "web01", "su", None, "x"),
        ),
        ("<34>date=2026-11-23 time=1", (None, None, None, None, "date=2026-11-23 time=1")),
        ("Nov 99 03:11:02 web01 su: x", (None, None, None, None, "Nov 99 03:11:02 web01 su: x")),
        ("no header", (None, None, None, None, "no header")),
        ("<34>1 2026-11-23T03:11:02Z h a 7 ID - \ufefftext", ("2026-11-23T03:11:02Z", "h", "a", "7", "text")),
        ("<34>1 - - - - - -", (None, None, None, None, "")),
        ("57 <34>1 2026-11-23T03:11:02Z h a 7 ID - x", ("2026-11-23T03:11:02Z", "h", "a", "7", "x")),
        ("", (None, None, None, None, "")),
    ],
)
def test_takes_a_line_apart(line: str, wanted: tuple[str | None, ...]) -> None:
    assert parts(line) == wanted


def test_structured_data_is_unescaped_and_ends_where_it_is_broken() -> None:
    line = r'<165>1 - h a - - [x@1 a="1" b="q\"\\\]"][y c=""] [not data] text'
    found = syslog.parse(line, RECEIVED_AT)
    assert found.data == {"x@1": {"a": "1", "b": 'q"\\]'}, "y": {"c": ""}}
    assert found.message == "[not data] text"
    broken = syslog.parse('<165>1 - h a - - [x a="1" b="open', RECEIVED_AT)
    assert (broken.data, broken.message) == ({}, '[x a="1" b="open')


def test_priority_gives_facility_and_severity() -> None:
    found = syslog.parse("<86>Nov 23 03:11:02 h a: x", RECEIVED_AT)
    assert (found.priority, found.facility, found.severity) == (86, 10, 6)
    beyond = syslog.parse("<999>x", RECEIVED_AT)
    assert (beyond.priority, beyond.message, beyond.bare) == (None, "<999>x", True)


def test_bytes_that_are_not_utf8_stay_visible() -> None:
    assert syslog.text(b"caf\xe9") == r"caf\xe9"
