"""A benign corpus out of what there is: everyday lines of our sample hospital, and recordings with the attack cut out.

`python -m bench.benign` writes both below build/bench/benign/; `python -m bench.rates FOLDER` counts alerts in one.

No rule decides what is cut: that would make every rule look quiet. An actor is a process whose image lies outside the
folders of Windows, of installed programs and of the cloud's agent, or one that runs what it is told (a shell, a script
host, a remote-control host), unless an agent in those folders started it. Cut are: the actors, whatever they started,
every event in which one of them acts; every event of an account that ran one, unless it is a service account; and from
the first to the last deed of an actor, what names neither: the System log, and PowerShell's without a process. What
remains may hold traces of the attack (a service that the system set up on request): rates are upper bounds still.
"""

import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.content import write_samples

from bench import logs
from wardwatch.frames import inputs

DAYS = 30  # of everyday lines
TARGET = logs.BUILD / "benign"

_ORDINARY = re.compile(
    r"(?:[a-z]:)?\\(?:windows|program files(?: \(x86\))?|windowsazure|packages|programdata\\microsoft"
    r"|users\\[^\\]+\\appdata\\local\\microsoft)\\|^(?:system|registry|memcompression|<unknown process>|-?)$"
)
_AGENT = re.compile(r"(?:[a-z]:)?\\(?:program files\\microsoft monitoring agent|windowsazure|packages)\\")
_TOLD = re.compile(
    r"\\(?:cmd|powershell|powershell_ise|pwsh|wscript|cscript|mshta|rundll32|regsvr32|installutil|msbuild|wmic|wsmprovhost"
    r"|psexesvc|w3wp|excel|dfsvc|schtasks|at|sc|net|net1|netsh|reg|auditpol|whoami|systeminfo|notepad)\.exe$"
)
_IMAGES = (("Image", "ProcessGuid", "ProcessId"), ("SourceImage", "SourceProcessGUID", "SourceProcessId"))
_PIDS = (
    "ProcessId",
    "SourceProcessId",
    "ClientProcessId",
    "CallerProcessId",
    "NewProcessId",
    "ExecutionProcessID",
    "process_id",
)
_ACCOUNTS = ("User", "SubjectUserName", "TargetUserName", "AccountName", "UserName", "SourceUser")
_SERVICES = re.compile(r"(?:.*\\)?(?:system|local service|network service|dwm-\d+|umfd-\d+|anonymous logon|-|.*\$)$")


@dataclass(slots=True)
class _Recording:
    """What one recording tells of its processes. A process is known by (host, GUID or number)."""

    images: dict[tuple[str, str], str] = field(default_factory=dict)
    parents: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    users: dict[tuple[str, str], str] = field(default_factory=dict)
    actors: set[tuple[str, str]] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    first: str = ""
    last: str = ""

    def note(self, event: Mapping[str, Any]) -> None:
        """Take in who runs what."""
        host = _host(event)
        for image, guid, number in _IMAGES:
            if event.get(image):
                for key in _keys(host, event.get(guid), event.get(number)):
                    self.images.setdefault(key, str(event[image]).lower())
                    if event.get("User"):
                        self.users.setdefault(key, _account(event["User"]))
        if event.get("NewProcessName"):
            for key in _keys(host, None, event.get("NewProcessId")):
                self.images.setdefault(key, str(event["NewProcessName"]).lower())
                for parent in _keys(host, None, event.get("ProcessId")):
                    self.parents.setdefault(key, parent)
        if event.get("ParentImage"):
            children = _keys(host, event.get("ProcessGuid"), event.get("ProcessId"))
            parents = _keys(host, event.get("ParentProcessGuid"), event.get("ParentProcessId"))
            for child, parent in zip(children, parents, strict=False):
                self.parents.setdefault(child, parent)
                self.images.setdefault(parent, str(event["ParentImage"]).lower())

    def judge(self) -> None:
        """Find the actors: by their image, then whatever they started."""
        of_agents = {key for key in self.images if self._under(key, lambda one: bool(_AGENT.match(one)))}
        self.actors = {
            key
            for key, image in self.images.items()
            if key not in of_agents and (not _ORDINARY.search(image) or _TOLD.search(image))
        }
        grown = True
        while grown:
            found = {key for key, parent in self.parents.items() if parent in self.actors and key not in self.actors}
            self.actors |= found - of_agents
            grown = bool(found - of_agents)
        self.accounts = {self.users[key] for key in self.actors if key in self.users}
        self.accounts = {name for name in self.accounts if not _SERVICES.match(name)}

    def _under(self, key: tuple[str, str], holds: Any) -> bool:  # noqa: ANN401
        seen: set[tuple[str, str]] = set()
        while key not in seen:
            if holds(self.images.get(key, "")):
                return True
            seen.add(key)
            key = self.parents.get(key, key)
        return False

    def acts(self, event: Mapping[str, Any]) -> bool:
        """Say whether one of the actors, or an account of theirs, does something in the event."""
        host = _host(event)
        for name in ("ProcessGuid", "SourceProcessGUID", "ParentProcessGuid"):
            if event.get(name) and (host, str(event[name]).lower()) in self.actors:
                return True
        if any((host, _number(event[name])) in self.actors for name in _PIDS if event.get(name)):
            return True
        return any(_account(event[name]) in self.accounts for name in _ACCOUNTS if event.get(name))


def _host(event: Mapping[str, Any]) -> str:
    return str(event.get("Hostname") or event.get("Computer") or event.get("computer_name") or "").lower()


def _account(name: object) -> str:
    return str(name).rpartition("\\")[2].lower()


def _number(number: object) -> str:
    text = str(number)
    return str(int(text, 16)) if text.lower().startswith("0x") else text


def _keys(host: str, guid: object, number: object) -> list[tuple[str, str]]:
    found = [(host, str(guid).lower())] if guid else []
    return found + ([(host, _number(number))] if number not in (None, "", "0", 0, "0x0") else [])


def _time(event: Mapping[str, Any]) -> str:
    return str(event.get("@timestamp") or event.get("TimeCreated") or event.get("EventTime") or "")


def _events(path: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    with Path(path).open("rb") as log:
        for line in log:
            if line.startswith(b"{"):
                event = json.loads(line)
                yield line, {**event, **(event.get("event_data") or {})}


def cut(path: str, target: Path) -> Counter[str]:
    """Write what is left of a recording; returns how many events were kept, and cut, for what."""
    recording = _Recording()
    for _, event in _events(path):
        recording.note(event)
    recording.judge()
    deeds = sorted(time for _, event in _events(path) if recording.acts(event) and (time := _time(event)))
    first, last = (deeds[0], deeds[-1]) if deeds else ("", "")
    counts: Counter[str] = Counter()
    with target.open("wb") as out:
        for line, event in _events(path):
            channel = str(event.get("Channel") or event.get("log_name"))
            nameless = channel == "System" or ("PowerShell" in channel and not any(event.get(one) for one in _PIDS))
            if recording.acts(event):
                counts["of an actor or its account"] += 1
            elif nameless and first <= _time(event) <= last:
                counts["without a name, meanwhile"] += 1
            else:
                counts["kept"] += 1
                out.write(line if line.endswith(b"\n") else line + b"\n")
    return counts


def everyday(folder: Path) -> None:
    """Write the everyday lines of our sample hospital, day by day: those of the samples without the attack."""
    parts = {
        "windows-events.json": write_samples.everyday_windows,
        "file-server-samba.log": write_samples.everyday_samba,
        "imaging-archive-dicom.log": write_samples.everyday_dicom,
        "hypervisor-esxi.log": write_samples.everyday_esxi,
        "backup-veeam.log": write_samples.everyday_veeam,
        "portal-apache-access.log": write_samples.everyday_portal,
        "portal-syslog.log": write_samples.everyday_syslog,
    }
    begin = write_samples.DAY
    for day in range(DAYS):
        write_samples.DAY = begin - timedelta(days=day)
        dice = random.Random(day)
        for name, make in parts.items():
            lines = sorted(make(dice))
            (folder / f"day{day:02}-{name}").write_text("".join(f"{line}\n" for _, line in lines), encoding="utf-8")
    write_samples.DAY = begin


def main() -> None:
    """Write the corpus and say what was cut."""
    for folder in (TARGET / "hospital", TARGET / "recordings"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
    everyday(TARGET / "hospital")
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as spool:
        for number, found in enumerate(inputs.find([str(logs.SHARED / "telemetry" / "otrf")], Path(spool))):
            if not isinstance(found, inputs.Input):
                continue
            with Path(found.path).open("rb") as log:
                windows = logs.is_windows(log.read(20_000))
            if windows:  # a network's log tells no processes: what the attack is in it cannot be told
                counts = cut(found.path, TARGET / "recordings" / f"{number:02}.json")
                total += counts
                print(f"{found.short_name[:70]:70} {dict(counts)}", file=sys.stderr)
            found.release()
    print(dict(total))


if __name__ == "__main__":
    main()
