"""Nobody takes it: somebody is called, and after a while the next one. And the timers of groups and incidents."""

from dataclasses import replace

from wardwatch.incidents import oncall
from wardwatch.incidents.incident import Calls, Incident
from wardwatch.incidents.states import State
from wardwatch.incidents.timeline import Kind
from wardwatch.watch.groups import Group, GroupState
from wardwatch.watch.slices import Timer, timer
from wardwatch.watch.working import Subject, Work

CALL, UNSILENCE, TASK = "call", "unsilence", "task"


def settle(work: Work) -> None:
    """Bring calls and timers of everything that was touched up to date; the last thing that a step does."""
    for id_ in tuple(work.touched):
        subject = work.subject(id_)
        if subject is None:
            continue
        subject = _settled_calls(work, subject)
        _settle_timers(work, subject)


def wants_somebody(work: Work, subject: Subject) -> bool:
    """Whether it is grave, and nobody has taken it."""
    if isinstance(subject, Incident):
        grave = subject.level >= work.policy.call_from or subject.state is State.CONFIRMED
        return subject.owner is None and not subject.over and grave
    silent = subject.silenced_until is not None
    free = subject.state is GroupState.OPEN and subject.assignee is None and not silent and not subject.merged
    return free and subject.level >= work.policy.call_from


def call(work: Work, subject: Subject) -> Subject:
    """Call whoever is next, and say when the one after would be."""
    made = subject.calls or Calls()
    rota = work.policy.rota
    found = oncall.calls(rota, work.now, made.made)
    people = tuple(dict.fromkeys(one.who for one in found))
    awake = {who for who in people if work.now - work.called.get(who, -work.policy.calm - 1) <= work.policy.calm}
    for one in found:
        if one.who not in awake:
            work.notify(one.who, one.channel, f"{_noun(subject)}.call", subject.id, _facts(subject), urgent=True)
    for who in sorted(awake):  # called a moment ago for something else: no second one rings
        work.notify(who, "screen", f"{_noun(subject)}.call", subject.id, _facts(subject))
    work.called.update({who: work.now for who in people if who not in awake})
    if people:
        work.entry(subject.id, Kind.ACTION, f"{_noun(subject)}.called", {"who": ", ".join(people)})
    elif made.made == 0 or made.made < len(rota.steps):
        work.entry(subject.id, Kind.ACTION, f"{_noun(subject)}.nobody_to_call")
    work.record("called", subject.id, {"who": ", ".join(people), "number": str(made.made + 1)})
    number = made.made + 1
    due = None
    if number < len(rota.steps):
        due = oncall.may_call(rota, work.now + rota.steps[number].after, subject.level)
    changed = replace(subject, calls=Calls(number, (*made.called, *people), due))
    work.put(changed)
    return changed


def _settled_calls(work: Work, subject: Subject) -> Subject:
    if isinstance(subject, Group) and subject.merged:
        return subject  # kept as it is, for the day that it stands alone again
    if not wants_somebody(work, subject):
        if subject.calls is not None:
            subject = replace(subject, calls=None)
            work.put(subject)
        return subject
    made = subject.calls
    if made is not None and made.made:
        return subject
    rota = work.policy.rota
    first = oncall.may_call(rota, work.now + (rota.steps[0].after if rota.steps else 0), subject.level)
    if made is not None and made.next_at is not None:
        first = min(first, made.next_at)  # it may have become so grave that the night no longer counts
    if first <= work.now:
        return call(work, subject)
    if made is None or made.next_at != first:
        subject = replace(subject, calls=Calls(next_at=first))
        work.put(subject)
    return subject


def _settle_timers(work: Work, subject: Subject) -> None:
    wanted = {one.id: one for one in _wanted(subject)}
    for one in [one for one in work.timers.values() if one.subject == subject.id and one.id not in wanted]:
        work.stop(one)
    for id_, one in wanted.items():
        if id_ not in work.timers:
            work.start(one)


def _wanted(subject: Subject) -> list[Timer]:
    found: list[Timer] = []
    if isinstance(subject, Group) and subject.merged:
        return found
    if subject.calls is not None and subject.calls.next_at is not None:
        found.append(timer(subject.tenant, subject.id, CALL, subject.calls.next_at))
    if isinstance(subject, Group):
        if subject.silenced_until is not None:
            found.append(timer(subject.tenant, subject.id, UNSILENCE, subject.silenced_until))
        return found
    due = [] if subject.over else [one for one in subject.tasks if one.done_at is None and one.told_at is None]
    return found + [timer(subject.tenant, subject.id, TASK, one.due_at, one.id) for one in due if one.due_at]


def _facts(subject: Subject) -> dict[str, str]:
    """What a call says. No personal data: a text message is read on a screen that others see."""
    return {
        "level": subject.level.word,
        "score": str(subject.score),
        "hosts": ", ".join(subject.hosts[:3]),
        "more_hosts": str(max(len(subject.hosts) - 3, 0)),
        "title": subject.title if isinstance(subject, Incident) else "",
        "rule": subject.rule_ids[0] if subject.rule_ids else "",
    }


def _noun(subject: Subject) -> str:
    return "incident" if isinstance(subject, Incident) else "group"
