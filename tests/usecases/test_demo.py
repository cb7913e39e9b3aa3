"""The demonstration comes whole, comes twice as once, and goes without a trace; real hospitals beside it stay."""

from datetime import timedelta
from pathlib import Path

import django.apps
import pytest
from tests.cast import HERE, NOW, Cast

from wardwatch.kernel.disk import Disk
from wardwatch.listeners.sensors import Registry, Sensor
from wardwatch.records import chain
from wardwatch.records.models import AuditRow, HookRow, NoticeRow, OrganisationRow, SearchRow, ServiceRow, UserRow
from wardwatch.runtime import demo as files
from wardwatch.usecases import demo
from wardwatch.usecases.access import actor_of
from wardwatch.usecases.roles import ROLES, Permission

PASSWORD = "four-made-up-words-12345678"


def counts() -> dict[str, int]:
    models = django.apps.apps.get_app_config("records").get_models()
    return {one.__name__: one._default_manager.count() for one in models if not one.__name__.startswith("Audit")}


@pytest.mark.django_db
def test_everybody_of_it_can_sign_in_and_has_work() -> None:
    logins = demo.create(PASSWORD, NOW)
    assert {one.role for one in logins} >= set(ROLES) - {"administrator"}
    for one in logins:
        user = UserRow.objects.get(email=one.email)
        assert user.check_password(PASSWORD)
        assert actor_of(user.id, user.name, user.language, NOW).may, one.role
    countries = set(OrganisationRow.objects.filter(kind="hospital").values_list("country", flat=True))
    assert len(countries) >= 2
    silent = ServiceRow.objects.filter(at__isnull=True).values_list("tenant", "service")
    assert list(silent) == [demo.SILENT]


@pytest.mark.django_db
def test_the_provider_reaches_hospitals_only_while_its_mandate_lasts() -> None:
    demo.create(PASSWORD, NOW)
    days = max(one["days"] for one in demo.document()["mandates"])
    providers = {one["provider"] for one in demo.document()["mandates"]}
    theirs = [one for one in demo.create(PASSWORD, NOW) if one.place in providers]
    assert theirs
    for one in theirs:
        user = UserRow.objects.get(email=one.email)
        later = NOW + timedelta(days=days, seconds=1)
        assert actor_of(user.id, "", "en", NOW).scope(Permission.SEE_ALERTS) - providers
        assert not actor_of(user.id, "", "en", later).scope(Permission.SEE_ALERTS) - providers


@pytest.mark.django_db
def test_setting_it_up_twice_is_setting_it_up_once() -> None:
    demo.create(PASSWORD, NOW)
    once = counts()
    demo.create("another-password-87654321", NOW + timedelta(days=1))
    assert counts() == once
    assert UserRow.objects.filter(email__endswith=demo.DOMAIN)[0].check_password("another-password-87654321")


def test_it_goes_without_a_trace_and_leaves_others_alone(cast: Cast, tmp_path: Path) -> None:
    HookRow.objects.create(tenant=HERE, url="https://h.example", secret="s")
    before = counts()
    demo.create(PASSWORD, NOW)
    for tenant in demo.tenants():
        HookRow.objects.create(tenant=tenant, url="https://h.example", secret="s")
        NoticeRow.objects.create(
            id=tenant,
            tenant=tenant,
            who="x",
            channel="mail",
            text="group.call",
            params={},
            subject="",
            urgent=False,
            made_at=0,
        )
    somebody = UserRow.objects.filter(email__endswith=demo.DOMAIN)[0]
    SearchRow.objects.create(owner=str(somebody.id), name="mine", query="ssh", span="1d")
    assert demo.is_there()
    gone = demo.remove(NOW)
    assert set(gone) >= set(demo.tenants())
    assert (counts(), demo.is_there()) == (before, False)
    assert UserRow.objects.filter(id=cast["ciso"].id).exists()
    assert chain.verify().broken_at is None, "the audit log stays whole"
    assert AuditRow.objects.filter(action="demo.removed").exists()
    registry = Registry(tmp_path / "state" / "sensors.json", Disk())
    registry.add(Sensor("theirs", gone[0], ("syslog",), "0" * 64))
    registry.add(Sensor("ours", HERE, ("syslog",), "1" * 64))
    demo.mark_gone(tmp_path, gone)
    assert set(Registry(tmp_path / "state" / "sensors.json", Disk()).known().sensors) == {"ours"}
    assert not (tmp_path / "state" / files.FILE).exists()
