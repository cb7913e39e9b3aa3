"""What a protocol says beside an event counts where the event says nothing, however frames are cut into steps."""

import orjson
import pytest
from tests.pipeline.living import NOON, SECOND, batch, detector, in_pieces, rows, work

from wardwatch.events.batch import NULL
from wardwatch.frames.described import MAX_NAMES, Description, described

LINE = b"Accepted password for ida"
STATED = b"<13>1 2026-11-24T11:00:00Z web01 sshd 1 - - Accepted password for ida from 10.0.0.9 port 1 ssh2"
AT = NOON - 60 * SECOND


def one(body: bytes, said: Description, hint: str | None = None) -> dict[str, object]:
    found = detector().run(work(batch(described(body, said), hint=hint)))
    (row,) = rows(found.events).values()
    return row


def test_it_counts_where_the_event_says_nothing() -> None:
    bare = b'{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","CommandLine":"x"}'
    row = one(bare, Description(AT, "pc9", {"env": "ward", "n": 5, "up": True, "Image": "a.exe"}))
    assert (row["occurred_at"].timestamp() * 1e6, row["time_quality"], row["host"]) == (AT, "stated", "pc9")  # type: ignore[attr-defined]
    assert {name: row[f"f.{name}"] for name in ("env", "n", "up", "Image", "CommandLine")} == {
        "env": "ward", "n": "5", "up": "true", "Image": "a.exe", "CommandLine": "x",
    }  # fmt: skip


def test_what_the_event_says_stays() -> None:
    said = Description(AT, "pc9", {"program": "other", "tags": ["a", None], "nested": {"a": 1}})
    row = one(STATED, said, "syslog")
    assert (row["host"], row["occurred_at"].isoformat()) == ("web01", "2026-11-24T11:00:00+00:00")  # type: ignore[attr-defined]
    assert (row["f.tags"], row["f.nested"]) == (["a", NULL], '{"a":1}')


@pytest.mark.parametrize("time", [5, NOON + 2 * 86_400 * SECOND, 2**62])
def test_a_time_that_cannot_be_is_none(time: int) -> None:
    row = one(b'{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational"}', Description(time))
    assert (row["time_quality"], row["received_at"] == row["occurred_at"]) == ("received", True)


def test_rules_see_it_and_pieces_make_no_difference() -> None:
    bodies = [
        described(
            orjson.dumps({"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "k": number}),
            Description(AT + number * SECOND, f"pc{number % 2}", {"CommandLine": "bad"} if number % 3 == 0 else {}),
        )
        for number in range(12)
    ]
    whole = detector().run(work(batch(*bodies)))
    cut = in_pieces(detector(), batch(*bodies), (1, 4, 2))
    assert sorted(alert.id for alert in whole.alerts) == sorted(alert.id for alert in cut.alerts)
    assert len(whole.alerts) == 4
    assert {alert.host for alert in whole.alerts} == {"pc0", "pc1"}
    assert rows(whole.events) == rows(cut.events)


def test_names_that_nobody_can_keep_are_counted_as_rejects() -> None:
    body = b'{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational"}'
    many = [described(body, Description(fields={f"n{number}": number})) for number in range(MAX_NAMES + 3)]
    found = detector().run(work(batch(*many)))
    assert sum(found.outcome.rejects.values()) == 3
    assert sum(one.num_rows for one in found.events) == MAX_NAMES + 3, "the events are there"
