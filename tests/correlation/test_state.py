"""Growing and superseding alerts, lateness, doubles, limits, and state that is saved."""

import orjson
import pytest
from tests.correlation.correlating import LATER, SECOND, Store, compiled, documents, sighting

from wardwatch.correlation.correlator import Correlator, Limits
from wardwatch.kernel.errors import InputError

COUNT = documents(
    "title: Count\nname: count\ncorrelation: {type: event_count, rules: a, group-by: [user], timespan: 10s, condition: {gte: 2}}"
)


def test_an_episode_grows_by_revisions():
    correlator = Correlator(compiled(COUNT))
    told = [
        [(alert.revision, alert.count, alert.supersedes) for alert in correlator.feed([sighting("a", at, at)], LATER)]
        for at in (0, 1, 2, 30)
    ]
    assert told == [[], [(0, 2, None)], [(1, 3, None)], []]


def test_a_late_event_moves_the_beginning_and_joins_episodes():
    correlator = Correlator(compiled(COUNT))
    store = Store()
    first = correlator.feed([sighting("a", at, at) for at in (10, 11, 21, 22)], LATER)
    store.put(first)
    assert [alert.count for alert in first] == [2, 2]
    second = correlator.feed([sighting("a", at, at) for at in (9, 20)], LATER)
    store.put(second)
    assert [(alert.supersedes, alert.revision) for alert in second] == [(first[0].id, 1), (first[1].id, 2)]
    assert [(alert.occurred_at, alert.count) for alert in store.alerts.values()] == [(9 * SECOND, 6)]


def test_doubles_count_once():
    correlator = Correlator(compiled(COUNT))
    one = sighting("a", 1, 1)
    assert correlator.feed([one, one], LATER) == []
    assert correlator.feed([one], LATER) == []
    assert correlator.too_late == 0


def test_what_comes_after_its_window_was_dropped_is_counted():
    correlator = Correlator(compiled(COUNT), limits=Limits(lateness=5 * SECOND))
    correlator.feed([sighting("a", 0, 0)], LATER)
    correlator.feed([sighting("a", 20, 1)], LATER)
    assert correlator.feed([sighting("a", 1, 2)], LATER) == []
    assert correlator.too_late == 1
    assert [alert.count for alert in correlator.feed([sighting("a", 15, 3)], LATER)] == [2]
    assert correlator.too_late == 1


def test_a_scan_takes_any_age():
    correlator = Correlator(compiled(COUNT), limits=Limits(lateness=None))
    correlator.feed([sighting("a", 10_000_000, 0)], LATER)
    correlator.feed([sighting("a", 20_000_000, 1)], LATER)
    assert [alert.count for alert in correlator.feed([sighting("a", 9_999_999, 2)], LATER)] == [2]


def test_an_event_from_the_future_does_not_make_the_others_late():
    correlator = Correlator(compiled(COUNT), limits=Limits(lateness=0))
    correlator.feed([sighting("a", 10**9, 0, user="x"), sighting("a", 1, 1)], 2 * SECOND)
    assert [alert.count for alert in correlator.feed([sighting("a", 2, 2)], 2 * SECOND)] == [2]


def test_old_groups_go():
    correlator = Correlator(compiled(COUNT), limits=Limits(lateness=0))
    correlator.feed([sighting("a", at, at, user=f"u{at}") for at in range(100)], LATER)
    assert sorted(key[2][0] for key in correlator.groups) == [f"u{at}" for at in range(90, 100)]
    correlator.feed([sighting("a", 1000, 1000, user="new")], LATER)
    assert [key[2] for key in correlator.groups] == [("new",)]


def test_the_group_longest_without_a_sighting_is_evicted():
    correlator = Correlator(compiled(COUNT), limits=Limits(groups=2))
    for number, user in enumerate("aba"):
        correlator.feed([sighting("a", number, number, user=user)], LATER)
    correlator.feed([sighting("a", 3, 3, user="c")], LATER)
    assert ([key[2] for key in correlator.groups], correlator.evicted) == ([("a",), ("c",)], 1)


def test_a_group_that_is_too_large_keeps_its_episode():
    correlator = Correlator(compiled(COUNT), limits=Limits(events=3))
    store = Store()
    for batch in range(5):
        store.put(correlator.feed([sighting("a", batch + part / 10, 10 * batch + part) for part in range(10)], LATER))
    assert [(alert.occurred_at, alert.count, len(alert.event_ids)) for alert in store.alerts.values()] == [(0, 50, 50)]
    assert (correlator.truncated, len(next(iter(correlator.groups.values())).events)) == (47, 3)


def test_event_count_keeps_what_it_must_count():
    rules = documents("title: Count\ncorrelation: {type: event_count, rules: a, timespan: 1h, condition: {gte: 20}}")
    correlator = Correlator(compiled(rules), limits=Limits(events=3))
    counts = [[alert.count for alert in correlator.feed([sighting("a", at, at)], LATER)] for at in range(22)]
    assert counts == [[]] * 19 + [[20], [21], [22]]


def test_values_that_cannot_be_used_are_counted():
    rules = documents(
        "title: Sum\ncorrelation: {type: value_sum, rules: a, timespan: 1h, condition: {field: n, gte: 1}}"
    )
    correlator = Correlator(compiled(rules))
    found = correlator.feed([sighting("a", at, at, n=n) for at, n in enumerate(["x", None, "1", "9" * 50])], LATER)
    assert ([alert.count for alert in found], correlator.ignored) == ([1], 3)


def test_long_values_are_clipped_and_stay_different():
    correlator = Correlator(compiled(COUNT))
    long = "x" * 5000
    users = [long + "1", long + "2", long + "1"]
    found = correlator.feed([sighting("a", at, at, user=user) for at, user in enumerate(users)], LATER)
    assert [(alert.count, len(str(alert.group["user"]))) for alert in found] == [(2, 1024)]


def test_value_count_keeps_what_it_must_count():
    rules = documents(
        "title: Count\ncorrelation: {type: value_count, rules: a, timespan: 1h, condition: {field: n, gte: 20}}"
    )
    correlator = Correlator(compiled(rules), limits=Limits(events=3))
    counts = [len(correlator.feed([sighting("a", at, at, n=str(at))], LATER)) for at in range(21)]
    assert counts == [0] * 19 + [1, 1]


def test_state_survives_changes_of_other_rules():
    other = documents("title: Other\ncorrelation: {type: event_count, rules: b, timespan: 1h, condition: {gte: 1}}")
    first = Correlator(compiled(COUNT + other))
    first.feed([sighting("a", 1, 1), sighting("b", 1, 2)], LATER)
    changed = documents("title: Other\ncorrelation: {type: event_count, rules: b, timespan: 1h, condition: {gte: 2}}")
    second = Correlator.restore(compiled(changed + COUNT), first.save())
    assert [key[1] for key in second.groups] == [1]
    assert [alert.count for alert in second.feed([sighting("a", 2, 3), sighting("b", 2, 4)], LATER)] == [2]


@pytest.mark.parametrize("state", [b"", b"[]", b"{}", b'{"format": "wardwatch/correlator/0"}', b"\xff"])
def test_other_bytes_are_refused(state: bytes):
    with pytest.raises(InputError):
        Correlator.restore(compiled(COUNT), state)


def test_a_state_with_damaged_groups_is_refused():
    correlator = Correlator(compiled(COUNT))
    correlator.feed([sighting("a", 1, 1)], LATER)
    state = orjson.loads(correlator.save())
    del state["groups"][0]["events"]
    with pytest.raises(InputError):
        Correlator(compiled(COUNT), orjson.dumps(state))


def test_nothing_is_left_for_the_end():
    correlator = Correlator(compiled(COUNT))
    assert len(correlator.feed([sighting("a", 1, 1), sighting("a", 2, 2)], LATER)) == 1
    assert correlator.flush() == []


@pytest.mark.parametrize("user", ["same", "gone"])
def test_what_was_dropped_is_remembered_over_a_restart(user: str):
    limits = Limits(lateness=5 * SECOND)
    correlator = Correlator(compiled(COUNT), limits=limits)
    correlator.feed(
        [
            sighting("a", 0, 0, user="same"),
            sighting("a", 8, 1, user="same"),
            sighting("a", 0, 2, user="gone"),
        ],
        LATER,
    )
    correlator.feed([sighting("a", 17, 3, user="same")], LATER)
    correlator = Correlator(compiled(COUNT), correlator.save(), limits)
    assert correlator.feed([sighting("a", 1, 4, user=user)], LATER) == []
    assert correlator.too_late == 1
