"""The first hours: the first account, sealed accounts, organisations, accounts by table; and who may not."""

import pytest
from tests.cast import FAR, HERE, NOW, Cast

from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import AuditRow, GrantRow, GroupingRow, NoticeRow, OrganisationRow, ServiceRow, UserRow
from wardwatch.usecases import beginning, people
from wardwatch.usecases.access import actor_of
from wardwatch.usecases.beginning import NewOrganisation
from wardwatch.usecases.roles import Permission

GOOD = "correct horse battery"


@pytest.mark.django_db
def test_the_first_account_administers_and_is_the_only_first_one() -> None:
    row = beginning.first("Anna@H.example", "Anna", GOOD, "fr", NOW)
    assert (row.email, row.check_password(GOOD)) == ("anna@h.example", True)
    OrganisationRow.objects.create(slug="h", name="H", kind="hospital", country="FR", created_at=NOW)
    assert actor_of(row.id, "Anna", "fr", NOW).scope(Permission.ADMINISTER) == {"h"}
    with pytest.raises(InputError, match="accounts already"):
        beginning.first("b@h.example", "B", GOOD, "fr", NOW)
    assert UserRow.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short", "password1234", "123456123456"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(InputError):
        beginning.first("a@h.example", "A", password, "en", NOW)
    assert not UserRow.objects.exists()


def test_an_administrator_is_made_on_the_machine_when_nobody_can_sign_in(cast: Cast) -> None:
    user = cast["administrator"]
    user.is_active = False
    user.save()
    GrantRow.objects.filter(user=user).update(until=NOW)
    beginning.administrator(user.email, "x", GOOD, NOW)
    user.refresh_from_db()
    assert (user.is_active, user.check_password(GOOD)) == (True, True)
    assert HERE in actor_of(user.id, "", "en", NOW).scope(Permission.ADMINISTER)


def test_a_sealed_account_works_and_its_use_is_loud(cast: Cast) -> None:
    password = beginning.sealed("glass@h.example", "Sealed", HERE, NOW)
    row = UserRow.objects.get(email="glass@h.example")
    assert row.check_password(password)
    assert actor_of(row.id, "", "en", NOW).scope(Permission.TRIAGE) == {HERE}
    people.signed_in(row.id, "10.0.0.1", NOW)
    broke = AuditRow.objects.get(action="person.broke-glass")
    assert (broke.actor_name, broke.detail) == ("Sealed", {"address": "10.0.0.1"})
    told = set(NoticeRow.objects.filter(text="person.broke_glass").values_list("who", flat=True))
    assert told == {str(cast["ciso"].id)}, "whoever answers for security there is told"
    people.signed_in(cast["analyst"].id, "10.0.0.1", NOW)
    assert AuditRow.objects.filter(action="person.broke-glass").count() == 1


def test_a_hospital_begins_with_the_services_of_its_size(cast: Cast) -> None:
    actor = cast.actor("administrator")
    for size, kind in (("small", "hospital"), ("large", "hospital"), ("small", "laboratory"), ("", "provider")):
        slug = f"new-{kind}-{size}"
        beginning.add_organisation(actor, NewOrganisation(slug, "New", kind, "be", size), NOW)
    counts = {
        slug: ServiceRow.objects.filter(tenant=slug).count()
        for slug in ("new-hospital-small", "new-hospital-large", "new-laboratory-small", "new-provider-")
    }
    assert 0 < counts["new-laboratory-small"] < counts["new-hospital-small"] < counts["new-hospital-large"]
    assert counts["new-provider-"] == 0
    assert OrganisationRow.objects.get(slug="new-hospital-small").country == "BE"


def test_only_who_administers_adds_organisations_and_groupings(cast: Cast) -> None:
    for person in ("ciso", "coordinator", "outsider", "nobody"):
        with pytest.raises(AccessError):
            beginning.add_organisation(cast.actor(person), NewOrganisation("x", "X"), NOW)
        with pytest.raises(AccessError):
            beginning.add_grouping(cast.actor(person), "g", "G", "regional", [HERE], now=NOW)
    beginning.add_grouping(cast.actor("administrator"), "g", "G", "regional", [HERE, FAR], now=NOW)
    assert set(GroupingRow.objects.get(slug="g").members.values_list("slug", flat=True)) == {HERE, FAR}


def test_accounts_come_from_a_table_and_wrong_rows_stop_no_others(cast: Cast) -> None:
    table = f"""email,name,role,organisation,language
new@h.example,Zoë,analyst,{HERE},fr
,No Address,analyst,{HERE},
king@h.example,King,king,{HERE},
far@h.example,Far,analyst,{FAR},
boss@h.example,Boss,administrator,{HERE},
two@h.example,Two,ward_lead,{HERE},"""
    found = beginning.import_accounts(cast.actor("ciso"), table.encode("utf-8-sig"), NOW)
    assert (found.made, [row for row, _ in found.wrong]) == (2, [3, 4, 5, 6])
    row = UserRow.objects.get(email="new@h.example")
    assert (row.name, row.language, row.has_usable_password()) == ("Zoë", "fr", False)
    assert not UserRow.objects.filter(email__in=["king@h.example", "far@h.example", "boss@h.example"]).exists()


def test_the_same_table_twice_makes_nobody_twice(cast: Cast) -> None:
    table = f"email,name,role,organisation\nnew@h.example,New,analyst,{HERE}\n".encode()
    for _ in range(2):
        assert beginning.import_accounts(cast.actor("ciso"), table, NOW).made == 1
    assert GrantRow.objects.filter(user__email="new@h.example").count() == 1
