"""Invitations, roles and mandates: given by who may, used once, ended at once."""

from datetime import timedelta

import pytest
from tests.cast import CLUSTER, FAR, HERE, NOW, Cast

from wardwatch.kernel.errors import AccessError
from wardwatch.records.models import AuditRow, GrantRow, InvitationRow, MandateRow, OrganisationRow
from wardwatch.usecases import mandates, people
from wardwatch.usecases.access import actor_of
from wardwatch.usecases.people import Place
from wardwatch.usecases.roles import Permission

GOOD = "correct horse battery"


def test_an_invitation_makes_an_account_once(cast: Cast) -> None:
    secret = people.invite(cast.actor("ciso"), "New@H.example", "analyst", Place(HERE), NOW)
    assert secret not in str(InvitationRow.objects.values()), "the secret is kept nowhere"
    user = people.accept(secret, "New", GOOD, "fr", NOW)
    assert (user.email, user.check_password(GOOD), user.language) == ("new@h.example", True, "fr")
    assert actor_of(user.id, "", "fr", NOW).scope(Permission.TRIAGE) == {HERE}
    with pytest.raises(AccessError):
        people.accept(secret, "Again", GOOD, "fr", NOW)


def test_an_invitation_ends(cast: Cast) -> None:
    secret = people.invite(cast.actor("ciso"), "a@h.example", "analyst", Place(HERE), NOW)
    with pytest.raises(AccessError):
        people.accept(secret, "A", GOOD, "en", NOW + people.INVITED_FOR)
    with pytest.raises(AccessError):
        people.invitation("a guess", NOW)


@pytest.mark.parametrize(
    ("person", "role", "place"),
    [
        ("analyst", "analyst", Place(HERE)),
        ("ciso", "analyst", Place(FAR)),
        ("ciso", "analyst", Place(grouping=CLUSTER)),
        ("ciso", "administrator", Place(HERE)),
        ("ciso", "analyst", Place()),
        ("outsider", "analyst", Place(HERE)),
    ],
)
def test_nobody_gives_a_role_beyond_their_reach(cast: Cast, person: str, role: str, place: Place) -> None:
    with pytest.raises(AccessError):
        people.invite(cast.actor(person), "a@h.example", role, place, NOW)
    with pytest.raises(AccessError):
        people.grant(cast.actor(person), cast["nobody"].id, role, place, now=NOW)
    assert not InvitationRow.objects.exists()
    assert not GrantRow.objects.filter(user=cast["nobody"]).exists()


def test_a_role_ends_at_once(cast: Cast) -> None:
    row = GrantRow.objects.get(user=cast["analyst"])
    people.end_grant(cast.actor("ciso"), row.id, NOW)
    assert dict(actor_of(cast["analyst"].id, "", "en", NOW).may) == {}
    with pytest.raises(AccessError):
        people.end_grant(cast.actor("outsider"), row.id, NOW)


def test_a_mandate_is_given_and_revoked_by_the_hospital(cast: Cast) -> None:
    OrganisationRow.objects.create(slug="soc", name="SOC", kind="provider", country="FR", created_at=NOW)
    GrantRow.objects.create(user=cast["nobody"], role="analyst", organisation_id="soc", since=NOW)
    until = NOW + timedelta(days=30)
    with pytest.raises(AccessError):
        mandates.give(cast.actor("analyst"), HERE, "soc", ["analyst"], until, reason="nights", now=NOW)
    mandates.give(cast.actor("crisis_director"), HERE, "soc", ["analyst"], until, reason="nights", now=NOW)
    assert HERE in actor_of(cast["nobody"].id, "", "en", NOW).scope(Permission.TRIAGE)
    (row,) = MandateRow.objects.all()
    with pytest.raises(AccessError):
        mandates.revoke(cast.actor("outsider"), str(row.id), NOW)
    mandates.revoke(cast.actor("ciso"), str(row.id), NOW)
    assert HERE not in actor_of(cast["nobody"].id, "", "en", NOW).scope(Permission.TRIAGE)
    assert set(AuditRow.objects.values_list("action", flat=True)) == {"mandate.given", "mandate.revoked"}


def test_a_failed_sign_in_writes_no_password_down(cast: Cast) -> None:
    people.sign_in_failed("hunter2 typed in the wrong field", "10.0.0.1", NOW)
    people.sign_in_failed(cast["analyst"].email, "10.0.0.1", NOW)
    assert list(AuditRow.objects.order_by("number").values_list("subject", flat=True)) == [
        "an unknown address",
        cast["analyst"].email,
    ]
