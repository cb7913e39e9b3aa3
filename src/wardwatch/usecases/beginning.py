"""The first hours of an installation: the first administrator, organisations, groupings, sealed accounts, CSV."""

import csv
import io
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.kernel.tenants import checked
from wardwatch.records.models import GrantRow, GroupingRow, OrganisationRow, UserRow
from wardwatch.usecases import audit, estate, people
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.people import Place
from wardwatch.usecases.roles import ROLES, Permission

KINDS = ("hospital", "laboratory", "provider", "authority")
GROUPINGS = ("regional", "national", "professional", "cross-border")
SIZES = ("", "small", "medium", "large")
MOST_ROWS = 5_000
_OURSELVES = Actor("system", "Wardwatch")


def is_empty() -> bool:
    """Whether nobody has an account yet."""
    return not UserRow.objects.exists()


def check_password(password: str) -> None:
    """Raise `InputError` for a password that is too short or common, with every reason."""
    try:
        validate_password(password)
    except ValidationError as error:
        raise InputError(" ".join(error.messages), where="password") from None  # in the language of the request


@transaction.atomic
def first(email: str, name: str, password: str, language: str, now: datetime) -> UserRow:
    """Make the first account, which administers this console. Raises `InputError` where there is one already."""
    if not is_empty():
        raise InputError(
            "there are accounts already",
            fr="des comptes existent déjà",
            hint="an administrator invites others, under People",
            hint_fr="un administrateur invite les autres, sous Personnes",
        )
    check_password(password)
    row = people.create(email, name, now, password=password, language=language)
    GrantRow.objects.create(user=row, role="administrator", since=now)
    audit.note(_OURSELVES, "console.begun", row.email, now=now)
    return row


@transaction.atomic
def administrator(email: str, name: str, password: str, now: datetime) -> UserRow:
    """Make an account that administers this console, from the machine itself; for when nobody can sign in any more."""
    check_password(password)
    row = UserRow.objects.filter(email=email.strip().lower()).first() or people.create(email, name, now)
    row.set_password(password)
    row.is_active = True
    row.save(update_fields=["password", "is_active"])
    GrantRow.objects.update_or_create(
        user=row, role="administrator", organisation=None, grouping=None, defaults={"since": now, "until": None}
    )
    audit.note(_OURSELVES, "administrator.made", row.email, now=now)
    return row


@transaction.atomic
def sealed(email: str, name: str, organisation: str, now: datetime) -> str:
    """Make a sealed account for when directory and provider are down; returns its password, to be locked away.

    Whoever uses it is noted loudly (`person.broke-glass`).
    """
    if not OrganisationRow.objects.filter(slug=organisation).exists():
        raise InputError("no such organisation", fr="cette organisation n’existe pas", where=organisation[:64])
    password = "-".join(secrets.token_hex(3) for _ in range(4))
    row = people.create(email, name, now, password=password)
    row.break_glass = True
    row.save(update_fields=["break_glass"])
    for role in ("ciso", "admin_on_call"):
        GrantRow.objects.create(user=row, role=role, organisation_id=organisation, since=now)
    audit.note(_OURSELVES, "sealed-account.made", row.email, now=now, tenant=organisation)
    return password


@dataclass(frozen=True, slots=True)
class NewOrganisation:
    """What is said of an organisation when it is added."""

    slug: str
    name: str
    kind: str = "hospital"
    country: str = "FR"
    size: str = ""
    place: str = ""


@transaction.atomic
def add_organisation(actor: Actor, new: NewOrganisation, now: datetime) -> None:
    """Add an organisation; a hospital begins with the services of one of its size. Raises `InputError`."""
    authorise(actor, Permission.ADMINISTER)
    slug = checked(new.slug)
    if new.kind not in KINDS or new.size not in SIZES or not new.name.strip():
        raise InputError(
            "name, kind and size are needed",
            fr="il faut un nom, une nature et une taille",
            where="organisation",
            hint=", ".join(KINDS),
        )
    if len(new.country) != 2 or not new.country.isalpha():  # noqa: PLR2004  (ISO 3166-1 alpha-2)
        raise InputError(
            "a country has two letters", fr="un pays s’écrit en deux lettres", where="country", hint="FR, BE, DE …"
        )
    if OrganisationRow.objects.filter(slug=slug).exists():
        raise InputError("there is one of this name", fr="ce nom est déjà pris", where=slug)
    OrganisationRow.objects.create(
        slug=slug,
        name=new.name.strip()[:160],
        kind=new.kind,
        country=new.country.upper(),
        size=new.size,
        place=new.place[:120],
        created_at=now,
    )
    if new.kind in {"hospital", "laboratory"}:
        estate.begin(slug)
    audit.note(actor, "organisation.added", slug, now=now, tenant=slug, detail={"kind": new.kind, "size": new.size})


@transaction.atomic
def add_grouping(actor: Actor, slug: str, name: str, kind: str, members: list[str], *, now: datetime) -> None:
    """Add a grouping of organisations, or say anew who is in it. Raises `InputError`."""
    authorise(actor, Permission.ADMINISTER)
    if kind not in GROUPINGS or not name.strip():
        raise InputError(
            "name and kind are needed", fr="il faut un nom et une nature", where="grouping", hint=", ".join(GROUPINGS)
        )
    known = set(OrganisationRow.objects.filter(slug__in=members).values_list("slug", flat=True))
    if not known or known != set(members):
        raise InputError(
            "no such organisation",
            fr="cette organisation n’existe pas",
            where=", ".join(sorted(set(members) - known)) or "members",
        )
    row, _ = GroupingRow.objects.update_or_create(
        slug=checked(slug), defaults={"name": name.strip()[:160], "kind": kind}, create_defaults={
            "name": name.strip()[:160], "kind": kind, "created_at": now
        }
    )  # fmt: skip
    row.members.set(OrganisationRow.objects.filter(slug__in=members))
    audit.note(actor, "grouping.set", slug, now=now, detail={"kind": kind, "members": sorted(members)})


@dataclass(frozen=True, slots=True)
class Accounts:
    """What came of a table of accounts: how many were made, and what is wrong, by row."""

    made: int
    wrong: tuple[tuple[int, str], ...]


def import_accounts(actor: Actor, data: bytes, now: datetime) -> Accounts:
    """Make accounts of a CSV table with `email, name, role, organisation, language`; wrong rows stop no others.

    They have no password: people come in through the identity provider, or by an invitation.
    """
    made, wrong = 0, []
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig", "replace")))
    for number, row in enumerate(reader, start=2):
        if number > MOST_ROWS + 1:
            wrong.append((number, f"more than {MOST_ROWS} rows"))
            break
        try:
            with transaction.atomic():
                _account(actor, {str(key): str(value or "").strip() for key, value in row.items()}, now)
            made += 1
        except InputError as error:
            wrong.append((number, error.what))
        except AccessError:
            wrong.append((number, "this role is not yours to give"))
    return Accounts(made, tuple(wrong))


def _account(actor: Actor, row: dict[str, str], now: datetime) -> None:
    email, role, organisation = row.get("email", ""), row.get("role", ""), row.get("organisation", "")
    if "@" not in email or not row.get("name"):
        raise InputError("e-mail and name are needed", fr="il faut une adresse et un nom")
    if role not in ROLES:
        raise InputError(f"no such role: {role[:40]}", fr=f"ce rôle n’existe pas : {role[:40]}")
    if not OrganisationRow.objects.filter(slug=organisation).exists() or not actor.can(
        Permission.MANAGE_PEOPLE, organisation
    ):
        raise InputError(
            f"no such organisation: {organisation[:64]}", fr=f"cette organisation n’existe pas : {organisation[:64]}"
        )
    user = UserRow.objects.filter(email=email.lower()).first()
    if user is None:
        user = people.create(email, row["name"], now, language=row.get("language") or "en")
        audit.note(actor, "person.made", user.email, now=now, tenant=organisation)
    people.grant(actor, user.id, role, Place(organisation=organisation), now=now)
