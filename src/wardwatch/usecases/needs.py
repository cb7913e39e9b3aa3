"""What a group needs: by name for whoever runs its campaign, as far as hospitals agreed; in counts for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from wardwatch.assessment import loading, needs, release
from wardwatch.assessment.cells import DIMENSIONS, Member, conflicting, cut
from wardwatch.assessment.framework import Framework, Tier
from wardwatch.assessment.needs import Below, Need, Spread, Steps
from wardwatch.assessment.release import YEARLY_BUDGET, Draw, Release, Rule, even_draw
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import CampaignRow, ReleaseRow
from wardwatch.records.queries import needs as queries
from wardwatch.records.queries.needs import Campaign, Participant
from wardwatch.usecases import audit, campaigns
from wardwatch.usecases.access import Actor
from wardwatch.usecases.campaigns import runs
from wardwatch.usecases.roles import ROLES, Permission

APART = timedelta(days=90)  # releases about some of the same hospitals, but not all
_YEAR = timedelta(days=365)
EPSILONS = (0.0, 0.5, 1.0, 2.0)
_SEEING = tuple(role for role, may in ROLES.items() if Permission.SEE_ASSESSMENT in may and role != "administrator")


def depth(one: Campaign) -> Tier:
    """Which questions a campaign counts."""
    return Tier(one.depth)


@dataclass(frozen=True, slots=True)
class Seen:
    """A campaign as somebody may see it.

    Args:
        runs: whether they run it; only then are there `rows` of others.
        rows: hospitals by name with their figures: those that agreed, and the actor's own.
        released: what was released without names.
    """

    campaign: Campaign
    framework: Framework
    runs: bool
    rows: tuple[Participant, ...]
    released: Release | None

    @property
    def depth(self) -> Tier:
        """Which questions are counted."""
        return depth(self.campaign)

    def steps(self, some: Sequence[Participant]) -> dict[str, Steps]:
        """Tenant → its step at every measure."""
        return {one.tenant: needs.steps_of(self.framework, self.depth, one.figures) for one in some}

    def ranked(self, counts: Mapping[str, Below], of: int) -> tuple[Need, ...]:
        """Needs out of counts, the heaviest first."""
        return needs.rank(self.framework, self.depth, counts, of)


def seen(actor: Actor, id_: str) -> Seen:
    """A campaign with what the actor may see of it. Raises `AccessError`."""
    campaign = campaigns.found(actor, id_)
    measure = framework(campaign)
    running = runs(actor, campaign.grouping)
    own = actor.scope(Permission.SEE_ASSESSMENT) & campaign.grouping.members
    every = queries.participants(campaign.id, None if running else own)
    rows = tuple(one for one in every if one.finished and (one.tenant in own or (running and one.consent == "named")))
    return Seen(campaign, measure, running, rows, released(campaign.id))


def framework(one: Campaign) -> Framework:
    """What a campaign measures by. Raises `AccessError` where this installation has it no more."""
    found = loading.shipped().get(one.framework)
    if found is None:
        raise AccessError("not found, or not yours")
    return found


def released(campaign_id: str) -> Release | None:
    """What was released of a campaign; the same for everybody who may see it."""
    kept = queries.release(campaign_id)
    return release.of_plain(kept.plain) if kept else None


def listed(actor: Actor) -> tuple[Campaign, ...]:
    """The campaigns of the actor's groups, the newest first."""
    return queries.campaigns(actor.scope(Permission.SEE_NEEDS))


def earlier(actor: Actor, one: Campaign) -> tuple[Campaign, ...]:
    """The campaigns of the same grouping and framework up to this one, the oldest first; at most five."""
    found = [
        two
        for two in listed(actor)
        if (two.grouping.slug, two.framework) == (one.grouping.slug, one.framework) and two.opened_at <= one.opened_at
    ]
    return tuple(reversed(found[:5]))


def note_export(actor: Actor, one: Campaign, form: str, now: datetime) -> None:
    """Note that somebody took the map along."""
    audit.note(actor, "needs.exported", one.id, now=now, detail={"form": form})


@dataclass(frozen=True, slots=True)
class Course:
    """How a campaign's hospitals stood: how many, and the spread of their points overall and by domain."""

    campaign: Campaign
    hospitals: int
    overall: Spread
    domains: Mapping[str, Spread]


def course(actor: Actor, one: Seen) -> tuple[Course, ...]:
    """The campaigns up to this one, for whoever runs them, over hospitals seen by name in each; the oldest first."""
    if not one.runs:
        return ()
    every = earlier(actor, one.campaign)
    found = queries.points([two.id for two in every], one.campaign.grouping.members)
    return tuple(
        Course(
            campaign=two,
            hospitals=len(some),
            overall=needs.spread(points for points, _ in some),
            domains={
                id_: needs.spread(by_domain[id_] for _, by_domain in some if id_ in by_domain)
                for id_ in dict.fromkeys(id_ for _, by_domain in some for id_ in by_domain)
            },
        )
        for two in every
        if (some := found.get(two.id, ()))
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """What a release would consist of, before anything is counted: its parts, and who is left out."""

    parts: tuple[tuple[Mapping[str, str], int], ...]
    counted: int
    too_few: int
    elsewhere: int
    spent: int
    rule: Rule


def planned(actor: Actor, id_: str, by: Sequence[str], epsilon: float, now: datetime) -> Planned:
    """Cut the cells of a release and look at their sizes. Raises `AccessError`, `InputError`."""
    one = campaigns.run(actor, id_)
    members, rule, spent = _agreed(one, by, epsilon, now)
    cells = cut(members, by, rule.least)
    taken = _taken(now)
    kept = [cell for cell in cells if not conflicting(cell, taken)]
    inside = sum(len(cell.members) for cell in cells)
    counted = sum(len(cell.members) for cell in kept)
    return Planned(
        parts=tuple((cell.where, len(cell.members)) for cell in kept),
        counted=counted,
        too_few=len(members) - inside,
        elsewhere=inside - counted,
        spent=spent,
        rule=rule,
    )


def _taken(now: datetime) -> tuple[frozenset[str], ...]:
    return queries.cells_since(stamps.micros(now - APART))


def _agreed(
    one: Campaign, by: Sequence[str], epsilon: float, now: datetime
) -> tuple[dict[Member, Participant], Rule, int]:
    """Who finished and let themselves be counted, the rule that protects them, and whose budget is spent."""
    if len(set(by)) != len(by) or not set(by) <= set(DIMENSIONS):
        raise InputError(
            "choose by what to break down, each once",
            fr="choisissez les critères de ventilation, chacun une fois",
            where="by",
            hint=", ".join(DIMENSIONS),
        )
    if epsilon not in EPSILONS:
        raise InputError(
            "choose how much noise", fr="choisissez le niveau de bruit", where="epsilon", hint=str(EPSILONS)
        )
    some = [two for two in queries.participants(one.id) if two.finished and two.consent in {"named", "counted"}]
    spent = queries.spent_since(stamps.micros(now - _YEAR)) if epsilon else {}
    free = [two for two in some if spent.get(two.tenant, 0.0) + epsilon <= YEARLY_BUDGET]
    members = {Member(two.tenant, two.country, two.size, two.kind, named=two.consent == "named"): two for two in free}
    known = _known(frozenset(two.tenant for two in free), now)
    return members, Rule(known, epsilon), len(some) - len(free)


def _known(tenants: frozenset[str], now: datetime) -> int:
    """The most hospitals of a group that one person sees who does not see all; at least one: anybody's own."""
    found = (len(places & tenants) for places in queries.people(_SEEING, now).values() if not tenants <= places)
    return max((1, *found))


@transaction.atomic
def publish(
    actor: Actor, id_: str, by: Sequence[str], epsilon: float, *, now: datetime, draw: Draw = even_draw
) -> Release:
    """Release what may be said of a group without names: once, when the campaign is closed. Raises `InputError`."""
    campaigns.run(actor, id_)
    CampaignRow.objects.select_for_update().get(id=UUID(id_))  # two who release at once: the second finds the first's
    one = campaigns.run(actor, id_)
    if one.closes_at is None or one.closes_at > stamps.micros(now):
        raise InputError(
            "close the campaign first: figures are released once",
            fr="clôturez d’abord la campagne : les chiffres sont publiés une seule fois",
            where=one.name,
        )
    if one.released_at is not None:
        raise InputError(
            "figures were released before: the difference could tell who changed",
            fr="des chiffres ont déjà été publiés : la différence trahirait qui a changé",
            where=one.name,
        )
    members, rule, _ = _agreed(one, by, epsilon, now)
    measure = framework(one)
    steps = {member: needs.steps_of(measure, depth(one), found.figures) for member, found in members.items()}
    made = release.make(steps, by, rule, released=_taken(now), draw=draw)
    if not made.cells:
        raise InputError(
            f"too few hospitals: at least {rule.least} that nobody can tell apart",
            fr=f"trop peu d’établissements : au moins {rule.least} que personne ne peut distinguer",
            where=one.name,
            hint="those who agreed to be named are counted apart from those who did not",
            hint_fr="ceux qui acceptent d’être nommés sont comptés à part des autres",
        )
    ReleaseRow.objects.create(
        campaign_id=UUID(one.id),
        at=stamps.micros(now),
        by=actor.id,
        by_name=actor.name[:160],
        epsilon=epsilon,
        plain=release.plain(made.release),
        cells=[list(cell.members) for cell in made.cells],
    )
    detail = {"by": list(by), "epsilon": epsilon, "hospitals": made.release.hospitals}
    audit.note(actor, "needs.released", one.id, now=now, detail=detail)
    return made.release
