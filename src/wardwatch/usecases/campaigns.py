"""Campaigns of a group: invite hospitals, let them say what may be shared, remind them, close."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from wardwatch.assessment.framework import Tier
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import CampaignRow, NoticeRow, ParticipationRow, ReleaseRow
from wardwatch.records.queries import needs as queries
from wardwatch.records.queries.needs import Campaign, Grouping, Participant
from wardwatch.usecases import assessment, audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import ROLES, Permission

CONSENTS = ("named", "counted", "none")
LONGEST = timedelta(days=366)
REMIND_AT = (timedelta(days=14), timedelta(days=3))  # before a campaign closes
PAUSE = timedelta(days=3)  # between reminders that a person sends
_TOLD = tuple(
    role for role, may in ROLES.items() if role != "administrator" and may & {Permission.ANSWER, Permission.SIGN}
)


def runs(actor: Actor, grouping: Grouping) -> bool:
    """Whether the actor runs campaigns over all of a grouping."""
    return bool(grouping.members) and grouping.members <= actor.scope(Permission.RUN_CAMPAIGNS)


def found(actor: Actor, id_: str, needs: Permission = Permission.SEE_NEEDS) -> Campaign:
    """A campaign of a group of which the actor has a hospital. Raises `AccessError`."""
    one = queries.campaign(actor.scope(needs), id_)
    if one is None:
        raise AccessError("not found, or not yours")
    return one


def run(actor: Actor, id_: str) -> Campaign:
    """A campaign that the actor runs. Raises `AccessError`."""
    one = found(actor, id_, Permission.RUN_CAMPAIGNS)
    if not runs(actor, one.grouping):
        raise AccessError("not found, or not yours")
    return one


@transaction.atomic
def begin(
    actor: Actor, grouping: str, framework: str, name: str, closes: datetime, *, now: datetime, depth: Tier = Tier.FIRST
) -> str:
    """Open a campaign and invite every hospital of a grouping; returns its id. Raises `InputError`."""
    own = next((one for one in queries.groupings(actor.scope(Permission.RUN_CAMPAIGNS)) if one.slug == grouping), None)
    if own is None or not runs(actor, own):
        raise AccessError("not found, or not yours")
    measure = assessment.measured_by(framework)
    if not name.strip():
        raise InputError("give it a name, such as the year", fr="donnez-lui un nom, par exemple l’année", where="name")
    _check_end(closes, now)
    moment = stamps.micros(now)
    row = CampaignRow.objects.create(
        name=name.strip()[:120],
        framework=measure.id,
        version=measure.version,
        depth=depth,
        grouping=own.slug,
        opened_at=moment,
        closes_at=stamps.micros(closes),
        by=actor.id,
    )
    invite(row, own.members, moment)
    detail = {"grouping": own.slug, "framework": measure.id, "name": row.name, "hospitals": len(own.members)}
    audit.note(actor, "campaign.begun", str(row.id), now=now, detail=detail)
    _tell(run(actor, str(row.id)), own.members, "campaign.invited", now)
    return str(row.id)


def invite(campaign: CampaignRow, tenants: Iterable[str], moment: int) -> None:
    """Let hospitals take part; those that already may stay as they are. For use cases that have authorised it."""
    given = [ParticipationRow(campaign=campaign, tenant=tenant, invited_at=moment) for tenant in sorted(tenants)]
    ParticipationRow.objects.bulk_create(given, ignore_conflicts=True)


@transaction.atomic
def invite_new(actor: Actor, id_: str, now: datetime) -> int:
    """Invite those who have joined the grouping since the campaign began; returns how many."""
    one = run(actor, id_)
    _still_open(one, now)
    known = {two.tenant for two in queries.participants(one.id)}
    new = one.grouping.members - known
    invite(CampaignRow.objects.get(id=one.id), new, stamps.micros(now))
    _tell(one, new, "campaign.invited", now)
    if new:
        audit.note(actor, "campaign.invited", one.id, now=now, detail={"hospitals": sorted(new)})
    return len(new)


def _check_end(closes: datetime, now: datetime) -> None:
    if not now < closes <= now + LONGEST:
        raise InputError(
            "a campaign closes within a year, and not before it begins",
            fr="une campagne se termine dans l’année, et pas avant de commencer",
            where="closes",
        )


def _still_open(one: Campaign, now: datetime) -> None:
    if one.closes_at is not None and one.closes_at <= stamps.micros(now):
        raise InputError("the campaign is closed", fr="la campagne est close", where=one.name)


def taking_part(actor: Actor, id_: str, tenant: str) -> tuple[Campaign, Participant]:
    """A campaign as one hospital of the actor's sees it. Raises `AccessError`."""
    authorise(actor, Permission.SEE_ASSESSMENT, tenant)
    one = queries.campaign({tenant}, id_)
    own = queries.participants(one.id, {tenant}) if one else ()
    if one is None or not own:
        raise AccessError("not found, or not yours")
    return one, own[0]


@dataclass(frozen=True, slots=True)
class Invitation:
    """A campaign that waits for a hospital to say what may be shared. `closes_at` in µs UTC."""

    campaign: str
    name: str
    tenant: str
    closes_at: int | None


def invitations(actor: Actor, now: datetime) -> tuple[Invitation, ...]:
    """What the hospitals for which the actor signs were asked and have not said, those that close first, first."""
    scope = actor.scope(Permission.SIGN)
    found = queries.invitations(scope, stamps.micros(now)) if scope else ()
    return tuple(Invitation(*one) for one in found)


@transaction.atomic
def take_part(actor: Actor, id_: str, tenant: str, now: datetime) -> str:
    """Begin the answers of a hospital in a campaign; returns the id of its assessment."""
    one, own = taking_part(actor, id_, tenant)
    authorise(actor, Permission.ANSWER, tenant)
    if own.assessment:
        return own.assessment
    _still_open(one, now)
    row = assessment.join(CampaignRow.objects.get(id=one.id), tenant, stamps.micros(now))
    audit.note(actor, "assessment.begun", str(row.id), now=now, tenant=tenant, detail={"campaign": one.id})
    return str(row.id)


@transaction.atomic
def consent(actor: Actor, id_: str, tenant: str, choice: str, now: datetime) -> None:
    """Say what of a hospital may be shared: its figures by name with the coordinator, counted without, or nothing.

    It can be said anew at any time; figures by name are gone from the coordinator's pages at once. What was released
    without names stays, since it names nobody.
    """
    _, own = taking_part(actor, id_, tenant)
    authorise(actor, Permission.SIGN, tenant)
    if choice not in CONSENTS:
        raise InputError("choose what may be shared", fr="choisissez ce qui peut être partagé", where="consent")
    given = {"consent": choice, "said_at": stamps.micros(now), "said_by": actor.id, "said_by_name": actor.name[:160]}
    ParticipationRow.objects.filter(campaign__id=UUID(id_), tenant=tenant).update(**given)
    detail = {"from": own.consent, "to": choice}
    audit.note(actor, "campaign.consent", id_, now=now, tenant=tenant, detail=detail)


def waits(one: Participant) -> bool:
    """Whether a hospital has been asked and has neither finished nor declined."""
    return one.consent != "none" and not one.finished


@transaction.atomic
def remind(actor: Actor, id_: str, now: datetime) -> int:
    """Remind those who have not finished, each at most every three days; returns how many hospitals."""
    one = run(actor, id_)
    _still_open(one, now)
    earliest = stamps.micros(now - PAUSE)
    some = [two for two in queries.participants(one.id) if waits(two) and (two.reminded_at or 0) <= earliest]
    _remind(one, some, now)
    audit.note(actor, "campaign.reminded", one.id, now=now, detail={"hospitals": [two.tenant for two in some]})
    return len(some)


@transaction.atomic
def remind_due(now: datetime) -> int:
    """Remind by itself, two weeks and three days before a campaign closes; returns how many hospitals."""
    moment = stamps.micros(now)
    soon = CampaignRow.objects.filter(closes_at__gt=moment, closes_at__lte=stamps.micros(now + max(REMIND_AT)))
    told = 0
    for row in soon.exclude(grouping=""):
        one = queries.campaign(queries.members(row.grouping), str(row.id))
        if one is None or one.closes_at is None:
            continue
        closes = stamps.moment(one.closes_at)
        since = stamps.micros(max(closes - before for before in REMIND_AT if closes - before <= now))
        invited = [two for two in queries.participants(one.id) if waits(two) and two.invited_at < since]
        some = [two for two in invited if (two.reminded_at or 0) < since]
        _remind(one, some, now)
        told += len(some)
    return told


def _remind(one: Campaign, some: list[Participant], now: datetime) -> None:
    tenants = frozenset(two.tenant for two in some)
    ParticipationRow.objects.filter(campaign__id=one.id, tenant__in=tenants).update(reminded_at=stamps.micros(now))
    _tell(one, tenants, "campaign.reminder", now)


def _tell(one: Campaign, tenants: frozenset[str], text: str, now: datetime) -> None:
    """Write to everybody at some hospitals who may answer or sign; once for each person and day."""
    reached = queries.people(_TOLD, now) if tenants else {}
    closes = f"{stamps.moment(one.closes_at):%Y-%m-%d}" if one.closes_at else ""
    key = UUID(one.id).hex
    NoticeRow.objects.bulk_create(
        (
            NoticeRow(
                id=f"{text}:{key[:16]}:{user[:13]}:{now:%Y%m%d}",
                tenant=min(places & tenants),
                who=user,
                channel="mail",
                text=text,
                params={"name": one.name, "cluster": one.grouping.name, "closes": closes},
                subject=key,
                urgent=False,
                made_at=stamps.micros(now),
            )
            for user, places in sorted(reached.items())
            if places & tenants
        ),
        ignore_conflicts=True,
    )


@transaction.atomic
def close(actor: Actor, id_: str, now: datetime) -> None:
    """Close a campaign now: nobody answers any more."""
    one = run(actor, id_)
    _still_open(one, now)
    CampaignRow.objects.filter(id=one.id).update(closes_at=stamps.micros(now))
    audit.note(actor, "campaign.closed", one.id, now=now)


@transaction.atomic
def reopen(actor: Actor, id_: str, closes: datetime, now: datetime) -> None:
    """Let hospitals answer until a later day; not once something was released."""
    one = run(actor, id_)
    if ReleaseRow.objects.filter(campaign__id=one.id).exists():
        raise InputError(
            "figures were released: the campaign stays closed",
            fr="des chiffres ont été publiés : la campagne reste close",
            where=one.name,
            hint="begin another one",
            hint_fr="ouvrez-en une autre",
        )
    _check_end(closes, now)
    CampaignRow.objects.filter(id=one.id).update(closes_at=stamps.micros(closes))
    audit.note(actor, "campaign.reopened", one.id, now=now, detail={"closes": closes.isoformat()})
