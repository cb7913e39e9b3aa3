"""Every method of the client against a console that answers over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.cast import FAR, HERE, Cast

from wardwatch.client.client import Client
from wardwatch.kernel.errors import AccessError, InputError, NotDoneError
from wardwatch.records.models import EntryRow, GroupRow
from wardwatch.usecases import estate
from wardwatch.usecases.roles import Permission

Of = Callable[..., Client]


def test_who_and_where(client_of: Of) -> None:
    me = client_of("analyst", Permission.SEE_ALERTS).me()
    assert (me.roles, me.may) == (("analyst",), {"alerts:see": [HERE]})
    assert [one.slug for one in client_of("analyst").hospitals()] == [HERE]


def test_care(client_of: Of) -> None:
    estate.begin(HERE)
    boards = client_of("ciso").care()
    assert [one.hospital.slug for one in boards] == [HERE]
    assert {one.state for one in boards[0].services} == {"unknown"}  # nobody has said anything yet


def test_a_queue_is_read_to_its_end(client_of: Of, groups: list[str]) -> None:
    found = list(client_of("analyst").alerts())
    assert [one.id for one in found] == groups
    assert {one.tenant for one in found} == {HERE}
    high = list(client_of("analyst").alerts(level="high"))
    assert [one.id for one in high] == [one.id for one in found if one.level in {"high", "critical"}]
    assert 0 < len(high) < len(found)
    host = high[0].hosts[0]
    assert all(host in one.hosts for one in client_of("analyst").alerts(host=host))


def test_a_group_whole(client_of: Of, groups: list[str]) -> None:
    found = client_of("analyst").alert(groups[0])
    assert found.id == groups[0]
    assert len(found.alerts) == found.count
    assert sum(one["points"] for one in found.parts) == found.score


def test_acts_on_a_group_and_taking_them_back(client_of: Of, groups: list[str], everybody: Cast) -> None:
    client, group = client_of("analyst"), groups[0]
    state = lambda: client.alert(group)  # noqa: E731
    client.take(group)
    assert state().assignee == str(everybody["analyst"].id)
    client.release(group)
    assert state().assignee is None
    client.undo_on_alert(group)
    assert state().assignee == str(everybody["analyst"].id)
    client.silence(group, datetime.now(UTC) + timedelta(hours=4), "known work")
    assert state().silenced_until is not None
    client.note_on_alert(group, "the vendor was asked")
    assert state().timeline[-1]["kind"] == "message"
    client.settle(group, "nothing more")
    assert state().state != "open"
    client.reopen(group)
    assert state().state == "open"
    client.merge(group, groups[1:3])
    assert GroupRow.objects.get(id=groups[1]).merged
    client.unmerge(groups[1])
    assert not GroupRow.objects.get(id=groups[1]).merged
    client.false_positive(groups[3], "the backup")
    assert client.alert(groups[3]).state != "open"


def test_an_incident_from_its_beginning_to_its_export(client_of: Of, groups: list[str]) -> None:
    estate.begin(HERE)
    client = client_of("ciso")
    client.raise_incident(groups[0], "Files are being encrypted")
    (incident,) = client.incidents()
    assert incident.title == "Files are being encrypted"
    client.own(incident.id)
    client.note(incident.id, "the provider is on the telephone")
    client.add_task(incident.id, "unplug the file server", datetime.now(UTC) + timedelta(hours=1))
    (task,) = client.incident(incident.id)["incident"]["tasks"]
    client.finish_task(incident.id, task["id"])
    service = next(one.id for board in client.care() for one in board.services)
    client.state_care(incident.id, service, "down", "on paper")
    assert client.care()[0].worst == "down"
    client.undo(incident.id)
    client.move(incident.id, "triage", "looked at")
    assert next(client.incidents()).state == "triage"
    assert list(client.incidents("over")) == []
    assert client.stix(incident.id, "green")["type"] == "bundle"


def test_assets(client_of: Of) -> None:
    client = client_of("ciso")
    assert list(client.assets(HERE, "none-such")) == []
    with pytest.raises(AccessError):
        client.asset("0" * 32)


def test_webhooks(client_of: Of) -> None:
    client = client_of("ciso")
    made = client.add_webhook(HERE, "https://hooks.example/a")
    assert len(made.secret) >= 32
    assert [(one.id, one.url) for one in client.webhooks()] == [(made.id, made.url)]
    client.remove_webhook(made.id)
    assert client.webhooks() == ()


def test_a_refusal_says_why_and_changes_nothing(client_of: Of, groups: list[str]) -> None:
    client = client_of("analyst")
    entries = EntryRow.objects.count()
    with pytest.raises(NotDoneError) as found:
        client.undo_on_alert(groups[0])
    assert found.value.reason == "nothing_to_undo"
    assert EntryRow.objects.count() == entries


def test_what_is_not_valid_says_where(client_of: Of, groups: list[str]) -> None:
    with pytest.raises(InputError, match="state the zone"):
        client_of("analyst").silence(groups[0], datetime(2026, 12, 1), "x")  # noqa: DTZ001
    with pytest.raises(InputError, match="no such queue"):
        list(client_of("analyst").alerts("nonsense"))


@pytest.mark.parametrize("id_", ["../me", "a/b", "", "é", "x?y", "x#y", "..", "%2e"])
def test_no_id_leads_elsewhere(client_of: Of, id_: str) -> None:
    with pytest.raises(InputError, match="no id"):
        client_of("analyst").take(id_)


def test_other_hospitals_are_not_there(client_of: Of) -> None:
    far = GroupRow.objects.get(tenant=FAR).id
    with pytest.raises(AccessError, match="not found, or not yours"):
        client_of("analyst").alert(far)
    with pytest.raises(AccessError, match="not found, or not yours"):
        client_of("analyst").take(far)
