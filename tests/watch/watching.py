"""A small bench for tests of the watch: alerts by a word, acts by a person, one store, one clock."""

import hashlib
from functools import partial

from tests.watch.day import HOUR, MINUTE, TENANT, care

from wardwatch.events.alert import Alert
from wardwatch.incidents.timeline import TimelineEntry
from wardwatch.kernel.severity import Level
from wardwatch.watch.effects import Effect
from wardwatch.watch.groups import Group
from wardwatch.watch.memory import MemoryStore
from wardwatch.watch.messages import Act, AlertArrived, Message, TimerFired
from wardwatch.watch.needing import needs
from wardwatch.watch.policy import Policy
from wardwatch.watch.stepping import step

NOON = 1_795_435_200_000_000  # 2026-11-23 12:00 UTC, a Monday
__all__ = ["HOUR", "MINUTE", "NOON", "TENANT", "Watching", "alert"]


def alert(name: str, host: str | None = None, *, at: int = NOON, **about: object) -> Alert:
    """An alert that is named by a word."""
    id_ = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    rule = about.pop("rule", "rule")
    made = {
        "kind": "event",
        "level": Level.MEDIUM,
        "last_at": at,
        "event_ids": (f"event {name}",),
    }
    return Alert(id=id_, tenant=TENANT, rule_id=rule, rule_title=rule, occurred_at=at, host=host, **{**made, **about})


class Watching:
    """One hospital being watched."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.store = MemoryStore({TENANT: policy or Policy()}, care)
        self.kept = self.store.kept(TENANT)
        self.now = NOON
        self._number = 0

    def hear(self, message: Message) -> tuple[Effect, ...]:
        """One step."""
        before = self.store.load(message.tenant, needs(message))
        after, effects = step(before, message, self.now)
        self.store.save(before, after)
        return effects

    def alert(self, name: str, host: str | None = None, **about: object) -> Group:
        """An alert arrives; returns the group that it lies in."""
        one = alert(name, host, **about)
        self.hear(AlertArrived(one))
        return self.kept.groups[self.kept.alerts[one.id].group]

    def act(
        self, kind: type[Act], *, by: str = "ana", roles: tuple[str, ...] = ("analyst",), **about: object
    ) -> tuple[Effect, ...]:
        """A person acts."""
        self._number += 1
        return self.hear(partial(kind, id=f"act {self._number}", tenant=TENANT, by=by, roles=roles)(**about))

    def wait(self, span: int) -> list[Effect]:
        """Time passes, and timers fire when they are due."""
        end, effects = self.now + span, []
        while due := self.store.due(end, 1):
            self.now = max(self.now, due[0].due_at)
            effects += self.hear(TimerFired(timer=due[0].id, tenant=TENANT, subject=due[0].subject))
        self.now = end
        return effects

    def group(self, id_: str) -> Group:
        """A group as it is now."""
        return self.kept.groups[id_]

    def texts(self, subject: str) -> list[str]:
        """The keys of a timeline, in order."""
        return [one.text for one in self.timeline(subject)]

    def timeline(self, subject: str) -> list[TimelineEntry]:
        """The timeline of a group or an incident."""
        return [one for one in self.kept.entries if one.subject == subject]
