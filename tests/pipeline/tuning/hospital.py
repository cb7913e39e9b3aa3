"""A running watch over a small home, for the tests of tunings: real frames, rules and files, and a clock that is told."""

from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import yaml
from tests.pipeline.living import InTurn

from wardwatch.events.alert import Alert
from wardwatch.frames.frame import Unnumbered
from wardwatch.kernel import stamps
from wardwatch.kernel.disk import Disk
from wardwatch.pipeline import alert_log
from wardwatch.pipeline.live import WITHHELD
from wardwatch.pipeline.ruleset import RulePaths
from wardwatch.pipeline.spool import Keys, Spool
from wardwatch.pipeline.tuning.document import Tuning
from wardwatch.runtime.settings import Settings
from wardwatch.runtime.watching import Watching

NOW = stamps.iso("2026-11-23T02:30:00Z")[0]
SECOND, DAY = 1_000_000, 86_400_000_000
SHADOWS = "e7a2ece7-0000-4000-8000-000000000001"
LISTED = "e7a2ece7-0000-4000-8000-000000000002"
MANY = "e7a2ece7-0000-4000-8000-000000000003"

_LOGSOURCE = {"product": "windows", "category": "process_creation"}


def _rule(title: str, id_: str, words: str, **more: object) -> dict[str, object]:
    detection = {"selection": {"EventID": 1, "CommandLine|contains": words}, "condition": "selection"}
    return {"title": title, "id": id_, "logsource": _LOGSOURCE, "detection": detection, "level": "high", **more}


def event(command: str, *, user: str = "CHU\\ida", host: str = "SRV-PACS01", at: int = NOW) -> bytes:
    return orjson.dumps(
        {
            "@timestamp": stamps.iso_text(at),
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "EventID": 1,
            "Computer": host,
            "User": user,
            "Image": "C:\\Windows\\System32\\vssadmin.exe",
            "ProcessId": at // SECOND % 10_000,
            "ProcessGuid": f"{{0f2ba1c4-0001-0000-0000-{at // SECOND:012}}}",
            "CommandLine": command,
        }
    )


HIT, LIST = "vssadmin delete shadows /all", "vssadmin list shadows"
RULES = [
    _rule(
        "Shadow copies deleted",
        SHADOWS,
        "delete shadows",
        wardwatch={
            "schema": "wardwatch/rule/1",
            "fires": [{"source": "windows_json", "log": event(HIT, user="CHU\\mallory").decode()}],
            "silent": [{"source": "windows_json", "log": event(LIST).decode()}],
        },
    ),
    _rule("Shadow copies listed", LISTED, "list shadows", name="listed"),
    {
        "title": "Shadow copies listed many times",
        "id": MANY,
        "level": "high",
        "correlation": {
            "type": "event_count",
            "rules": ["listed"],
            "group-by": ["User"],
            "timespan": "10m",
            "condition": {"gte": 3},
        },
        "wardwatch": {
            "schema": "wardwatch/rule/1",
            "fires": [
                {
                    "source": "windows_json",
                    "log": "\n".join(event(LIST, user="CHU\\mallory", at=NOW + n * SECOND).decode() for n in range(3)),
                }
            ],
        },
    },
]


def tuning(rule: str = SHADOWS, slug: str = "backup", tenant: str = "nord", **selection: object) -> Tuning:
    chosen = selection or {"User": "CHU\\backup"}
    return Tuning(
        slug, tenant, rule, {"selection": chosen, "condition": "selection"},
        owner="Ida", reason="the backup job", created_at=NOW - DAY, expires_at=NOW + DAY,
    )  # fmt: skip


@dataclass
class Hospital:
    """A home in which events arrive and are watched."""

    home: Path
    at: int = NOW
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.home / "rules").mkdir(parents=True, exist_ok=True)
        (self.home / "rules" / "own.yml").write_text(yaml.safe_dump_all(RULES))
        self.paths = RulePaths((self.home / "rules",), (), self.home / "cache", self.home / "tuning")
        self.start()

    def start(self) -> None:
        settings = Settings(self.home)
        self.watching = Watching(
            settings, lambda: self.paths, clock=lambda: self.at, tell=self.said.append, beside=InTurn()
        )

    def stop(self) -> None:
        if not self.watching.stopping.is_set():
            self.watching.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def crash(self) -> None:
        """Begin anew where the last commit ended."""
        for lane in self.watching._lanes.values():
            lane.watch.close()
        self.watching._lanes.clear()
        self.restart()

    def receive(self, bodies: Sequence[bytes], tenant: str = "nord", sensor: str = "srv") -> None:
        with Spool(self.home / "spool", Keys(self.home / "keys", Disk())) as spool:
            spool.lane(tenant).append([Unnumbered(sensor, "windows_json", self.at, bodies)]).result()

    def work(self, seconds: int = 10) -> None:
        """Let some seconds go by, and all be worked off."""
        for _ in range(seconds):
            self.at += SECOND
            while self.watching.step():
                pass
            if (coming := self.watching._rules._coming) is not None:
                wait([coming])

    def alerts(self, tenant: str = "nord") -> list[Alert]:
        return list(alert_log.final(alert_log.read(self.home / "alerts", tenant)).values())

    def withheld(self, tenant: str = "nord") -> list[Alert]:
        return list(alert_log.final(alert_log.read(self.home / "alerts" / tenant, WITHHELD)).values())

    def heard(self, tenant: str = "nord") -> list[tuple[str, object]]:
        """What was raised: rule and user."""
        return sorted((alert.rule_id, alert.user or alert.group.get("User")) for alert in self.alerts(tenant))

    def quiet(self, tenant: str = "nord") -> list[tuple[str, object]]:
        """What was withheld: rule and user."""
        return sorted((alert.rule_id, alert.user or alert.group.get("User")) for alert in self.withheld(tenant))
