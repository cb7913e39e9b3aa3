"""Silence in the running watch: told in the tenant's alert log, closed when the source is back, and never by a restart."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from tests.pipeline.tuning.hospital import LIST, NOW, SECOND, Hospital, event

from wardwatch.pipeline.silence import Heard, Silence, signals

MINUTE, HOUR = 60, 3_600


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    """A home that heard from its server every half minute for a day and a night."""
    silence = Silence("nord")
    for half in range(26 * 120):
        at = NOW - 26 * HOUR * SECOND + half * 30 * SECOND
        heard = Heard(Counter({("srv", "windows_json"): 1}), {("srv", "windows_json"): at})
        assert silence.look(heard, at, at, lambda _: frozenset()) == []
    state = tmp_path / "state" / "silence"
    state.mkdir(parents=True)
    (state / "nord.json").write_bytes(orjson.dumps(silence.save()))
    made = Hospital(tmp_path)
    chatter(made, 2)
    assert made.alerts() == []
    yield made
    made.stop()


def chatter(hospital: Hospital, halves: int) -> None:
    """Half a minute and an event, so many times."""
    for _ in range(halves):
        hospital.receive([event(LIST.replace("shadows", "writers"), at=hospital.at)])
        silent(hospital, 30)


def silent(hospital: Hospital, seconds: int) -> None:
    for _ in range(seconds // 30):
        hospital.at += 30 * SECOND
        while hospital.watching.step():
            pass


def told(hospital: Hospital) -> list[tuple[str, object, int]]:
    return [(one.rule_id, one.fields["state"], one.revision) for one in hospital.alerts()]


def figures(hospital: Hospital) -> dict[str, float]:
    found = hospital.watching.published(hospital.at).figures
    return {one.name.removeprefix("wardwatch_pipeline_"): one.value for one in found if "source_" in one.name}


def test_a_source_that_stops_is_told_and_closed(hospital: Hospital) -> None:
    silent(hospital, 8 * MINUTE)
    assert told(hospital) == []
    silent(hospital, 4 * MINUTE)
    assert told(hospital) == [(signals.STOPPED, "open", 0)]
    assert figures(hospital)["source_trouble"] == 1
    hospital.restart()
    silent(hospital, 30 * MINUTE)
    assert told(hospital) == [(signals.STOPPED, "open", 0)]
    chatter(hospital, 2)
    assert told(hospital) == [(signals.STOPPED, "closed", 1)]
    assert "source_trouble" not in figures(hospital)
    # Wardwatch itself is away for a day: when it is back, nobody has been silent.
    hospital.stop()
    hospital.at += 24 * HOUR * SECOND
    hospital.start()
    chatter(hospital, 20)
    assert told(hospital) == [(signals.STOPPED, "closed", 1)]


def test_a_state_that_cannot_be_read_is_said_and_begun_anew(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path)
    chatter(hospital, 2)
    hospital.stop()
    (tmp_path / "state" / "silence" / "nord.json").write_text('{"format": 1}')
    hospital.start()
    chatter(hospital, 6)
    assert ["nord: what is usual is learned anew" in one for one in hospital.said] == [True]
    assert figures(hospital)["source_rate"] == pytest.approx(2 / 60)
    hospital.stop()


def test_a_damaged_block_is_told(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path)
    hospital.receive([event(LIST)])
    hospital.receive([event(LIST)])
    segment = max((tmp_path / "spool" / "nord").glob("*.seg"))
    data = bytearray(segment.read_bytes())
    data[-5] ^= 1
    segment.write_bytes(data)
    hospital.work()
    assert [(one.rule_id, one.fields["places"]) for one in hospital.alerts() if "damaged" in one.rule_id] == [
        (signals.DAMAGED, 1)
    ]
    hospital.stop()
