"""Run a saved rule on the events that its search found: does it fire on them?"""

from collections.abc import Sequence

import pyarrow as pa

from wardwatch.catalogue.files import ContentFile
from wardwatch.detection.match import match
from wardwatch.detection.memory import Memory
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Record
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.search.searching import Event


def fires(rule: str, events: Sequence[Event]) -> list[bool]:
    """Say for each event whether the rule fires on it; raises `InputError` where the engine cannot run the rule."""
    found = ruleset.of_files([ContentFile("saved search", rule.encode())], {})
    reasons = [one.reason for one in found.rules.every() if one.reason] + [error.what for error in found.errors]
    if reasons:
        raise InputError(f"the engine cannot run this rule: {reasons[0]}", where="--save", hint="ask more simply")
    fired = [False] * len(events)
    memory = Memory(found.store.databases)
    for batch in _batches(events):
        rows = match(batch, found.rules, memory, keywords=True)["row"].to_pylist()
        for number in batch.column("record_id").take(pa.array(rows, pa.uint32())).to_pylist():
            fired[int(number[1:])] = True
    return fired


def _batches(events: Sequence[Event]) -> list[pa.RecordBatch]:
    """Events as EventBatches; the record id is `@` and the position."""
    builder = BatchBuilder(Origin("saved", b"search", 2**53, "search"))
    for position, event in enumerate(events):
        builder.add(Record(position, LogSource(*event.logsource), dict(event.fields), event.occurred_at))
    return list(builder.finish())
