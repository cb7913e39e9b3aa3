"""Hostile logs end in a reject or a refusal with a reason; what stands beside them is still found."""

import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import orjson
import pytest

from wardwatch.events.alert import Alert
from wardwatch.frames import inputs
from wardwatch.pipeline import examples, ruleset, tasks
from wardwatch.pipeline.scan import Summary

RULE = b"""
title: Shadow copies deleted
id: 5a6f7a4e-9a0e-4a55-9d8f-0d4a1f5b8c11
logsource: {product: windows, category: process_creation}
detection:
  selection: {CommandLine|contains: delete shadows}
  condition: selection
level: high
"""


@pytest.fixture(scope="module")
def rules() -> ruleset.RuleSet:
    return ruleset.of_files([ruleset.ContentFile("rule.yml", RULE)], {})


def event(command: str, **more: object) -> bytes:
    return orjson.dumps(
        {
            "@timestamp": "2026-11-23T02:00:00Z",
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "EventID": 1,
            "CommandLine": command,
            **more,
        }
    )


HIT = event("vssadmin delete shadows /all")


def scanned(path: Path, rules: ruleset.RuleSet) -> tuple[list[Alert], Summary]:
    return examples.scan_paths([str(path)], rules)


def test_a_line_of_fifty_megabytes_is_a_reject_and_its_neighbours_are_read(tmp_path, rules):
    log = tmp_path / "log.json"
    log.write_bytes(HIT + b"\n" + b'{"x":"' + b"A" * 50_000_000 + b'"}\n' + HIT + b"\n")
    alerts, summary = scanned(log, rules)
    assert [alert.record_id for alert in alerts] == ["line 1", "line 3"]
    assert [(one.place, one.reason) for one in summary.shown] == [("line 2", "line longer than 4194304 bytes")]


def test_a_zip_bomb_is_refused_and_its_neighbour_is_read(tmp_path, rules, monkeypatch):
    monkeypatch.setattr(inputs, "FREE_SIZE", 1_000_000)
    archive = tmp_path / "logs.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bomb.json", b"\0" * 20_000_000)
        packed.writestr("log.json", HIT)
    alerts, summary = scanned(archive, rules)
    assert [alert.file for alert in alerts] == [f"{archive}!log.json"]
    assert [one.name for one in summary.unopened] == [f"{archive}!bomb.json"]
    assert "refused as a bomb" in summary.unopened[0].reason


def test_a_truncated_evtx_says_so(tmp_path, rules):
    header = bytearray(b"ElfFile\x00" + bytes(4088))
    header[32:44] = struct.pack("<IHHHH", 128, 1, 3, 4096, 5)
    log = tmp_path / "log.evtx"
    log.write_bytes(bytes(header))
    _, summary = scanned(log, rules)
    assert [one.reason for one in summary.shown] == ["truncated: the header counts 5 chunks, the file holds 0"]


def test_invalid_utf8_is_a_reject_and_its_neighbours_are_read(tmp_path, rules):
    log = tmp_path / "log.json"
    log.write_bytes(HIT + b'\n{"EventID":1,"Channel":"\xff\xfe"}\n' + HIT + b"\n")
    alerts, summary = scanned(log, rules)
    assert len(alerts) == 2
    assert [one.place for one in summary.shown] == ["line 2"]


def million_fields(path: Path, lines: int) -> None:
    with path.open("wb") as out:
        for number in range(lines):
            out.write(
                b"{"
                + b",".join(b'"f%d_%d":"%d"' % (number, n, n) for n in range(1_000))
                + b',"event_type":"alert","timestamp":"2026-11-23T02:00:00.000000+0000"}\n'
            )


LIMITED = """
import resource, sys
from pathlib import Path
from wardwatch.pipeline import examples, ruleset
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
rules = ruleset.of_files([ruleset.ContentFile("rule.yml", Path(sys.argv[1]).read_bytes())], {})
_, summary = examples.scan_paths([sys.argv[2]], rules, source="suricata")
print(summary.total_events, max(map(len, summary.fields.values())), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_million_distinct_fields_stay_within_memory(tmp_path):
    rule = tmp_path / "rule.yml"
    # A keyword rule looks at every field, so that none of the million can be left out.
    rule.write_bytes(
        RULE.replace(b"{CommandLine|contains: delete shadows}", b"[delete shadows]").replace(
            b"product: windows, category: process_creation", b"product: suricata"
        )
    )
    log = tmp_path / "eve.json"
    million_fields(log, 1_000)
    told = subprocess.run(
        [sys.executable, "-c", LIMITED, str(rule), str(log)], capture_output=True, text=True, check=True
    ).stdout.split()
    events, names, peak = map(int, told)
    assert (events, names) == (1_000, tasks.MAX_NAMES)
    assert peak < 1_500_000  # KiB


def test_an_event_with_too_many_fields_is_a_reject(tmp_path, rules):
    log = tmp_path / "log.json"
    log.write_bytes(HIT + b"\n" + event("x", **{f"f{n}": n for n in range(5_000)}) + b"\n")
    alerts, summary = scanned(log, rules)
    assert (len(alerts), [one.reason for one in summary.shown]) == (1, ["more than 4096 fields"])


def test_xml_entities_are_refused(tmp_path, rules):
    log = tmp_path / "audit.xml"
    log.write_bytes(
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]>'
        b'<AuditMessage><EventIdentification EventActionCode="R" EventDateTime="2026-11-23T02:00:00Z">'
        b'<EventID csd-code="110103" codeSystemName="DCM" originalText="&y;"/></EventIdentification></AuditMessage>'
    )
    _, summary = scanned(log, rules)
    assert summary.total_events == 0
    assert summary.total_rejects == 1


def test_deep_json_is_a_reject(tmp_path, rules):
    log = tmp_path / "log.json"
    deep = b'{"EventID":1,"Channel":"Security","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    log.write_bytes(HIT + b"\n" + deep + b"\n" + HIT + b"\n")
    alerts, summary = scanned(log, rules)
    assert (len(alerts), summary.total_rejects) == (2, 1)


def test_a_stream_of_zeros_is_not_understood(tmp_path, rules):
    log = tmp_path / "disk.img"
    log.write_bytes(bytes(1_000_000))
    _, summary = scanned(log, rules)
    assert [name for name, _ in summary.unknown] == [str(log)]
