"""The morning of the demonstration: times that move, houses that differ, an attack in one of them alone."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError
from wardwatch.listeners.sensors import Registry
from wardwatch.runtime import demo
from wardwatch.runtime.demo import BEGINS, FASTER, Feeder
from wardwatch.runtime.settings import Settings
from wardwatch.runtime.stopping import Stopping

NOW = datetime(2027, 3, 1, 14, 0, tzinfo=UTC)
HOUSES = (demo.ATTACKED, "demo-ch-montbrune")


def test_each_time_of_a_line_moves_and_keeps_its_form() -> None:
    line = '{"a":"2026-11-17T05:00:00Z","b":"2026-11-17T06:00:00.250000+01:00"} [17/Nov/2026:06:00:00 +0100]'
    assert demo.moved(line, lambda at: at + timedelta(days=1, hours=2)) == (
        '{"a":"2026-11-18T07:00:00Z","b":"2026-11-18T08:00:00.250000+01:00"} [18/Nov/2026:08:00:00 +0100]'
    )
    assert demo.moved("nothing here at 12:00", lambda at: at + timedelta(1)) == "nothing here at 12:00"


def test_the_attack_goes_on_faster_than_it_was() -> None:
    move = demo.timing(NOW)
    assert move(BEGINS) == NOW
    assert NOW - move(BEGINS - timedelta(hours=1)) == timedelta(hours=1)
    assert move(BEGINS + timedelta(hours=1)) - NOW == timedelta(hours=1) / FASTER


def test_every_line_of_the_samples_has_a_time_and_none_is_left_out() -> None:
    lines = demo.lines()
    assert {one.source for one in lines} == set(demo._SOURCES.values())
    assert lines == sorted(lines, key=lambda one: one.at)
    assert 10 < sum(one.attack for one in lines) < len(lines) / 2
    assert all("2026-11-1" not in demo.moved(one.text, lambda _: NOW) for one in lines)


class Day:
    """A clock that goes as far as one waits, and stops the feeder when the day is over."""

    def __init__(self, end: datetime) -> None:
        self.at, self.end = NOW, end

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> bool:
        self.at += timedelta(seconds=seconds)
        return self.at >= self.end

    def is_set(self) -> bool:
        return self.at >= self.end


def fed(hours: float) -> list[tuple[datetime, str, str, str]]:
    day = Day(NOW + timedelta(hours=hours))
    sent: list[tuple[datetime, str, str, str]] = []

    def send(tenant: str, source: str, lines: list[str]) -> None:
        sent.extend((day.at, tenant, source, line) for line in lines)

    Feeder(HOUSES, send, day.now, day).run()  # type: ignore[arg-type]
    return sent


def test_the_attack_is_at_one_house_and_everyday_life_in_all() -> None:
    sent = fed(6)
    attack = [one for one in sent if demo._ATTACK.search(one[3])]
    assert attack
    assert {one[1] for one in attack} == {demo.ATTACKED}
    assert {one[1] for one in sent} == set(HOUSES)
    ended = max(one[0] for one in attack)
    assert ended - NOW < timedelta(minutes=20), "the attack is over, everyday life goes on"
    assert {one[1] for one in sent if one[0] > ended} == set(HOUSES)
    assert not any("2026-11-17" in one[3] for one in sent)


def test_computers_of_another_house_bear_other_names() -> None:
    sent = fed(1)
    named = [
        {word for one in sent if one[1] == house for word in one[3].split('"') if "SRV-" in word} for house in HOUSES
    ]
    assert all(named)
    assert not named[0] & named[1]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


def test_it_is_prepared_once(settings: Settings) -> None:
    first = demo.prepare(settings, HOUSES, "a-password")
    again = demo.prepare(settings, HOUSES, "another")
    assert (again.password, dict(again.tokens)) == ("a-password", dict(first.tokens))
    sensors = Registry(settings.below("state/sensors.json"), Disk()).known().sensors
    assert {one.tenant for one in sensors.values()} == set(HOUSES)
    assert all(token not in settings.below("state/sensors.json").read_text() for token in first.tokens.values())
    assert (settings.below("state") / demo.FILE).stat().st_mode & 0o077 == 0


def test_a_spoiled_file_says_how_to_go_on(settings: Settings) -> None:
    demo.prepare(settings, HOUSES, "p")
    for spoiled in ("{", "[]", '{"password": "p"}'):
        (settings.below("state") / demo.FILE).write_text(spoiled)
        with pytest.raises(InputError, match="demonstration") as found:
            demo.kept(settings)
        assert found.value.hint == "wardwatch demo remove"


def test_sweeping_removes_the_files_of_the_demonstration_alone(settings: Settings) -> None:
    places = ["spool/{0}/x", "lake/v1/tenant={0}/x", "alerts/{0}/x", "state/offsets/{0}/x", "tuning/{0}/x"]
    for tenant in (*HOUSES, "north"):
        for place in places:
            path = settings.home / place.format(tenant)
            path.parent.mkdir(parents=True)
            path.touch()
    gone = settings.below("state") / "demo-gone.json"
    gone.write_text(json.dumps([*HOUSES, "north", ".."]))
    assert set(demo.sweep(settings)) == set(HOUSES)
    assert not [path for house in HOUSES for path in settings.home.rglob(f"*{house}*")]
    assert len(list(settings.home.rglob("*north/x"))) == len(places)
    assert demo.sweep(settings) == ()
    for spoiled in ("{", "3"):
        gone.write_text(spoiled)
        assert demo.sweep(settings) == (), "a hospital starts all the same"


@pytest.fixture
def listener() -> Iterator[HTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.heard.append((self.path, self.headers["Authorization"], body))  # type: ignore[attr-defined]
            self.send_response(self.server.answers.pop(0))  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.heard, server.answers = [], []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("answers", "sent", "said"), [([503, 429, 200], 3, ""), ([401], 1, "HTTP 401"), ([503] * 40, None, "HTTP 503")]
)
def test_what_is_not_taken_is_sent_again_and_what_is_refused_is_said(
    listener: HTTPServer, caplog: pytest.LogCaptureFixture, answers: list[int], sent: int | None, said: str
) -> None:
    listener.answers[:] = answers  # type: ignore[attr-defined]
    heard = listener.heard  # type: ignore[attr-defined]
    send = demo.over_http(f"127.0.0.1:{listener.server_port}", {"north": "ww_token"}, patience=2 if sent else 0.5)
    send("north", "syslog", ["a", "b"])
    assert heard[0] == ("/ndjson?source=syslog", "Bearer ww_token", b"a\nb")
    assert len(heard) == sent if sent else 1 < len(heard) < 10
    assert (said in caplog.text) if said else not caplog.text
    assert "ww_token" not in caplog.text


def test_nobody_listening_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    demo.over_http("127.0.0.1:1", {"north": "t"}, patience=0.1)("north", "syslog", ["a"])
    assert "1 lines of syslog for north were not taken" in caplog.text


def test_the_feeder_stops_when_told() -> None:
    stopping = Stopping()
    stopping.set()
    sent: list[str] = []
    Feeder(HOUSES, lambda _tenant, _source, lines: sent.extend(lines), stopping=stopping).run()
    assert len(sent) < 2 * len(demo.lines())
