"""EventBatch v1 as docs/reference/formats.md has it."""

from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.events import batch as layout
from wardwatch.events import builder as building
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Group, Record
from wardwatch.kernel import ids, stamps

NOW = stamps.iso("2026-11-23T12:00:00Z")[0]
DAY = 86_400_000_000
ORIGIN = Origin("north", b"origin", NOW, "syslog")
LINUX = LogSource("linux", None, "auth")


def built(*records: Record, origin: Origin = ORIGIN) -> list[pa.RecordBatch]:
    builder = BatchBuilder(origin)
    for record in records:
        builder.add(record)
    return list(builder.finish())


def column(batch: pa.RecordBatch, name: str) -> list[Any]:
    found: list[Any] = batch.column(batch.schema.get_field_index(name)).to_pylist()
    return found


def test_the_schema_is_as_documented() -> None:
    (batch,) = built(Record(3, LINUX, {"a": "x", "b": [1, "y"]}, NOW - 5))
    word = pa.dictionary(pa.int32(), pa.string())
    stamp = pa.timestamp("us", tz="UTC")
    assert [(field.name, field.type, field.nullable) for field in batch.schema] == [
        ("event_id", pa.binary(16), False),
        ("tenant", word, False),
        ("occurred_at", stamp, False),
        ("received_at", stamp, False),
        ("host", word, True),
        ("user", word, True),
        ("source", word, False),
        ("record_id", pa.string(), False),
        ("time_quality", word, False),
        ("f.a", word, True),
        ("f.b", pa.list_(pa.string()), True),
    ]
    assert batch.schema.metadata == {
        b"format": b"wardwatch/event-batch/1",
        b"product": b"linux",
        b"service": b"auth",
    }
    assert layout.logsource(batch.schema) == LINUX
    assert layout.field_names(batch.schema) == ["a", "b"]
    batch.validate(full=True)


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="wardwatch/event-batch/1"):
        layout.logsource(pa.schema([]))


def test_the_envelope() -> None:
    (batch,) = built(Record(3, LINUX, {}, NOW - 5, ZONE_ASSUMED, "web01", "root", "77"), Record(9, LINUX, {}, NOW - 4))
    assert batch.drop_columns(["event_id", "occurred_at", "received_at"]).to_pylist() == [
        {
            "tenant": "north",
            "host": "web01",
            "user": "root",
            "source": "syslog",
            "record_id": "77",
            "time_quality": ZONE_ASSUMED,
        },
        {
            "tenant": "north",
            "host": None,
            "user": None,
            "source": "syslog",
            "record_id": "@9",
            "time_quality": STATED,
        },
    ]
    assert [stamps.micros(one) for one in column(batch, "occurred_at")] == [NOW - 5, NOW - 4]
    assert {stamps.micros(one) for one in column(batch, "received_at")} == {NOW}


def test_event_ids_are_frozen() -> None:
    (batch,) = built(Record(3, LINUX, {}, NOW), Record(2**40, LINUX, {}, NOW))
    assert [one.hex() for one in column(batch, "event_id")] == [
        "1e1f9cb06c34213f7fb021e1bbc75979",
        "b9e9795ced942d2879926e91a59e209f",
    ]


def test_absent_null_and_empty_are_three_things() -> None:
    (batch,) = built(
        Record(0, LINUX, {"a": None, "b": ""}, NOW),
        Record(1, LINUX, {"b": "x"}, NOW),
        Record(2, LINUX, {"a": "", "c": [None, "", "x"], "d": []}, NOW),
    )
    rows = [
        dict(zip(("a", "b", "c", "d"), row, strict=True))
        for row in zip(*(column(batch, f"f.{name}") for name in "abcd"), strict=True)
    ]
    assert rows == [
        {"a": "\x00null", "b": "", "c": None, "d": None},
        {"a": None, "b": "x", "c": None, "d": None},
        {"a": "", "b": None, "c": ["\x00null", "", "x"], "d": []},
    ]


def test_a_column_with_one_list_holds_lists() -> None:
    (batch,) = built(
        Record(0, LINUX, {"a": "x"}, NOW), Record(1, LINUX, {"a": (1, 2.0)}, NOW), Record(2, LINUX, {"a": None}, NOW)
    )
    assert column(batch, "f.a") == [["x"], ["1", "2"], ["\x00null"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"), (-7, "-7"), (2**70, str(2**70)), (1.0, "1"), (1.5, "1.5"), (-0.0, "0"), (0.1, "0.1"), (1e300, "1e+300"),
        (True, "true"), (False, "false"), ("True", "True"), (None, "\x00null"), ("\ud800", "?"), ("é", "é"), ("\x00", "\x00"),
        ({"a": [1, None, "é"]}, '{"a":[1,null,"é"]}'), ({}, "{}"),
    ],
)  # fmt: skip
def test_values_as_text(value: Any, text: str) -> None:  # noqa: ANN401
    (batch,) = built(Record(0, LINUX, {"a": value}, NOW))
    assert column(batch, "f.a") == [text]
    (several,) = built(Record(0, LINUX, {"a": value}, NOW), Record(1, LINUX, {"a": "beside"}, NOW))
    assert column(several, "f.a") == [text, "beside"]
    (listed,) = built(Record(0, LINUX, {"a": [value]}, NOW))
    assert column(listed, "f.a") == [[text]]


@pytest.mark.parametrize(
    ("occurred_at", "quality", "kept"),
    [
        (NOW - DAY, STATED, True),
        (NOW + DAY, ZONE_ASSUMED, True),
        (NOW + DAY + 1, STATED, False),
        (stamps.iso("1990-01-01T00:00:00Z")[0], STATED, True),
        (stamps.iso("1989-12-31T23:59:59Z")[0], STATED, False),
        (0, STATED, False),
        (-5, STATED, False),
        (None, RECEIVED, False),
    ],
)
def test_implausible_times_fall_back_to_arrival(occurred_at: int | None, quality: str, *, kept: bool) -> None:
    (batch,) = built(Record(0, LINUX, {}, occurred_at, quality))
    assert [stamps.micros(one) for one in column(batch, "occurred_at")] == [occurred_at if kept else NOW]
    assert column(batch, "time_quality") == [quality if kept else RECEIVED]


TIMES = {
    "2026-11-23T02:11:04Z": "2026-11-23T02:11:04Z",
    "2026-11-23T02:11:04.1234567Z": "2026-11-23T02:11:04.123456Z",
    "2026-11-23 02:11:04": "2026-11-23T02:11:04Z",
    "2026-11-23T02:11:04.5+01:00": "2026-11-23T01:11:04.500000Z",
    "": None,
    "noon": None,
    "9999-12-31T23:59:59Z": None,
    "0001-01-01T00:00:00+23:00": None,
    None: None,
    5: None,
}


@given(texts=st.lists(st.sampled_from(list(TIMES)), min_size=1, max_size=6))
def test_times_of_groups_in_any_company(texts: list[Any]) -> None:
    group = Group(LINUX, (("t", 0),), time=(0,), rows=[(text,) for text in texts], ordinals=list(range(len(texts))))
    builder = BatchBuilder(ORIGIN)
    builder.extend(group)
    (batch,) = builder.finish()
    expected = [TIMES[text] for text in texts]
    assert column(batch, "time_quality") == [STATED if one else RECEIVED for one in expected]
    found = [stamps.iso_text(stamps.micros(one)) for one in column(batch, "occurred_at")]
    assert found == [one or "2026-11-23T12:00:00Z" for one in expected]


def test_times_of_groups_without_zone_are_in_the_sensor_s() -> None:
    rows = [
        ("2026-07-01T12:00:00", None),
        ("2026-11-01 12:00:00.5", None),
        ("", "2026-11-01T12:00:00"),
        (None, None),
        ("2026-10-25T02:30:00", None),
    ]
    mixed = [("2026-07-01T12:00:00Z", None), ("2026-07-01T12:00:00", None), ("noon", "2026-07-01T12:00:00")]
    expected = [
        ("2026-07-01T10:00:00Z", ZONE_ASSUMED),
        ("2026-11-01T11:00:00.500000Z", ZONE_ASSUMED),
        ("2026-11-01T12:00:00Z", STATED),
        ("2026-11-23T12:00:00Z", RECEIVED),
        ("2026-10-25T00:30:00Z", ZONE_ASSUMED),
        ("2026-07-01T12:00:00Z", STATED),
        ("2026-07-01T10:00:00Z", ZONE_ASSUMED),
        ("2026-11-23T12:00:00Z", RECEIVED),
    ]
    builder = BatchBuilder(ORIGIN)
    for some in (rows, mixed):
        builder.extend(
            Group(
                LINUX,
                (("t", 0),),
                time=(0, 1),
                zone=ZoneInfo("Europe/Paris"),
                in_utc=(1,),
                rows=list(some),
                ordinals=list(range(len(some))),
            )
        )
    (batch,) = builder.finish()
    times = [stamps.iso_text(stamps.micros(one)) for one in column(batch, "occurred_at")]
    assert list(zip(times, column(batch, "time_quality"), strict=True)) == expected


def test_groups_take_the_first_position_that_holds_a_value() -> None:
    group = Group(
        LINUX,
        (("a", 0), ("b", 1), ("again", 0)),
        host=(0, 1),
        user=(2,),
        record_id=(3,),
        rows=[("-", "h1", None, 5), ("", "h2", "u", None), ("h3", "x", 7, "r"), (None, None, None, None)],
        ordinals=[0, 1, 2, 3],
    )
    builder = BatchBuilder(ORIGIN)
    builder.extend(group)
    assert builder.rows == 4
    (batch,) = builder.finish()
    assert column(batch, "host") == ["h1", "h2", "h3", None]
    assert column(batch, "user") == [None, "u", "7", None]
    assert column(batch, "record_id") == ["5", "@1", "r", "@3"]
    assert column(batch, "f.again") == column(batch, "f.a") == ["-", "", "h3", "\x00null"]
    assert list(builder.finish()) == [], "the rows are forgotten"


def test_one_batch_for_each_log_source() -> None:
    other = LogSource("windows", "process_creation", None)
    batches = built(Record(0, LINUX, {"a": 1}, NOW), Record(1, other, {"b": 1}, NOW), Record(2, LINUX, {"c": 1}, NOW))
    assert [(str(layout.logsource(one.schema)), column(one, "record_id")) for one in batches] == [
        ("linux/*/auth", ["@0", "@2"]),
        ("windows/process_creation/*", ["@1"]),
    ]


def test_only_wanted_fields_become_columns() -> None:
    builder = BatchBuilder(ORIGIN, lambda _: frozenset({"b", "z"}))
    builder.add(Record(0, LINUX, {"a": 1, "b": 2}, NOW))
    assert builder.names() == {LINUX: {"a", "b"}}
    (batch,) = builder.finish()
    assert layout.field_names(batch.schema) == ["b"]


FIELDS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=4))
    | st.lists(st.none() | st.text(max_size=2), max_size=2),
    max_size=4,
)


@given(rows=st.lists(FIELDS, min_size=1, max_size=8), columns=st.integers(1, 5))
def test_no_row_is_lost_and_none_changed(rows: list[dict[str, Any]], columns: int) -> None:
    whole = contents(built(*(Record(n, LINUX, fields, NOW) for n, fields in enumerate(rows))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "MAX_COLUMNS", columns)
        narrow = contents(built(*(Record(n, LINUX, fields, NOW) for n, fields in enumerate(rows))))
    assert narrow == whole
    assert sorted(whole) == [f"@{n}" for n in range(len(rows))]
    assert {name: set(row) for name, row in whole.items()} == {f"@{n}": set(fields) for n, fields in enumerate(rows)}


def contents(batches: list[pa.RecordBatch]) -> dict[str, dict[str, list[str]]]:
    """Each event's fields, all of them as lists."""
    found: dict[str, dict[str, list[str]]] = {}
    for batch in batches:
        for row in batch.to_pylist():
            found[row["record_id"]] = {
                name: value if isinstance(value, list) else [value]
                for name, value in row.items()
                if name.startswith("f.") and value is not None
            }
    return {key: {name[2:]: value for name, value in row.items()} for key, row in found.items()}


def test_alert_ids_are_frozen() -> None:
    event = bytes(range(16))
    assert ids.alert_id("north", "rule-1", event).hex() == "780fb55dd8aeb3c122d79b96c0124c81"
    assert ids.correlation_alert_id("north", "rule-1", ("a", None, ""), event).hex() == (
        "487a7e7dbf481dc41de48b1118630ae2"
    )
    assert ids.event_id(ids.event_prefix("north", b"origin"), 0).hex() == "fb78aa2dd0e44d083118e175a194e6e9"
