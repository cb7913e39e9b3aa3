"""The fast engine in the terms of this folder: rules and events in, the set of (event, rule) pairs that match out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import pyarrow as pa
import pytest
from hypothesis import settings

from wardwatch.catalogue.files import ContentFile
from wardwatch.detection import match as matching
from wardwatch.detection import memory as remembering
from wardwatch.detection import scanner
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.compiler import compile_rules
from wardwatch.detection.load import load_files
from wardwatch.detection.match import match
from wardwatch.detection.memory import Memory
from wardwatch.detection.rules import Rule
from wardwatch.events.builder import BatchBuilder, Origin, Wanted, all_fields
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Record, Value
from wardwatch.frames.inputs import Input
from wardwatch.kernel import stamps
from wardwatch.pipeline.reading import Batch, Reader
from wardwatch.pipeline.tasks import Task
from wardwatch.sources import Context, every

RECEIVED_AT = stamps.iso("2026-11-23T12:00:00Z")[0]
SHARED = Path(__file__).parents[3] / "shared"

Events = Sequence[tuple[LogSource, Mapping[str, Value]]]
Pairs = set[tuple[int, int]]


def examples(count: int) -> int:
    """How many examples a property of this folder runs: `count`, or what `WARDWATCH_EXAMPLES` asks for."""
    asked = settings.get_profile("ci")
    return count if asked.derandomize else asked.max_examples


def compiled(rules: Iterable[Mapping[str, Any]], lists: Mapping[str, Sequence[str]] | None = None) -> CompiledRules:
    """Compile rules given as dictionaries; JSON is YAML, too. See `number_of`."""
    files = [
        ContentFile(f"{number}.yml", orjson.dumps({**rule, "id": str(UUID(int=number))}))
        for number, rule in enumerate(rules)
    ]
    loaded = load_files(files)
    assert loaded.errors == []
    return compile_rules(loaded, lists or {})


def number_of(rule: Rule) -> int:
    """The position of a rule among those given to `compiled`."""
    return UUID(rule.id).int


def batches(events: Events, wanted: Wanted = all_fields) -> list[pa.RecordBatch]:
    """EventBatches of `events`; the ordinal of an event is its position."""
    builder = BatchBuilder(Origin("test", b"o", RECEIVED_AT, "test"), wanted)
    for ordinal, (logsource, fields) in enumerate(events):
        builder.add(Record(ordinal, logsource, dict(fields), RECEIVED_AT))
    return list(builder.finish())


@contextmanager
def tuned(*, always_scan: bool = False, forgetful: bool = False) -> Iterator[None]:
    """Run the engine with its thresholds changed: all patterns in Hyperscan; next to nothing remembered."""
    with pytest.MonkeyPatch.context() as patch:
        if always_scan:
            patch.setattr(scanner, "_MIN_LITERALS", 1)
            patch.setattr(scanner, "_MIN_REGEXES", 1)
        if forgetful:
            for name in ("_MAX_VALUES", "_MAX_VALUE"):
                patch.setattr(matching, name, 1)
            patch.setattr(matching, "_RADIX_LIMIT", 4)
            patch.setattr(remembering, "MAX_CLASSES", 1)
        yield


def pairs(found: Iterable[pa.RecordBatch], rules: CompiledRules, memory: Memory) -> Pairs:
    """Match batches made by `batches`."""
    return {pair for batch in found for pair in batch_pairs(batch, rules, memory)}


def batch_pairs(
    batch: pa.RecordBatch, rules: CompiledRules, memory: Memory, *, keywords: bool = True
) -> list[tuple[int, int]]:
    """(ordinal of the event, number of the rule) for each match in one batch, in the order of the table."""
    table = match(batch, rules, memory, keywords=keywords)
    ordinals = [int(text.removeprefix("@")) for text in batch.column("record_id").to_pylist()]
    rows, numbers = table["row"].to_pylist(), table["rule"].to_pylist()
    return [(ordinals[row], number_of(rules.rules[number])) for row, number in zip(rows, numbers, strict=True)]


# A Windows event for each log source that the generator uses, by its channel and number.
CHANNELS: Mapping[LogSource, tuple[str, int]] = {
    LogSource("windows", "process_creation", None): ("Security", 4688),
    LogSource("windows", "process_creation", "sysmon"): ("Microsoft-Windows-Sysmon/Operational", 1),
    LogSource("windows", "registry_set", None): ("Microsoft-Windows-Sysmon/Operational", 13),
    LogSource("linux", None, "auditd"): ("Application", 1000),
}


def windows_event(logsource: LogSource, fields: Mapping[str, Value], ordinal: int) -> dict[str, Any]:
    """A flat Windows event with these fields, beside those that it must have."""
    channel, number = CHANNELS[logsource]
    return {"EventID": number, "Channel": channel, "EventRecordID": ordinal, **fields}


STYLES = 4  # of escaping, see `escaped`


def escaped(event: Mapping[str, Any], style: int) -> bytes:
    """An event as a line of JSON: as it is, with all but ASCII escaped, or with every character of a text escaped."""
    if style == 0:
        return orjson.dumps(event)
    if style == 1:
        return json.dumps(event).encode()
    return ("{" + ",".join(f"{_units(k, style)}:{_value(v, style)}" for k, v in event.items()) + "}").encode()


def _value(value: Any, style: int) -> str:  # noqa: ANN401
    if isinstance(value, list):
        return "[" + ",".join(_value(one, style) for one in value) + "]"
    return _units(value, style) if isinstance(value, str) else json.dumps(value)


def _units(text: str, style: int) -> str:
    data = text.encode("utf-16-be")
    form = "\\u{:04x}" if style == 2 else "\\u{:04X}"
    return '"' + "".join(form.format(data[i] << 8 | data[i + 1]) for i in range(0, len(data), 2)) + '"'


class Whole(NamedTuple):
    """An EventBatch, and whether a keyword can be in it."""

    events: pa.RecordBatch
    keywords: bool


def read_lines(log: bytes, rules: CompiledRules, memory: Memory, source: str = "windows_json") -> list[Whole]:
    """Batches of a log as the pipeline reads them: only what rules ask for, and looked through for keywords."""
    reader = Reader(rules, memory, {})
    with tempfile.NamedTemporaryFile() as file:
        file.write(log)
        file.flush()
        task = Task(Input("log", b"o", file.name, len(log)), source)
        origin = Origin("test", b"o", RECEIVED_AT, source)
        found = list(reader.read(task, every()[source], Context(RECEIVED_AT), origin))
    assert [one for one in found if not isinstance(one, Batch)] == []
    return [Whole(one.events.whole(), one.keywords) for one in found if isinstance(one, Batch)]
