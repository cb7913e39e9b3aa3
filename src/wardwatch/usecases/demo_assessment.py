"""Two assessments a year apart for each house of the demonstration; made up, and the same each time."""

import zlib
from datetime import datetime, timedelta

from django.db import transaction

from wardwatch.assessment import loading
from wardwatch.assessment.answers import Answer, Assessment, Kind, asked
from wardwatch.assessment.figures import figures
from wardwatch.assessment.framework import TOP, Framework, Question, Tier
from wardwatch.kernel import stamps
from wardwatch.records.models import (
    AnswerHistoryRow,
    AnswerRow,
    AssessmentRow,
    CampaignRow,
    OrganisationRow,
    ParticipationRow,
)
from wardwatch.usecases.assessment import join
from wardwatch.usecases.campaigns import invite

_YEAR = timedelta(days=364)
_BY = ("system", "Wardwatch")
_USUAL = {"large": 2.2, "medium": 1.6, "small": 1.0}  # the step that a house of a size usually stands at
_UNKNOWN = {"large": (6, 2), "medium": (14, 6), "small": (24, 10)}  # percent of questions without an answer, by year
_BETTER = {"backup": 0.9, "identity": 0.8, "people": 0.5}  # what a year of work changed
_PERCENT = 100


@transaction.atomic
def add(grouping: str, tenants: tuple[str, ...], now: datetime) -> None:
    """Give each house its answers in two campaigns of a grouping; a second call changes nothing."""
    if CampaignRow.objects.filter(grouping=grouping).exists():
        return
    framework = loading.shipped()["hospital-readiness"]
    sizes = dict(OrganisationRow.objects.filter(slug__in=tenants).values_list("slug", "size"))
    opened = now - timedelta(days=12)
    for year, at in ((0, opened - _YEAR), (1, opened)):
        moment = stamps.micros(at)
        campaign = CampaignRow.objects.create(
            name=f"{at.year}",
            framework=framework.id,
            version=framework.version,
            depth=Tier.FIRST,
            grouping=grouping,
            opened_at=moment,
            closes_at=stamps.micros(at + timedelta(days=60)),
            by=_BY[0],
        )
        invite(campaign, tenants, moment)
        ParticipationRow.objects.filter(campaign=campaign).update(consent="named", said_at=moment, said_by_name=_BY[1])
        for tenant in tenants:
            row = join(campaign, tenant, moment)
            _answer(framework, row, sizes.get(tenant, "") or "small", year)


def _answer(framework: Framework, row: AssessmentRow, size: str, year: int) -> None:
    value = Assessment(str(row.campaign_id), row.tenant, framework.id, framework.version, Tier.FIRST)
    answers: dict[str, Answer] = {}
    for question in framework.at(Tier.FIRST):
        now = Assessment(value.campaign, value.tenant, value.framework, value.version, value.depth, answers)
        if any(one.id == question.id for one in asked(framework, now)):
            answers[question.id] = _said(question, row.tenant, size, year)
    moment = row.started_at + 3_600_000_000
    given = [
        {
            "assessment": row,
            "question": one.question,
            "kind": one.kind.value,
            "step": one.step,
            "by": _BY[0],
            "by_name": _BY[1],
            "at": moment,
        }
        for one in answers.values()
    ]
    AnswerRow.objects.bulk_create(AnswerRow(**one) for one in given)
    AnswerHistoryRow.objects.bulk_create(AnswerHistoryRow(**one) for one in given)
    whole = Assessment(value.campaign, value.tenant, value.framework, value.version, value.depth, answers)
    row.figures, row.changed_at = figures(framework, whole), moment
    row.save(update_fields=["figures", "changed_at"])


def _said(question: Question, tenant: str, size: str, year: int) -> Answer:
    """Drawn from a checksum of names: the same house says the same each time, and a year later seldom less."""
    drawn = zlib.crc32(f"{tenant} {question.id}".encode()) % _PERCENT
    if drawn < _UNKNOWN[size][year]:
        return Answer(question.id, Kind.UNKNOWN, by=_BY[0], by_name=_BY[1])
    spread = (drawn / _PERCENT - 0.5) * 3
    step = _USUAL[size] + spread + (_BETTER.get(question.domain, 0.2) if year else 0)
    return Answer(question.id, Kind.STEP, max(0, min(TOP, round(step))), by=_BY[0], by_name=_BY[1])
