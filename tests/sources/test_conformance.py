"""What every log format must do, whoever wrote it."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wardwatch.sources as package
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, STATED, ZONE_ASSUMED, Group, Record, Reject
from wardwatch.events.words import text_of
from wardwatch.frames import syslog
from wardwatch.kernel import discovery, stamps
from wardwatch.sources import MAX_BODY, Context, Sample, Source

# 2026-11-23T12:00:00Z: what stamps without a year are read against.
RECEIVED_AT, _ = stamps.iso("2026-11-23T12:00:00Z")
SOURCES: list[tuple[Source, tuple[Sample, ...]]] = []
for _module in discovery.modules(package):
    _source, _sample = getattr(_module, "source", None), getattr(_module, "SAMPLE", ())
    if isinstance(_source, Source):
        SOURCES.append((_source, (_sample,) if isinstance(_sample, Sample) else tuple(_sample)))
# Binary formats have no sample in their module; the tests of their own judge them.
EACH_SOURCE = pytest.mark.parametrize("source", [pytest.param(source, id=source.name) for source, _ in SOURCES])
EACH_SAMPLED = pytest.mark.parametrize(
    ("source", "samples"), [pytest.param(*pair, id=pair[0].name) for pair in SOURCES if pair[1]]
)
EACH_SAMPLE = pytest.mark.parametrize(
    ("source", "sample"),
    [
        pytest.param(source, sample, id=f"{source.name}-{number}")
        for source, samples in SOURCES
        for number, sample in enumerate(samples)
    ],
)


def read(source: Source, log: bytes, name: str = "") -> list[Record | Reject]:
    """All that a file with the content `log` yields."""
    rejects: list[Reject] = []

    def bodies() -> Iterator[tuple[int, bytes]]:
        for item in source.split(io.BytesIO(log)):
            if isinstance(item, Reject):
                rejects.append(item)
            else:
                yield item

    found: list[Record | Reject] = []
    for item in source.read(bodies(), Context(RECEIVED_AT, name=name)):
        found.extend(records_of(item) if isinstance(item, Group) else [item])
    return sorted([*found, *rejects], key=lambda item: item.ordinal)


def records_of(group: Group) -> Iterator[Record]:
    """The events of a group one by one, by the rules that `Group` states."""
    for ordinal, row in zip(group.ordinals, group.values(), strict=True):
        values = list(row)
        first = partial(first_of, values)
        occurred_at: int | None = None
        with suppress(ValueError):
            occurred_at = stamps.iso(first(group.time) or "")[0]
        yield Record(
            ordinal,
            group.logsource,
            {**{name: values[at] for name, at in group.columns}, **dict(group.constants)},
            occurred_at,
            RECEIVED if occurred_at is None else STATED,
            first(group.host),
            first(group.user),
            first(group.record_id),
        )


def first_of(values: Sequence[object], positions: tuple[int, ...]) -> str | None:
    """The text of the first of some positions that holds a value."""
    return next((str(values[at]) for at in positions if values[at] not in (None, "", "-")), None)


def seen(record: Record, wanted: Iterable[str]) -> dict[str, object]:
    """What a record says about the names that a sample asks for; absent fields are left out."""
    envelope: dict[str, object] = {
        "@logsource": record.logsource,
        "@time": None if record.occurred_at is None else stamps.iso_text(record.occurred_at),
        "@host": record.host,
        "@user": record.user,
        "@quality": record.time_quality,
    }
    fields = {**record.fields, **envelope}
    return {name: as_text(fields[name]) for name in wanted if name in fields}


def as_text(value: object) -> object:
    """A value as a batch holds it: texts, lists of texts, nulls."""
    if isinstance(value, list | tuple):
        return [as_text(item) for item in value]
    return None if value is None else text_of(value) if isinstance(value, int | float | str) else str(value)


@EACH_SAMPLE
def test_sample_gives_its_events(source: Source, sample: Sample) -> None:
    records = [item for item in read(source, sample.log, sample.name) if isinstance(item, Record)]
    found = [seen(record, wanted) for record, wanted in zip(records, sample.events, strict=False)]
    assert found == [{name: as_text(value) for name, value in wanted.items()} for wanted in sample.events]
    assert len(records) == len(sample.events)


@EACH_SAMPLE
def test_sample_gives_its_rejects(source: Source, sample: Sample) -> None:
    rejects = [item for item in read(source, sample.log, sample.name) if isinstance(item, Reject)]
    assert len(rejects) == sample.rejects, [reject.reason for reject in rejects]
    assert [reject for reject in rejects if not reject.reason] == []


@EACH_SAMPLED
def test_has_a_sample_that_checks_something(source: Source, samples: tuple[Sample, ...]) -> None:
    names = {name for sample in samples for wanted in sample.events for name in wanted}
    assert {"@logsource", "@time"} - names == set(), f"{source.name} must check its log source and a time"


@EACH_SAMPLED
def test_has_a_reject_in_its_samples(source: Source, samples: tuple[Sample, ...]) -> None:
    assert sum(sample.rejects for sample in samples) > 0, source.name


@EACH_SAMPLE
def test_knows_its_own_by_sight(source: Source, sample: Sample) -> None:
    ranked = {other.name: other.sniff(sample.log[:65536], sample.name) for other, _ in SOURCES}
    own = ranked.pop(source.name)
    assert own > max(ranked.values()), {name: score for name, score in ranked.items() if score >= own}
    assert 0 < own <= 100


@EACH_SAMPLE
def test_records_are_well_formed(source: Source, sample: Sample) -> None:
    ordinals = []
    for item in read(source, sample.log, sample.name):
        ordinals.append(item.ordinal)
        if isinstance(item, Record):
            assert well_formed(item) == []
    assert len(ordinals) == len(set(ordinals)), "two bodies with one ordinal would share an event id"
    assert all(0 <= ordinal < len(sample.log) for ordinal in ordinals)


def well_formed(record: Record) -> list[str]:
    """What is wrong with a record's types; nothing, if all is well."""
    wrong = [name for name, value in record.fields.items() if not (isinstance(name, str) and is_value(value))]
    if not isinstance(record.logsource, LogSource):
        wrong.append("@logsource")
    if record.occurred_at is not None and type(record.occurred_at) is not int:
        wrong.append("@time")
    if record.time_quality not in (STATED, ZONE_ASSUMED, RECEIVED):
        wrong.append("@quality")
    if (record.occurred_at is None) != (record.time_quality == RECEIVED):
        wrong.append("@quality without @time, or the reverse")
    wrong.extend(
        f"@{name}"
        for name in ("host", "user", "record_id")
        if not (getattr(record, name) is None or type(getattr(record, name)) is str)
    )
    return wrong


def is_value(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(item is None or isinstance(item, str | int | float | bool) for item in value)
    return value is None or isinstance(value, str | int | float | bool)


def test_syslog_frames_and_the_envelope_use_the_same_words() -> None:
    line = "2026-11-23T03:00:00 host app: text"
    assert syslog.parse("text", RECEIVED_AT).time_quality == RECEIVED
    assert syslog.parse(line, RECEIVED_AT).time_quality == ZONE_ASSUMED
    assert syslog.parse(line.replace(":00 ", ":00Z "), RECEIVED_AT).time_quality == STATED


HOSTILE = {
    "empty": b"",
    "blank": b"\n \r\n\n",
    "nul": b"\x00" * 5000,
    "not utf-8": b"\xff\xfe\xe9\x80<85>1 \xc3\x28\n",
    "utf-16": '{"a": 1}\n'.encode("utf-16"),
    "a long line": b"a=b " * 300_000,
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep xml": b"<Event>" * 50_000,
    "pipes": b"|" * 200_000,
    "quotes": b'"' * 200_000,
    "open strings": b'a="' * 60_000,
    "backslashes": b"\\" * 200_000,
    "dates": b"2026-99-99T99:99:99Z " * 100 + b"\nNov 99 03:12:44 a b: c\n31/Feb/2026:00:00:00 +0000\n",
    "numbers": b'{"a": 1e999}\n{"a": ' + b"9" * 5000 + b"}\n{}\n[]\nnull\ntrue\n1\n",
    "entities": b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><AuditMessage>&c;</AuditMessage><Event>&c;</Event><event>&c;</event>',
}


@EACH_SOURCE
@pytest.mark.parametrize("kind", HOSTILE)
def test_never_raises_on_hostile_input(source: Source, kind: str) -> None:
    assert 0 <= source.sniff(HOSTILE[kind][:65536], "") <= 100
    for item in read(source, HOSTILE[kind]):
        assert well_formed(item) == [] if isinstance(item, Record) else item.reason


@EACH_SAMPLE
def test_never_raises_on_a_cut_sample(source: Source, sample: Sample) -> None:
    step = max(1, len(sample.log) // 60)
    for end in range(0, len(sample.log), step):
        assert 0 <= source.sniff(sample.log[:end], sample.name) <= 100
        for item in read(source, sample.log[:end], sample.name):
            assert well_formed(item) == [] if isinstance(item, Record) else item.reason


@EACH_SOURCE
def test_an_overlong_line_costs_one_reject(source: Source) -> None:
    log = b"x" * (MAX_BODY + 1000) + b"\n"
    assert [type(item) for item in read(source, log)] == [Reject]


INSERTS = st.sampled_from([b"\x00", b"\xff", b'"', b"\\", b"{", b"]", b"<", b"|", b"=", b"\n", b" ", b"9" * 30, b":"])


@EACH_SAMPLE
def test_never_raises_on_a_mutated_sample(source: Source, sample: Sample) -> None:
    size = len(sample.log)

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.tuples(st.integers(0, size), st.integers(0, 12), INSERTS | st.binary(max_size=6)), max_size=6))
    def check(mutations: list[tuple[int, int, bytes]]) -> None:
        log = sample.log
        for at, removed, inserted in mutations:
            log = log[:at] + inserted + log[at + removed :]
        assert 0 <= source.sniff(log[:65536], sample.name) <= 100
        for item in islice(read(source, log, sample.name), 10_000):
            assert well_formed(item) == [] if isinstance(item, Record) else item.reason

    check()


@EACH_SOURCE
@settings(max_examples=10, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(log=st.binary(max_size=400))
def test_never_raises_on_random_bytes(source: Source, log: bytes) -> None:
    assert 0 <= source.sniff(log, "") <= 100
    for item in read(source, log):
        assert well_formed(item) == [] if isinstance(item, Record) else item.reason


TELEMETRY = Path(__file__).parents[3] / "shared" / "telemetry" / "otrf"
ZEEK_ARCHIVES = sorted(TELEMETRY.glob("*zeek*.zip"))


@pytest.mark.skipif(not ZEEK_ARCHIVES, reason="no ../shared/telemetry/otrf with Zeek logs")
@pytest.mark.parametrize("archive", ZEEK_ARCHIVES, ids=lambda path: path.stem)
def test_every_line_of_real_zeek_logs_is_read_or_rejected_with_a_reason(archive: Path) -> None:
    zeek = next(source for source, _ in SOURCES if source.name == "zeek")
    with zipfile.ZipFile(archive) as logs:
        for name in logs.namelist():
            log = logs.read(name)
            ranked = {source.name: source.sniff(log[:65536], name) for source, _ in SOURCES}
            assert max(ranked, key=lambda known: ranked[known]) == "zeek", name
            found = read(zeek, log, name)
            assert len(found) == sum(1 for line in log.splitlines() if line.strip()), name
            records = [item for item in found if isinstance(item, Record)]
            assert [item.reason for item in found if isinstance(item, Reject)] == []
            assert {record.logsource.service for record in records} == {name.partition(".")[0]}
            assert [record for record in records if record.occurred_at is None and "ts" in record.fields] == []
