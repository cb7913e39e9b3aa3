"""Hospitals are invited, say what may be shared, are reminded; nobody takes part who did not agree."""

from datetime import timedelta

import pytest
from tests.cast import CLUSTER, FAR, HERE, NEXT, NOW, Cast

from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import AuditRow, GroupingRow, NoticeRow, OrganisationRow, ParticipationRow
from wardwatch.records.queries import needs as queries
from wardwatch.usecases import campaigns

CLOSES = NOW + timedelta(days=60)


@pytest.fixture
def begun(cast: Cast) -> str:
    return campaigns.begin(cast.actor("coordinator"), CLUSTER, "hospital-readiness", "2026", CLOSES, now=NOW)


def test_every_hospital_of_the_group_is_invited_and_its_people_are_told(cast: Cast, begun: str) -> None:
    assert set(ParticipationRow.objects.values_list("tenant", "consent")) == {(HERE, ""), (NEXT, "")}
    told = set(NoticeRow.objects.values_list("who", "text"))
    names = ("ciso", "admin_on_call", "biomedical_engineer", "crisis_director", "dpo")
    assert told == {(str(cast[name].id), "campaign.invited") for name in names}
    assert {one[0] for one in queries.invitations({HERE}, int(NOW.timestamp() * 1e6))} == {begun}


@pytest.mark.parametrize("name", ["ciso", "authority_guest", "outsider", "analyst", "auditor", "crisis_director"])
def test_only_who_runs_the_whole_group_may_open_remind_and_close(cast: Cast, begun: str, name: str) -> None:
    actor = cast.actor(name)
    for act in (
        lambda: campaigns.begin(actor, CLUSTER, "hospital-readiness", "x", CLOSES, now=NOW),
        lambda: campaigns.remind(actor, begun, NOW),
        lambda: campaigns.close(actor, begun, NOW),
        lambda: campaigns.reopen(actor, begun, CLOSES, NOW),
        lambda: campaigns.invite_new(actor, begun, NOW),
    ):
        with pytest.raises(AccessError):
            act()


def test_what_is_no_campaign_is_refused(cast: Cast) -> None:
    coordinator = cast.actor("coordinator")
    for framework, name, closes in (
        ("no-such", "2026", CLOSES),
        ("hospital-readiness", "  ", CLOSES),
        ("hospital-readiness", "2026", NOW),
        ("hospital-readiness", "2026", NOW + timedelta(days=400)),
    ):
        with pytest.raises(InputError):
            campaigns.begin(coordinator, CLUSTER, framework, name, closes, now=NOW)


def test_consent_is_given_by_who_signs_for_the_hospital_and_can_be_taken_back(cast: Cast, begun: str) -> None:
    for name in ("admin_on_call", "coordinator", "outsider", "dpo"):
        with pytest.raises(AccessError):
            campaigns.consent(cast.actor(name), begun, HERE, "named", NOW)
    with pytest.raises(AccessError):
        campaigns.consent(cast.actor("crisis_director"), begun, NEXT, "named", NOW)
    with pytest.raises(InputError):
        campaigns.consent(cast.actor("crisis_director"), begun, HERE, "everything", NOW)
    campaigns.consent(cast.actor("crisis_director"), begun, HERE, "named", NOW)
    campaigns.consent(cast.actor("ciso"), begun, HERE, "none", NOW + timedelta(days=1))
    row = ParticipationRow.objects.get(tenant=HERE)
    assert (row.consent, row.said_by_name) == ("none", "Ciso")
    noted = AuditRow.objects.filter(action="campaign.consent").values_list("actor_name", "detail")
    assert list(noted) == [
        ("Crisis_director", {"from": "", "to": "named"}),
        ("Ciso", {"from": "named", "to": "none"}),
    ]


def test_a_hospital_begins_once_and_not_after_the_end(cast: Cast, begun: str) -> None:
    admin = cast.actor("admin_on_call")
    first = campaigns.take_part(admin, begun, HERE, NOW)
    assert campaigns.take_part(cast.actor("ciso"), begun, HERE, NOW) == first
    for name, tenant in (("auditor", HERE), ("admin_on_call", NEXT), ("outsider", FAR)):
        with pytest.raises(AccessError):
            campaigns.take_part(cast.actor(name), begun, tenant, NOW)
    assert campaigns.taking_part(admin, begun, HERE)[1].assessment == first
    campaigns.close(cast.actor("coordinator"), begun, NOW)
    with pytest.raises(InputError):
        campaigns.close(cast.actor("coordinator"), begun, NOW + timedelta(days=1))


def test_reminders_reach_those_who_wait_and_no_more_often_than_every_three_days(cast: Cast, begun: str) -> None:
    coordinator = cast.actor("coordinator")
    campaigns.consent(cast.actor("ciso"), begun, HERE, "none", NOW)
    day = timedelta(days=1)
    assert [campaigns.remind(coordinator, begun, NOW + n * day) for n in (1, 2, 4)] == [1, 0, 1]
    assert [row.reminded_at is None for row in ParticipationRow.objects.order_by("tenant")] == [True, False]


def test_reminders_go_out_by_themselves_twice(cast: Cast, begun: str) -> None:
    assert cast, begun
    told = [campaigns.remind_due(CLOSES - timedelta(days=before)) for before in (20, 14, 13, 5, 3, 2, 0)]
    assert told == [0, 2, 0, 0, 2, 0, 0]
    people = NoticeRow.objects.filter(text="campaign.reminder").values_list("who", flat=True)
    assert len(people) == 2 * len(set(people)) == 10


def test_whoever_joins_the_group_later_can_be_invited(cast: Cast, begun: str) -> None:
    GroupingRow.objects.get(slug=CLUSTER).members.add(OrganisationRow.objects.get(slug=FAR))
    assert campaigns.invite_new(cast.actor("coordinator"), begun, NOW) == 1
    assert campaigns.invite_new(cast.actor("coordinator"), begun, NOW) == 0
    assert set(ParticipationRow.objects.values_list("tenant", flat=True)) == {HERE, NEXT, FAR}


def test_a_closed_campaign_can_be_opened_again_until_it_is_released(cast: Cast, begun: str) -> None:
    coordinator = cast.actor("coordinator")
    campaigns.close(coordinator, begun, NOW)
    campaigns.reopen(coordinator, begun, CLOSES, NOW + timedelta(days=1))
    assert campaigns.take_part(cast.actor("ciso"), begun, HERE, NOW + timedelta(days=2))
