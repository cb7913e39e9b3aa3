"""`wardwatch status`: how each sensor is, for people and for programs."""

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.pipeline.tuning.hospital import LIST, Hospital, event


def test_each_sensor_is_told(run: Run, home: Path) -> None:
    (home / "cache").unlink()
    hospital = Hospital(home)
    for _ in range(7):
        hospital.receive([event(LIST, at=hospital.at), b"no log at all \x00"])
        hospital.work(30)
    hospital.receive([event(LIST, at=hospital.at)], "sud", "other")
    hospital.work()
    hospital.stop()
    rows = list(map(json.loads, run("status", "--tenant", "nord", "--json", "-").out.splitlines()))
    (sensor,) = [one for one in rows if one["format"] == "wardwatch/sensor-state/1"]
    (source,) = sensor["sources"]
    assert (sensor["tenant"], sensor["sensor"], sensor["backlog_frames"]) == ("nord", "srv", 0)
    assert (source["source"], source["troubles"], round(source["rate"] * 60)) == ("windows_json", [], 2)
    assert source["last_at"] == "2026-11-23T02:33:00Z"
    assert [one["count"] for one in sensor["rejects"]] == [7]
    shown = run("status")
    assert shown.code == 1  # its clock stands still: it has stopped
    lines = shown.out.splitlines()
    assert [line for line in lines if line.startswith(("nord srv:", "sud other:"))] == [
        "nord srv: lag 0 s, backlog 0 frames",
        "sud other: lag 0 s, backlog 0 frames",
    ]
    assert [line for line in lines if "last_at_seconds" in line] == [], "a time is shown as one"
    assert sum("not understood: 7" in line for line in lines) == 1
    assert sum("/s, learning" in line for line in lines) == 2
