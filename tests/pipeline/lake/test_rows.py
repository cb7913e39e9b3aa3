"""EventBatches survive the lake's form: every event, every field, lists and explicit nulls."""

import pyarrow as pa
import pytest
from hypothesis import given
from tests.pipeline.lake.events import as_rows, batches, many, record

from wardwatch.events.record import Record
from wardwatch.pipeline.lake.columns import COLUMNS, SCHEMA
from wardwatch.pipeline.lake.rows import from_lake, to_lake


@given(many())
def test_nothing_is_lost(records: list[Record]) -> None:
    before = batches(records)
    rows = [to_lake(batch) for batch in before]
    for one in rows:
        one.validate(full=True)
        assert one.schema.equals(SCHEMA)
    after = [batch for one in rows for batch in from_lake(one, "nord", "windows_json")]
    assert as_rows(after) == as_rows(before)


@given(many())
def test_log_sources_share_a_table(records: list[Record]) -> None:
    before = batches(records)
    table = pa.Table.from_batches([to_lake(batch) for batch in before], SCHEMA).combine_chunks()
    after = [batch for rows in table.to_batches() for batch in from_lake(rows, "nord", "windows_json")]
    assert as_rows(after) == as_rows(before)
    assert len(after) == len(before)


def test_a_batch_is_the_same_to_the_last_column() -> None:
    (before,) = batches([
        record(0, {"Image": "a", "other": None, "UserID": ["x", None], "Path": None}),
        record(1, {"Image": None, "more": 1, "UserID": "y"}),
    ])  # fmt: skip
    (after,) = from_lake(to_lake(before), "nord", "windows_json")
    after.validate(full=True)
    assert after.schema.metadata == before.schema.metadata
    assert {name: after.column(name).to_pylist() for name in after.schema.names} == {
        name: before.column(name).to_pylist() for name in before.schema.names
    }
    assert [after.schema.field(name).type for name in before.schema.names] == [one.type for one in before.schema]


def test_the_row_says_what_is_a_list_and_what_is_null() -> None:
    (before,) = batches([record(0, {"Image": "a", "other": None, "UserID": ["x", None], "Path": None})])
    (row,) = to_lake(before).to_pylist()
    assert {name: value for name, value in row.items() if name[:2] == "f_" and value is not None} == {
        "f_Image": "a",
        "f_UserID": '["x",null]',
    }
    assert (row["fields"], row["lists"], sorted(row["nulls"])) == ([], ["UserID"], ["Path", "other"])
    assert (row["product"], row["category"], row["service"]) == ("windows", "process_creation", "sysmon")


def test_only_wanted_fields_come_back() -> None:
    (before,) = batches([record(0, {"Image": "a", "other": "b", "Path": None})])
    (after,) = from_lake(to_lake(before), "nord", "windows_json", frozenset({"other", "Path"}))
    assert [name for name in after.schema.names if name.startswith("f.")] == ["f.other", "f.Path"]


def test_what_is_no_event_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="not an wardwatch/event-batch/1"):
        to_lake(pa.record_batch({"x": [1]}))


def test_no_two_columns_differ_only_in_case() -> None:
    names = [name.lower() for name in SCHEMA.names]
    assert sorted(names) == sorted(set(names))
    assert len(set(COLUMNS.values())) == len(COLUMNS)
