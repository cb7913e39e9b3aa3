"""What is kept how long, what is held, and what goes first when the disk is full."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.pipeline.lake.events import DAY, SECOND, T0, batches, numbers, record, some

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.lake.manifest import Hold
from wardwatch.pipeline.lake.retention import Retention
from wardwatch.pipeline.lake.tenant import TenantLake

POLICY = Retention(days=30, by_source={"cef": 7})
NOW = T0 + 10 * DAY
HOLD = Hold("case-7", "investigation of 23 November", "ida", NOW, since=T0, until=T0 + DAY)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[TenantLake]:
    """Old and new events of a source that is kept long and of one that is kept short."""
    found = Lake(tmp_path).tenant("nord")
    for number, (day, source) in enumerate([(0, "windows_json"), (9, "windows_json"), (0, "cef"), (9, "cef")]):
        commit(found, number, day, source)
    yield found
    found.close()


def commit(lake: TenantLake, number: int, day: int, source: str = "windows_json", count: int = 1) -> None:
    staged = lake.stage(some(count, first=number, day=day, source=source, tenant=lake.tenant))
    lake.commit(staged, {"next": number})


def kept(lake: TenantLake) -> list[int]:
    return sorted(numbers(list(lake.read())))


def test_each_source_has_its_time(lake: TenantLake) -> None:
    gone = lake.expire(POLICY, NOW)
    assert (kept(lake), [file.source for file in gone.removed], gone.held) == ([0, 1, 3], ["cef"], ())
    assert gone.bytes == gone.removed[0].bytes
    assert not (lake.folder / gone.removed[0].path).exists()
    lake.expire(POLICY, NOW + 30 * DAY)
    assert kept(lake) == []
    assert lake.note() == {"next": 3}


def test_age_counts_from_arrival(lake: TenantLake) -> None:
    forged = batches([record(7, {"n": 7}, at=-5_000 * DAY)], origin=b"forged", received_at=NOW, source="cef")
    lake.commit(lake.stage(forged), {})
    lake.expire(POLICY, NOW)
    assert kept(lake) == [0, 1, 3, 7]


def test_what_is_held_stays(lake: TenantLake) -> None:
    lake.hold(HOLD)
    gone = lake.expire(POLICY, NOW + 300 * DAY)
    assert (kept(lake), len(gone.removed), len(gone.held)) == ([0, 2], 2, 2)
    assert lake.state().holds == {"case-7": HOLD}
    lake.lift("case-7")
    lake.expire(POLICY, NOW + 300 * DAY)
    assert (kept(lake), lake.state().holds) == ([], {})


def test_a_hold_may_be_for_one_source(lake: TenantLake) -> None:
    lake.hold(replace(HOLD, source="cef", since=None, until=None))
    lake.expire(POLICY, NOW + 300 * DAY)
    assert kept(lake) == [2, 3]


def test_what_is_held_is_not_rewritten(lake: TenantLake) -> None:
    commit(lake, 10, 0)
    lake.hold(HOLD)
    before = set(lake.state().files)
    assert lake.compact("2026-11-23", final=True).files_before == 0
    assert set(lake.state().files) == before
    lake.lift("case-7")
    assert lake.compact("2026-11-23", final=True).files_before == 2


def test_holds_survive_a_manifest_that_begins_anew(lake: TenantLake, tmp_path: Path) -> None:
    lake.hold(HOLD)
    for number in range(80):
        lake.commit(lake.stage([]), {"next": number})
    assert Lake(tmp_path).tenant("nord").state().holds == {"case-7": HOLD}


def test_a_hold_says_why(lake: TenantLake) -> None:
    with pytest.raises(InputError, match="a name and a reason"):
        lake.hold(replace(HOLD, reason=""))
    with pytest.raises(InputError, match="no hold 'case-8'"):
        lake.lift("case-8")


def test_a_full_disk_costs_what_has_had_most_of_its_time(lake: TenantLake, tmp_path: Path) -> None:
    room = Lake(tmp_path).make_room(1, lambda _: POLICY, NOW)
    assert ([one.removed[0].source for one in room.removed], room.missing) == (["cef"], 0)
    assert kept(lake) == [0, 1, 3]  # 10 of 7 days, before 10 of 30
    Lake(tmp_path).make_room(1, lambda _: POLICY, NOW)
    assert kept(lake) == [1, 3]


def test_a_full_disk_never_costs_what_is_held(lake: TenantLake, tmp_path: Path) -> None:
    lake.hold(HOLD)
    room = Lake(tmp_path).make_room(10**9, lambda _: POLICY, NOW)
    assert kept(lake) == [0, 2]
    assert (room.missing, room.bytes) == (10**9 - room.bytes, sum(one.bytes for one in room.removed))


def test_the_noisy_tenant_pays_for_its_noise(lake: TenantLake, tmp_path: Path) -> None:
    noisy = Lake(tmp_path).tenant("sud")
    for number in range(6):
        commit(noisy, number * 1000, 9, count=1000)
    room = Lake(tmp_path).make_room(1, lambda _: POLICY, NOW)
    assert [(one.tenant, len(one.removed)) for one in room.removed] == [("sud", 1)]
    assert kept(lake) == [0, 1, 2, 3]
    noisy.close()


def test_the_reserve_goes_first_and_a_corrupt_tenant_gives_nothing(lake: TenantLake, tmp_path: Path) -> None:
    shared = Lake(tmp_path)
    shared.reserve()
    with closing(shared.tenant("sud")) as sud:
        commit(sud, 0, 0)
    next((tmp_path / "v1" / "tenant=sud" / "_manifest").glob("*.json")).write_bytes(b"{")
    reserve = tmp_path / "v1" / "_reserve"
    assert reserve.stat().st_size == 4 * 1024 * 1024
    room = shared.make_room(10**9, lambda _: POLICY, NOW)
    assert (reserve.exists(), [one.tenant for one in room.removed], kept(lake)) == (False, ["nord"], [])
    assert len(list((tmp_path / "v1" / "tenant=sud").glob("day=*/*/*.parquet"))) == 1
    shared.reserve()
    shared.reserve()
    assert reserve.exists()


def test_files_on_the_edge_of_a_hold(lake: TenantLake) -> None:
    lake.hold(replace(HOLD, since=T0 + 1 * SECOND, until=T0 + 1 * SECOND))
    lake.expire(POLICY, NOW + 300 * DAY)
    assert kept(lake) == [0]  # it arrived one second after the beginning
