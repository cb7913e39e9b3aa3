"""A group of many hospitals with a campaign that all of them have finished; for tests and benches."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from wardwatch.assessment import loading
from wardwatch.assessment.answers import Answer, Assessment, Kind
from wardwatch.assessment.figures import figures
from wardwatch.assessment.framework import Framework, Question, Tier
from wardwatch.kernel import stamps
from wardwatch.records.models import (
    AssessmentRow,
    CampaignRow,
    GrantRow,
    GroupingRow,
    OrganisationRow,
    ParticipationRow,
    UserRow,
)
from wardwatch.usecases.access import Actor, actor_of

GROUP = "all-of-them"
Said = Callable[[int, Question], int | None]  # the step of a hospital at a question; None: unknown


def gather(houses: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """Make hospitals h-000, h-001 … of (country, size, kind) in one grouping."""
    rows = [
        OrganisationRow(
            slug=f"h-{n:03}", name=f"Hospital {n:03}", kind=kind, country=country, size=size, created_at=now
        )
        for n, (country, size, kind) in enumerate(houses)
    ]
    OrganisationRow.objects.bulk_create(rows)
    GroupingRow.objects.create(slug=GROUP, name="All of them", kind="national", created_at=now).members.set(rows)


def person(role: str, now: datetime, tenants: Sequence[str] = (), name: str = "") -> Actor:
    """Somebody with a role at some hospitals; without any: in the whole group."""
    email = f"{name or role}@group.example"
    user, _ = UserRow.objects.get_or_create(email=email, defaults={"name": name or role, "created_at": now})
    for tenant in tenants:
        GrantRow.objects.get_or_create(user=user, role=role, organisation_id=tenant, defaults={"since": now})
    if not tenants:
        GrantRow.objects.get_or_create(user=user, role=role, grouping_id=GROUP, defaults={"since": now})
    return actor_of(user.id, user.name, "en", now)


def campaign(
    name: str, consents: Sequence[str], said: Said, now: datetime, *, depth: Tier = Tier.FIRST, shown: int | None = None
) -> str:
    """A closed campaign in which h-000 … said these consents and have answered everything; returns its id."""
    framework = loading.shipped()["hospital-readiness"]
    moment = stamps.micros(now - timedelta(days=40))
    row = CampaignRow.objects.create(
        name=name,
        framework=framework.id,
        version=framework.version,
        depth=depth,
        grouping=GROUP,
        opened_at=moment,
        closes_at=stamps.micros(now - timedelta(days=1)),
        by="x",
    )
    ParticipationRow.objects.bulk_create(
        ParticipationRow(campaign=row, tenant=f"h-{n:03}", invited_at=moment, consent=consent)
        for n, consent in enumerate(consents)
    )
    AssessmentRow.objects.bulk_create(
        AssessmentRow(
            campaign=row,
            tenant=f"h-{n:03}",
            depth=depth,
            started_at=moment,
            changed_at=moment,
            figures=figures(framework, _value(framework, str(row.id), n, said, depth)),
        )
        for n in range(len(consents) if shown is None else shown)
    )
    return str(row.id)


def _value(framework: Framework, campaign_id: str, n: int, said: Said, depth: Tier) -> Assessment:
    answers = {}
    for question in framework.at(depth):
        step = said(n, question)
        kind = Kind.UNKNOWN if step is None else Kind.STEP
        answers[question.id] = Answer(question.id, kind, step)
    return Assessment(campaign_id, f"h-{n:03}", framework.id, framework.version, depth, answers)
