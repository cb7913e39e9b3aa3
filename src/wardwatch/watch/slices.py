"""The part of a hospital's case state that one message is about, and who keeps the whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from wardwatch.estate.care import Care
from wardwatch.incidents.incident import Incident
from wardwatch.incidents.timeline import TimelineEntry
from wardwatch.kernel import ids
from wardwatch.watch.groups import AlertState, Group
from wardwatch.watch.policy import Policy
from wardwatch.watch.seen import Addition, Seen

LINKS = 9  # links that a store gives for one mark: one more than a mark may have before it is a hub (`Policy.hub`)
NEAR = 3  # of these, the latest, the groups are wanted: an alert joins what is near in time
TIMER_FORMAT, LINK_FORMAT = "wardwatch/case-timer/1", "wardwatch/case-link/1"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a store loads for a message: only ids and keys, each sorted and once. See `Store.load`.

    Args:
        alerts: ids of alerts.
        events: hex ids of events; the alerts about which are wanted.
        marks: of an alert; the groups to which they lead are wanted.
        groups, incidents: ids. An id that may be either stands in both.
        timers: ids.
        seen: marks whose history here is wanted.
        hosts: names (see `marks.host_name`) whose care is wanted.
        messages: ids of messages; which of them were handled before is wanted.
    """

    alerts: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    timers: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """That a mark leads to a group (the one that holds the alerts itself, merged or not). `last_at` in µs UTC."""

    mark: str
    group: str
    last_at: int


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to be looked at again at `due_at` (µs UTC): `call`, `unsilence` or `task` (`ref`: its id)."""

    id: str
    tenant: str
    subject: str
    kind: str
    due_at: int
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of one hospital's state, by id. A store writes what differs between the slice before and after a step.

    `links` are by mark, the latest first. `called` says when (µs UTC) an account was called last, for anything.
    `entries`, `additions` and `handled` of a slice after a step are what is to be added; `handled` of a slice before it
    says which of the message's ids were handled already.
    """

    tenant: str
    policy: Policy
    alerts: Mapping[str, AlertState] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    timers: Mapping[str, Timer] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    care: Mapping[str, Care] = field(default_factory=dict)
    called: Mapping[str, int] = field(default_factory=dict)
    handled: frozenset[str] = frozenset()
    entries: tuple[TimelineEntry, ...] = ()
    additions: tuple[Addition, ...] = ()


class Store(Protocol):
    """Keeps the case state of hospitals. One step at a time for each hospital: load, step, save in one transaction."""

    def load(self, tenant: str, needs: Needs) -> Slice:
        """The hospital's policy and `called`, what is asked for, and what belongs to it. What is not there is left out.

        In this order:

        1. the alerts of `alerts`, those whose `event` is in `events`, and those that the last act of a group in
           `groups` names (`Group.last_act.alerts`);
        2. for each of `marks` the `LINKS` links with the highest (`last_at`, `group`) whose root is open or raised;
        3. the groups of `groups`, of these alerts, and of the first `NEAR` of each mark's links, and with each **its
           whole family** (all with the same `family`);
        4. the incidents of `incidents`, and those to which one of these groups belongs (`Group.incident`);
        5. the timers of `timers`, and all whose `subject` is one of these groups or incidents;
        6. `seen`, `care` and `handled` as asked.
        """

    def save(self, before: Slice, after: Slice) -> None:
        """Write what is in `after` and not, or otherwise, in `before`; delete timers that are only in `before`.

        Links are upserted by (mark, group). Entries are added, never changed; additions are added to what was seen;
        `after.handled` is remembered.
        """

    def due(self, now: int, limit: int) -> tuple[Timer, ...]:
        """At most `limit` timers of all hospitals with `due_at` ≤ `now`, by (`due_at`, `id`)."""


def timer(tenant: str, subject: str, kind: str, due_at: int, ref: str = "") -> Timer:
    """Make a timer, named by what it is for and when it is due."""
    parts = (tenant.encode(), subject.encode(), kind.encode(), ref.encode(), due_at.to_bytes(8, "big", signed=True))
    return Timer(ids.digest("timer/1", *parts).hex(), tenant, subject, kind, due_at, ref)
