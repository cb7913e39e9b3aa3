"""The lake keeps what was committed, by tenant, day and source; others read it as it is."""

import errno
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import orjson
import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.pipeline.lake.events import DAY, SECOND, T0, as_rows, batches, numbers, record, some

from wardwatch.kernel.disk import Disk, DiskFile
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.lake.columns import SCHEMA
from wardwatch.pipeline.lake.staging import MAX_NAMES
from wardwatch.pipeline.lake.tenant import TenantLake

DAY1, DAY2 = "2026-11-23", "2026-11-24"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[TenantLake]:
    found = Lake(tmp_path).tenant("nord")
    yield found
    found.close()


def commit(lake: TenantLake, count: int, *, first: int = 0, day: int = 0, source: str = "windows_json") -> None:
    lake.commit(
        lake.stage(some(count, first=first, day=day, source=source, tenant=lake.tenant)), {"next": first + count}
    )


def test_what_is_committed_is_read(lake: TenantLake) -> None:
    before = [*some(3), *batches([record(9, {"UserID": ["a", None], "Path": None})], origin=b"2", source="dicom_audit")]
    assert lake.note() is None
    lake.commit(lake.stage(before), {"position": ["s", 7]})
    assert as_rows(list(lake.read())) == as_rows(before)
    assert lake.note() == {"position": ["s", 7]}
    assert sorted(str(path.relative_to(lake.folder).parent) for path in lake.folder.glob("day=*/*/*.parquet")) == [
        f"day={DAY1}/source=dicom_audit",
        f"day={DAY1}/source=windows_json",
    ]


def test_what_is_only_staged_is_not_there(lake: TenantLake, tmp_path: Path) -> None:
    lake.stage(some(3))
    assert (list(lake.read()), lake.note(), lake.files()) == ([], None, ())
    lake.close()
    Lake(tmp_path).tenant("nord")
    assert list(lake.folder.rglob("*.staged")) == []


def test_another_writers_staged_files_are_left_alone(lake: TenantLake, tmp_path: Path) -> None:
    staged = lake.stage(some(3))
    Lake(tmp_path).tenant("nord").close()
    lake.commit(staged, {})
    assert numbers(list(lake.read())) == [0, 1, 2]


def test_an_empty_commit_moves_the_note(lake: TenantLake) -> None:
    lake.commit(lake.stage([]), {"next": 5})
    assert (lake.note(), lake.files()) == ({"next": 5}, ())


def test_reading_is_cut_to_time_source_and_fields(lake: TenantLake) -> None:
    commit(lake, 10)
    commit(lake, 10, first=100, source="cef")
    assert numbers(list(lake.read(T0 + 2 * SECOND, T0 + 4 * SECOND))) == [2, 3, 4]
    assert numbers(list(lake.read(since=T0 + 108 * SECOND))) == [108, 109]
    assert numbers(list(lake.read(until=T0))) == [0]
    assert numbers(list(lake.read(sources=["cef"], until=T0 + 100 * SECOND))) == [100]
    (batch,) = lake.read(until=T0, fields=["n"])
    assert [name for name in batch.schema.names if name.startswith("f.")] == ["f.n"]
    (batch,) = lake.read(until=T0, fields=["EventID"])
    assert [name for name in batch.schema.names if name.startswith("f.")] == ["f.EventID"]
    assert [file.source for file in lake.files(since=T0 + 50 * SECOND)] == ["cef"]
    assert lake.files(sources=["zeek"]) == ()


def test_the_day_is_that_of_arrival_whatever_the_clock_of_the_host_says(lake: TenantLake) -> None:
    late = batches([record(0, {"n": 0}, at=-400 * DAY), record(1, {"n": 1})], received_at=T0 + DAY)
    lake.commit(lake.stage(late), {})
    assert [(file.day, file.first_at, file.last_at) for file in lake.files()] == [(DAY2, T0 - 400 * DAY, T0)]


def test_events_of_another_tenant_are_refused(lake: TenantLake) -> None:
    with pytest.raises(ValueError, match="another tenant than nord"):
        lake.stage(some(1, tenant="sud"))
    with pytest.raises(ValueError, match="no name of a source"):
        lake.stage(some(1, source="../../sud"))
    assert list(lake.folder.rglob("*.staged")) == []


@pytest.mark.parametrize("slug", ["", "..", "a/b", "Nord", "a" * 65])
def test_what_is_no_slug_is_no_tenant(tmp_path: Path, slug: str) -> None:
    with pytest.raises(InputError, match="not the name of a tenant"):
        Lake(tmp_path).tenant(slug)


def test_compaction_changes_files_and_no_event(lake: TenantLake) -> None:
    for number in range(9):
        commit(lake, 5, first=number * 5)
    commit(lake, 5, first=45, day=1)
    before = as_rows(list(lake.read()))
    reader = lake.read()
    begun = [next(reader)]
    done = lake.compact(DAY1)
    assert (done.files_before, done.files_after, done.rows) == (9, 1, 45)
    assert as_rows(list(lake.read())) == before
    assert as_rows([*begun, *reader]) == before  # who has begun reads on
    assert numbers(list(lake.read())) == list(range(50))  # sorted by time
    assert len(list(lake.folder.glob("day=*/*/*"))) == 2
    assert lake.note() == {"next": 50}
    assert lake.compact(DAY1).files_before == 0


def test_few_files_are_merged_only_when_the_day_is_over(lake: TenantLake) -> None:
    commit(lake, 5)
    commit(lake, 5, first=5)
    assert lake.compact(DAY1).files_before == 0
    assert lake.compact(DAY1, final=True).files_before == 2


def test_replaced_files_go_when_nobody_reads_them(lake: TenantLake) -> None:
    commit(lake, 5)
    commit(lake, 5, first=5)
    lake.compact(DAY1, final=True)
    aside = list((lake.folder / "_replaced").iterdir())
    changed = [path.stat().st_ctime_ns // 1000 for path in aside]
    assert (len(aside), lake.sweep(min(changed) + DAY)) == (2, 0)
    assert lake.sweep(max(changed) + DAY + 1) > 0
    assert list((lake.folder / "_replaced").iterdir()) == []


def test_two_writers_take_turns(lake: TenantLake, tmp_path: Path) -> None:
    other = Lake(tmp_path).tenant("nord")
    for number in range(40):
        commit([lake, other][number % 2], 1, first=number)
        if number % 10 == 9:
            other.compact(DAY1)
    assert sorted(numbers(list(lake.read()))) == list(range(40))
    assert lake.state() == other.state()
    other.close()


def test_a_merge_that_comes_too_late_is_given_up(
    lake: TenantLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(lake, 5)
    commit(lake, 5, first=5)
    other = Lake(tmp_path).tenant("nord")
    merged = TenantLake._merged
    monkeypatch.setattr(
        TenantLake, "_merged", lambda self, group: (other.remove([group[0].path]), merged(self, group))[1]
    )
    with pytest.raises(FileNotFoundError):
        lake.compact(DAY1, final=True)
    monkeypatch.setattr(
        TenantLake, "_merged", lambda self, group: (merged(self, group), other.remove([group[0].path]))[0]
    )
    commit(lake, 5, first=10)
    assert lake.compact(DAY1, final=True).files_before == 0
    assert sorted(numbers(list(lake.read()))) == list(range(10, 15))
    assert [path.suffix for path in lake.folder.rglob("*") if path.is_file() and "day=" in str(path)] == [".parquet"]


def test_the_manifest_begins_anew_and_stays_short(lake: TenantLake, tmp_path: Path) -> None:
    for number in range(140):
        lake.commit(lake.stage([]), {"next": number})
    assert len(list((lake.folder / "_manifest").glob("*.json"))) < 70
    assert Lake(tmp_path).tenant("nord").note() == {"next": 139}


def test_a_reader_follows_a_writer(lake: TenantLake, tmp_path: Path) -> None:
    reader = Lake(tmp_path).tenant("nord")
    for number in range(150):
        commit(lake, 1, first=number)
        if number % 7 == 0:
            assert reader.note() == {"next": number + 1}
            assert len(reader.files()) == number + 1


def test_a_corrupt_manifest_stops_one_tenant_only(lake: TenantLake, tmp_path: Path) -> None:
    commit(lake, 1)
    sud = Lake(tmp_path).tenant("sud")
    commit(sud, 2)
    entry = next((lake.folder / "_manifest").glob("*.json"))
    for broken in (b"{", b"{}", orjson.dumps({"format": "wardwatch/lake-manifest/9"}), b"[]"):
        entry.write_bytes(broken)
        with pytest.raises(InputError, match="a manifest entry cannot be read") as caught:
            Lake(tmp_path).tenant("nord")
        assert caught.value.where == str(entry)
    assert numbers(list(Lake(tmp_path).tenant("sud").read())) == [0, 1]
    assert Lake(tmp_path).tenants() == ("nord", "sud")
    sud.close()


class FullDisk(Disk):
    """A disk with no room for files."""

    full = False

    def create(self, path: Path) -> DiskFile:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left on device")
        return super().create(path)


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    disk = FullDisk()
    lake = Lake(tmp_path, disk).tenant("nord")
    commit(lake, 1)
    disk.full = True
    with pytest.raises(OSError, match="no space"):
        lake.stage(some(1, first=1))
    assert list(lake.folder.rglob("*.staged")) == []
    disk.full = False
    commit(lake, 1, first=1)
    assert numbers(list(lake.read())) == [0, 1]
    lake.close()


def test_the_files_state_their_form(lake: TenantLake) -> None:
    commit(lake, 3)
    (file,) = lake.files()
    found = pq.ParquetFile(lake.folder / file.path)
    assert found.schema_arrow.equals(SCHEMA)
    assert found.schema_arrow.metadata[b"format"] == b"wardwatch/lake/1"
    assert {found.metadata.row_group(0).column(n).compression for n in range(5)} == {"ZSTD"}
    assert (file.rows, file.bytes) == (3, (lake.folder / file.path).stat().st_size)
    assert lake.damaged() == ()
    (lake.folder / file.path).write_bytes(b"changed")
    assert lake.damaged() == (file,)


def test_a_file_says_which_fields_it_holds(lake: TenantLake) -> None:
    commit(lake, 3)
    lake.commit(lake.stage(batches([record(9, {"UserID": ["a"], "Path": None, "x": ""})], source="cef")), {})
    held = {file.source: (file.promoted, file.others, file.lists) for file in lake.files()}
    assert held == {"windows_json": (("CommandLine", "EventID"), ("n",), ()), "cef": (("UserID",), ("x",), ("UserID",))}
    commit(lake, 3, first=3)
    lake.compact(DAY1, final=True)
    assert {file.source: (file.promoted, file.others, file.lists) for file in lake.files()} == held


def test_names_of_fields_are_noted_up_to_a_limit(lake: TenantLake) -> None:
    lake.commit(lake.stage(batches([record(n, {f"x{n}": n, "User": "u"}) for n in range(MAX_NAMES + 1)])), {})
    (file,) = lake.files()
    assert (file.promoted, file.others) == (("User",), None)
    assert [file.may_hold(name) for name in ("User", "Image", "y")] == [True, False, True]


def test_a_manifest_from_before_names_were_noted_is_read(lake: TenantLake, tmp_path: Path) -> None:
    commit(lake, 3)
    lake.close()
    for path in (lake.folder / "_manifest").glob("*.json"):
        entry = orjson.loads(path.read_bytes())
        for file in entry["add"]:
            del file["promoted"], file["others"], file["lists"]
        path.write_bytes(orjson.dumps(entry))
    with closing(Lake(tmp_path).tenant("nord")) as again:
        (file,) = again.files()
        assert (file.promoted, file.others, file.lists) == (None, None, None)
        assert file.may_hold("anything")
        commit(again, 2, first=3)
        again.compact(DAY1, final=True)  # which notes them
        assert [(file.promoted, file.rows) for file in again.files()] == [(("CommandLine", "EventID"), 5)]


def test_duckdb_reads_it_as_it_is(lake: TenantLake, tmp_path: Path) -> None:
    commit(lake, 3)
    commit(lake, 2, first=3, day=1, source="cef")
    found = duckdb.sql(f"""
        SELECT tenant, day, source, count(*), min(occurred_at)::VARCHAR, min(f_CommandLine), min(fields['n'])
        FROM read_parquet('{tmp_path}/v1/**/*.parquet', hive_partitioning = true) GROUP BY ALL ORDER BY day
    """).fetchall()
    assert [(tenant, str(day), source, count, line, n) for tenant, day, source, count, _, line, n in found] == [
        ("nord", DAY1, "windows_json", 3, "run 0", "0"),
        ("nord", DAY2, "cef", 2, "run 3", "3"),
    ]


def test_polars_reads_it_as_it_is(lake: TenantLake, tmp_path: Path) -> None:
    commit(lake, 3)
    commit(lake, 2, first=3, day=1, source="cef")
    found = pl.scan_parquet(f"{tmp_path}/v1/**/*.parquet", hive_partitioning=True)
    rows = found.filter(pl.col("source") == "cef").select("tenant", "f_CommandLine", "fields").collect().rows()
    assert rows == [
        ("nord", "run 3", {"n": "3"}),
        ("nord", "run 4", {"n": "4"}),
    ]


def test_spark_reads_it_as_it_is(lake: TenantLake, tmp_path: Path) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    commit(lake, 3)
    commit(lake, 2, first=3, day=1, source="cef")
    session = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        found = session.read.parquet(f"{tmp_path}/v1").where("source = 'cef'")
        rows = found.selectExpr("tenant", "f_CommandLine", "fields['n']", "hex(event_id)").collect()
    finally:
        session.stop()
    assert [tuple(row)[:3] for row in rows] == [("nord", "run 3", "3"), ("nord", "run 4", "4")]
