"""A timer is due: the next one is called, a silence ends, a task should be done by now."""

from dataclasses import replace

from wardwatch.incidents.incident import Incident
from wardwatch.incidents.timeline import Kind
from wardwatch.watch import calling
from wardwatch.watch.acts.incidents import with_task
from wardwatch.watch.groups import Group
from wardwatch.watch.messages import TimerFired
from wardwatch.watch.slices import Timer
from wardwatch.watch.working import Subject, Work


def fired(work: Work, message: TimerFired) -> None:
    """Do what it was kept for. One that is not kept any more, or not due yet, does nothing."""
    timer = work.timers.get(message.timer)
    if timer is None or timer.due_at > work.now:
        return
    subject = work.subject(timer.subject)
    if subject is None:
        del work.timers[timer.id]
        return
    work.put(subject)
    if timer.kind == calling.CALL and subject.calls is not None and calling.wants_somebody(work, subject):
        calling.call(work, subject)
    elif timer.kind == calling.UNSILENCE and isinstance(subject, Group):
        work.put(replace(subject, silenced_until=None, silenced_level=None, updated_at=work.now))
        work.entry(subject.id, Kind.DECISION, "group.silence_over")
        if subject.assignee:
            work.notify(subject.assignee, "screen", "group.silence_over", subject.id, {"level": subject.level.word})
    elif timer.kind == calling.TASK:
        _task_due(work, subject, timer)


def _task_due(work: Work, subject: Subject, timer: Timer) -> None:
    task = subject.task(timer.ref) if isinstance(subject, Incident) else None
    if task is None or not isinstance(subject, Incident):
        return
    work.put(with_task(subject, replace(task, told_at=work.now)))
    work.entry(subject.id, Kind.MESSAGE, "incident.task_due", {"title": task.title, "who": task.assignee or ""})
    who = task.assignee or subject.owner or ""
    work.notify(who, "mail", "incident.task_due", subject.id, {"title": task.title, "who": who})
