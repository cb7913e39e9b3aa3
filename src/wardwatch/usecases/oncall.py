"""Who is called when nobody takes something grave: the rota of a hospital, set by whoever manages its people."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from wardwatch.incidents import oncall
from wardwatch.incidents.oncall import Rota, Shift, Step
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import ContentError, InputError
from wardwatch.kernel.severity import Level
from wardwatch.records import case_store
from wardwatch.records.models import GrantRow, OrganisationRow, UserRow
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import Permission

MOST = 50  # people in a rota
CHANNELS = ("mail", "sms", "webhook")
_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class View:
    """A hospital's rota as its page shows it: e-mails in the order of turns, and who has duty now."""

    tenant: str
    people: tuple[str, ...]
    turn_days: int
    night: tuple[str, ...]
    day: tuple[str, ...]
    minutes: int
    call_from: Level
    now: tuple[str, ...]
    phones: tuple[tuple[str, str, bool], ...]  # name, e-mail, whether a telephone number is known


def shown(actor: Actor, tenant: str, now: datetime) -> View:
    """Return the rota of a hospital. Raises `AccessError`."""
    authorise(actor, Permission.MANAGE_PEOPLE, tenant)
    policy = case_store.policy_of(tenant)
    rota = policy.rota
    ids = rota.shifts[0].people if rota.shifts else ()
    users = {str(row.id): row for row in UserRow.objects.filter(id__in=ids)}
    duty = oncall.on_duty(rota, stamps.micros(now))
    step = rota.steps[0] if rota.steps else Step()
    return View(
        tenant,
        tuple(users[id_].email for id_ in ids if id_ in users),
        rota.shifts[0].turn_days if rota.shifts else 7,
        step.quiet_channels,
        step.channels,
        (rota.steps[1].after if len(rota.steps) > 1 else 15 * _MINUTE) // _MINUTE,
        policy.call_from,
        tuple(users[id_].name for id_ in duty if id_ in users),
        tuple((users[id_].name, users[id_].email, bool(users[id_].phone)) for id_ in ids if id_ in users),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of a rota: e-mails in the order of turns, days of a turn, channels, minutes, least level."""

    people: tuple[str, ...]
    turn_days: int
    day: tuple[str, ...]
    night: tuple[str, ...]
    minutes: int
    call_from: str


@transaction.atomic
def keep(actor: Actor, tenant: str, said: Said, now: datetime) -> None:
    """Set the rota of a hospital. Raises `InputError` for what makes none, before a night depends on it."""
    authorise(actor, Permission.MANAGE_PEOPLE, tenant)
    ids = tuple(_known(tenant, email) for email in dict.fromkeys(said.people))
    if len(ids) > MOST:
        raise InputError(f"at most {MOST} people", fr=f"au plus {MOST} personnes", where="people")
    if not 1 <= said.turn_days <= 90 or not 1 <= said.minutes <= 240:  # noqa: PLR2004  (days, minutes)
        raise InputError(
            "a turn lasts 1 to 90 days, a pause 1 to 240 minutes",
            fr="un tour dure de 1 à 90 jours, une pause de 1 à 240 minutes",
            where="turn",
        )
    if not said.day or not said.night or not {*said.day, *said.night} <= set(CHANNELS):
        raise InputError(
            "choose how people are called, by day and at night",
            fr="choisissez comment appeler, de jour et de nuit",
            where="channels",
        )
    try:
        level = Level.parse(said.call_from)
    except ValueError as error:
        raise InputError(str(error), where="level") from None
    organisation = OrganisationRow.objects.get(slug=tenant)
    pause = said.minutes * _MINUTE
    rota = Rota(
        zone=organisation.zone,
        country=organisation.country,
        shifts=(Shift(ids, turn_days=said.turn_days, since=now.date().isoformat()),) if ids else (),
        steps=(
            Step(after=0, channels=said.day, quiet_channels=said.night),
            Step(after=pause, channels=said.day, quiet_channels=said.night),
            Step(who=ids or ("duty",), after=pause, channels=said.day, quiet_channels=said.night),
        ),
    )
    try:
        oncall.check(rota)
    except ContentError as error:
        raise InputError(error.what, where="rota", hint=error.hint) from None
    case_store.locked(tenant)
    case_store.set_policy(tenant, replace(case_store.policy_of(tenant), rota=rota, call_from=level))
    detail = {"people": list(said.people), "turn_days": said.turn_days, "from": level.word}
    audit.note(actor, "oncall.set", tenant, now=now, tenant=tenant, detail=detail)


def _known(tenant: str, email: str) -> str:
    """The account of an e-mail, which must have a role that reaches the hospital."""
    row = UserRow.objects.filter(email=email.strip().lower(), is_active=True).first()
    reaches = row is not None and (
        GrantRow.objects.filter(user=row, organisation=tenant).exists()
        or GrantRow.objects.filter(user=row, grouping__members=tenant).exists()
        or GrantRow.objects.filter(user=row, organisation__isnull=True, grouping__isnull=True).exists()
    )
    if row is None or not reaches:
        raise InputError(
            "nobody with this e-mail has a role here",
            fr="personne avec cette adresse n’a de rôle ici",
            where=email.strip()[:100],
        )
    return str(row.id)


def set_phone(actor: Actor, phone: str, now: datetime) -> None:
    """Keep one's own telephone number for calls at night; empty: none. Raises `InputError`."""
    number = "".join(one for one in phone if one.isdigit() or one == "+")
    if number and not (number.startswith("+") and 8 <= len(number) <= 16):  # noqa: PLR2004  (E.164)
        raise InputError(
            "a number in international form",
            fr="un numéro sous forme internationale",
            where="phone",
            hint="+33612345678",
        )
    UserRow.objects.filter(id=UUID(actor.id)).update(phone=number)
    audit.note(actor, "person.phone-set", actor.id, now=now, detail={"set": bool(number)})
