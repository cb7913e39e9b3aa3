"""The same day through a store in memory and through the database: nobody can tell the two apart."""

import json

import pytest
from tests.watch import day as simulated
from tests.watch.day import TENANT, day, memory, play

from wardwatch.records import case_batch
from wardwatch.records.case_store import CaseStore, policy_of, set_policy
from wardwatch.records.models import AlertRow, EntryRow, GroupRow, IncidentRow, SeenRow, TimerRow
from wardwatch.watch.messages import AlertArrived
from wardwatch.watch.needing import needs
from wardwatch.watch.plain import to_plain
from wardwatch.watch.stepping import step

pytestmark = pytest.mark.django_db


def as_json(value: object) -> object:
    return json.loads(json.dumps(to_plain(value)))


@pytest.fixture(scope="module")
def messages():
    return list(day(noise=100))


def test_the_day_is_the_same_in_memory_and_in_the_database(messages) -> None:
    store = memory()
    kept = store.kept(TENANT)
    set_policy(TENANT, kept.policy)
    assert policy_of(TENANT) == kept.policy
    in_database = play(CaseStore(now=0, care=simulated.care), messages)
    in_memory = play(store, messages)
    assert in_database.timeline == in_memory.timeline
    assert in_database.effects == in_memory.effects
    assert len(in_memory.timeline) > 200
    assert list(EntryRow.objects.order_by("number").values_list("plain", flat=True)) == in_memory.timeline
    for rows, values in ((GroupRow, kept.groups), (AlertRow, kept.alerts), (IncidentRow, kept.incidents)):
        assert dict(rows.objects.values_list("id", "plain")) == {id_: as_json(one) for id_, one in values.items()}
    assert set(TimerRow.objects.values_list("id", flat=True)) == set(kept.timers)
    assert {one.mark: one.groups for one in SeenRow.objects.all()} == {
        mark: one.groups for mark, one in kept.seen.items()
    }
    for row in GroupRow.objects.all():
        group = kept.groups[row.id]
        assert (row.state, row.standing, row.merged) == (group.state, kept.groups[group.family].state, group.merged)
        assert (row.score, row.count, row.last_at) == (group.score, group.count, group.last_at)
        assert (row.assignee, row.silenced_until, row.incident) == (
            group.assignee,
            group.silenced_until,
            group.incident,
        )


def test_many_at_once_come_to_the_same_as_one_by_one(messages) -> None:
    alerts = [message for _, message in messages if isinstance(message, AlertArrived)]
    now = max(at for at, _ in messages)
    store = memory()
    set_policy(TENANT, store.kept(TENANT).policy)
    effects = []
    for start in range(0, len(alerts), 97):
        effects += case_batch.follow(CaseStore(now, simulated.care), TENANT, alerts[start : start + 97], now)
    expected = []
    for message in alerts:
        before = store.load(TENANT, needs(message))
        after, found = step(before, message, now)
        store.save(before, after)
        expected += found
    kept = store.kept(TENANT)
    assert effects == expected
    assert list(EntryRow.objects.order_by("number").values_list("plain", flat=True)) == [
        as_json(one) for one in kept.entries
    ]
    for rows, values in ((GroupRow, kept.groups), (AlertRow, kept.alerts), (IncidentRow, kept.incidents)):
        assert dict(rows.objects.values_list("id", "plain")) == {id_: as_json(one) for id_, one in values.items()}
    assert {one.mark: one.groups for one in SeenRow.objects.all()} == {
        mark: one.groups for mark, one in kept.seen.items()
    }
