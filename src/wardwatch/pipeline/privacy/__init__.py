"""Patient identifiers become tokens `p:<epoch>:<hmac>` on EventBatches, before detection and storage.

Which fields hold them is declared by each source: `patient` (the whole value is one), `patient_texts` (one may stand
within), `patient_queries` (whatever is asked for may be one). A token is the same for the same value, tenant and epoch:
hunting and correlating work as before, and who knows an identifier finds it (`PatientSearch`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from wardwatch import sources
from wardwatch.events import batch as layout
from wardwatch.kernel.disk import Disk
from wardwatch.pipeline.privacy.epochs import DAY, DAYS, TOKEN, EpochKeys
from wardwatch.pipeline.privacy.sealed import SealedStore
from wardwatch.pipeline.privacy.texts import hidden, hidden_query

_NEAR = 30 * DAY  # rules that are loaded now are loaded again within this time
_REMEMBERED = 200_000  # tokens of values that were just seen
_ENVELOPE = ("host", "user", "record_id")  # a patient may be the user of a portal
WHOLE, TEXT, QUERY = "whole", "text", "query"
Cells = list[str | None] | list[list[str] | None]


@cache
def declared(source: str) -> Mapping[str, str]:
    """Field names (and patterns ending in `*`) of a source that carry identifiers, with how: whole, text or query."""
    found = sources.every().get(source)
    if found is None:
        return {}
    kinds = ((QUERY, found.patient_queries), (TEXT, found.patient_texts), (WHOLE, found.patient))
    return {name: kind for kind, names in kinds for name in names}


def patient_fields() -> frozenset[str]:
    """The fields of all sources whose whole value is an identifier."""
    return frozenset(name for source in sources.every().values() for name in source.patient)


class Privacy:
    """Hides the patients of one tenant. `keys` is the folder of keys (`$WARDWATCH_HOME/keys`)."""

    def __init__(self, keys: Path, tenant: str, disk: Disk | None = None, days: int = DAYS) -> None:
        disk = disk or Disk()
        self._epochs = EpochKeys(keys, tenant, disk, days)
        self._store = SealedStore(self._epochs.folder, disk)
        self._tokens: dict[tuple[int, str], str] = {}

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch without clear identifiers; others than those of hospital sources are returned as they are.

        New identifiers are in the sealed store, durably, before this returns. Raises `OSError` where that fails.
        """
        names = declared(batch.column("source")[0].as_py()) if batch.num_rows else {}
        if not names:
            return batch
        epoch = self._epochs.epoch(batch.column("received_at").cast(pa.int64())[0].as_py())
        columns = {name: _kind(name, names) for name in layout.field_names(batch.schema)}
        arrays = dict(zip(batch.schema.names, batch.columns, strict=True))

        def replace(value: str) -> str:
            return self._token(value, epoch)

        known = _known([arrays[layout.FIELD_PREFIX + name] for name, kind in columns.items() if kind == WHOLE])
        for name, kind in columns.items():
            column = layout.FIELD_PREFIX + name
            if kind == WHOLE:
                arrays[column] = _each(arrays[column], lambda text: text if _kept(text) else replace(text))
            elif kind == QUERY:
                arrays[column] = _each(arrays[column], lambda text: hidden_query(text, replace))
            elif kind == TEXT:
                arrays[column] = _texts(arrays[column], known, replace)
        for column in _ENVELOPE:
            arrays[column] = _texts(arrays[column], known, replace)
        self._store.flush()
        fields = [pa.field(one.name, arrays[one.name].type, one.nullable) for one in batch.schema]
        return pa.RecordBatch.from_arrays(list(arrays.values()), schema=pa.schema(fields, batch.schema.metadata))

    def _token(self, value: str, epoch: int) -> str:
        found = self._tokens.get((epoch, value))
        if found is None:
            if len(self._tokens) >= _REMEMBERED:
                self._tokens.clear()
            found = self._tokens[epoch, value] = self._epochs.token(value, epoch)
            if found != value.strip():
                self._store.add(found, value.strip())
        return found

    def coming_tokens(self, value: str, now: int) -> tuple[str, ...]:
        """The tokens of a value from `now` (µs UTC) on: of this epoch, and of the next where that is near."""
        epochs = dict.fromkeys((self._epochs.epoch(now), self._epochs.epoch(now + _NEAR)))
        return tuple(self._epochs.token(value, epoch) for epoch in epochs)

    def tokens(self, value: str) -> tuple[str, ...]:
        """The tokens of a value in all epochs that are kept: what to look for, and what lists of patients become."""
        return self._epochs.tokens(value)


def lists_with_tokens(
    lists: Iterable[tuple[str, tuple[str, ...]]], privacies: Sequence[Privacy], now: int
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Add to lists of patients (named `…patients`) the tokens by which the tenants' events know them."""
    return tuple(
        (name, (*values, *(token for value in values for one in privacies for token in one.coming_tokens(value, now))))
        if name.endswith("patients")
        else (name, values)
        for name, values in lists
    )


def _kind(name: str, names: Mapping[str, str]) -> str | None:
    if name in names:
        return names[name]
    return next((kind for pattern, kind in names.items() if pattern[-1] == "*" and fnmatchcase(name, pattern)), None)


def _kept(text: str) -> bool:
    return text == layout.NULL or not text.strip()


def _known(columns: Sequence[pa.Array]) -> list[tuple[str, ...]] | None:
    """For each row the identifiers in its own fields; `None` where no row has any."""
    if not columns:
        return None
    rows: list[list[str]] = [[] for _ in range(len(columns[0]))]
    for column in columns:
        for row, cell in zip(rows, column.to_pylist(), strict=True):
            row.extend(one for one in (cell if isinstance(cell, list) else [cell]) if one and not _kept(one))
    return [tuple(row) for row in rows]


def _each(column: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Change every distinct value of a column, lists included."""
    if pa.types.is_list(column.type):
        inner = _each(column.flatten().dictionary_encode(), change).dictionary_decode()
        return pa.ListArray.from_arrays(_offsets(column), inner, type=column.type, mask=column.is_null())
    if not pa.types.is_dictionary(column.type):
        return _each(column.dictionary_encode(), change).dictionary_decode()
    words = pa.array([text and change(text) for text in column.dictionary.to_pylist()], pa.string())
    return pa.DictionaryArray.from_arrays(column.indices, words).dictionary_decode().dictionary_encode()


def _offsets(column: pa.ListArray) -> pa.Array:
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def _texts(column: pa.Array, known: list[tuple[str, ...]] | None, replace: Callable[[str], str]) -> pa.Array:
    """Hide what stands within texts; each row's own identifiers are looked for too."""
    done: dict[tuple[str, tuple[str, ...]], str] = {}

    def change(text: str, row: int) -> str:
        asked = (text, known[row] if known else ())
        if asked not in done:
            done[asked] = text if _kept(text) else hidden(text, replace, asked[1])
        return done[asked]

    cells = column.to_pylist()
    changed: list[object] = [
        None if cell is None else [change(one, row) for one in cell] if isinstance(cell, list) else change(cell, row)
        for row, cell in enumerate(cells)
    ]
    return column if changed == cells else pa.array(changed, column.type)


__all__ = ["DAYS", "TOKEN", "Privacy", "declared", "lists_with_tokens", "patient_fields"]
