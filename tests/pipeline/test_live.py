"""The watch over one lane: exactly once over restarts; rules may change; what comes late counts."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from tests.pipeline.living import BAD, BURST, HOMES, NOON, QUIET_RULES, RULES, SECOND, Home, event, restarted, rules

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline import live
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.live import COMMIT_AFTER

AUDIT = b'type=SYSCALL msg=audit(1795521600.123:%d): arch=c000003e syscall=59 exe="/usr/bin/dash"'


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close every home that a test opened."""
    yield
    for home in HOMES:
        home.close()
    HOMES.clear()


def told(home: Home) -> dict[str, list[int]]:
    """How many events each final alert has, by rule."""
    found: dict[str, list[int]] = {}
    for alert in home.alerts().values():
        found.setdefault(alert.rule_id, []).append(alert.count)
    return found


def test_events_alerts_and_the_commit(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put(event("fine"), *(event("bad", at) for at in range(3)), b"\xff")
    watch = home.watch()
    new = home.steps(watch)
    assert [(alert.rule_id, alert.count) for alert in new] == [(BAD, 1)] * 3 + [(BURST, 3)]
    assert home.logged() == new, "alerts do not wait for the commit"
    assert home.events() == {}
    assert watch.backlog() == (0, 0)
    watch.commit()
    assert home.commands() == ["bad", "bad", "bad", "fine"]
    assert (watch.counts.events, watch.counts.alerts, watch.counts.commits) == (4, 4, 1)
    assert dict(watch.counts.rejects) == {("s1", "-", "of no known format"): 1}
    assert [one.place.split(":")[1] for one in watch.shown] == ["4"]
    with closing(Lake(tmp_path / "lake").tenant("north")) as lake:
        note = lake.note()
    assert note is not None
    assert (tmp_path / "state" / "pipeline" / "north" / note["checkpoint"]).is_file()
    assert note["position"][1] == 5
    watch.commit()
    assert watch.counts.commits == 1, "nothing new, no commit"


@pytest.mark.parametrize("seed", range(25))
def test_exactly_once_over_restarts(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps, commits and crashes at random: the same events and final alerts as without any."""
    dice = random.Random(seed)
    times = list(range(0, 120, 2))
    dice.shuffle(times)  # out of order, so that alerts supersede each other
    bodies = [event("bad" if dice.random() < 0.4 else "fine", at, f"PC{at % 3}") for at in times]
    calm = Home(tmp_path / "calm")
    calm.put(*bodies)
    one = calm.watch()
    calm.steps(one)
    one.commit()
    home = Home(tmp_path / "home")
    watch = home.watch()
    while bodies:
        size = dice.randint(1, 6)
        home.put(*bodies[:size])
        bodies = bodies[size:]
        monkeypatch.setattr(live, "STEP", dice.choice((1, 400, 1 << 20)))
        for _ in range(dice.randint(0, 3)):
            if (piece := watch.work(home.now)) is not None:
                found = home.engine.run(piece)
                if dice.random() < 0.9:  # else the step is lost with the process
                    watch.take(found, home.now)
        if dice.random() < 0.3:
            watch.commit()
        if dice.random() < 0.4:
            home = restarted(home)
            watch = home.watch()
    home.steps(watch)
    watch.commit()
    assert home.commands() == calm.commands()
    assert shape(home) == shape(calm)
    assert said_twice(home) == []


def said_twice(home: Home) -> list[tuple[str, int]]:
    counted = Counter((alert.id, alert.revision) for alert in home.logged())
    return [one for one, count in counted.items() if count > 1]


def shape(home: Home) -> list[tuple[str, int, int, int, str | None]]:
    return sorted(
        (alert.rule_id, alert.occurred_at, alert.last_at, alert.count, alert.host) for alert in home.alerts().values()
    )


def test_an_alert_that_a_late_event_superseded_before_a_crash_is_superseded_after_it(tmp_path: Path) -> None:
    """The steps end where they ended: else the first alert would stay, and nothing would take it back."""
    home = Home(tmp_path)
    watch = home.watch()
    home.put(*(event("bad", at) for at in (10, 11, 12)))
    assert BURST in {alert.rule_id for alert in home.steps(watch)}
    home.put(event("bad", 5))  # was there before the crash, but not worked on
    home = restarted(home)
    watch = home.watch()
    new = home.steps(watch)
    watch.commit()
    (last,) = (alert for alert in new if alert.rule_id == BURST)
    assert last.supersedes is not None
    assert told(home) == {BAD: [1, 1, 1, 1], BURST: [4]}


def test_a_wait_that_was_over_before_a_crash_is_over_after_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    watch = home.watch()
    home.put(AUDIT % 1, hint="auditd")
    assert home.steps(watch) == []
    assert not watch.is_idle
    home.now += 2 * SECOND
    home.steps(watch)
    assert watch.counts.events == 1
    watch.commit()
    assert watch.is_idle
    assert [row["received_at"].timestamp() for row in home.events().values()] == [NOON / 1e6]


def test_what_waits_for_its_rest_survives_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    watch = home.watch()
    home.put(AUDIT % 1, hint="auditd")
    home.steps(watch)
    watch.commit()
    assert home.events() == {}
    home = restarted(home)
    watch = home.watch()
    home.put(b"type=PROCTITLE msg=audit(1795521600.123:1): proctitle=7368", hint="auditd")
    home.steps(watch)
    watch.commit()
    assert [row["f.proctitle"] for row in home.events().values()] == ["sh"]


def test_when_a_commit_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    watch = home.watch()
    assert not watch.due(NOON + 10 * COMMIT_AFTER)
    home.put(event("fine"))
    home.steps(watch)
    assert not watch.due(NOON + COMMIT_AFTER - 1)
    assert watch.due(NOON + COMMIT_AFTER)
    assert watch.due(NOON - 1), "a clock that went back does not hold events back"
    monkeypatch.setattr(live, "COMMIT_ROWS", 1)
    assert watch.due(NOON)
    home.put(event("fine"))
    home.steps(watch)
    home.put(event("fine"))
    assert watch.work(NOON) is None, "too much waits for its commit"
    watch.commit()
    assert watch.work(NOON) is not None


def test_other_rules_keep_the_state_of_what_means_the_same(tmp_path: Path) -> None:
    more = RULES + RULES.replace("0000-000000000001", "0000-00000000000a").replace(
        "0000-000000000002", "0000-00000000000b"
    ).replace("name: bad", "name: worse").replace("[bad]", "[worse]").replace("contains: bad", "contains: worse").join(
        ("---\n", "")
    )
    home = Home(tmp_path)
    watch = home.watch()
    home.put(event("bad", 1), event("bad", 2))
    home.steps(watch)
    home.rules = rules(more)
    home = restarted_engine(home)
    watch.reload(home.rules.correlations)
    home.put(event("bad", 3), event("worse", 4))
    new = home.steps(watch)
    assert sorted((alert.rule_id, alert.count) for alert in new) == sorted([(BAD, 1), (BURST, 3), (BAD[:-1] + "a", 1)])
    watch.reload(rules(QUIET_RULES).correlations)
    watch.commit()
    assert home.watch() is not None


def restarted_engine(home: Home) -> Home:
    """The same open home with an engine for its new rules."""
    fresh = Home(home.folder, home.disk, home.rules)
    fresh.close()
    home.engine = fresh.engine
    return home


def test_late_and_out_of_order(tmp_path: Path) -> None:
    home = Home(tmp_path)
    watch = home.watch()
    for at in (30, 10, 20):
        home.put(event("bad", at))
        home.steps(watch)
    assert told(home) == {BAD: [1, 1, 1], BURST: [3]}
    home.now += 3_600 * SECOND
    home.put(event("bad", 3_600))
    home.steps(watch)
    home.put(event("bad", 40))  # an hour late: an alert of its own, but its episode is closed
    home.steps(watch)
    assert told(home) == {BAD: [1] * 5, BURST: [3]}


def test_old_checkpoints_and_segments_go(tmp_path: Path) -> None:
    home = Home(tmp_path)
    watch = home.watch()
    for number in range(4):
        home.put(*(event("bad", 3 * number + at) for at in range(3)))
        home.steps(watch)
        watch.commit()
        home = restarted(home)  # a new segment
        watch = home.watch()
    state = list((tmp_path / "state" / "pipeline" / "north").iterdir())
    assert [path.suffix for path in state] == [".json"]
    assert len(list((tmp_path / "spool" / "north").glob("*.seg"))) == 1
    assert len(home.commands()) == 12


@pytest.mark.parametrize("damage", ["gone", "no JSON", "other", "cut", "state"])
def test_a_checkpoint_that_cannot_be_read_is_said(tmp_path: Path, damage: str) -> None:
    home = Home(tmp_path)
    watch = home.watch()
    home.put(event("fine"))
    home.steps(watch)
    watch.commit()
    (path,) = (tmp_path / "state" / "pipeline" / "north").glob("*.json")
    known = orjson.loads(path.read_bytes())
    match damage:
        case "gone":
            path.unlink()
        case "no JSON":
            path.write_bytes(b"{")
        case "other":
            path.write_bytes(orjson.dumps(known | {"format": "wardwatch/checkpoint/9"}))
        case "cut":
            path.write_bytes(orjson.dumps(known | {"carry": {}}))
        case _:
            path.write_bytes(orjson.dumps(known | {"correlator": "{}"}))
    with pytest.raises(InputError):
        home.watch()


def test_damaged_blocks_are_counted_and_shown(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put(event("one"))
    home.put(event("two"))
    (segment,) = (tmp_path / "spool" / "north").glob("*.seg")
    data = bytearray(segment.read_bytes())
    data[-20] ^= 1
    segment.write_bytes(data)
    home = restarted(home)
    watch = home.watch()
    home.put(event("three"))
    home.steps(watch)
    watch.commit()
    assert home.commands() == ["one", "three"]
    assert watch.counts.damages == len(watch.damages) == 1
