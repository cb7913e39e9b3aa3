"""The watch under Django: authorise, load, step, save, hand out effects; all of a step in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from wardwatch.estate.assets import Asset
from wardwatch.events.alert import Alert
from wardwatch.kernel import stamps
from wardwatch.records import case_batch, case_store, chain
from wardwatch.records.case_store import CaseStore
from wardwatch.records.models import CaseRow, NoticeRow, ProposalRow
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.care import care_of
from wardwatch.usecases.roles import Permission
from wardwatch.watch import marks, messages
from wardwatch.watch.effects import Effect, Notify, ProposeTuning, Recorded, Refused
from wardwatch.watch.messages import Act, AlertArrived, CareChanged, Message, TimerFired
from wardwatch.watch.needing import needs
from wardwatch.watch.stepping import step

MOST_HOSTS = 100  # of one message
DUE = 200  # timers that are fired in one go
# What a person must be allowed to do, by kind of act.
NEEDED: dict[type[Act], Permission] = {
    messages.Assigned: Permission.TRIAGE,
    messages.Silenced: Permission.TRIAGE,
    messages.MarkedFalsePositive: Permission.TRIAGE,
    messages.Settled: Permission.TRIAGE,
    messages.Reopened: Permission.TRIAGE,
    messages.Raised: Permission.TRIAGE,
    messages.Merged: Permission.TRIAGE,
    messages.Unmerged: Permission.TRIAGE,
    messages.NoteAdded: Permission.WORK_INCIDENTS,
    messages.StateMoved: Permission.MOVE_INCIDENTS,
    messages.OwnerTaken: Permission.WORK_INCIDENTS,
    messages.TaskAdded: Permission.WORK_INCIDENTS,
    messages.TaskDone: Permission.WORK_INCIDENTS,
    messages.EvidenceAdded: Permission.WORK_INCIDENTS,
    messages.EvidenceHandled: Permission.WORK_INCIDENTS,
    messages.CareEffectStated: Permission.STATE_CARE,
    messages.Undone: Permission.TRIAGE,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a message: refused with a reason, or followed."""

    refused: Refused | None = None
    effects: tuple[Effect, ...] = ()


@transaction.atomic
def act(actor: Actor, message: Act, now: datetime) -> Outcome:
    """Follow what a person did. Raises `AccessError` for what they may not do at that hospital."""
    authorise(actor, NEEDED[type(message)], message.tenant)
    case_store.locked(message.tenant)
    effects = _follow(message, stamps.micros(now))
    for one in effects:
        if isinstance(one, Refused):
            return Outcome(one)
    hand_out(effects, stamps.micros(now), actor)
    return Outcome(effects=effects)


@transaction.atomic
def take_alerts(tenant: str, alerts: Sequence[Alert], file: str, offset: int, now: datetime) -> int:
    """Take in alerts of a hospital's log, and remember how far it was read, in one transaction; returns how many."""
    row = case_store.locked(tenant)
    moment = stamps.micros(now)
    hand_out(
        case_batch.follow(CaseStore(moment, care_of), tenant, [AlertArrived(one) for one in alerts], moment), moment
    )
    row.file, row.offset = file, offset
    row.save(update_fields=["file", "offset"])
    return len(alerts)


def care_changed(tenant: str, assets: Iterable[Asset], now: datetime) -> None:
    """Let open groups weigh anew what stands on these assets; within the transaction that changed them."""
    named = {name for asset in assets for name in (asset.name, *asset.hostnames, *asset.addresses)}
    hosts = sorted({marks.host_name(name) for name in named})
    if not hosts:
        return
    case_store.locked(tenant)
    moment = stamps.micros(now)
    for number, some in enumerate(batched(hosts, MOST_HOSTS)):
        message = CareChanged(id=f"care:{moment}:{number}", tenant=tenant, hosts=some)
        hand_out(_follow(message, moment), moment)


def batched(names: Sequence[str], size: int) -> Iterable[tuple[str, ...]]:
    """Cut a list into parts."""
    return (tuple(names[start : start + size]) for start in range(0, len(names), size))


def read_until(tenant: str) -> tuple[str, int]:
    """How far a hospital's log of alerts was taken in: file and offset."""
    found = CaseRow.objects.filter(tenant=tenant).values_list("file", "offset").first()
    return found or ("", 0)


def fire_timers(now: datetime) -> int:
    """Let timers ring that are due; returns how many."""
    moment = stamps.micros(now)
    due = CaseStore(moment).due(moment, DUE)
    for one in due:
        with transaction.atomic():
            case_store.locked(one.tenant)
            hand_out(_follow(TimerFired(timer=one.id, tenant=one.tenant, subject=one.subject), moment), moment)
    return len(due)


def _follow(message: Message, moment: int) -> tuple[Effect, ...]:
    store = CaseStore(moment, care_of)
    before = store.load(message.tenant, needs(message))
    after, effects = step(before, message, moment)
    store.save(before, after)
    return effects


def hand_out(effects: Iterable[Effect], moment: int, actor: Actor | None = None) -> None:
    """Keep what is to be done outside: notices and proposals for the clock process, entries of the audit log."""
    entries = []
    for one in effects:
        match one:
            case Notify():
                _notify(one, moment)
            case ProposeTuning():
                ProposalRow.objects.get_or_create(
                    id=one.id,
                    defaults={
                        "tenant": one.tenant,
                        "subject": one.subject,
                        "rules": list(one.rules),
                        "alerts": list(one.alerts),
                        "owner": one.owner,
                        "reason": one.reason[:1000],
                        "made_at": moment,
                    },
                )
            case Recorded() if one.by:
                name = actor.name if actor is not None and actor.id == one.by else one.by
                entries.append(chain.Entry(one.at, one.tenant, one.by, name, one.what, one.subject, dict(one.params)))
            case _:  # timers are kept by the store
                continue
    chain.append(*entries)


def _notify(one: Notify, moment: int) -> None:
    NoticeRow.objects.get_or_create(
        id=one.id,
        defaults={
            "tenant": one.tenant,
            "who": one.who,
            "channel": one.channel,
            "text": one.text,
            "params": dict(one.params),
            "subject": one.subject,
            "urgent": one.urgent,
            "made_at": moment,
        },
    )
