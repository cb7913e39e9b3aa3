"""What people do with alerts: look through the queue, take, silence, settle, merge, raise; every act can say why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.queries import alerts as queries
from wardwatch.records.queries.alerts import Filters, QueuePage, Whole
from wardwatch.usecases import audit, watch
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.roles import Permission
from wardwatch.usecases.watch import Outcome
from wardwatch.watch import messages, seen
from wardwatch.watch.groups import Group
from wardwatch.watch.seen import SeenBefore

LONGEST_SILENCE = timedelta(days=90)
_HOUR = re.compile(r"(\d{1,2})[:h](\d{2})?")


@dataclass(frozen=True, slots=True)
class View:
    """A part of a queue, and how many there are in each."""

    page: QueuePage
    counts: dict[str, int]


def queue(actor: Actor, which: str, filters: Filters, after: str = "") -> View:
    """Return a part of a queue as far as the actor sees it."""
    authorise(actor, Permission.SEE_ALERTS)
    scope = actor.scope(Permission.SEE_ALERTS)
    if which not in queries.QUEUES:
        which = "review"
    return View(queries.queue(scope, which, actor.id, filters, after), dict(queries.counts(scope, actor.id)))


def newer(actor: Actor, since: int) -> int:
    """How many groups wait that came or grew since (µs UTC)."""
    return queries.newer(actor.scope(Permission.SEE_ALERTS), since)


@dataclass(frozen=True, slots=True)
class Opened:
    """A group with everything that its page shows."""

    whole: Whole
    before: tuple[SeenBefore, ...]


def opened(actor: Actor, id_: str, now: datetime) -> Opened:
    """Open a group: a look at personal data, which is noted. Raises `AccessError`."""
    scope = actor.scope(Permission.SEE_ALERTS)
    group = queries.group(scope, id_)
    if group is None:
        raise AccessError("not found, or not yours")
    marks = seen.marks_of(group)
    found = queries.whole(scope, id_, marks, queries.neighbours(group.tenant))
    assert found is not None
    audit.note(actor, "alerts.opened", id_, now=now, tenant=group.tenant)
    return Opened(found, seen.before(group, found.seen, found.elsewhere))


def _group(actor: Actor, id_: str) -> Group:
    group = queries.group(actor.scope(Permission.TRIAGE), id_)
    if group is None:
        raise AccessError("not found, or not yours")
    return group


@dataclass(frozen=True, slots=True)
class Acting:
    """Who does something to a group, when, and under which key: the same key twice is one act."""

    actor: Actor
    now: datetime
    key: str

    def about(self, tenant: str) -> dict[str, Any]:
        """What every message of a person says."""
        return {
            "id": f"{self.actor.id}:{self.key}"[:120],
            "tenant": tenant,
            "by": self.actor.id,
            "roles": self.actor.roles_at(tenant),
        }

    def follow(self, kind: type[messages.Act], tenant: str, **given: Any) -> Outcome:  # noqa: ANN401
        """Hand the message of an act to the watch."""
        return watch.act(self.actor, kind(**self.about(tenant), **given), self.now)


def take(acting: Acting, id_: str, *, release: bool = False) -> Outcome:
    """Take a group, or give it back."""
    group = _group(acting.actor, id_)
    assignee = None if release else acting.actor.id
    return acting.follow(messages.Assigned, group.tenant, group=id_, assignee=assignee)


def silence(acting: Acting, id_: str, until: datetime, reason: str) -> Outcome:
    """Do not hear of a group until then, unless it gets worse. Raises `InputError` for a time that makes no sense."""
    if not acting.now < until <= acting.now + LONGEST_SILENCE:
        raise InputError(
            "say a time that is to come, at most 90 days from now",
            fr="indiquez un moment à venir, dans 90 jours au plus",
            where="until",
            hint="such as 18:00",
            hint_fr="par exemple 18:00",
        )
    group = _group(acting.actor, id_)
    return acting.follow(messages.Silenced, group.tenant, group=id_, until=stamps.micros(until), reason=reason)


def false_positive(acting: Acting, id_: str, reason: str, only: Sequence[str] = ()) -> Outcome:
    """Say that a group, or some of its alerts, were nothing; a tuning is proposed."""
    group = _group(acting.actor, id_)
    return acting.follow(messages.MarkedFalsePositive, group.tenant, group=id_, reason=reason, alerts=tuple(only))


def settle(acting: Acting, id_: str, reason: str) -> Outcome:
    """Say that a group was dealt with."""
    return acting.follow(messages.Settled, _group(acting.actor, id_).tenant, group=id_, reason=reason)


def reopen(acting: Acting, id_: str) -> Outcome:
    """Open a settled group again."""
    return acting.follow(messages.Reopened, _group(acting.actor, id_).tenant, group=id_)


def raise_incident(acting: Acting, id_: str, title: str, incident: str = "") -> Outcome:
    """Make an incident of a group, or add it to one."""
    group = _group(acting.actor, id_)
    return acting.follow(messages.Raised, group.tenant, group=id_, incident=incident or None, title=title[:200])


def merge(acting: Acting, id_: str, others: Sequence[str]) -> Outcome:
    """Put other groups of the same hospital below a group."""
    group = _group(acting.actor, id_)
    return acting.follow(messages.Merged, group.tenant, into=id_, groups=tuple(others))


def unmerge(acting: Acting, id_: str) -> Outcome:
    """Let a merged group stand alone again, exactly as it was."""
    return acting.follow(messages.Unmerged, _group(acting.actor, id_).tenant, group=id_)


def undo(acting: Acting, id_: str) -> Outcome:
    """Take back the last act on a group."""
    return acting.follow(messages.Undone, _group(acting.actor, id_).tenant, subject=id_)


def note(acting: Acting, id_: str, text: str) -> Outcome:
    """Write something down at a group."""
    if not text:
        raise InputError("write what is to be kept", fr="écrivez ce qui doit être conservé", where="text")
    return acting.follow(messages.NoteAdded, _group(acting.actor, id_).tenant, subject=id_, text=text)


def until(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Read until when: an hour (`18:00`, the next such), a date (`2026-11-30`), both, or a span (`4h`, `2d`).

    Raises `InputError`.
    """
    given = text.strip().lower()
    found = _HOUR.fullmatch(given)
    local = now.astimezone(zone)
    try:
        if found:
            at = local.replace(hour=int(found[1]), minute=int(found[2] or 0), second=0, microsecond=0)
            return at if at > local else at + timedelta(days=1)
        if given and given[-1] in "mhd" and given[:-1].isdecimal():
            return now + timedelta(microseconds=stamps.duration(given))
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise InputError(
            "say until when",
            fr="dites jusqu’à quand",
            where="until",
            hint="an hour such as 18:00, a date, or a span such as 4h",
            hint_fr="une heure comme 18:00, une date, ou une durée comme 4h",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
