"""What rules no longer say in a hospital: proposed from false alerts, proved, agreed to with owner, reason and end."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml
from django.db import transaction

from wardwatch.catalogue import files
from wardwatch.catalogue.files import ContentFile
from wardwatch.events.alert import Alert
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import AccessError, ContentError, InputError
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.tuning import document, trying
from wardwatch.pipeline.tuning.document import Tuning
from wardwatch.pipeline.tuning.trying import Proof
from wardwatch.records.models import AlertRow, ProposalRow
from wardwatch.usecases import audit, detections
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.installation import home
from wardwatch.usecases.roles import Permission
from wardwatch.watch.groups import AlertState
from wardwatch.watch.plain import from_plain

SPANS = (1, 7, 30, 90)  # days of stored events that a tuning is tried on
DAY = 86_400_000_000  # µs
LONGEST = 365  # days that it may hold
_OTHERS = 200  # alerts of the rule that a proposal looks at


@dataclass(frozen=True, slots=True)
class Listed:
    """A tuning as lists show it; times in µs UTC."""

    tenant: str
    slug: str
    rule: str
    title: Text
    owner: str
    reason: str
    created_at: int
    expires_at: int
    holds: bool
    detection: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal as somebody works on it: where it began, the detection as YAML, and what was left out of it."""

    id: str
    tenant: str
    subject: str
    rule: str
    title: Text
    detection: str
    left_out: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody says of a draft. `days` it shall hold; `span`: days of stored events that it is tried on."""

    detection: str
    reason: str
    days: int
    span: int


def listed(actor: Actor, now: datetime) -> tuple[tuple[Listed, ...], int]:
    """The tunings of the hospitals that the actor sees, those that hold first; and how many files are broken."""
    authorise(actor, Permission.SEE_DETECTIONS)
    scope = actor.scope(Permission.SEE_DETECTIONS)
    tunings, errors = document.read(home() / "tuning")
    at = stamps.micros(now)
    found = [
        Listed(
            one.tenant, one.slug, one.rule, detections.title(one.rule), one.owner, one.reason,
            one.created_at, one.expires_at, one.holds(at), _yaml(one.detection),
        )
        for one in tunings
        if one.tenant in scope
    ]  # fmt: skip
    broken = sum(any(f"/{tenant}/" in error.where for tenant in scope) for error in errors)
    return tuple(sorted(found, key=lambda one: (not one.holds, -one.created_at))), broken


def expire(actor: Actor, tenant: str, slug: str, now: datetime) -> None:
    """Let a tuning end now."""
    authorise(actor, Permission.TUNE, tenant)
    document.expire(home() / "tuning", tenant, slug, stamps.micros(now), Disk())
    audit.note(actor, "tuning.ended", slug, now=now, tenant=tenant)


def draft(actor: Actor, id_: str) -> Draft:
    """A proposal that waits, with a detection made of its alerts. Raises `AccessError` and `InputError`."""
    row = _row(actor, id_)
    rules = detections.rules()
    alerts = _alerts(row)
    if not alerts:
        raise InputError(
            "its alerts are not kept any more", where=id_, fr="ses alertes ne sont plus conservées", hint_fr="fermez-la"
        )
    alert = alerts[0]
    kept = AlertRow.objects.filter(tenant=row.tenant, rule_id=alert.rule_id).order_by("-occurred_at")[:_OTHERS]
    others = [one for one in _heard(kept) if one.id != alert.id]
    with closing(Lake(home() / "lake").tenant(row.tenant)) as lake:
        found = trying.proposal(alert, others, rules, lake)
    title = detections.title(alert.rule_id, alert.rule_title)
    return Draft(
        row.id, row.tenant, row.subject, alert.rule_id, title, _yaml(found.detection), found.left_out, row.reason
    )


def tried(actor: Actor, id_: str, asked: Asked, now: datetime) -> Proof:
    """Try a draft on stored events and on the rules' own examples; nothing is changed."""
    tuning = _tuning(actor, _row(actor, id_), asked, now)
    until = stamps.micros(now)
    days = asked.span if asked.span in SPANS else SPANS[1]
    try:
        with closing(Lake(home() / "lake").tenant(tuning.tenant)) as lake:
            span = (until - days * DAY, until)
            return trying.proved(tuning, detections.rules(), detections.paths(), lake, span)
    except ContentError as error:
        raise _mended(error) from None


@transaction.atomic
def agree(actor: Actor, id_: str, asked: Asked, now: datetime) -> str:
    """Let a draft hold, proved anew; returns its name. Refused where something that must fire would go quiet."""
    row = _row(actor, id_)
    proof = tried(actor, id_, asked, now)
    if proof.silenced:
        raise InputError(
            "something that must fire would go quiet",
            where=str(proof.silenced[0]),
            hint="name more of what makes the false alert special: user, host, path",
            fr="ce qui doit se déclencher deviendrait muet",
            hint_fr="précisez ce qui distingue la fausse alerte : compte, ordinateur, chemin",
        )
    tuning = _tuning(actor, row, asked, now)
    document.add(home() / "tuning", tuning, Disk())
    row.settled_at = stamps.micros(now)
    row.save(update_fields=["settled_at"])
    detail = {"rule": tuning.rule, "reason": tuning.reason, "until": stamps.iso_text(tuning.expires_at)}
    audit.note(actor, "tuning.agreed", tuning.slug, now=now, tenant=tuning.tenant, detail=detail)
    return tuning.slug


@transaction.atomic
def dismiss(actor: Actor, id_: str, now: datetime) -> None:
    """Put a proposal aside: the rule goes on as it is."""
    row = _row(actor, id_)
    row.settled_at = stamps.micros(now)
    row.save(update_fields=["settled_at"])
    audit.note(actor, "tuning.dismissed", row.id, now=now, tenant=row.tenant)


def _row(actor: Actor, id_: str) -> ProposalRow:
    row = ProposalRow.objects.filter(
        id=id_[:80], tenant__in=actor.scope(Permission.TUNE), settled_at__isnull=True
    ).first()
    if row is None:
        raise AccessError("not found, or not yours")
    return row


def _alerts(row: ProposalRow) -> list[Alert]:
    """The alerts that were said to be false, the latest first."""
    found = AlertRow.objects.filter(tenant=row.tenant, id__in=list(row.alerts)[:_OTHERS])
    return _heard(found.order_by("-occurred_at"))


def _heard(rows: Iterable[AlertRow]) -> list[Alert]:
    return [alert for row in rows if (alert := from_plain(AlertState, row.plain).alert) is not None]


def _tuning(actor: Actor, row: ProposalRow, asked: Asked, now: datetime) -> Tuning:
    """The draft as a tuning. Raises `InputError` for what of it is to be mended."""
    alerts = _alerts(row)
    if not alerts:
        raise InputError("its alerts are not kept any more", fr="ses alertes ne sont plus conservées")
    if not asked.reason.strip():
        raise InputError("say why it is nothing", fr="dites pourquoi ce n’est rien", where="reason")
    if not 1 <= asked.days <= LONGEST:
        raise InputError("it holds a year at most", fr="elle vaut un an au plus", where="days")
    at = stamps.micros(now)
    return Tuning(
        document.slug_of(alerts[0].rule_title, alerts[0].id),
        row.tenant,
        alerts[0].rule_id,
        _detection(asked.detection),
        owner=actor.name,
        reason=asked.reason.strip()[:1000],
        created_at=at,
        expires_at=at + asked.days * DAY,
    )


def _detection(text: str) -> Mapping[str, Any]:
    """A detection that somebody wrote. Raises `InputError`."""
    try:
        found = files.documents(ContentFile("detection", text.encode()))
    except ContentError as error:
        raise _mended(error) from None
    if len(found) != 1 or "condition" not in found[0]:
        raise InputError(
            "a detection needs selections and a condition", fr="une détection a des sélections et une condition"
        )
    return found[0]


def _mended(error: ContentError) -> InputError:
    """What of a detection is to be mended; what a library says of it stays in its words."""
    return InputError(
        f"not understood: {error.what}",
        where=error.where,
        hint="YAML, as in Sigma",
        fr=f"incompris : {error.what}",
        hint_fr="du YAML, comme dans Sigma",
    )


def _yaml(detection: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(detection), sort_keys=False, allow_unicode=True, width=100)
