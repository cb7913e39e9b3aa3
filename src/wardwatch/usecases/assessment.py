"""Where a hospital stands: begin, answer one by one, ask others, keep what shows it, sign, compare."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction

from wardwatch.assessment import loading, scores, taking
from wardwatch.assessment.answers import Answer, Assessment, Evidence, Kind, SignOff, asked
from wardwatch.assessment.figures import figures
from wardwatch.assessment.framework import Framework, Question, Tier
from wardwatch.assessment.scores import Comparison, Result
from wardwatch.assessment.spreadsheet import MAX_NOTE, MAX_REASON, Taken, clean
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import (
    AnswerFileRow,
    AnswerHistoryRow,
    AnswerRow,
    AssessmentRow,
    CampaignRow,
    DelegationRow,
    SignOffRow,
)
from wardwatch.records.queries import assessment as queries
from wardwatch.records.queries.assessment import Listed, Person
from wardwatch.usecases import audit, kept_files
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import ROLES, Permission
from wardwatch.usecases.seen_evidence import seen

LARGEST_FILE = 20 << 20  # bytes of a file that shows an answer
MOST_FILES = 10  # of one answer
_ANSWERING = tuple(role for role, may in ROLES.items() if Permission.ANSWER in may and role != "administrator")


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says to a question: `kind` a step with `step`, unknown, or not applicable with `reason`."""

    kind: Kind
    step: int | None = None
    reason: str = ""
    note: str = ""

    @classmethod
    def parse(cls, choice: str, reason: str = "", note: str = "") -> "Said":
        """Read a form's words: `0` to `4`, `unknown`, `not_applicable`. Raises `InputError`."""
        note, reason = clean(note, MAX_NOTE), clean(reason, MAX_REASON)
        if choice in {"0", "1", "2", "3", "4"}:
            return cls(Kind.STEP, int(choice), note=note)
        if choice == Kind.UNKNOWN:
            return cls(Kind.UNKNOWN, note=note)
        if choice == Kind.NOT_APPLICABLE:
            if not reason:
                raise InputError(
                    "say why it does not apply",
                    fr="dites pourquoi cela ne s’applique pas",
                    where="reason",
                    hint="one sentence is enough",
                    hint_fr="une phrase suffit",
                )
            return cls(Kind.NOT_APPLICABLE, reason=reason, note=note)
        raise InputError(
            "choose an answer",
            fr="choisissez une réponse",
            where="answer",
            hint="“I do not know” is an answer, too",
            hint_fr="« Je ne sais pas » est aussi une réponse",
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """An assessment with all that is needed to show it."""

    listed: Listed
    framework: Framework
    value: Assessment

    @property
    def questions(self) -> tuple[Question, ...]:
        """Those that are asked now, in order."""
        return tuple(asked(self.framework, self.value))

    @property
    def result(self) -> Result:
        """Its scores."""
        return scores.result(self.framework, self.value)


def frameworks() -> tuple[Framework, ...]:
    """What can be measured by, the hospital's own readiness first."""
    found = loading.shipped()
    return tuple(sorted(found.values(), key=lambda one: (one.id != "hospital-readiness", one.id)))


def measured_by(framework: str) -> Framework:
    """The framework with an id. Raises `InputError`."""
    found = loading.shipped().get(framework)
    if found is None:
        raise InputError(
            "no such framework",
            fr="ce référentiel n’existe pas",
            where="framework",
            hint=", ".join(sorted(loading.shipped())),
        )
    return found


def listed(actor: Actor) -> tuple[Listed, ...]:
    """The assessments of the hospitals that the actor sees, the newest first."""
    return queries.listed(actor.scope(Permission.SEE_ASSESSMENT))


def opened(actor: Actor, id_: str, needs: Permission = Permission.SEE_ASSESSMENT) -> Opened:
    """One assessment. Raises `AccessError`."""
    found = queries.one(actor.scope(needs), id_)
    framework = loading.shipped().get(found.framework) if found else None
    if found is None or framework is None:
        raise AccessError("not found, or not yours")
    return Opened(found, framework, queries.assessment(found))


@transaction.atomic
def begin(actor: Actor, tenant: str, framework: str, name: str, *, now: datetime, depth: Tier = Tier.FIRST) -> str:
    """Begin an assessment of a hospital's own; returns its id. Raises `InputError`."""
    authorise(actor, Permission.ANSWER, tenant)
    found = measured_by(framework)
    if not name.strip():
        raise InputError("give it a name, such as the year", fr="donnez-lui un nom, par exemple l’année", where="name")
    moment = stamps.micros(now)
    campaign = CampaignRow.objects.create(
        name=name.strip()[:120],
        framework=found.id,
        version=found.version,
        depth=depth,
        opened_at=moment,
        by=actor.id,
    )
    row = join(campaign, tenant, moment)
    detail = {"framework": found.id, "name": campaign.name}
    audit.note(actor, "assessment.begun", str(row.id), now=now, tenant=tenant, detail=detail)
    return str(row.id)


def join(campaign: CampaignRow, tenant: str, moment: int) -> AssessmentRow:
    """Let a hospital take part in a campaign; once. For use cases that have authorised it."""
    framework = loading.shipped()[campaign.framework]
    empty = Assessment(str(campaign.id), tenant, framework.id, framework.version, Tier(campaign.depth))
    given = {
        "depth": campaign.depth,
        "started_at": moment,
        "changed_at": moment,
        "figures": figures(framework, empty),
    }
    row, _ = AssessmentRow.objects.get_or_create(campaign=campaign, tenant=tenant, defaults=given)
    return row


def _writing(actor: Actor, id_: str, now: datetime, needs: Permission = Permission.ANSWER) -> Opened:
    """An assessment, locked until the transaction ends. Raises `AccessError`; `InputError` for a closed campaign."""
    if queries.one(actor.scope(needs), id_) is None:
        raise AccessError("not found, or not yours")
    AssessmentRow.objects.select_for_update().get(id=id_)
    found = opened(actor, id_, needs)
    if found.listed.closes_at is not None and found.listed.closes_at < stamps.micros(now):
        raise InputError(
            "the campaign is closed",
            fr="la campagne est close",
            hint="ask the coordinator",
            hint_fr="demandez au coordinateur",
        )
    return found


def _question(found: Opened, question: str) -> Question:
    one = found.framework.by_id.get(question)
    if one is None or one not in found.framework.at(found.value.depth):
        raise AccessError("not found, or not yours")
    return one


def _renew(id_: str, found: Opened, now: datetime) -> None:
    """Write the figures of the answers as they now are."""
    whole = figures(found.framework, queries.assessment(found.listed))
    AssessmentRow.objects.filter(id=id_).update(figures=whole, changed_at=stamps.micros(now))


@transaction.atomic
def answer(actor: Actor, id_: str, question: str, said: Said, *, now: datetime) -> None:
    """Answer one question; the answer before it stays in the history. Saying the same again changes nothing."""
    found = _writing(actor, id_, now)
    _question(found, question)
    if _put(actor, found, question, said, now=now):
        _renew(id_, found, now)


def _put(actor: Actor, found: Opened, question: str, said: Said, *, now: datetime) -> bool:
    """Write an answer and its history; whether it says something new."""
    before = found.value.answers.get(question)
    files = before.files if before else ()
    new = Answer(question, said.kind, said.step, said.reason, note=said.note, files=files)
    if new.says(before):
        return False
    given = {
        "kind": said.kind.value,
        "step": said.step,
        "reason": said.reason,
        "note": said.note,
        "by": actor.id,
        "by_name": actor.name[:160],
        "at": stamps.micros(now),
    }
    id_ = UUID(found.listed.id)
    AnswerRow.objects.update_or_create(assessment_id=id_, question=question, defaults=given)
    AnswerHistoryRow.objects.create(assessment_id=id_, question=question, **given)
    DelegationRow.objects.filter(assessment_id=id_, question=question, to=actor.id).delete()
    detail = {"kind": said.kind.value, "step": said.step}
    audit.note(actor, "assessment.answered", f"{id_} {question}", now=now, tenant=found.listed.tenant, detail=detail)
    return True


@transaction.atomic
def answer_many(actor: Actor, id_: str, said: Iterable[tuple[str, Said]], *, now: datetime) -> int:
    """Answer several questions at once; returns how many answers are new. Raises `AccessError` for an unknown one."""
    found = _writing(actor, id_, now)
    changed = 0
    for question, one in said:
        _question(found, question)
        changed += _put(actor, found, question, one, now=now)
    if changed:
        _renew(id_, found, now)
    return changed


@transaction.atomic
def take(actor: Actor, id_: str, data: bytes, now: datetime) -> tuple[Taken, int]:
    """Take answers out of a workbook, JSON or OSCAL: what is right, what is not, and how many answers are new."""
    found = _writing(actor, id_, now)
    known = {one.id: one for one in found.framework.at(found.value.depth)}
    taken = taking.take(data, found.framework, known)
    answers = [one.answer for one in taken.filled]
    said = [(one.question, Said(one.kind, one.step, one.reason, one.note)) for one in answers]
    return taken, answer_many(actor, id_, said, now=now)


def who_may_answer(found: Opened, now: datetime) -> tuple[Person, ...]:
    """The people of the hospital who could be asked."""
    return queries.people_at(found.listed.tenant, _ANSWERING, now)


@dataclass(frozen=True, slots=True)
class AskedOf:
    """A question that waits for somebody."""

    assessment: str
    id: str
    ask: Text


def asked_of(actor: Actor) -> tuple[AskedOf, ...]:
    """The questions that the actor was asked to answer and has not, the oldest first."""
    scope = actor.scope(Permission.ANSWER)
    waiting = queries.delegated_to(actor.id, scope) if scope else ()
    every = {id_: one for framework in loading.shipped().values() for id_, one in framework.by_id.items()}
    return tuple(AskedOf(id_, one, every[one].ask) for id_, one in waiting if one in every)


@transaction.atomic
def delegate(actor: Actor, id_: str, question: str, to: str, *, now: datetime) -> None:
    """Ask somebody of the hospital to answer a question; it waits for them under *What needs me*."""
    found = _writing(actor, id_, now)
    _question(found, question)
    person = next((one for one in who_may_answer(found, now) if one.id == to), None)
    if person is None:
        raise InputError(
            "choose somebody who may answer here", fr="choisissez une personne qui peut répondre ici", where="to"
        )
    given = {"to": person.id, "to_name": person.name, "by": actor.id, "at": stamps.micros(now)}
    DelegationRow.objects.update_or_create(assessment_id=UUID(id_), question=question, defaults=given)
    detail = {"to": person.name}
    audit.note(actor, "assessment.delegated", f"{id_} {question}", now=now, tenant=found.listed.tenant, detail=detail)


@transaction.atomic
def attach(actor: Actor, id_: str, question: str, name: str, chunks: Iterable[bytes], *, now: datetime) -> None:
    """Keep a file that shows an answer. Raises `InputError` for one that is too large, or one too many."""
    found = _writing(actor, id_, now)
    _question(found, question)
    if question not in found.value.answers:
        raise InputError("answer first, then show it", fr="répondez d’abord, puis joignez la pièce", where="file")
    if len(found.value.answers[question].files) >= MOST_FILES:
        raise InputError(
            f"at most {MOST_FILES} files for an answer", fr=f"au plus {MOST_FILES} fichiers par réponse", where="file"
        )
    sha256, size = kept_files.keep(found.listed.tenant, chunks, LARGEST_FILE)
    row = AnswerFileRow.objects.create(
        assessment_id=id_,
        question=question,
        name=Path(name).name[:255] or "file",
        sha256=sha256,
        size=size,
        by=actor.id,
        by_name=actor.name[:160],
        at=stamps.micros(now),
    )
    detail = {"file": row.name, "sha256": sha256}
    audit.note(actor, "assessment.shown", f"{id_} {question}", now=now, tenant=found.listed.tenant, detail=detail)


def kept(actor: Actor, file_id: str, now: datetime) -> tuple[Path, str]:
    """Where a file lies that shows an answer, and its name; noted. Raises `AccessError`."""
    found = queries.file(actor.scope(Permission.SEE_ASSESSMENT), file_id)
    if found is None:
        raise AccessError("not found, or not yours")
    one, tenant = found
    path = kept_files.place(tenant, one.sha256, one.name)
    audit.note(actor, "assessment.file_read", file_id, now=now, tenant=tenant, detail={"file": one.name})
    return path, one.name


@transaction.atomic
def deepen(actor: Actor, id_: str, now: datetime) -> None:
    """Go on to all questions; the answers stay, and points are from now on of all."""
    found = _writing(actor, id_, now)
    AssessmentRow.objects.filter(id=id_).update(depth=Tier.DEEPER)
    _renew(id_, opened(actor, id_), now)
    audit.note(actor, "assessment.deepened", id_, now=now, tenant=found.listed.tenant)


@transaction.atomic
def sign(actor: Actor, id_: str, function: str, text: str, *, seal: str, now: datetime) -> None:
    """Sign what was answered, for the management body (NIS 2, Art. 20). `seal`: the answers as the person saw them."""
    found = _writing(actor, id_, now, Permission.SIGN)
    if not function.strip():
        raise InputError("say in which function you sign", fr="dites en quelle qualité vous signez", where="function")
    if not text.strip():
        raise InputError(
            "say what the management body decided", fr="dites ce que l’organe de direction a décidé", where="text"
        )
    if seal != found.value.seal:
        raise InputError(
            "answers have changed since you read them",
            fr="des réponses ont changé depuis votre lecture",
            where="seal",
            hint="read the result again, then sign",
            hint_fr="relisez le résultat, puis signez",
        )
    signed = SignOff(
        actor.id,
        actor.name[:160],
        function.strip()[:120],
        stamps.micros(now),
        text.strip()[:1000],
        seal,
        found.result.overall.points,
    )
    SignOffRow.objects.create(
        assessment_id=id_,
        by=signed.by,
        by_name=signed.by_name,
        function=signed.function,
        at=signed.at,
        text=signed.text,
        seal=signed.seal,
        score=signed.score,
    )
    detail = {"function": signed.function, "seal": seal, "score": signed.score}
    audit.note(actor, "assessment.signed", id_, now=now, tenant=found.listed.tenant, detail=detail)


def evidence(found: Opened, now: datetime) -> dict[str, tuple[Evidence, ...]]:
    """What Wardwatch has seen, by question."""
    by_question: dict[str, list[Evidence]] = {}
    for one in seen(found.listed.tenant, now):
        if one.question in found.framework.by_id:
            by_question.setdefault(one.question, []).append(one)
    return {question: tuple(some) for question, some in by_question.items()}


def earlier(actor: Actor, found: Opened) -> tuple[Listed, ...]:
    """The assessments of the same hospital and framework with which this one can be compared, the newest first."""
    scope = actor.scope(Permission.SEE_ASSESSMENT) & {found.listed.tenant}
    every = queries.listed(scope, framework=found.listed.framework)
    return tuple(one for one in every if one.opened_at < found.listed.opened_at)


def compared(actor: Actor, id_: str, with_: str) -> tuple[Opened, Opened, Comparison]:
    """Two assessments of one hospital by the same framework: the later, the earlier, the comparison."""
    after, before = opened(actor, id_), opened(actor, with_)
    if (after.listed.tenant, after.listed.framework) != (before.listed.tenant, before.listed.framework):
        raise AccessError("not found, or not yours")
    return after, before, scores.compare(after.framework, before.value, after.value)
