"""One step: a slice and a message in, the slice as it is then and effects out. Without clock, network or database."""

from collections.abc import Callable, Mapping
from typing import Any

from wardwatch.watch import calling, messages
from wardwatch.watch import incidents as raising
from wardwatch.watch.acts import alerts, care, groups, incidents, timers, undoing
from wardwatch.watch.effects import Effect, Refused
from wardwatch.watch.messages import Act, AlertArrived, CareChanged, Message, TimerFired
from wardwatch.watch.slices import Slice
from wardwatch.watch.working import Work

# The type of each function's second argument is its key.
_ACTS: Mapping[type, Callable[[Work, Any], Refused | None]] = {
    messages.Assigned: groups.assigned,
    messages.Silenced: groups.silenced,
    messages.MarkedFalsePositive: groups.marked_false_positive,
    messages.Settled: groups.settled,
    messages.Reopened: groups.reopened,
    messages.Raised: groups.raised,
    messages.Merged: groups.merged,
    messages.Unmerged: groups.unmerged,
    messages.NoteAdded: incidents.noted,
    messages.StateMoved: incidents.moved,
    messages.OwnerTaken: incidents.owned,
    messages.TaskAdded: incidents.task_added,
    messages.TaskDone: incidents.task_done,
    messages.EvidenceAdded: incidents.evidence_added,
    messages.EvidenceHandled: incidents.evidence_handled,
    messages.CareEffectStated: incidents.care_effect_stated,
    messages.Undone: undoing.undone,
}


def step(state: Slice, message: Message, now: int) -> tuple[Slice, tuple[Effect, ...]]:
    """Follow a message at `now` (µs UTC) on the slice that it `needs`.

    A message of a person that was handled before, an alert that is known, a timer that is no longer kept: nothing
    changes, and there are no effects. A message that is not followed changes nothing; the only effect says why.
    """
    if message.tenant != state.tenant:
        return state, (Refused("other_tenant"),)
    if message.id in state.handled:
        return state, ()
    by = message.by if isinstance(message, Act) else ""
    work = Work(state, message.id, by, now)
    if isinstance(message, AlertArrived):
        alerts.arrived(work, message)
    elif isinstance(message, TimerFired):
        timers.fired(work, message)
    elif isinstance(message, CareChanged):
        care.changed(work, message)
    elif refused := _ACTS[type(message)](work, message):
        return state, (refused,)
    raising.grow(work)
    calling.settle(work)
    return work.result(handled=isinstance(message, Act | CareChanged))
