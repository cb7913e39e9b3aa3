"""The sample logs are what their script writes, and a scan of them tells the attack and nothing else."""

from pathlib import Path

import orjson
import pytest
from tests.content import write_samples

from wardwatch import sources
from wardwatch.catalogue import files
from wardwatch.cli import DONE, group

SAMPLES = files.shipped("samples")
# (time UTC, host, rule) of each rule's first alert, at the level that is shown by default.
STORY = [
    ("04:47:20", "portal01", "Script called in the upload folder of a portal"),
    ("05:06:40", "PC-ADM-17", "Intruder's first look around by one user"),
    ("05:17:32", "SRV-RDS01", "Memory dump taken with a library of Windows"),
    ("05:31:20", "SRV-DC01", "Account added to a group that rules the domain"),
    ("05:40:02", "SRV-BKP01", "Remote execution service installed (PsExec and relatives)"),
    ("05:41:18", "SRV-BKP01", "Backup software stopped or disabled by command"),
    ("05:44:30", "SRV-BKP01", "Four-eyes approval switched off in Veeam"),
    ("05:45:12", "SRV-BKP01", "Backup job deleted from Veeam"),
    ("05:46:03", "SRV-BKP01", "Backup repository removed from Veeam"),
    ("05:52:30", "pacs01", "Query for all patients of an image archive"),
    ("05:55:00", "pacs01", "Several studies deleted from an image archive"),
    ("06:02:08", "SRV-FS02", "Microsoft Defender protection switched off"),
    ("06:03:15", "SRV-FS02", "Shadow copies deleted or starved with vssadmin or diskshadow"),
    ("06:08:10", "esx02", "SSH or shell access enabled on an ESXi host"),
    ("06:09:20", "esx02", "ESXi host told to run unsigned programs"),
    ("06:09:34", "esx02", "Series of virtual machines powered off from the ESXi shell"),
    ("06:10:16", "esx02", "Virtual machines killed from the ESXi shell"),
    ("06:10:23", "esx02", "Program in a temporary folder of ESXi made executable"),
    ("06:10:30", "esx02", "Foreign program started on an ESXi datastore"),
    ("06:14:02", "fs01", "Files on a share renamed to an extension known from ransomware"),
    ("06:14:02", "fs01", "Many files on a share renamed by one computer"),
    ("06:14:33", "fs01", "Ransom note written to a file share"),
    ("06:21:44", "SRV-DC01", "Windows event log cleared"),
]


def test_the_samples_are_what_the_script_writes() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in SAMPLES.iterdir()} == write_samples.logs()


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("backup-veeam.log", "veeam"),
        ("file-server-samba.log", "samba_audit"),
        ("hypervisor-esxi.log", "esxi"),
        ("imaging-archive-dicom.log", "dicom_audit"),
        ("portal-apache-access.log", "webserver"),
        ("portal-syslog.log", "syslog"),
        ("windows-events.json", "windows_json"),
    ],
)
def test_each_sample_is_recognised(name: str, source: str) -> None:
    found = sources.sniff((SAMPLES / name).read_bytes(), "unnamed")
    assert found is not None
    assert found.name == source


def test_a_scan_tells_the_story_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDWATCH_HOME", str(tmp_path / "home"))  # no lists or rules of whoever runs the tests
    report = tmp_path / "alerts.jsonl"
    code = group.main(["scan", str(SAMPLES), "--json", str(report)], standalone_mode=False)
    alerts = [orjson.loads(line) for line in report.read_bytes().splitlines()]
    first: dict[str, tuple[str, str]] = {}
    for alert in sorted(alerts, key=lambda one: one["occurred_at"]):
        first.setdefault(alert["rule_title"], (alert["occurred_at"][11:19], alert["host"]))
    assert sorted((*seen, title) for title, seen in first.items()) == sorted(STORY)
    assert code == DONE
