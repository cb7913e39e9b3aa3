"""Many alerts of a hospital at once: what they are about is loaded once, stepped through in memory, written once.

The outcome is that of one step after the other. What a later alert needs is what was loaded for all, or what an earlier
one made; only where a group stops taking in alerts midway could the store know more, so the rest then starts anew.
"""

from collections.abc import Sequence
from dataclasses import fields, replace

from wardwatch.estate.care import UNKNOWN
from wardwatch.records.case_store import CaseStore
from wardwatch.watch.effects import Effect
from wardwatch.watch.groups import GroupState
from wardwatch.watch.memory import Kept, MemoryStore
from wardwatch.watch.messages import Message
from wardwatch.watch.needing import needs
from wardwatch.watch.seen import Addition
from wardwatch.watch.slices import LINKS, Needs, Slice
from wardwatch.watch.stepping import step

_JOINABLE = frozenset({GroupState.OPEN, GroupState.RAISED})


class _Memory(MemoryStore):
    """A store in memory that begins with a slice, and remembers what was added."""

    def __init__(self, begun: Slice) -> None:
        super().__init__(care=lambda _tenant, host: begun.care.get(host, UNKNOWN))
        self.additions: list[Addition] = []
        self.handled: set[str] = set()
        kept = Kept(begun.policy)
        kept.alerts |= begun.alerts
        kept.incidents |= begun.incidents
        kept.timers |= begun.timers
        kept.seen |= begun.seen
        kept.called |= begun.called
        kept.handled |= begun.handled
        kept.links |= {mark: {one.group: one for one in links} for mark, links in begun.links.items()}
        for alert in begun.alerts.values():
            if alert.event:
                kept.events.setdefault(alert.event, set()).add(alert.id)
        for group in begun.groups.values():
            kept.groups[group.id] = group
            kept.families.setdefault(group.family, set()).add(group.id)
        for timer in begun.timers.values():
            kept.by_subject.setdefault(timer.subject, set()).add(timer.id)
        self.tenants[begun.tenant] = kept

    def save(self, before: Slice, after: Slice) -> None:
        super().save(before, after)
        self.additions += after.additions
        self.handled |= after.handled

    def whole(self, begun: Slice) -> Slice:
        """The slice that it began with, as it is now."""
        kept = self.kept(begun.tenant)
        return replace(
            begun,
            alerts=kept.alerts,
            groups=kept.groups,
            incidents=kept.incidents,
            links={mark: tuple(links.values()) for mark, links in kept.links.items()},
            timers=kept.timers,
            called=kept.called,
            handled=frozenset(self.handled),
            entries=tuple(kept.entries),
            additions=tuple(self.additions),
        )


def follow(store: CaseStore, tenant: str, messages: Sequence[Message], now: int) -> list[Effect]:
    """Follow messages of one hospital, in their order; the caller holds its lock. `now` in µs UTC."""
    effects: list[Effect] = []
    rest = list(messages)
    while rest:
        begun = store.load(tenant, _together([needs(one) for one in rest]), near=LINKS)
        memory = _Memory(begun)
        followed = 0
        for message in rest:
            followed += 1
            before = memory.load(tenant, needs(message))
            after, found = step(before, message, now)
            memory.save(before, after)
            effects += found
            if _closed(before, after):
                break
        store.save(begun, memory.whole(begun))
        rest = rest[followed:]
    return effects


def _closed(before: Slice, after: Slice) -> bool:
    """Whether a group that took in alerts does so no more."""
    return any(
        one.state not in _JOINABLE and id_ in before.groups and before.groups[id_].state in _JOINABLE
        for id_, one in after.groups.items()
    )


def _together(all_needs: Sequence[Needs]) -> Needs:
    names = [one.name for one in fields(Needs)]
    return Needs(**{name: tuple(sorted({id_ for one in all_needs for id_ in getattr(one, name)})) for name in names})
