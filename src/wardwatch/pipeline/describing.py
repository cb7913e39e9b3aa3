"""What a protocol says beside events (`frames.described`) into their batch, where they say nothing themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from wardwatch.events import batch as layout
from wardwatch.events.builder import DAY
from wardwatch.events.columns import coded, dictionary
from wardwatch.events.record import RECEIVED, STATED
from wardwatch.events.words import Words, text_of
from wardwatch.frames.described import MAX_NAMES, Description

_EARLIEST = 631_152_000_000_000  # 1990: what is earlier is no time of an event
_Cell = str | list[str] | None


def applied(
    batch: pa.RecordBatch, ordinals: Sequence[int], said: Mapping[int, Description]
) -> tuple[pa.RecordBatch, int]:
    """Return a batch with what is said beside its events, and how many names of fields were too many for one batch.

    `ordinals` are those of the rows. An event's own time, host and fields stay as they are.
    """
    rows = [(row, said[ordinal]) for row, ordinal in enumerate(ordinals) if ordinal in said]
    if not rows:
        return batch, 0
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    arrays |= _times(arrays, rows)
    hosts = arrays["host"].to_pylist()
    for row, one in rows:
        hosts[row] = hosts[row] or one.host
    arrays["host"] = _words(hosts)
    names = list(dict.fromkeys(name for _, one in rows for name in one.fields))
    for name in names[:MAX_NAMES]:
        column = layout.FIELD_PREFIX + name
        cells: list[_Cell] = arrays[column].to_pylist() if column in arrays else [None] * batch.num_rows
        for row, one in rows:
            if cells[row] is None and name in one.fields:
                cells[row] = _cell(one.fields[name])
        arrays[column] = _column(cells)
    nullable = {one.name: one.nullable for one in batch.schema}
    schema = [pa.field(name, array.type, nullable.get(name, True)) for name, array in arrays.items()]
    made = pa.RecordBatch.from_arrays(list(arrays.values()), schema=pa.schema(schema, batch.schema.metadata))
    return made, max(0, len(names) - MAX_NAMES)


def _times(arrays: Mapping[str, pa.Array], rows: Sequence[tuple[int, Description]]) -> dict[str, pa.Array]:
    """The columns of times, with those that are said where events state none that can be true."""
    received, occurred = (arrays[name].cast(pa.int64()).to_numpy() for name in ("received_at", "occurred_at"))
    quality = arrays["time_quality"].to_pylist()
    occurred = np.array(occurred)
    for row, one in rows:
        if quality[row] == RECEIVED and one.time is not None and _EARLIEST <= one.time <= received[row] + DAY:
            occurred[row], quality[row] = one.time, STATED
    return {"occurred_at": pa.array(occurred).cast(layout.STAMP), "time_quality": _words(quality)}


def _cell(value: Any) -> _Cell:  # noqa: ANN401  (whatever a sender says)
    return [text_of(one) for one in value] if isinstance(value, list) else text_of(value)


def _column(cells: Sequence[_Cell]) -> pa.Array:
    if not any(isinstance(cell, list) for cell in cells):
        return _words([cell for cell in cells if not isinstance(cell, list)])
    return pa.array([[cell] if isinstance(cell, str) else cell for cell in cells], layout.WORDS)


def _words(values: Sequence[str | None]) -> pa.DictionaryArray:
    return dictionary(coded(values, Words()))
