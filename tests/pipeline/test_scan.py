"""A scan: what is found, in whatever files it lies; what is not read is said; engines agree."""

import gzip
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from wardwatch.catalogue.files import ContentFile
from wardwatch.engines.local import InProcess, Pool
from wardwatch.events.alert import Alert
from wardwatch.kernel import stamps
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import blocks, ruleset, sorter, tasks
from wardwatch.pipeline import scan as scanning
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.pipeline.scan import Scan, Summary
from wardwatch.pipeline.tasks import Settings

RULES = b"""
title: Shell
id: 00000000-0000-0000-0000-000000000001
level: high
tags: [attack.execution]
logsource: {product: windows, category: process_creation}
detection: {selection: {Image|endswith: '\\\\cmd.exe'}, condition: selection}
---
title: Failed
id: 00000000-0000-0000-0000-000000000002
name: failed
level: low
logsource: {product: linux, service: sshd}
detection: {keywords: ['Failed password'], condition: keywords}
---
title: Guessing
id: 00000000-0000-0000-0000-000000000003
level: high
correlation:
  type: event_count
  rules: [failed]
  group-by: [ClientAddress]
  timespan: 1m
  condition: {gte: 3}
"""
SHELL, FAILED, GUESSING = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3))
NOW = stamps.iso("2026-11-23T12:00:00Z")[0]


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return ruleset.of_files([ContentFile("rules.yml", RULES)], {})


def settings_for(rules: RuleSet) -> Settings:
    return Settings(
        "north", NOW, Level.LOW, needs=tuple(rules.correlations.needs.items()), silenced=rules.correlations.silenced
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def scanned(
    rules: RuleSet, paths: Iterable[Path], settings: Settings | None = None, source: str | None = None
) -> tuple[list[Alert], Summary]:
    spool = next(iter(paths)).parent / ".spool"
    spool.mkdir(exist_ok=True)
    settings = settings or settings_for(rules)
    scan = Scan(InProcess(rules, settings), rules.correlations, spool, source=source)
    alerts = list(scan.run(map(str, paths), settings))
    assert list(spool.iterdir()) == [], "the spool is empty again"
    return alerts, scan.summary


def event(image: str, minute: int, **more: object) -> bytes:
    channel = "Microsoft-Windows-Sysmon/Operational"
    time = f"2026-11-23T02:{minute:02}:00Z"
    return orjson.dumps({"@timestamp": time, "EventID": 1, "Channel": channel, "Image": image, **more})


def failed(second: int, address: str = "10.0.0.9") -> bytes:
    return f"<38>Nov 23 03:11:{second:02} web01 sshd[1]: Failed password for root from {address} port 1 ssh2".encode()


def test_an_alert_says_all(rules: RuleSet, logs: Path) -> None:
    path = logs / "a.json"
    path.write_bytes(event("C:\\x.exe", 1) + b"\n" + event("C:\\CMD.exe", 2, User="ida", Computer="PC-1") + b"\n")
    alerts, summary = scanned(rules, [path])
    (alert,) = alerts
    found = {
        name: getattr(alert, name) for name in ("tenant", "kind", "rule_id", "rule_title", "level", "host", "user")
    }
    assert found == {
        "tenant": "north",
        "kind": "event",
        "rule_id": SHELL,
        "rule_title": "Shell",
        "level": Level.HIGH,
        "host": "PC-1",
        "user": "ida",
    }
    assert stamps.iso_text(alert.occurred_at) == "2026-11-23T02:02:00Z"
    assert (alert.source, alert.file, alert.record_id) == ("windows/process_creation/sysmon", str(path), "line 2")
    assert (alert.fields, alert.tags, alert.count) == ({"Image": "C:\\CMD.exe"}, ("attack.execution",), 1)
    assert len(alert.event_ids) == 1
    assert (summary.files, summary.total_events, summary.total_rejects) == (1, 2, 0)
    assert summary.bytes_read == path.stat().st_size
    assert (summary.alerts, summary.hosts) == ({SHELL: 1}, {"PC-1": 1})
    assert stamps.iso_text(summary.first_at or 0) == "2026-11-23T02:01:00Z"
    assert stamps.iso_text(summary.last_at or 0) == "2026-11-23T02:02:00Z"


def test_ids_do_not_depend_on_where_a_log_lies(rules: RuleSet, logs: Path) -> None:
    (logs / "a.json").write_bytes(event("\\cmd.exe", 1))
    first, _ = scanned(rules, [logs / "a.json"])
    (logs / "a.json").rename(logs / "b.json")
    second, _ = scanned(rules, [logs / "b.json"])
    other, _ = scanned(rules, [logs / "b.json"], replace(settings_for(rules), tenant="south"))
    assert [alert.id for alert in first] == [alert.id for alert in second]
    assert [alert.id for alert in first] != [alert.id for alert in other]


def test_copies_are_read_once(rules: RuleSet, logs: Path) -> None:
    data = event("\\cmd.exe", 1)
    (logs / "a.json").write_bytes(data)
    (logs / "b.json").write_bytes(data)
    (logs / "c.json.gz").write_bytes(gzip.compress(data))
    (logs / "d.json.gz").write_bytes(gzip.compress(data))
    alerts, summary = scanned(rules, [logs])
    assert len(alerts) == 1
    assert summary.files == 1
    copies = [f"{logs}/{name} = {logs}/a.json" for name in ("b.json", "c.json.gz")]
    assert summary.copies == [*copies, f"{logs}/d.json.gz = {logs}/c.json.gz"], "the second packed one is not unpacked"


def test_two_packed_copies_are_read_once(rules: RuleSet, logs: Path) -> None:
    for name in "ab":
        (logs / f"{name}.json.gz").write_bytes(gzip.compress(event("\\cmd.exe", 1), mtime=ord(name)))
    alerts, summary = scanned(rules, [logs])
    assert len(alerts) == 1
    assert summary.copies == [f"{logs}/b.json.gz = {logs}/a.json.gz"]


def test_what_only_looks_like_a_copy_is_read(rules: RuleSet, logs: Path) -> None:
    padding = b"\n".join(event("C:\\x.exe", 1, pad="p" * 1000) for _ in range(200))
    for name, image in (("a", "\\cmd.exe"), ("b", "\\cmd.ex_")):
        (logs / f"{name}.json").write_bytes(padding + b"\n" + event(image, 1) + b"\n" + padding)
    alerts, summary = scanned(rules, [logs])
    assert (len(alerts), summary.files, summary.copies) == (1, 2, [])


def test_what_is_not_read_is_said(rules: RuleSet, logs: Path) -> None:
    (logs / "a.json").write_bytes(event("\\cmd.exe", 1) + b"\nnot JSON\n" + event("\\cmd.exe", 3))
    (logs / "b.bin").write_bytes(b"\x00\x01\x02" * 50)
    (logs / "c.gz").write_bytes(b"\x1f\x8b\x08nonsense")
    (logs / "empty").write_bytes(b"")
    alerts, summary = scanned(rules, [logs])
    assert [alert.record_id for alert in alerts] == ["line 1", "line 3"]
    assert [(one.place, one.head) for one in summary.shown] == [("line 2", "not JSON")]
    assert [name for name, _ in summary.unknown] == [str(logs / "b.bin")]
    assert [one.name for one in summary.unopened] == [str(logs / "c.gz")]
    assert summary.total_rejects == 3


def test_all_rejects_are_counted_and_some_shown(rules: RuleSet, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardwatch.pipeline.work.MAX_SHOWN_REJECTS", 3)
    monkeypatch.setattr(scanning, "MAX_SHOWN", 5)
    for name in "ab":
        (logs / f"{name}.json").write_bytes(event("x", 1) + b"\n" + name.encode() * 5 + b"\n" + b"no\n" * 9)
    _, summary = scanned(rules, [logs])
    assert (summary.total_rejects, len(summary.shown)) == (20, 5)


def test_a_named_source_reads_everything(rules: RuleSet, logs: Path) -> None:
    (logs / "a").write_bytes(b"no header " + failed(1))
    _, summary = scanned(rules, [logs / "a"], source="windows_json")
    assert summary.by_source == {}
    assert summary.total_rejects == 1


def test_a_record_id_of_a_stranger_is_not_believed(rules: RuleSet, logs: Path) -> None:
    ids = ["@x", "@1", "@99999999999", "", "7"]
    (logs / "a.json").write_bytes(b"\n".join(event("\\cmd.exe", 1, EventRecordID=one) for one in ids))
    alerts, _ = scanned(rules, [logs])
    assert sorted(alert.record_id or "" for alert in alerts) == ["7", "line 1", "line 2", "line 3", "line 4"]


def test_late_events_in_another_file_still_correlate(rules: RuleSet, logs: Path) -> None:
    (logs / "a.log").write_bytes(failed(30) + b"\n" + failed(31) + b"\n")
    (logs / "b.log").write_bytes(failed(1) + b"\n" + failed(2, "10.0.0.8") + b"\n")
    alerts, summary = scanned(rules, [logs])
    (alert,) = alerts
    assert (alert.rule_id, alert.kind, alert.count, alert.group) == (
        GUESSING, "correlation", 3, {"ClientAddress": "10.0.0.9"},
    )  # fmt: skip
    assert stamps.iso_text(alert.occurred_at)[11:] == "03:11:01Z"
    assert (alert.host, alert.file) == ("web01", str(logs / "b.log"))
    assert summary.alerts == {GUESSING: 1}


def test_correlations_do_not_depend_on_the_order_of_files(rules: RuleSet, logs: Path) -> None:
    lines = [failed(second, f"10.0.0.{second % 3}") for second in range(0, 60, 4)]
    for reverse in (False, True):
        for number, line in enumerate(lines):
            place = len(lines) - number if reverse else number
            (logs / f"{place:02}.log").write_bytes(line + b"\n")
        os.utime(logs)
        found = {alert.id: alert.count for alert in scanned(rules, [logs])[0]}
        if not reverse:
            first = found
        shutil.rmtree(logs)
        logs.mkdir()
    assert len(first) == 3
    assert found == first


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(None, None, 3), ("02:02:00", None, 2), (None, "02:02:00", 2), ("02:01:30", "02:02:30", 1), ("03:00:00", None, 0)],
)
def test_since_and_until(rules: RuleSet, logs: Path, since: str | None, until: str | None, expected: int) -> None:
    (logs / "a.json").write_bytes(b"\n".join(event("\\cmd.exe", minute) for minute in (1, 2, 3)))
    at = {name: text and stamps.iso(f"2026-11-23T{text}Z")[0] for name, text in (("since", since), ("until", until))}
    alerts, summary = scanned(rules, [logs], replace(settings_for(rules), **at))
    assert (len(alerts), summary.total_events) == (expected, 3)


def test_levels_below_are_left_out(rules: RuleSet, logs: Path) -> None:
    (logs / "a.json").write_bytes(event("\\cmd.exe", 1))
    alerts, _ = scanned(rules, [logs], replace(settings_for(rules), level=Level.CRITICAL))
    assert alerts == []


def test_a_mixed_log_goes_to_the_sources_that_know_its_lines(rules: RuleSet, logs: Path) -> None:
    audit = b"<85>Nov 23 03:11:09 fs01 smbd_audit: ida|10.20.6.2|pc|files|unlinkat|ok|/srv/files/a.docx"
    other = b"<13>Nov 23 03:11:10 web01 myd: hello"
    lines = [failed(1), audit, other, failed(2), audit, failed(3)]
    (logs / "messages").write_bytes(b"\n".join(lines) + b"\n")
    alerts, summary = scanned(rules, [logs])
    assert [(alert.rule_id, alert.count) for alert in alerts] == [(GUESSING, 3)]
    assert summary.total_rejects == 0
    assert summary.by_source == {"syslog": 4, "samba_audit": 2}


def test_a_log_in_pieces_gives_the_same(rules: RuleSet, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [event("\\cmd.exe" if n % 7 == 0 else "\\x.exe", n % 60, n="é" * (n % 13)) for n in range(400)]
    lines[100:100] = [b"", b"  ", b"not JSON", b"\r"]
    (logs / "a.json").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    whole, of_whole = scanned(rules, [logs])
    monkeypatch.setattr(scanning, "PIECE", 1_009)
    monkeypatch.setattr(blocks, "BLOCK", 333)
    pieces, of_pieces = scanned(rules, [logs])
    assert sorted(pieces, key=lambda one: one.id) == sorted(whole, key=lambda one: one.id)
    assert len(whole) == 58
    assert [(one.place, one.head) for one in of_pieces.shown] == [("line 103", "not JSON")]
    assert of_pieces.shown == of_whole.shown
    for name in ("files", "bytes_read", "events", "by_source", "fields", "first_at", "last_at", "rejects", "alerts"):
        assert getattr(of_pieces, name) == getattr(of_whole, name), name


def test_many_sightings_are_sorted_on_disk(rules: RuleSet, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in range(6):
        lines = [failed((name * 7 + n * 11) % 60, f"10.0.0.{n % 4}") for n in range(30)]
        (logs / f"{name}.log").write_bytes(b"\n".join(lines))
    in_memory, _ = scanned(rules, [logs])
    monkeypatch.setattr(sorter, "RUN", 7)
    on_disk, _ = scanned(rules, [logs])
    assert on_disk == in_memory
    assert len(in_memory) >= 4


def test_engines_agree(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rules.yml").write_bytes(RULES)
    for name in "abcd":
        lines = [event(f"\\{name}.exe" if n % 5 else "\\cmd.exe", n % 60, name=name) for n in range(80)]
        (logs / f"{name}.json.gz").write_bytes(gzip.compress(b"\n".join(lines)))
        (logs / f"{name}.log").write_bytes(b"\n".join(failed(ord(name) % 50 + n) for n in range(3)))
    paths = RulePaths((folder,), cache=tmp_path / "cache")
    rules = ruleset.load(paths)
    settings = settings_for(rules)
    here, of_here = scanned(rules, [logs], settings)
    monkeypatch.setattr(scanning, "PIECE", 4_000)
    spool = tmp_path / "spool"
    spool.mkdir()
    pool = Pool(paths, settings, 2)
    try:
        scan = Scan(pool, rules.correlations, spool)
        there = list(scan.run([str(logs)], settings))
    finally:
        pool.close()
    assert list(spool.iterdir()) == []
    assert sorted(there, key=lambda one: one.id) == sorted(here, key=lambda one: one.id)
    assert {alert.rule_id for alert in here} == {SHELL, GUESSING}
    for name in ("files", "events", "fields", "first_at", "last_at", "rejects", "alerts", "hosts"):
        assert getattr(scan.summary, name) == getattr(of_here, name), name


def test_tasks_are_small_enough_to_travel() -> None:
    assert tasks.PIECE == 64 * 1024 * 1024
