"""What NIS 2 asks of a house, in one file: who it is, its suppliers, evidence by article, dated gaps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from wardwatch.assessment import entity, loading, policies
from wardwatch.assessment import states as states_of
from wardwatch.assessment.answers import Assessment
from wardwatch.assessment.entity import Entity, Verdict
from wardwatch.assessment.framework import Framework
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import DueRow, EntityRow, OrganisationRow, SupplierRow
from wardwatch.records.queries import assessment as assessments
from wardwatch.reports import nis2_file, statement_of_applicability
from wardwatch.reports import policy as policy_document
from wardwatch.reports.nis2_file import Due, Registration, Supplier
from wardwatch.reports.parts.document import Document
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import Permission

FORMAT = "wardwatch/entity/1"
MOST_SUPPLIERS = 1000
_LONGEST = 240


@dataclass(frozen=True, slots=True)
class File:
    """Everything that the file of a house says."""

    tenant: str
    hospital: str
    country: str
    entity: Entity
    registration: Registration
    verdict: Verdict
    suppliers: tuple[Supplier, ...]
    dues: Mapping[str, Due]
    answers: Mapping[str, tuple[Framework, Assessment]]  # framework → its newest assessment


def opened(actor: Actor, tenant: str) -> File:
    """The file of a house. Raises `AccessError`."""
    authorise(actor, Permission.SEE_ASSESSMENT, tenant)
    house = OrganisationRow.objects.filter(slug=tenant).first()
    if house is None:
        raise AccessError("not found, or not yours")
    row = EntityRow.objects.filter(tenant=tenant).first()
    plain: dict[str, Any] = row.plain if row else {}
    own = Entity(**plain.get("entity", {}))
    given = {"name": house.name, **plain.get("registration", {})}
    answers: dict[str, tuple[Framework, Assessment]] = {}
    known = loading.shipped()
    for one in assessments.listed({tenant}):
        if one.framework in known and one.framework not in answers:
            answers[one.framework] = (known[one.framework], assessments.assessment(one))
    return File(
        tenant=tenant,
        hospital=house.name,
        country=house.country,
        entity=own,
        registration=Registration(**given),
        verdict=entity.classify(own),
        suppliers=tuple(_supplier(two) for two in SupplierRow.objects.filter(tenant=tenant).order_by("name", "id")),
        dues={two.question: Due(two.due, two.owner) for two in DueRow.objects.filter(tenant=tenant)},
        answers=answers,
    )


def _supplier(row: SupplierRow) -> Supplier:
    return Supplier(
        id=str(row.id),
        name=row.name,
        what=row.what,
        contact=row.contact,
        reaches_in=row.reaches_in,
        holds_data=row.holds_data,
        stops_care=row.stops_care,
        notifies=row.notifies,
        until=row.until,
    )


@transaction.atomic
def describe(actor: Actor, tenant: str, own: Entity, registration: Registration, now: datetime) -> None:
    """Say who a house is. Raises `InputError` for figures that are none."""
    authorise(actor, Permission.ANSWER, tenant)
    for name in ("staff", "turnover", "balance"):
        value = getattr(own, name)
        if value is not None and not 0 <= value <= 10**12:
            raise InputError("not a number of people or euros", fr="pas un nombre de personnes ou d’euros", where=name)
    if own.identified not in {"", "essential", "important"}:
        raise InputError("essential, important, or nothing", fr="essentiel, important, ou rien", where="identified")
    shown = {one.name: str(getattr(registration, one.name))[:_LONGEST] for one in fields(registration)}
    plain = {"format": FORMAT, "entity": asdict(own), "registration": shown}
    given = {"plain": plain, "changed_at": stamps.micros(now), "by_name": actor.name[:160]}
    EntityRow.objects.update_or_create(tenant=tenant, defaults=given)
    audit.note(
        actor, "nis2.described", tenant, now=now, tenant=tenant, detail={"standing": entity.classify(own).standing}
    )


@transaction.atomic
def add_supplier(actor: Actor, tenant: str, one: Supplier, now: datetime) -> str:
    """Put a supplier into the register; returns its id. Raises `InputError`."""
    authorise(actor, Permission.ANSWER, tenant)
    if not one.name.strip() or not one.what.strip():
        raise InputError("say who it is and what it does", fr="dites qui c’est et ce qu’il fait", where="name")
    if SupplierRow.objects.filter(tenant=tenant).count() >= MOST_SUPPLIERS:
        raise InputError("too many suppliers", fr="trop de fournisseurs", where="name")
    row = SupplierRow.objects.create(
        tenant=tenant,
        name=one.name.strip()[:160],
        what=one.what.strip()[:_LONGEST],
        contact=one.contact.strip()[:_LONGEST],
        reaches_in=one.reaches_in,
        holds_data=one.holds_data,
        stops_care=one.stops_care,
        notifies=one.notifies,
        until=one.until,
        added_at=stamps.micros(now),
    )
    audit.note(actor, "supplier.added", str(row.id), now=now, tenant=tenant, detail={"name": row.name})
    return str(row.id)


@transaction.atomic
def remove_supplier(actor: Actor, tenant: str, id_: str, now: datetime) -> None:
    """Take a supplier out of the register; the audit log keeps that it was there."""
    authorise(actor, Permission.ANSWER, tenant)
    try:
        row = SupplierRow.objects.filter(tenant=tenant, id=UUID(id_)).first()
    except ValueError:
        row = None
    if row is None:
        raise AccessError("not found, or not yours")
    detail = {"name": row.name, "what": row.what}
    row.delete()
    audit.note(actor, "supplier.removed", id_, now=now, tenant=tenant, detail=detail)


@transaction.atomic
def set_due(actor: Actor, tenant: str, question: str, due: date | None, owner: str, *, now: datetime) -> None:
    """Say by when a gap is closed and by whom; without a date it has none any more."""
    authorise(actor, Permission.ANSWER, tenant)
    if not any(question in framework.by_id for framework in loading.shipped().values()):
        raise AccessError("not found, or not yours")
    if due is None:
        DueRow.objects.filter(tenant=tenant, question=question).delete()
    else:
        given = {"due": due, "owner": owner.strip()[:160]}
        DueRow.objects.update_or_create(tenant=tenant, question=question, defaults=given)
    audit.note(
        actor, "gap.dated", question, now=now, tenant=tenant, detail={"due": str(due or ""), "owner": owner[:160]}
    )


def policy(actor: Actor, tenant: str, id_: str, language: str, now: datetime) -> Document:
    """A policy to begin with, filled with what is known of a house; noted."""
    one = opened(actor, tenant)
    found = policies.shipped().get(id_)
    if found is None:
        raise AccessError("not found, or not yours")
    state = states_of.shipped().get(one.country)
    known = {"hospital": one.hospital, "contact": one.registration.contact}
    if state is not None:
        for name in ("authority", "csirt", "data_protection"):
            known[name] = getattr(state, name).in_(language)
    audit.note(actor, "nis2.exported", tenant, now=now, tenant=tenant, detail={"policy": id_})
    return policy_document.document(found, known, language, now.date())


def documents(actor: Actor, tenant: str, language: str, now: datetime) -> dict[str, Document]:
    """The NIS 2 file and the statement of applicability; noted."""
    one = opened(actor, tenant)
    state = states_of.shipped().get(one.country)
    audit.note(actor, "nis2.exported", tenant, now=now, tenant=tenant)
    return {
        "file": nis2_file.document(
            one.registration,
            one.verdict,
            state,
            one.answers,
            one.suppliers,
            dues=one.dues,
            language=language,
            today=now.date(),
        ),
        "statement": statement_of_applicability.document(one.hospital, one.answers, language),
    }
