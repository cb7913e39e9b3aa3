from datetime import timedelta

import pytest
from tests.cast import FAR, HERE, NEXT, NOW, Cast

from wardwatch.kernel.errors import AccessError
from wardwatch.records.models import GrantRow, MandateRow, OrganisationRow, UserRow
from wardwatch.usecases import roles
from wardwatch.usecases.access import actor_of, authorise, limited
from wardwatch.usecases.roles import ROLES, Permission


def test_a_role_reaches_as_far_as_it_was_given(cast: Cast) -> None:
    assert cast.actor("analyst").scope(Permission.TRIAGE) == {HERE}
    assert cast.actor("coordinator").scope(Permission.SEE_WALL) == {HERE, NEXT}
    assert cast.actor("administrator").scope(Permission.ADMINISTER) == {HERE, NEXT, FAR}
    assert cast.actor("outsider").scope(Permission.SEE_ALERTS) == {FAR}
    assert dict(cast.actor("nobody").may) == {}


def test_a_grant_holds_from_its_beginning_until_its_end(cast: Cast) -> None:
    user = cast["analyst"]
    GrantRow.objects.filter(user=user).update(since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=2))
    at = {hours: actor_of(user.id, "", "en", NOW + timedelta(hours=hours)).roles for hours in (0, 1, 2)}
    assert at == {0: frozenset(), 1: {"analyst"}, 2: frozenset()}


@pytest.fixture
def provider(cast: Cast) -> UserRow:
    """A person of a security provider that has a mandate at HERE."""
    OrganisationRow.objects.create(slug="provider", name="Provider", kind="provider", country="FR", created_at=NOW)
    user = UserRow.objects.create(email="p@provider.example", name="P", created_at=NOW)
    for role in ("analyst", "dpo"):
        GrantRow.objects.create(user=user, role=role, organisation_id="provider", since=NOW)
    MandateRow.objects.create(
        provider_id="provider",
        hospital_id=HERE,
        roles=["analyst"],
        reason="night watch",
        since=NOW,
        until=NOW + timedelta(days=1),
        given_by=cast["crisis_director"],
    )
    return user


def test_a_mandate_lets_a_provider_do_what_it_names_and_no_more(provider: UserRow) -> None:
    actor = actor_of(provider.id, "", "en", NOW)
    assert HERE in actor.scope(Permission.TRIAGE)
    assert HERE not in actor.scope(Permission.SEE_AUDIT), "a DPO of the provider is none of the hospital"
    assert NEXT not in actor.scope(Permission.TRIAGE)


def test_a_mandate_ends_at_its_end_and_when_it_is_revoked(provider: UserRow) -> None:
    late = actor_of(provider.id, "", "en", NOW + timedelta(days=1))
    assert HERE not in late.scope(Permission.TRIAGE)
    MandateRow.objects.update(revoked_at=NOW)
    assert HERE not in actor_of(provider.id, "", "en", NOW).scope(Permission.TRIAGE)


def test_only_a_provider_acts_through_a_mandate(provider: UserRow) -> None:
    OrganisationRow.objects.filter(slug="provider").update(kind="hospital")
    assert HERE not in actor_of(provider.id, "", "en", NOW).scope(Permission.TRIAGE)


def test_a_token_may_do_no_more_than_its_owner(cast: Cast) -> None:
    actor = limited(cast.actor("ward_lead"), frozenset({Permission.SEE_BOARD, Permission.TRIAGE}))
    assert dict(actor.may) == {Permission.SEE_BOARD: {HERE}}


def test_authorise_refuses_without_telling_why(cast: Cast) -> None:
    authorise(cast.actor("analyst"), Permission.TRIAGE, HERE)
    with pytest.raises(AccessError, match="not found, or not yours"):
        authorise(cast.actor("analyst"), Permission.TRIAGE, FAR)


def test_every_role_has_a_name_and_a_first_page() -> None:
    assert set(ROLES) == set(roles.NAMES) == set(roles.FIRST_PAGES)
    assert [role for role, name in roles.NAMES.items() if not name.fr] == []
