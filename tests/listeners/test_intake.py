"""The gate: shares, connections, memory; what is put off is put off whole, and nobody else hears of it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.spool.spooling import Clock, bodies, spool

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import NotTakenError
from wardwatch.listeners.intake import Connections, Intake, Limits, Memory, Share
from wardwatch.listeners.sensors import Registry, Sensor
from wardwatch.pipeline.spool import Spool

T = TypeVar("T")
NORTH, SOUTH = Sensor("fw1", "north"), Sensor("dc1", "south", ("windows_json",))


def intake(home: Path, made: Spool, ticks: Clock | None = None, **limits: int) -> Intake:
    registry = Registry(home / "sensors.json", Disk())
    asked = replace(Limits(), **limits)
    return Intake(made, registry, asked, clock=Clock(), ticks=ticks or Clock(0))


def run(coroutine: Coroutine[object, object, T]) -> T:
    return asyncio.run(coroutine)


def test_what_is_taken_is_on_disk_and_counted(tmp_path: Path) -> None:
    async def act() -> int:
        return await gate.take("ndjson", SOUTH, [b"a", b"bc"], "zeek")

    with spool(tmp_path) as made:
        gate = intake(tmp_path, made)
        assert run(act()) == 2
        (chunk,) = made.lane("south").read(None)
    assert [(row["sensor"], row["source_hint"], row["body"]) for row in chunk.batch.to_pylist()] == [
        ("dc1", "windows_json", b"a"),
        ("dc1", "windows_json", b"bc"),
    ]
    tally = gate.tallies["ndjson", "south", "dc1"]
    assert (tally.frames, tally.bytes, tally.put_off) == (2, 3, 0)


def test_a_noisy_tenant_is_put_off_and_the_others_are_not(tmp_path: Path) -> None:
    async def act() -> int:
        await gate.take("http", NORTH, [b"x"] * 100)
        for _ in range(2):
            with pytest.raises(NotTakenError) as caught:
                await gate.take("http", NORTH, [b"x"] * 30)
            assert (caught.value.quota, caught.value.retry_after) == (True, 3)
        await gate.take("http", SOUTH, [b"x"] * 100)
        ticks.now += 3_000_000
        return await gate.take("http", NORTH, [b"x"] * 30)

    ticks = Clock(0)
    with spool(tmp_path) as made:
        gate = intake(tmp_path, made, ticks, tenant_rate=10, tenant_burst=100)
        assert run(act()) == 30
        assert (len(bodies(made.lane("north"))), len(bodies(made.lane("south")))) == (130, 100)
        assert gate.tally("http", NORTH).put_off == 60


def test_protocols_that_cannot_say_no_wait(tmp_path: Path) -> None:
    async def act() -> int:
        await gate.take("syslog_tcp", NORTH, [b"x"] * 10)
        waiting = asyncio.create_task(gate.take_all("syslog_tcp", NORTH, [b"y"]))
        await asyncio.sleep(0)
        ticks.now += 5_000_000
        return await waiting

    ticks = Clock(0)
    with spool(tmp_path) as made:
        gate = intake(tmp_path, made, ticks, tenant_rate=1, tenant_burst=10)
        assert run(act()) == 1
        assert bodies(made.lane("north"))[-1] == b"y"


def test_stopping_ends_the_waiting(tmp_path: Path) -> None:
    async def act() -> None:
        await gate.take("syslog_tcp", NORTH, [b"x"])
        waiting = asyncio.create_task(gate.take_all("syslog_tcp", NORTH, [b"y"]))
        await asyncio.sleep(0)
        gate.stopping.set()
        with pytest.raises(NotTakenError):
            await waiting

    with spool(tmp_path) as made:
        gate = intake(tmp_path, made, tenant_rate=1, tenant_burst=1)
        run(act())
        assert bodies(made.lane("north")) == [b"x"]


@given(steps=st.lists(st.tuples(st.integers(1, 300), st.integers(0, 20_000_000)), max_size=60))
def test_over_any_time_a_tenant_gets_its_share_and_its_burst_at_most(steps: list[tuple[int, int]]) -> None:
    share, now, taken = Share(10, 100, 0), 0, 0
    for count, wait in steps:
        now += wait
        if not share.take(count, now):
            taken += count
            # A bundle larger than a full bucket may pass when it is full; it is paid for afterwards.
            assert taken <= 100 + now * 10 / 1e6 + 300


@given(count=st.integers(1, 500), before=st.integers(1, 100))
def test_the_wait_that_is_told_is_enough(count: int, before: int) -> None:
    share = Share(10, 100, 0)
    assert share.take(before, 0) == 0
    wait = share.take(count, 0)
    if wait:
        assert share.take(count, wait * 1_000_000) == 0


def test_no_rate_is_no_limit() -> None:
    assert Share(0, 0, 0).take(10**9, 0) == 0


def test_connections_are_counted_in_all_and_by_address() -> None:
    found = Connections(replace(Limits(), connections=3, connections_per_address=2))
    assert [found.enter(one) for one in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    found.leave("a")
    assert (found.enter("c"), found.count, found.refused) == (True, 3, 2)
    for one in ("a", "b", "c"):
        found.leave(one)
    assert (found.count, dict(found._by_address)) == (0, {})


def test_a_tenant_holds_half_of_the_memory_at_most() -> None:
    memory = Memory(100)
    memory.take("north", 50)
    with pytest.raises(NotTakenError) as caught:
        memory.take("north", 1)
    assert caught.value.quota
    memory.take("south", 50)
    with pytest.raises(NotTakenError) as caught:
        memory.take("west", 1)
    assert not caught.value.quota
    memory.give_back("north", 50)
    memory.take("west", 50)
    for one in ("south", "west"):
        memory.give_back(one, 50)
    assert (memory.held, dict(memory._by_tenant)) == (0, {})


def test_a_damaged_list_of_sensors_does_not_stop_those_who_are_known(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        ticks = Clock(0)
        gate = intake(tmp_path, made, ticks)
        Registry(tmp_path / "sensors.json", Disk()).add(NORTH)
        assert list(gate.known.sensors) == ["fw1"]
        (tmp_path / "sensors.json").write_text("{")
        assert list(gate.known.sensors) == ["fw1"]
        ticks.now += 1_000_000
        assert list(gate.known.sensors) == ["fw1"]
        assert gate.unknown == {("sensors", "the list of sensors is damaged"): 1}


def test_reasons_cannot_fill_the_memory(tmp_path: Path) -> None:
    with spool(tmp_path) as made:
        gate = intake(tmp_path, made)
        for number in range(2_000):
            gate.reject("x", None, str(number))
        assert len(gate.unknown) == 1_000
