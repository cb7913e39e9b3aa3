"""Listeners and pipeline as a supervisor starts them: functions that run until they are told to stop."""

import threading
from dataclasses import replace
from pathlib import Path

from tests.listeners.receiving import ask, until
from tests.pipeline.living import RULES, event
from tests.pipeline.spool.spooling import spool

from wardwatch.events.alert import Alert
from wardwatch.kernel.disk import Disk
from wardwatch.listeners.sensors import Registry, Sensor, hashed
from wardwatch.runtime.ingest import Receiving, receive
from wardwatch.runtime.settings import Ingest, Settings, SpoolSettings
from wardwatch.runtime.stopping import Stopping
from wardwatch.runtime.watching import Watching, watch


def test_they_run_side_by_side_until_they_are_told_to_stop(tmp_path: Path) -> None:
    settings = Settings(
        tmp_path,
        ingest=replace(Ingest(), syslog_udp=(), syslog_tcp=(), http=("127.0.0.1:0",), metrics=""),
        spool=replace(SpoolSettings(), reserve=0),
    )
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yml").write_text(RULES)
    Registry(tmp_path / "state" / "sensors.json", Disk()).add(Sensor("s1", "north", (), hashed("ww_token")))
    stop, listening, ended = Stopping(), threading.Event(), []
    known: list[Receiving] = []
    alerts: list[Alert] = []

    def ready(receiving: Receiving) -> None:
        known.append(receiving)
        listening.set()

    def receiving() -> None:
        ended.append(receive(settings, stop, ready))

    def watching() -> None:
        ended.append(watch(settings, stop, on_alerts=alerts.extend))

    threads = [threading.Thread(target=one) for one in (receiving, watching)]
    for thread in threads:
        thread.start()
    assert listening.wait(60)
    (address,) = known[0].addresses["http"]
    answer = ask(address, "POST", "/ndjson", event("bad"), {"Authorization": "Bearer ww_token"})
    assert answer.status == 200
    until(lambda: bool(alerts))
    stop.set()
    for thread in threads:
        thread.join(60)
    assert {type(one) for one in ended} == {Receiving, Watching}
    assert [one.totals()[:2] for one in ended if isinstance(one, Watching)] == [(1, len(alerts))]
    with spool(tmp_path) as made:
        assert made.lane("north").backlog().frames <= 1, "the last segment stays"
