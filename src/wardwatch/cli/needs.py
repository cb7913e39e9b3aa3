"""`wardwatch needs`: campaigns of groups, what hospitals have in common, and what may be released without names."""

import sys
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import click

from wardwatch.cli import _records, _rows

if TYPE_CHECKING:
    from wardwatch.usecases.access import Actor

_LANGUAGE = click.option(
    "--language", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Of questions."
)
_CAMPAIGN = click.argument("campaign", metavar="CAMPAIGN")
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group("needs")
def command() -> None:
    """Run campaigns of groups; show what hospitals have in common."""


def _operator() -> "Actor":
    _records.ready(migrates=False)
    from wardwatch.usecases.operator import operator  # noqa: PLC0415
    from wardwatch.usecases.roles import Permission  # noqa: PLC0415

    return operator(Permission.SEE_NEEDS, Permission.RUN_CAMPAIGNS)


def _end_of(day: datetime) -> datetime:
    return datetime.combine(day.date(), time(23, 59), UTC)


@command.command("list")
@_rows.option
def listed(json_to: str | None) -> int:
    """List campaigns, the newest first."""
    actor = _operator()
    from wardwatch.kernel import stamps  # noqa: PLC0415
    from wardwatch.usecases import needs  # noqa: PLC0415

    with _rows.rows(json_to) as take:
        for one in needs.listed(actor):
            closes = stamps.iso_text(one.closes_at) if one.closes_at else ""
            take(
                {
                    "format": "wardwatch/needs-campaign/1",
                    "id": one.id,
                    "name": one.name,
                    "grouping": one.grouping.slug,
                    "framework": one.framework,
                    "hospitals": len(one.grouping.members),
                    "closes": closes,
                    "released": one.released_at is not None,
                }
            )
            if json_to != "-":
                print(f"{one.id}  {one.name:12} {one.grouping.slug:24} {len(one.grouping.members):>4} hospitals")
    return 0


@command.command("open")
@click.argument("grouping")
@click.option("--framework", default="hospital-readiness", show_default=True, help="What is measured by.")
@click.option("--name", required=True, help="Such as the year.")
@click.option("--closes", type=_DAY, required=True, help="The last day for answers.")
@click.option("--all-questions", is_flag=True, help="Not only the first ones.")
@_rows.option
def begin(
    grouping: str, framework: str, name: str, closes: datetime, json_to: str | None, *, all_questions: bool
) -> int:
    """Open a campaign of a GROUPING and invite its hospitals."""
    actor = _operator()
    from wardwatch.assessment.framework import Tier  # noqa: PLC0415
    from wardwatch.usecases import campaigns, clock  # noqa: PLC0415

    depth = Tier.DEEPER if all_questions else Tier.FIRST
    id_ = campaigns.begin(actor, grouping, framework, name, _end_of(closes), now=clock.now(), depth=depth)
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/needs-opened/1", "id": id_})
    if json_to != "-":
        print(id_)
    return 0


@command.command("who")
@_CAMPAIGN
@_rows.option
def who(campaign: str, json_to: str | None) -> int:
    """List who takes part, what each agreed to share, and how far its answers are."""
    actor = _operator()
    from wardwatch.records.queries import needs as queries  # noqa: PLC0415
    from wardwatch.usecases import campaigns  # noqa: PLC0415

    one = campaigns.run(actor, campaign)
    waiting = 0
    with _rows.rows(json_to) as take:
        for two in queries.participants(one.id):
            answered, asked = two.figures.get("answered", 0), two.figures.get("asked", 0)
            waiting += campaigns.waits(two)
            take(
                {
                    "format": "wardwatch/needs-participant/1",
                    "tenant": two.tenant,
                    "consent": two.consent,
                    "answered": answered,
                    "asked": asked,
                    "finished": two.finished,
                    "signed": two.signed,
                }
            )
            if json_to != "-":
                print(f"{two.tenant:28} {two.consent or 'not said':9} {answered:>3} of {asked}")
    print(f"{one.name}: {waiting} have not finished", file=sys.stderr)
    return 0


@command.command("show")
@_CAMPAIGN
@_LANGUAGE
@_rows.option
def show(campaign: str, language: str, json_to: str | None) -> int:
    """Show needs, the heaviest first: of hospitals that share by name, else of what was released."""
    actor = _operator()
    from wardwatch.assessment import needs as pure  # noqa: PLC0415
    from wardwatch.usecases import needs  # noqa: PLC0415

    seen = needs.seen(actor, campaign)
    steps = seen.steps(seen.rows)
    of, counts = len(steps), pure.tally(steps.values())
    if not steps and seen.released is not None:
        of, counts = seen.released.hospitals, seen.released.total()
    with _rows.rows(json_to) as take:
        for one in seen.ranked(counts, of):
            many = one.hospitals
            take(
                {
                    "format": "wardwatch/need/1",
                    "question": one.question.id,
                    "domain": one.question.domain,
                    "pillar": one.question.pillar.value,
                    "at_least": many.low,
                    "at_most": many.high,
                    "of": of,
                    "burden": round(one.burden),
                }
            )
            if json_to != "-":
                shown = str(many.low) if many.exact else f"{many.low}-{many.high}"
                print(f"{round(one.burden):>3}  {shown:>7} of {of:<4} {one.question.ask.in_(language)}")
    print(f"{of} hospitals {'by name' if steps else 'counted without names'}", file=sys.stderr)
    return 0


@command.command("inventory")
@click.option("--kind", type=click.Choice(["technology", "service", "tool", "people", "training"]), help="Only these.")
@click.option("--domain", default="", help="Only what helps in this domain.")
@click.option("--size", type=click.Choice(["small", "medium", "large"]), help="Only for hospitals of this size.")
@_LANGUAGE
@_rows.option
def inventory(language: str, json_to: str | None, *, kind: str | None, domain: str, size: str | None) -> int:
    """List the state of the art: what there is to meet needs."""
    from wardwatch.assessment import inventory as pure  # noqa: PLC0415

    found = pure.shipped().find(kind=kind or "", domain=domain, size=size or "")
    with _rows.rows(json_to) as take:
        for one in found.entries:
            take(
                {
                    "format": "wardwatch/inventory-entry/1",
                    "id": one.id,
                    "kind": one.kind.value,
                    "name": one.name.in_(language),
                    "need": one.need.in_(language),
                    "meets": list(one.meets),
                    "sizes": list(one.sizes),
                }
            )
            if json_to != "-":
                print(f"{one.id:20} {one.kind.value:11} {one.name.in_(language)}")
    print(f"{len(found.entries)} entries", file=sys.stderr)
    return 0


@command.command("remind")
@_CAMPAIGN
@_rows.option
def remind(campaign: str, json_to: str | None) -> int:
    """Remind hospitals that have not finished, each at most every three days."""
    actor = _operator()
    from wardwatch.usecases import campaigns, clock  # noqa: PLC0415

    told = campaigns.remind(actor, campaign, clock.now())
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/needs-reminded/1", "hospitals": told})
    print(f"{told} hospitals reminded", file=sys.stderr)
    return 0


@command.command("close")
@_CAMPAIGN
@_rows.option
def close(campaign: str, json_to: str | None) -> int:
    """Close a campaign now."""
    actor = _operator()
    from wardwatch.usecases import campaigns, clock  # noqa: PLC0415

    campaigns.close(actor, campaign, clock.now())
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/needs-closed/1", "id": campaign})
    print("closed", file=sys.stderr)
    return 0


@command.command("release")
@_CAMPAIGN
@click.option("--by", multiple=True, help="Break down by country, size or kind; repeat in order of importance.")
@click.option("--epsilon", type=float, default=0.0, show_default=True, help="Noise; 0: none.")
@click.option("--execute", is_flag=True, help="Do it; without, only say what would be released.")
@_rows.option
def release(campaign: str, by: tuple[str, ...], epsilon: float, *, execute: bool, json_to: str | None) -> int:
    """Release counts without names, once. Says what it would be unless --execute is given."""
    actor = _operator()
    from wardwatch.assessment.release import plain  # noqa: PLC0415
    from wardwatch.usecases import clock, needs  # noqa: PLC0415

    now = clock.now()
    if execute:
        made = needs.publish(actor, campaign, by, epsilon, now=now)
        with _rows.rows(json_to) as take:
            take(plain(made))
        print(f"{made.hospitals} hospitals released in {len(made.parts)} groups", file=sys.stderr)
        return 0
    plan = needs.planned(actor, campaign, by, epsilon, now)
    with _rows.rows(json_to) as take:
        for where, many in plan.parts:
            take({"format": "wardwatch/needs-part/1", "where": dict(where), "hospitals": many})
            if json_to != "-":
                print(f"{many:>4}  {' '.join(where.values()) or 'all together'}")
    left = f"{plan.too_few} too few, {plan.elsewhere} counted elsewhere, {plan.spent} without budget"
    print(f"{plan.counted} hospitals would be counted; left out: {left}", file=sys.stderr)
    return 0
