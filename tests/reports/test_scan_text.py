"""The terminal report: complete, in both languages, without colour, within its width."""

import io
import re

import pytest
from rich.cells import cell_len
from tests.reports import telling

from wardwatch.events.alert import Alert
from wardwatch.reports import scan_text
from wardwatch.reports.scan_text import Room

ENGLISH = """\
■ 2 computers show signs of an attack; the worst: SRV-PACS01, 2 critical alerts,
last 23 Nov, 02:14 UTC.
Do first: Backups under attack, Passwords stolen.

Do first
────────────────────────────────────────────────────────────────────────────────
1 Backups under attack on SRV-PACS01
  Shadow copies deleted. Ransomware does this before it encrypts.
2 Passwords stolen on SRV-PACS01, RX-WS-14
  Memory of LSASS read. Passwords are being stolen.

What was found  worst first, times are UTC
────────────────────────────────────────────────────────────────────────────────
SRV-PACS01  ■ Critical  3 alerts, 23 Nov, 02:01–02:14
  Course: Credential access 02:01 → Impact 02:11
  ■ Critical  Shadow copies deleted        2  23 Nov, 02:11–02:14   adm.legrand
  ▲ High      Memory of LSASS read         1  23 Nov, 02:01         adm.legrand

RX-WS-14  ▲ High  1 alert, 23 Nov, 01:25
  Course: Credential access 01:25
  ▲ High      Memory of LSASS read         1  23 Nov, 01:25         nurse12

no single computer  ● Medium  1 alert, 23 Nov, 03:00
  Course: Stealth 03:00
  ● Medium    Somebody else's rule         1  23 Nov, 03:00

What was not understood  an attack may hide there
────────────────────────────────────────────────────────────────────────────────
212 records: time stamp unreadable
  first: fs01.log line 12, fs01.log line 17, fs01.log line 90 …
1 file of unknown format
  first: notes.docx
1 file not opened
  first: mail.zip (encrypted member)
1 copy of a file already read, left out
  first: copy.evtx = Security.evtx

12,345 events · 3 files · 12 MB · 2 of 2 computers show signs of an attack · 23
Nov 2026, 00:00–03:30 UTC · 3 rules · 5 alerts
"""


def test_the_whole_report_in_english():
    assert scan_text.render(telling.findings()).replace("\u00a0", " ") == ENGLISH


def test_the_french_report_holds_no_english_of_ours():
    text = scan_text.render(telling.findings("fr")).replace("\u00a0", " ")
    lines = text.splitlines()
    assert lines[0] == "■ 2 ordinateurs présentent des signes d’attaque ; le plus touché : SRV-PACS01, 2"
    assert [
        line for line in lines if re.search(r"\b(alerts?|computers?|first|events|files?|rules?|Critical|High)\b", line)
    ] == ["  ● Moyenne      Somebody else's rule      1  23 nov., 03:00"]


def test_a_path_longer_than_a_line_stays_whole():
    findings = telling.findings()
    paths = [f"/evidence/{'very-long-name/' * 6}{n}.docx" for n in range(4)]
    findings.summary.unknown[:] = [(path, "") for path in paths]
    lines = scan_text.render(findings, Room(width=60)).splitlines()
    at = lines.index("4 files of unknown format")
    assert lines[at + 1 : at + 6] == ["  first:", *(f"    {path}" for path in paths[:3]), "    …"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(language: str, width: int):
    text = scan_text.render(telling.findings(language), Room(width=width))
    assert [line for line in text.splitlines() if cell_len(line) > width] == []


def test_colour_adds_colour_and_nothing_else():
    plain = scan_text.render(telling.findings())
    coloured = scan_text.render(telling.findings(), colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31m■" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_hostile_values_cannot_steer_the_terminal():
    evil = telling.alert(1, "r-shadow", "02:00:00", telling.HOSTILE[:40], telling.HOSTILE)
    text = scan_text.render(telling.findings("en", evil))
    assert [one for one in text if ord(one) < 32 and one != "\n"] == []
    assert {"\u202e", "\x9b"} & set(text) == set()
    assert text.count("<script>alert(1)</script>") == 3  # the answer, what to do, the heading


def test_what_is_beyond_the_room_is_counted():
    alerts = [
        telling.alert(n, rule, "01:00:00", f"h{n % 4}")
        for n, rule in enumerate(["r-dump", "r-shadow", "r-foreign"] * 8)
    ]
    text = scan_text.render(telling.findings("en", *alerts), Room(hosts=1, groups=1))
    assert [line for line in text.splitlines() if "more" in line] == [
        "  2 more rules fired here; --html and --json have them.",
        "  3 more computers with alerts are not shown.",
    ]


def test_nothing_found_and_nothing_read():
    assert scan_text.render(telling.nothing()).splitlines()[0] == "● No sign of an attack was found in 12,345 events."
    blind = scan_text.render(telling.nothing(events=False)).splitlines()
    assert blind[0] == "◇ Nothing could be checked: no event was read."
    assert "Everything was read." not in blind
    assert "No event was read." in blind


def rows(alerts: list[Alert], width: int = 80) -> list[str]:
    lines = scan_text.render(telling.findings("en", *alerts), Room(width=width)).replace("\u00a0", " ").splitlines()
    start = lines.index("What was found  worst first, times are UTC") + 3
    return lines[start : lines.index("What was not understood  an attack may hide there") - 1]


def test_accounts_are_named_once_without_domain_and_never_broken():
    users = ("A\\pgustavo", "B\\PGUSTAVO", "IIS APPPOOL\\DefaultAppPool")
    alerts = [telling.alert(n, "r-dump", "01:00:00", "a", user) for n, user in enumerate(users)]
    assert rows(alerts) == [
        "  Course: Credential access 01:00",
        "  ▲ High      Memory of LSASS read      3  23 Nov, 01:00         DefaultAppPool,",
        "                                                                 pgustavo",
    ]
    long = telling.alert(1, "r-dump", "01:00:00", "a", "svc-imaging-gateway-production")
    assert rows([long])[1].split()[-1] == "svc-imaging-gate…"


def test_a_narrow_terminal_has_times_and_accounts_below():
    assert rows([telling.alerts()[0]], 50) == [
        "  Course: Credential access 01:25",
        "  ▲ High      Memory of LSASS read               1",
        "              23 Nov, 01:25",
        "              nurse12",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "width"), [(30, 50), (90, 90), (300, 100)])
def test_the_report_is_as_wide_as_the_terminal_within_reason(columns: int, width: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert scan_text.room_of(Terminal()).width == width
    assert scan_text.room_of(io.StringIO()).width == 80


def test_an_interrupted_scan_says_so_first_and_where_it_matters():
    lines = scan_text.render(telling.seen_from("en", interrupted=True)).splitlines()
    assert lines[:2] == [
        "◇ The scan was interrupted; this is only what was found until then. No sign of",
        "an attack was found in 12,345 events.",
    ]
    assert lines[5] == "The scan was interrupted: what was not read by then was not checked."
    assert [line for line in lines if "Everything" in line] == []


def test_one_place_is_one_in_french():
    lines = scan_text.render(telling.findings("fr")).replace("\u00a0", " ").splitlines()
    assert [line for line in lines if "premier" in line] == [
        "  premiers : fs01.log ligne 12, fs01.log ligne 17, fs01.log ligne 90 …",
        *(
            "  premier : notes.docx",
            "  premier : mail.zip (raison, en anglais : « encrypted member »)",
            "  premier : copy.evtx = Security.evtx",
        ),
    ]
