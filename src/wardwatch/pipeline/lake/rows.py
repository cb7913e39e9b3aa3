"""EventBatch v1 to the rows of Lake v1 and back; nothing is lost, lists and explicit nulls included.

A list is kept as a JSON array, and `lists` names the fields that are one; `nulls` names the fields that are explicitly
null. Both are null themselves where they would be empty, which is mostly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from wardwatch.events import batch as layout
from wardwatch.events.logsource import LogSource
from wardwatch.pipeline.lake.columns import COLUMNS, LOGSOURCE, SCHEMA, WORDS

_PLAIN = ("occurred_at", "received_at")
_TEXTS = ("host", "user", "record_id", "time_quality")


@dataclass(slots=True)
class _Cells:
    """(row, field, value) triples of what is gathered per row."""

    rows: list[np.ndarray] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    values: list[pa.Array] = field(default_factory=list)

    def add(self, name: str, rows: np.ndarray, values: pa.Array | None = None) -> None:
        if len(rows):
            self.rows.append(rows)
            self.names.append(name)
            if values is not None:
                self.values.append(values)

    def _sorted(self, count: int) -> tuple[pa.Array, pa.Array, np.ndarray]:
        """Return offsets per row, the names, and the order in which the gathered cells lie."""
        rows = np.concatenate([*self.rows, np.zeros(0, np.int64)]).astype(np.int64)
        order = np.argsort(rows, kind="stable")
        offsets = np.zeros(count + 1, np.int32)
        np.cumsum(np.bincount(rows, minlength=count), out=offsets[1:])
        which = np.repeat(np.arange(len(self.rows)), [len(some) for some in self.rows])
        names = pa.array(self.names, pa.string()).take(pa.array(which[order]))
        return pa.array(offsets), names, order

    def map(self, count: int) -> pa.MapArray:
        offsets, names, order = self._sorted(count)
        values = pa.concat_arrays([*self.values, pa.array([], pa.string())]).take(pa.array(order))
        return pa.MapArray.from_arrays(offsets, names, values)

    def words(self, count: int) -> pa.Array:
        """The names of each row as a list; null where there are none."""
        if not self.rows:
            return pa.nulls(count, WORDS)
        offsets, names, _ = self._sorted(count)
        empty = np.diff(offsets.to_numpy()) == 0
        return pa.ListArray.from_arrays(offsets, names, type=WORDS, mask=pa.array(empty))


def to_lake(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows of an EventBatch in the lake's columns; tenant and source are left to the path.

    Raises `ValueError` for what is no EventBatch v1.
    """
    logsource = layout.logsource(batch.schema)
    count = batch.num_rows
    terms = (logsource.product, logsource.category, logsource.service)
    arrays: dict[str, pa.Array] = {name: batch.column(name) for name in ("event_id", *_PLAIN)}
    arrays |= {name: _decoded(batch.column(name)) for name in _TEXTS}
    arrays |= {
        name: pa.nulls(count, pa.string()) if term is None else pa.repeat(pa.scalar(term), count)
        for name, term in zip(LOGSOURCE, terms, strict=True)
    }
    rest, lists, nulls = _Cells(), _Cells(), _Cells()
    for name in layout.field_names(batch.schema):
        texts, is_list = _texts(batch.column(layout.FIELD_PREFIX + name))
        present = np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False))
        if is_list:
            lists.add(name, present)
        else:
            null = np.flatnonzero(pc.fill_null(pc.equal(texts, layout.NULL), fill_value=False).to_numpy(False))
            if len(null):
                nulls.add(name, null)
                present = np.setdiff1d(present, null, assume_unique=True)
                texts = pc.if_else(pc.equal(texts, layout.NULL), None, texts)
        if name in COLUMNS:
            arrays[COLUMNS[name]] = texts
        else:
            rest.add(name, present, texts.drop_null())
    arrays |= {"fields": rest.map(count), "lists": lists.words(count), "nulls": nulls.words(count)}
    columns = [arrays.get(one.name, None) for one in SCHEMA]
    return pa.RecordBatch.from_arrays(
        [pa.nulls(count, one.type) if column is None else column for one, column in zip(SCHEMA, columns, strict=True)],
        schema=SCHEMA,
    )


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _texts(column: pa.Array) -> tuple[pa.Array, bool]:
    """Return a field's values as plain texts, lists as JSON arrays; and whether they are lists."""
    if not pa.types.is_list(column.type):
        return _decoded(column), False
    texts = [
        None if found is None else orjson.dumps([None if one == layout.NULL else one for one in found]).decode()
        for found in column.to_pylist()
    ]
    return pa.array(texts, pa.string()), True


def from_lake(
    rows: pa.RecordBatch, tenant: str, source: str, wanted: frozenset[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the EventBatches of some rows of one file, one for each log source, rows in their order.

    They hold the fields that any row has and that are `wanted` (`None`: all).
    """
    codes = np.zeros(rows.num_rows, np.int64)
    for term in LOGSOURCE:
        encoded = pc.fill_null(rows.column(term).dictionary_encode().indices, -1).to_numpy()
        codes = codes * (int(encoded.max(initial=0)) + 2) + encoded + 1
    found, first = np.unique(codes, return_index=True)
    for at in np.argsort(first):
        some = rows if len(found) == 1 else rows.take(pa.array(np.flatnonzero(codes == found[at])))
        yield _event_batch(some, tenant, source, wanted)


def _event_batch(rows: pa.RecordBatch, tenant: str, source: str, wanted: frozenset[str] | None) -> pa.RecordBatch:
    count = rows.num_rows
    logsource = LogSource(*(rows.column(term)[0].as_py() for term in LOGSOURCE))
    constants = {"tenant": tenant, "source": source}
    arrays = []
    for envelope in layout.ENVELOPE:
        if envelope.name in constants:
            arrays.append(pa.repeat(pa.scalar(constants[envelope.name]), count).dictionary_encode())
        else:
            column = rows.column(envelope.name)
            arrays.append(column.dictionary_encode() if pa.types.is_dictionary(envelope.type) else column)
    lists, nulls = _rows_by_name(rows, "lists"), _rows_by_name(rows, "nulls")
    schema = layout.ENVELOPE
    fields = _fields(rows)
    for name in nulls.keys() - fields.keys():
        fields[name] = pa.nulls(count, pa.string())
    for name, texts in fields.items():
        if wanted is not None and name not in wanted:
            continue
        arrays.append(_column(texts, lists.get(name), nulls.get(name)))
        schema = schema.append(pa.field(layout.FIELD_PREFIX + name, arrays[-1].type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema.with_metadata(layout.metadata(logsource)))


def _rows_by_name(rows: pa.RecordBatch, column: str) -> dict[str, np.ndarray]:
    """Return for each name in a column of lists the rows that hold it."""
    if column not in rows.schema.names or rows.column(column).null_count == rows.num_rows:
        return {}
    lists = rows.column(column)
    parents, names = pc.list_parent_indices(lists).to_numpy(), pc.list_flatten(lists).dictionary_encode()
    codes = names.indices.to_numpy()
    return {name: parents[codes == code] for code, name in enumerate(names.dictionary.to_pylist())}


def _fields(rows: pa.RecordBatch) -> dict[str, pa.Array]:
    """Return the fields that any row has, as texts."""
    present = set(rows.schema.names)
    found = {
        name: rows.column(column)
        for name, column in COLUMNS.items()
        if column in present and rows.column(column).null_count < rows.num_rows
    }
    if "fields" not in present:
        return found
    maps = rows.column("fields")
    offsets = maps.offsets.to_numpy()
    begin, end = int(offsets[0]), int(offsets[-1])
    if begin == end:
        return found
    parents = np.repeat(np.arange(rows.num_rows), np.diff(offsets))
    keys = maps.keys.slice(begin, end - begin).dictionary_encode()
    values = maps.items.slice(begin, end - begin)
    codes = keys.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(keys.dictionary)), side="right")
    start = 0
    for name, stop in zip(keys.dictionary.to_pylist(), ends, strict=True):
        cells = order[start:stop]
        places = np.full(rows.num_rows, -1, np.int64)
        places[parents[cells]] = cells
        found[name] = values.take(pa.array(places, mask=places < 0))
        start = stop
    return found


def _column(texts: pa.Array, lists: np.ndarray | None, nulls: np.ndarray | None) -> pa.Array:
    """Return the column of a field as EventBatch v1 has it."""
    if nulls is not None:
        mask = np.zeros(len(texts), bool)
        mask[nulls] = True
        texts = pc.if_else(pa.array(mask), layout.NULL, texts)
    if lists is None:
        return texts.dictionary_encode()
    are_lists = set(lists.tolist())
    return pa.array(
        [
            None if text is None else _list(text) if row in are_lists else [text]
            for row, text in enumerate(texts.to_pylist())
        ],
        layout.WORDS,
    )


def _list(text: str) -> list[str]:
    return [layout.NULL if one is None else one for one in orjson.loads(text)]
