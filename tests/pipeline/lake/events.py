"""Events for the tests of the lake: EventBatches as sources make them, and as hostile as logs are."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from hypothesis import strategies as st

from wardwatch.events import batch as layout
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import STATED, Record, Value
from wardwatch.kernel import stamps

T0 = stamps.iso("2026-11-23T02:00:00Z")[0]
SECOND, DAY = 1_000_000, 86_400_000_000
PROCESS = LogSource("windows", "process_creation", "sysmon")


def record(
    number: int, fields: Mapping[str, Value], at: int = 0, logsource: LogSource = PROCESS, host: str | None = "pc1"
) -> Record:
    return Record(number, logsource, dict(fields), T0 + at, STATED, host, "ida")


def batches(
    records: Sequence[Record],
    *,
    tenant: str = "nord",
    origin: bytes = b"segment",
    received_at: int = T0 + 60 * SECOND,
    source: str = "windows_json",
) -> list[pa.RecordBatch]:
    builder = BatchBuilder(Origin(tenant, origin, received_at, source))
    for one in records:
        builder.add(one)
    return list(builder.finish())


def some(count: int, *, first: int = 0, day: int = 0, **more: object) -> list[pa.RecordBatch]:
    """`count` events a second apart, numbered from `first`, `day` days after the first day."""
    received_at = T0 + day * DAY + (first + count) * SECOND
    records = [
        record(
            first + n,
            {"EventID": 1, "CommandLine": f"run {first + n}", "n": first + n},
            day * DAY + (first + n) * SECOND,
        )
        for n in range(count)
    ]
    return batches(records, received_at=received_at, **more)  # type: ignore[arg-type]


def numbers(found: Sequence[pa.RecordBatch]) -> list[int]:
    """The numbers of `some` events, in their order."""
    return [int(one) for batch in found for one in batch.column("f.n").cast(pa.string()).to_pylist()]


def as_rows(found: Sequence[pa.RecordBatch]) -> dict[bytes, dict[str, object]]:
    """Every event with its log source, envelope and present fields, by its id: what must survive."""
    rows: dict[bytes, dict[str, object]] = {}
    for batch in found:
        for row in batch.to_pylist():
            values = {name: value for name, value in row.items() if value is not None}
            assert row["event_id"] not in rows
            rows[row["event_id"]] = values | {"@": layout.logsource(batch.schema)}
    return rows


NAMES = st.sampled_from(["Image", "CommandLine", "User", "id.orig_h", "a", "b.c", "é", "f_Image", "n\x00"])
TEXTS = st.text(max_size=6) | st.sampled_from(["", "null", "\x00", '["x"]', "-", "\x00null"])
SCALARS = st.none() | TEXTS | st.integers(-5, 5) | st.booleans()
VALUES = SCALARS | st.lists(SCALARS, max_size=3)
LOGSOURCES = st.sampled_from([PROCESS, LogSource("linux", None, "auditd"), LogSource()])


@st.composite
def many(draw: st.DrawFn) -> list[Record]:
    shapes = draw(st.lists(st.dictionaries(NAMES, VALUES, max_size=5), max_size=8))
    return [
        record(number, fields, draw(st.integers(-DAY, DAY)), draw(LOGSOURCES), draw(st.sampled_from([None, "pc1"])))
        for number, fields in enumerate(shapes)
    ]
