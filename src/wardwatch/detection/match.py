"""The engine: one pure function, an EventBatch in, a table of (row, rule) out (docs/explanation/engine.md)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from wardwatch.detection import predicates as kinds
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.keywords import KeywordFilter
from wardwatch.detection.memory import NOTHING, Field, Memory, Partition
from wardwatch.detection.predicates import Predicate
from wardwatch.events import batch as layout
from wardwatch.events.batch import FIELD_PREFIX, NULL
from wardwatch.events.logsource import LogSource

MATCHES = pa.schema([pa.field("row", pa.uint32(), nullable=False), pa.field("rule", pa.uint32(), nullable=False)])

_MAX_VALUES = 65_536  # remembered values of one field
_MAX_VALUE = 4_096  # characters of a value worth remembering
_RADIX_LIMIT = 1 << 62


def needs(rules: CompiledRules, logsource: LogSource, memory: Memory) -> frozenset[str]:
    """Return the fields of a log source that rules ask by name; keyword rules look at all others too."""
    return memory.partition(rules, logsource).needs


def keyword_filter(rules: CompiledRules, concerned: Callable[[LogSource], bool], memory: Memory) -> KeywordFilter:
    """Return the filter that tells in which raw bodies keywords can make a rule fire whose log source is `concerned`.

    A rule that cannot fire without one of its anchors, all of them keywords, needs no look at its other keywords.
    """
    needed: set[int] = set()
    for key, asked, anchors in zip(rules.keys, rules.asked, rules.anchors, strict=True):
        if concerned(key.logsource):
            needed.update(asked if anchors is None or not rules.keywords.issuperset(anchors) else anchors)
    return KeywordFilter((rules.predicates[number] for number in needed & rules.keywords), memory.store)


def match(batch: pa.RecordBatch, rules: CompiledRules, memory: Memory, *, keywords: bool = True) -> pa.Table:
    """Match every rule of the batch's log source against every row.

    `keywords=False` is for a caller who knows, from `keyword_filter`, that no keyword can make a rule fire here.

    Returns a table of `MATCHES`, sorted by row and rule; the numbers are positions in the batch and in `rules.rules`.
    """
    partition = memory.partition(rules, layout.logsource(batch.schema))
    if not partition.rules or not batch.num_rows:
        return MATCHES.empty_table()
    columns = _signature_columns(batch, partition)
    if keywords and partition.keywords is not None:
        columns.extend(_keyword_columns(batch, partition))
    classes, first_rows = _classes(columns, batch.num_rows)
    firing = [_fires(partition, columns, row) for row in first_rows.tolist()]
    rows_of, rules_of = [], []
    if not any(firing):
        return MATCHES.empty_table()
    order = np.argsort(classes, kind="stable")
    bounds = np.searchsorted(classes[order], np.arange(len(firing) + 1))
    for number, fired in enumerate(firing):
        if fired:
            rows = order[bounds[number] : bounds[number + 1]]
            rows_of.append(np.repeat(rows, len(fired)))
            rules_of.append(np.tile(np.array(fired, np.uint32), len(rows)))
    rows, fired_rules = np.concatenate(rows_of).astype(np.uint32), np.concatenate(rules_of)
    sort = np.lexsort((fired_rules, rows))
    return pa.table([rows[sort], fired_rules[sort]], schema=MATCHES)


def _fires(partition: Partition, columns: Sequence[np.ndarray], row: int) -> tuple[int, ...]:
    key = tuple(sorted({int(column[row]) for column in columns}))
    fired = partition.classes.get(key)
    if fired is None:
        true = NOTHING.union(*(partition.sets[signature] for signature in key))
        fired = partition.classes[key] = partition.fires(true)
    return fired


def _classes(columns: Sequence[np.ndarray], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct combinations of signatures: (class of each row, a row of each class). Exact, no hashing."""
    classes, count = np.zeros(rows, np.int64), 1
    for column in columns:
        size = int(column.max()) + 1
        if size == 1:
            continue
        if count * size >= _RADIX_LIMIT:
            _, classes = np.unique(classes, return_inverse=True)
            count = int(classes.max()) + 1
        classes = classes * size + column
        count *= size
    _, first_rows, numbered = np.unique(classes, return_index=True, return_inverse=True)
    return numbered, first_rows


def _signature_columns(batch: pa.RecordBatch, partition: Partition) -> list[np.ndarray]:
    """For each field that rules ask: the signature of each row's value."""
    columns = []
    names = {
        name[len(FIELD_PREFIX) :]: index
        for index, name in enumerate(batch.schema.names)
        if name.startswith(FIELD_PREFIX)
    }
    for asked in partition.fields.values():
        index = names.get(asked.name)
        if index is not None:
            columns.append(_of_column(batch.column(index), asked, partition))
        elif asked.null:
            columns.append(np.full(batch.num_rows, partition.signature(asked.null), np.int64))
    columns.extend(
        _of_reference(batch, names, number, predicate, partition) for number, predicate in partition.references
    )
    return columns


def _keyword_columns(batch: pa.RecordBatch, partition: Partition) -> list[np.ndarray]:
    """Signatures of keyword predicates, for each column in which a keyword was found."""
    found = [
        _of_keywords(column, partition)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
        if name.startswith(FIELD_PREFIX)
    ]
    return [column for column in found if column is not None]


def _of_column(array: pa.Array, asked: Field, partition: Partition) -> np.ndarray:
    if not isinstance(array, pa.DictionaryArray):
        return _of_lists(array, asked, partition)
    of_values = np.array(_signatures(array.dictionary.to_pylist(), asked, partition), np.int64)
    if array.null_count == 0:
        indices = array.indices.to_numpy()
    else:
        indices = array.indices.fill_null(len(of_values)).to_numpy()
        of_values = np.append(of_values, partition.signature(asked.null))
    signatures: np.ndarray = of_values[indices]
    return signatures


def _signatures(values: list[Any], asked: Field, partition: Partition) -> list[int]:
    """Return the signature of each value, scanning those not seen before."""
    known = asked.known
    if len(known) > _MAX_VALUES:
        known.clear()
    found = [known.get(value, -1) for value in values]
    unseen = [position for position, signature in enumerate(found) if signature < 0]
    if not unseen:
        return found
    true_of = asked.scanner.scan([values[position] for position in unseen])
    for position, true in zip(unseen, true_of, strict=True):
        value = values[position]
        everything = (asked.exists | asked.null) if value == NULL else asked.exists.union(true)
        found[position] = signature = partition.signature(everything)
        if len(value) <= _MAX_VALUE:
            known[value] = signature
    return found


def _of_lists(array: pa.ListArray, asked: Field, partition: Partition) -> np.ndarray:
    """A list's predicates are those of its elements, together."""
    cells = array.to_pylist()
    elements = sorted({element for cell in cells for element in cell or () if element != NULL})
    signature_of = dict(zip(elements, _signatures(elements, asked, partition), strict=True))
    signatures = []
    for cell in cells:
        if cell is None:
            signatures.append(partition.signature(asked.null))
        else:
            parts = [partition.sets[signature_of[element]] if element != NULL else asked.null for element in cell]
            signatures.append(partition.signature(asked.exists.union(*parts)))
    return np.array(signatures, np.int64)


def _of_keywords(array: pa.Array, partition: Partition) -> np.ndarray | None:
    """Signatures of the keyword predicates that hold in a column; `None` where none does."""
    values = array.dictionary if isinstance(array, pa.DictionaryArray) else array.flatten()
    candidates = _keyword_candidates(values, partition)
    if not candidates or partition.keywords is None:
        return None
    texts = [values[position].as_py() for position in candidates]
    true_of = [
        frozenset() if text is None or text == NULL else frozenset(true)
        for text, true in zip(texts, partition.keywords.scan([text or "" for text in texts]), strict=True)
    ]
    if not any(true_of):
        return None
    if isinstance(array, pa.DictionaryArray):
        of_values = np.zeros(len(values) + 1, np.int64)  # one more, for null
        of_values[candidates] = [partition.signature(true) for true in true_of]
        signatures: np.ndarray = of_values[array.indices.fill_null(len(values)).to_numpy()]
        return signatures
    by_text = dict(zip(texts, true_of, strict=True))
    return np.array(
        [
            partition.signature(NOTHING.union(*(by_text.get(one, NOTHING) for one in cell or ())))
            for cell in array.to_pylist()
        ],
        np.int64,
    )


def _keyword_candidates(values: pa.StringArray, partition: Partition) -> list[int]:
    if not partition.keyword_filter.usable:
        return list(range(len(values)))
    _, offsets, data = values.buffers()
    if data is None or not len(values):
        return []
    starts = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values)]
    return [position for position in partition.keyword_filter.candidates(data, starts) if position >= 0]


def _of_reference(
    batch: pa.RecordBatch, names: dict[str, int], number: int, predicate: Predicate, partition: Partition
) -> np.ndarray:
    """Signatures of a predicate that compares two fields of a row."""
    other, at_start, at_end = predicate.args
    if predicate.field not in names or other not in names:
        return np.zeros(batch.num_rows, np.int64)
    numbered, values = _numbered(batch.column(names[predicate.field]))
    numbered_other, others = _numbered(batch.column(names[str(other)]))
    pairs, inverse = np.unique(numbered * len(others) + numbered_other, return_inverse=True)
    holds = partition.signature(frozenset({number}))
    signatures = []
    for pair in pairs.tolist():
        left, right = values[pair // len(others)], others[pair % len(others)]
        true = any(kinds.refers(one, two, bool(at_start), bool(at_end)) for one in left for two in right)
        signatures.append(holds if true else 0)
    result: np.ndarray = np.array(signatures, np.int64)[inverse]
    return result


def _numbered(array: pa.Array) -> tuple[np.ndarray, list[list[str]]]:
    """Number the cells of a column by value: (number of each row, the texts of each number)."""
    if isinstance(array, pa.DictionaryArray):
        values = [*array.dictionary.to_pylist(), None]
        return array.indices.fill_null(len(values) - 1).to_numpy().astype(np.int64), [_texts(one) for one in values]
    return np.arange(len(array), dtype=np.int64), [_texts(cell) for cell in array.to_pylist()]


def _texts(cell: Any) -> list[str]:  # noqa: ANN401
    found = cell if isinstance(cell, list) else [cell]
    return [one for one in found if one is not None and one != NULL]
