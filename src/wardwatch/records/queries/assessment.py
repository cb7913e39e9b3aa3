"""Assessments as they are kept: lists with their figures, one as a value, history, files, who may answer."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wardwatch.assessment.answers import Answer, Assessment, Delegation, Kind, SignOff
from wardwatch.assessment.framework import Tier
from wardwatch.records.models import (
    AnswerFileRow,
    AnswerHistoryRow,
    AnswerRow,
    AssessmentRow,
    DelegationRow,
    OrganisationRow,
    SignOffRow,
    UserRow,
)
from wardwatch.records.queries.access import granted


@dataclass(frozen=True, slots=True)
class Listed:
    """An assessment as lists show it. Times in µs UTC.

    `figures` (JSON, `wardwatch/assessment-figures/1`): `points`, `most`, `asked`, `answered`, `unknown` overall;
    `domains`: id → the same; `steps`: question → 0 to 4, `unknown`, `not_applicable` or `skipped`.
    """

    id: str
    campaign: str
    campaign_name: str
    grouping: str
    framework: str
    version: int
    depth: str
    tenant: str
    hospital: str
    size: str
    country: str
    started_at: int
    changed_at: int
    opened_at: int
    closes_at: int | None
    figures: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that shows an answer."""

    id: str
    question: str
    name: str
    sha256: str
    size: int
    by_name: str
    at: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may answer."""

    id: str
    name: str


def listed(
    scope: Collection[str], *, framework: str = "", campaigns: Collection[str] | None = None
) -> tuple[Listed, ...]:
    """The assessments of hospitals, the newest campaign first. Two queries, whatever their number."""
    rows = AssessmentRow.objects.filter(tenant__in=scope).select_related("campaign")
    if framework:
        rows = rows.filter(campaign__framework=framework)
    if campaigns is not None:
        rows = rows.filter(campaign__id__in=list(campaigns))
    found = list(rows.order_by("-campaign__opened_at", "tenant", "id"))
    hospitals = OrganisationRow.objects.in_bulk({row.tenant for row in found})
    return tuple(_listed(row, hospitals.get(row.tenant)) for row in found)


def one(scope: Collection[str], id_: str) -> Listed | None:
    """An assessment, or None where it is not there or not in scope."""
    if not _is_id(id_):
        return None
    row = AssessmentRow.objects.filter(id=id_, tenant__in=scope).select_related("campaign").first()
    return _listed(row, OrganisationRow.objects.filter(slug=row.tenant).first()) if row else None


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _listed(row: AssessmentRow, hospital: OrganisationRow | None) -> Listed:
    campaign = row.campaign
    return Listed(
        id=str(row.id),
        campaign=str(campaign.id),
        campaign_name=campaign.name,
        grouping=campaign.grouping,
        framework=campaign.framework,
        version=campaign.version,
        depth=row.depth,
        tenant=row.tenant,
        hospital=hospital.name if hospital else row.tenant,
        size=hospital.size if hospital else "",
        country=hospital.country if hospital else "",
        started_at=row.started_at,
        changed_at=row.changed_at,
        opened_at=campaign.opened_at,
        closes_at=campaign.closes_at,
        figures=row.figures,
    )


def assessment(found: Listed) -> Assessment:
    """The whole value: answers, delegations, signatures. Four queries."""
    files: dict[str, list[str]] = {}
    for id_, question in (
        AnswerFileRow.objects.filter(assessment__id=found.id).order_by("at").values_list("id", "question")
    ):
        files.setdefault(question, []).append(str(id_))
    answers = {
        row.question: _answer(row, tuple(files.get(row.question, ())))
        for row in AnswerRow.objects.filter(assessment__id=found.id)
    }
    delegations = {
        row.question: Delegation(row.question, row.to, row.to_name, row.by, row.at)
        for row in DelegationRow.objects.filter(assessment__id=found.id)
    }
    signed = tuple(
        SignOff(row.by, row.by_name, row.function, row.at, row.text, row.seal, row.score)
        for row in SignOffRow.objects.filter(assessment__id=found.id).order_by("at")
    )
    return Assessment(
        campaign=found.campaign,
        tenant=found.tenant,
        framework=found.framework,
        version=found.version,
        depth=Tier(found.depth),
        answers=answers,
        delegations=delegations,
        signed=signed,
    )


def _answer(row: AnswerRow | AnswerHistoryRow, files: tuple[str, ...] = ()) -> Answer:
    return Answer(
        question=row.question,
        kind=Kind(row.kind),
        step=row.step,
        reason=row.reason,
        by=row.by,
        by_name=row.by_name,
        at=row.at,
        note=row.note,
        files=files,
    )


def history(assessment_id: str, question: str) -> tuple[Answer, ...]:
    """Every answer that was given to a question, the newest first."""
    rows = AnswerHistoryRow.objects.filter(assessment__id=assessment_id, question=question).order_by("-at", "-id")
    return tuple(_answer(row) for row in rows)


def files(assessment_id: str, question: str = "") -> tuple[KeptFile, ...]:
    """The files that show answers, by time."""
    rows = AnswerFileRow.objects.filter(assessment__id=assessment_id)
    if question:
        rows = rows.filter(question=question)
    return tuple(
        KeptFile(str(row.id), row.question, row.name, row.sha256, row.size, row.by_name, row.at)
        for row in rows.order_by("at")
    )


def file(scope: Collection[str], file_id: str) -> tuple[KeptFile, str] | None:
    """A file and its hospital, or None where it is not there or not in scope."""
    if not _is_id(file_id):
        return None
    row = AnswerFileRow.objects.filter(id=file_id, assessment__tenant__in=scope).select_related("assessment").first()
    if row is None:
        return None
    kept = KeptFile(str(row.id), row.question, row.name, row.sha256, row.size, row.by_name, row.at)
    return kept, row.assessment.tenant


def delegated_to(user: str, scope: Collection[str]) -> tuple[tuple[str, str], ...]:
    """(assessment, question) that wait for a person, the oldest first."""
    rows = DelegationRow.objects.filter(to=user, assessment__tenant__in=scope).order_by("at")
    waiting = [(str(id_), question) for id_, question in rows.values_list("assessment_id", "question")]
    answered = set(
        AnswerRow.objects.filter(assessment_id__in={id_ for id_, _ in waiting}).values_list("assessment_id", "question")
    )
    done = {(str(id_), question) for id_, question in answered}
    return tuple(one for one in waiting if one not in done)


def people_at(tenant: str, roles: Iterable[str], now: datetime) -> tuple[Person, ...]:
    """Who has one of some roles at a hospital now, by name."""
    wanted = frozenset(roles)
    found = []
    rows = UserRow.objects.filter(is_active=True, grants__role__in=wanted).distinct().order_by("name")
    for id_, name in rows.values_list("id", "name"):
        if any(grant.role in wanted and tenant in grant.tenants for grant in granted(id_, now)):
            found.append(Person(str(id_), name))
    return tuple(found)
