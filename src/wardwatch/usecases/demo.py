"""The demonstration: made-up hospitals of two countries, with people of each role. It can be taken away again."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django.apps
from django.db import transaction

from wardwatch.catalogue import files
from wardwatch.kernel import stamps
from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import ContentError
from wardwatch.listeners.sensors import Registry
from wardwatch.records.models import (
    AuditRow,
    CampaignRow,
    GrantRow,
    GroupingRow,
    MandateRow,
    NoticeRow,
    OrganisationRow,
    SearchRow,
    ServiceRow,
    SiteRow,
    UserRow,
)
from wardwatch.usecases import audit, demo_assessment, estate, people
from wardwatch.usecases.access import Actor

SCHEMA = "wardwatch/demo/1"
DOMAIN = "demo.example"
CLUSTER = "demo-meuse-ardenne"  # whose members have assessments
SILENT = ("demo-ch-montbrune", "clinical-laboratory")
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "iris", "jade", "lotus", "maple")
_OURSELVES = Actor("system", "Wardwatch")


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody of the demonstration who can sign in."""

    email: str
    name: str
    role: str
    place: str


def document() -> Mapping[str, Any]:
    """What the demonstration consists of. Raises `ContentError`."""
    for file in files.find([files.shipped("demo")]):
        for found in files.documents(file):
            if found.get("schema") == SCHEMA:
                return found
    raise ContentError("no demonstration", where=str(files.shipped("demo")))


def new_password() -> str:
    """Make a password that one can type: four words of twelve and eight digits, about 41 bits."""
    return "-".join((*(secrets.choice(_WORDS) for _ in range(4)), f"{secrets.randbelow(10**8):08}"))


def tenants() -> tuple[str, ...]:
    """The hospitals and laboratories of the demonstration."""
    return tuple(one["slug"] for one in document()["organisations"] if one["kind"] != "provider")


def is_there() -> bool:
    """Whether the demonstration has been set up."""
    return OrganisationRow.objects.filter(demo=True).exists()


@transaction.atomic
def create(password: str, now: datetime) -> tuple[Login, ...]:
    """Set it up; what is there already is left as it is, but everybody gets the password. Returns who can sign in."""
    found = document()
    for one in found["organisations"]:
        OrganisationRow.objects.get_or_create(
            slug=one["slug"], defaults={**one, "zone": "Europe/Paris", "demo": True, "created_at": now}
        )
    for slug, names in found["sites"].items():
        for name in names:
            SiteRow.objects.get_or_create(organisation_id=slug, name=name)
    for one in found["groupings"]:
        row, _ = GroupingRow.objects.get_or_create(
            slug=one["slug"], defaults={"name": one["name"], "kind": one["kind"], "demo": True, "created_at": now}
        )
        row.members.set(one["members"])
    logins = tuple(_person(one, password, now) for one in found["people"])
    for one in found["mandates"]:
        MandateRow.objects.get_or_create(
            provider_id=one["provider"],
            hospital_id=one["hospital"],
            defaults={
                "roles": one["roles"],
                "reason": one["reason"],
                "since": now,
                "until": now + timedelta(days=one["days"]),
            },
        )
    for tenant in tenants():
        if estate.begin(tenant):
            _report(tenant, now)
    demo_assessment.add(CLUSTER, tenants(), now)
    audit.note(_OURSELVES, "demo.created", "", now=now)
    return logins


def _report(tenant: str, now: datetime) -> None:
    """Let the wards have reported this morning: all is normal, but for one laboratory that nobody heard of."""
    moment = stamps.micros(now)
    rows = ServiceRow.objects.filter(tenant=tenant)
    if tenant == SILENT[0]:
        rows = rows.exclude(service=SILENT[1])
    rows.update(state="normal", at=moment, since=moment)


def _person(one: Mapping[str, Any], password: str, now: datetime) -> Login:
    email = f"{one.get('login', one['role'])}@{DOMAIN}"
    user = UserRow.objects.filter(email=email).first()
    if user is None:
        user = people.create(email, one["name"], now, language=one["language"])
    user.set_password(password)
    user.save(update_fields=["password"])
    organisation, grouping = one.get("organisation"), one.get("grouping")
    GrantRow.objects.get_or_create(
        user=user,
        role=one["role"],
        organisation_id=organisation,
        grouping_id=grouping,
        defaults={"since": now},
    )
    return Login(email, one["name"], one["role"], organisation or grouping or "")


@transaction.atomic
def remove(now: datetime) -> tuple[str, ...]:
    """Take it away: people, organisations and all that was seen there; returns the tenants whose files may go, too.

    What the audit log says of them stays: its chain may not be broken.
    """
    gone = tuple(OrganisationRow.objects.filter(demo=True).values_list("slug", flat=True))
    for model in django.apps.apps.get_app_config("records").get_models():
        if model is not AuditRow and any(field.name == "tenant" for field in model._meta.fields):  # noqa: SLF001
            model._default_manager.filter(tenant__in=gone).delete()  # noqa: SLF001  (any of the models)
    CampaignRow.objects.filter(grouping=CLUSTER).delete()
    theirs = UserRow.objects.filter(email__endswith=f"@{DOMAIN}")
    keys = [str(one) for one in theirs.values_list("id", flat=True)]
    SearchRow.objects.filter(owner__in=keys).delete()
    NoticeRow.objects.filter(who__in=keys).delete()
    theirs.delete()
    GroupingRow.objects.filter(demo=True).delete()
    OrganisationRow.objects.filter(demo=True).delete()
    audit.note(_OURSELVES, "demo.removed", "", now=now, detail={"tenants": list(gone)})
    return gone


def mark_gone(place: Path, gone: tuple[str, ...]) -> None:
    """Let the houses of the demonstration send no more, and their files go at the next start (`runtime.demo.sweep`)."""
    state = place / "state"
    registry = Registry(state / "sensors.json", Disk())
    for name, one in dict(registry.known().sensors).items():
        if one.tenant in gone:
            registry.remove(name)
    (state / "demo.json").unlink(missing_ok=True)
    atomic_write(Disk(), state / "demo-gone.json", json.dumps(list(gone)).encode())
