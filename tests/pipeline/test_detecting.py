"""One step of the live watch: frames become events and alerts, whatever the steps; nothing breaks it."""

import io
import random
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.living import (
    BAD,
    NOON,
    SECOND,
    SEGMENT,
    batch,
    detector,
    event,
    event_id,
    in_pieces,
    rows,
    split,
    work,
)

from wardwatch import sources
from wardwatch.events import alert_lines
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Reject
from wardwatch.frames.frame import Unnumbered, frames
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.detecting import Detected
from wardwatch.pipeline.live_reading import Seen
from wardwatch.pipeline.privacy import TOKEN, Privacy
from wardwatch.sources import Body, Context
from wardwatch.sources.hl7 import SAMPLE as HL7

AUDITD = sources.every()["auditd"]
SYSCALL = b'type=SYSCALL msg=audit(1795510000.123:%d): arch=c000003e syscall=59 comm="sh" exe="/usr/bin/dash"'
EXECVE = b'type=EXECVE msg=audit(1795510000.123:%d): argc=2 a0="sh" a1="-c"'
PROCTITLE = b"type=PROCTITLE msg=audit(1795510000.123:%d): proctitle=7368"


def ids_of(found: Detected) -> set[bytes]:
    return set(rows(found.events))


def reasons(found: Detected) -> dict[tuple[str, str], int]:
    return {(source, reason): count for (_, source, reason), count in found.outcome.rejects.items()}


def test_a_match_is_an_alert_that_depends_on_the_frame_alone() -> None:
    found = detector().run(work(batch(event("fine"), event("bad"), first=7)))
    assert ids_of(found) == {event_id(SEGMENT, 7), event_id(SEGMENT, 8)}
    (alert,) = found.alerts
    assert (alert.rule_id, alert.event_ids, alert.file, alert.host) == (BAD, (event_id(SEGMENT, 8).hex(),), "s1", "PC1")
    assert [one.rule for one in found.sightings] == [BAD]


@pytest.mark.parametrize("hint", ["auditd", None])
@pytest.mark.parametrize("seed", range(6))
def test_records_of_one_event_come_together_whatever_the_steps(hint: str | None, seed: int) -> None:
    bodies = []
    for number in range(0, 40, 2):  # two events at a time, as on a computer with two processors
        bodies += [SYSCALL % number, SYSCALL % (number + 1), EXECVE % number, PROCTITLE % number, EXECVE % (number + 1)]
    whole = batch(*bodies, hint=hint)
    found = in_pieces(detector(), whole, split(random.Random(seed), len(bodies)))
    events = rows(found.events)
    assert sorted(events) == sorted(event_id(SEGMENT, seq) for seq, body in enumerate(bodies) if b"SYSCALL" in body)
    assert {row["f.CommandLine"] for row in events.values()} == {"sh -c"}
    assert not found.outcome.rejects
    assert not found.outcome.carry.open


def test_an_event_may_begin_in_one_segment_and_end_in_the_next() -> None:
    watch = detector()
    first = watch.run(work(batch(SYSCALL % 1, first=900, hint="auditd", at=NOON - SECOND // 4)))
    assert first.events == []
    second = watch.run(work(batch(EXECVE % 1, PROCTITLE % 1, hint="auditd"), first.outcome.carry, "next"))
    ((key, row),) = rows(second.events).items()
    assert key == event_id(SEGMENT, 900)
    assert (row["f.CommandLine"], row["received_at"].timestamp()) == ("sh -c", (NOON - SECOND // 4) / 1e6)


def test_what_waited_keeps_the_time_of_its_arrival() -> None:
    first = detector().run(work(batch(SYSCALL % 1, hint="auditd")))
    late = detector().run(work(batch()[:0], first.outcome.carry, "", due=NOON))
    (row,) = rows(late.events).values()
    assert (row["received_at"].timestamp(), row["time_quality"]) == (NOON / 1e6, "stated")
    fields = {"arch", "comm", "exe", "syscall", "SYSCALL", "Image", "type"}
    shapes = {LogSource("linux", "process_creation", "auditd"): (1, fields)}
    assert late.outcome.seen == {("s1", "auditd"): Seen(1, NOON, {}, shapes)}


ZEEK = [
    b"#separator \\x09",
    b"#set_separator\t,",
    b"#path\tconn",
    b"#fields\tts\tuid\tid.orig_h",
    b"1795510000.5\tCx1\t10.0.0.1",
    b"1795510001.5\tCx2\t10.0.0.2",
    b"#close\t2026-11-23",
    b"#separator \\x09",
    b"#path\tdns",
    b"#fields\tts\tuid\tquery",
    b"1795510002.5\tCx3\twww",
]
IIS = [
    b"#Software: Microsoft Internet Information Services 10.0",
    b"#Version: 1.0",
    b"#Fields: date time s-ip cs-method cs-uri-stem",
    b"2026-11-23 02:11:02 10.4.1.1 GET /a",
    b"#Date: 2026-11-23 02:12:00",
    b"2026-11-23 02:13:02 10.4.1.1 GET /b",
]


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize(
    ("source", "bodies", "field", "values"),
    [("zeek", ZEEK, "f.uid", ["Cx1", "Cx2", "Cx3"]), ("webserver", IIS, "f.cs-uri-stem", ["/a", "/b"])],
)
def test_a_header_holds_for_the_lines_behind_it(
    source: str, bodies: list[bytes], field: str, values: list[str], *, labelled: bool
) -> None:
    whole = batch(*bodies, hint=source if labelled else None)
    for cut in range(len(bodies)) if labelled else (0, len(bodies) - 1):
        found = in_pieces(detector(), whole, [cut])
        assert sorted(row[field] for row in rows(found.events).values()) == values
        assert not found.outcome.rejects


def test_an_unlabelled_sensor_may_send_everything_mixed() -> None:
    bodies = [
        event("bad"),
        b"<14>2026-11-23T03:11:03Z esx02 Hostd[20]: [Originator@6876 sub=Vimsvc.TaskManager opID=1 user=root] Task Created : x",
        b"<38>2026-11-23T03:11:04Z esx02 sshd[1]: Accepted password for root from 10.4.2.66 port 5 ssh2",
        b"<38>2026-11-23T03:11:04Z web02 sshd[1]: Accepted password for root from 10.4.2.66 port 5 ssh2",
        b"<13>Nov 23 03:11:09 web02 audispd: type=SERVICE_STOP msg=audit(1795399869.000:813): pid=1 uid=0",
        b'<13>Nov 23 03:11:09 web02 nginx: 10.4.2.66 - - [23/Nov/2026:03:11:04 +0100] "GET / HTTP/1.1" 400 226',
        b'{"of": "no known format"}',
        b"\xff\x00",
    ]
    whole = batch(*bodies)
    expected = {
        0: "windows_json",
        1: "esxi",
        2: "esxi",  # a host that is a hypervisor is nothing else
        3: "syslog",
        4: "auditd",
        5: "webserver",
    }
    for sizes in ([], [1] * 7, [2, 1, 3]):
        found = in_pieces(detector(), whole, sizes)
        assert {key: row["source"] for key, row in rows(found.events).items()} == {
            event_id(SEGMENT, seq): source for seq, source in expected.items()
        }
        assert reasons(found) == {("-", "of no known format"): 2}
    assert [(one.sensor, one.place) for one in found.outcome.shown] == [("s1", f"{SEGMENT}:6"), ("s1", f"{SEGMENT}:7")]


def test_what_a_source_rejects_is_at_least_a_line_of_syslog() -> None:
    line = b'<13>Nov 23 03:11:09 web02 app: note [23/Nov/2026:03:11:04 +0100] "x'
    known = sources.sniff(line, "")
    assert known is not None
    assert known.name == "webserver"
    found = detector().run(work(batch(line)))
    assert [row["source"] for row in rows(found.events).values()] == ["syslog"]
    labelled = detector().run(work(batch(line, hint="webserver")))
    assert (labelled.events, labelled.outcome.rejects.total()) == ([], 1)


def test_each_event_has_the_time_of_its_own_frame() -> None:
    untimed = b'{"Channel":"System","EventID":1,"Computer":"PC1"}'
    tomorrow = event("x").replace(b"2026-11-24", b"2026-11-27")
    arrived = [
        Unnumbered("s1", "windows_json", NOON, [untimed, event("on time", 0), tomorrow]),
        Unnumbered("s1", "windows_json", NOON + 5 * SECOND, [untimed, event("late", 0)]),
    ]
    found = detector().run(work(frames("north", arrived, 0)))
    events = rows(found.events)
    times = [
        (
            round((events[event_id(SEGMENT, seq)][name].timestamp() * 1e6 - NOON) / SECOND),
            events[event_id(SEGMENT, seq)]["time_quality"],
        )
        for seq in range(5)
        for name in ("received_at", "occurred_at")
    ]
    assert times == [
        *((0, "received"), (0, "received")),
        *((0, "stated"), (0, "stated")),
        *((0, "received"), (0, "received")),  # no clock is three days ahead
        *((5, "received"), (5, "received")),
        *((5, "stated"), (0, "stated")),
    ]
    assert found.outcome.seen["s1", "windows_json"].skews == {"PC1": [0, 5 * SECOND]}


def breaking(monkeypatch: pytest.MonkeyPatch, on: bytes) -> None:
    """Let a reader break over bodies that hold `on`."""
    healthy = sources.every()["windows_json"]

    def read(bodies: object, context: Context) -> object:
        some: list[Body] = list(bodies)  # type: ignore[call-overload]
        if any(on in body for _, body in some):
            raise ZeroDivisionError
        return healthy.read(some, context)

    broken = replace(healthy, read=read)  # type: ignore[arg-type]
    known = {**sources.every(), "windows_json": broken}
    monkeypatch.setattr(sources, "every", lambda: known)


def test_a_frame_over_which_a_reader_breaks_is_found_by_halving(monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch, b"poison")
    bodies = [event(f"run {number}") for number in range(50)]
    bodies[17] = event("poison")
    bodies[41] = event("poison too")
    found = detector().run(work(batch(*bodies, hint="windows_json")))
    assert ids_of(found) == {event_id(SEGMENT, seq) for seq in range(50) if seq not in (17, 41)}
    assert reasons(found) == {("-", "a fault of the reader (ZeroDivisionError)"): 2}
    assert [one.place for one in found.outcome.shown] == [f"{SEGMENT}:17", f"{SEGMENT}:41"]
    assert found.outcome.seen["s1", "windows_json"].events == 48


def test_parts_that_waited_for_a_breaking_frame_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch, b"poison")
    carry = detector().run(work(batch(SYSCALL % 1, hint="auditd"))).outcome.carry
    found = detector().run(work(batch(event("poison"), hint="windows_json", first=1), carry))
    assert sorted(one.place for one in found.outcome.shown) == [f"{SEGMENT}:0", f"{SEGMENT}:1"]
    assert found.outcome.carry.open == {}


@pytest.mark.parametrize("error", [OSError("disk full"), InputError("the key of an epoch is damaged")])
def test_where_patients_cannot_be_hidden_nothing_comes_of_a_step(error: Exception) -> None:
    def hide(_: pa.RecordBatch) -> pa.RecordBatch:
        raise error

    with pytest.raises(type(error)):
        detector(hide=lambda _: hide).run(work(batch(event("bad"))))


def test_no_identifier_of_a_patient_is_left_in_alerts_or_state(tmp_path: Path) -> None:
    rule = """
title: A patient was named
id: 00000000-0000-0000-0000-000000000009
level: high
logsource: {product: hl7}
detection: {selection: {PatientID: '*'}, condition: selection}
"""
    bodies = [body for sample in HL7 for _, body in _cut(sample.log)]
    watch = detector(rule, lambda tenant: Privacy(tmp_path, tenant).apply)
    found = watch.run(work(batch(*bodies, hint="hl7")))
    assert found.alerts
    tokens = [str(one.fields["PatientID"]) for one in found.alerts]
    assert all(TOKEN.search(one) for one in tokens)
    clear = [str(one.fields["PatientID"]) for one in detector(rule).run(work(batch(*bodies, hint="hl7"))).alerts]
    assert len(clear) == len(tokens)
    told = (
        "".join(map(alert_lines.line, found.alerts)) + repr(found.sightings) + repr(list(rows(found.events).values()))
    )
    assert not any(one in told for name in clear for one in re.findall(r"[A-Za-z0-9]{3,}", name))


def _cut(log: bytes) -> list[Body]:
    return [one for one in sources.every()["hl7"].split(io.BytesIO(log)) if not isinstance(one, Reject)]


PIECES = (
    *(
        b"#fields\t",
        b"#Fields: cs-method ",
        b"type=SYSCALL msg=audit(1.1:1): ",
        b"<13>Nov 23 03:11:09 h p: ",
        b"{",
        b"}",
    ),
    *(b'"a":', b"\xff", b"\0", b"\n", b"MSH|^~\\&|", b"CEF:0|", b"<AuditMessage>", b"node=", b'{"ID":"1.1:1"', b"["),
)


@given(
    st.lists(
        st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=6).map(b"".join), min_size=1, max_size=12
    ),
    st.sampled_from([None, None, *sorted(sources.every())]),
)
def test_malformed_frames_are_events_or_rejects_and_break_nothing(bodies: list[bytes], hint: str | None) -> None:
    found = in_pieces(FUZZED, batch(*bodies, hint=hint), [1] * (len(bodies) // 2))
    rows(found.events)
    assert not any("fault of the reader" in reason for *_, reason in found.outcome.rejects)
    assert not found.outcome.carry.open


FUZZED = detector()
