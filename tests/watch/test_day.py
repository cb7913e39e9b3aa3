"""A whole day through a store: the same timeline each time, nothing twice, and a timeline that only grows."""

import json
from collections import Counter

import pytest
from tests.watch.day import POLICY, TENANT, Played, care, day, follow, memory, play

from wardwatch.kernel.severity import Level
from wardwatch.watch import plain
from wardwatch.watch.effects import Notify, Recorded, Refused
from wardwatch.watch.groups import AlertPlace, GroupState
from wardwatch.watch.memory import Kept, MemoryStore
from wardwatch.watch.slices import Needs, Slice


@pytest.fixture(scope="module")
def messages():
    return list(day())


@pytest.fixture(scope="module")
def played(messages):
    store = memory()
    return store.kept(TENANT), play(store, messages)


def backwards(found: dict) -> dict:
    return dict(reversed(found.items()))


class PlainStore(MemoryStore):
    """A store that gives nothing but what was JSON, and in an order of its own, as a database does."""

    def load(self, tenant: str, needs: Needs) -> Slice:
        found = super().load(tenant, needs)
        return Slice(
            tenant,
            through_json(found.policy),
            backwards({key: through_json(one) for key, one in found.alerts.items()}),
            backwards({key: through_json(one) for key, one in found.groups.items()}),
            backwards({key: through_json(one) for key, one in found.incidents.items()}),
            {key: tuple(through_json(one) for one in links) for key, links in found.links.items()},
            backwards({key: through_json(one) for key, one in found.timers.items()}),
            {key: through_json(one) for key, one in found.seen.items()},
            found.care,
            found.called,
            found.handled,
        )


def through_json(value):
    return plain.from_plain(type(value), json.loads(json.dumps(plain.to_plain(value))))


def test_the_day_is_of_some_thousands_of_alerts_and_of_people(messages) -> None:
    kinds = Counter(type(message).__name__ for _, message in messages)
    assert kinds["AlertArrived"] > 2_000
    assert len(kinds) > 15, kinds


def test_the_same_day_twice_is_the_same(messages, played) -> None:
    assert list(day()) == messages
    assert play(memory(), messages) == played[1]


def test_another_seed_is_another_day() -> None:
    assert list(day(seed=2, noise=50)) != list(day(seed=3, noise=50))


def test_a_store_of_json_tells_the_same() -> None:
    messages, plain_store, store = list(day(seed=4, noise=300)), PlainStore({TENANT: POLICY}, care), memory()
    assert play(plain_store, messages) == play(store, messages)
    assert plain_store.kept(TENANT) == store.kept(TENANT)


def test_no_id_of_an_entry_or_effect_is_used_twice(played) -> None:
    ids = [entry["id"] for entry in played[1].timeline]
    assert len(ids) == len(set(ids))
    effects = [one.id for one in played[1].effects if isinstance(one, Notify | Recorded)]
    assert len(effects) == len(set(effects))


def test_hearing_everything_once_more_changes_nothing(messages) -> None:
    store = memory()
    play(store, messages)
    kept = store.kept(TENANT)
    groups, incidents, entries = dict(kept.groups), dict(kept.incidents), list(kept.entries)
    again = Played()
    followed = [(now, one) for now, one in messages if not_refused(store, one, now)]
    for now, message in followed:
        follow(store, message, now, again)
    assert again == Played()
    assert (kept.groups, kept.incidents, kept.entries) == (groups, incidents, entries)


def not_refused(store: MemoryStore, message, _now: int) -> bool:
    """Whether a message was followed the first time: what was refused may be tried again."""
    return not hasattr(message, "by") or message.id in store.kept(message.tenant).handled


def test_every_sum_is_that_of_its_alerts(played) -> None:
    kept: Kept = played[0]
    live = Counter(one.group for one in kept.alerts.values() if one.place is AlertPlace.LIVE)
    assert {id_: group.own.count for id_, group in kept.groups.items() if group.own.count} == dict(live)
    assert all(sum(part.points for part in group.parts) == group.score for group in kept.groups.values())
    for group in kept.groups.values():
        family = [one for one in kept.groups.values() if one.family == group.id]
        if not group.merged:
            assert group.count == sum(one.own.count for one in family)


def test_an_incident_counts_the_alerts_of_its_groups(played) -> None:
    kept: Kept = played[0]
    assert kept.incidents
    for incident in kept.incidents.values():
        assert incident.alert_count == sum(kept.groups[id_].count for id_ in incident.groups)
        assert all(kept.groups[id_].incident == incident.id for id_ in incident.groups)


def test_the_attack_is_one_group_of_hundreds_of_alerts(played) -> None:
    kept: Kept = played[0]
    worst = max(kept.groups.values(), key=lambda one: one.score)
    assert worst.level is Level.CRITICAL
    assert worst.state is GroupState.RAISED
    assert worst.count > 400
    assert {"files01", "pacs01", "lis01", "backup01"} <= set(worst.whole.hosts)
    assert worst.parts[-1].value.startswith(("laboratory", "radiology"))


def test_somebody_was_called_at_night_and_the_next_one_after_a_while(played) -> None:
    calls = [one for one in played[1].effects if isinstance(one, Notify) and one.urgent]
    assert {one.channel for one in calls} >= {"sms", "mail"}
    assert {one.who for one in calls} >= {"paul"}


def test_what_was_refused_says_why(played) -> None:
    reasons = {one.reason for one in played[1].effects if isinstance(one, Refused)}
    assert {"no_such_group", "nothing_to_undo"} <= reasons
