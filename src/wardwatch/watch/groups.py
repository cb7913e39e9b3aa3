"""Groups of alerts that belong together, and the alerts as the watch keeps them.

A merged group stays what it is, below the one that it was merged into (`merged_into`); all below one *root* share its
`family`. So a merge is taken back exactly, and alerts that come meanwhile lie where their marks lead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from wardwatch.events.alert import Alert
from wardwatch.incidents.incident import Calls, LastAct
from wardwatch.kernel import ids
from wardwatch.kernel.severity import Level
from wardwatch.threats import attack
from wardwatch.watch import marks as naming
from wardwatch.watch import members, scoring
from wardwatch.watch.members import NOBODY, Members
from wardwatch.watch.scoring import Part

GROUP_FORMAT, ALERT_FORMAT = "wardwatch/case-group/1", "wardwatch/case-alert/1"
LISTED = 50  # hosts, users, rules, indicators that a group names for lists
MAX_FAMILY = 50  # groups below one root
MAX_RELATED = 10
CORRELATION, PROGRESSION = "correlation", "progression"


class GroupState(StrEnum):
    """Where a group stands. Only `open` and `raised` ones take in alerts."""

    OPEN = "open"
    RAISED = "raised"  # an incident was made of it
    FALSE_POSITIVE = "false_positive"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"  # all its alerts were withdrawn


class AlertPlace(StrEnum):
    """What became of an alert."""

    LIVE = "live"
    SUPERSEDED = "superseded"  # another id took its place
    WITHDRAWN = "withdrawn"  # a late event undid it
    FALSE_POSITIVE = "false_positive"  # a person took it out of its group


@dataclass(frozen=True, slots=True)
class Tie:
    """Why an alert belongs to a group: it shares this (`kind`, `value`), with these alerts among others."""

    kind: str
    value: str
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a group is one: so many of its alerts share this; some of them by id."""

    kind: str
    value: str
    count: int
    alerts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertState:
    """An alert as the watch keeps it.

    Args:
        id, tenant, group: of the alert, and of the group it lies in (which may be merged into another).
        place: what became of it.
        revision: the highest that was heard.
        event: hex id of its (first) event, by which correlations find it; empty where it has none.
        level, rule_id, host, user, occurred_at, last_at: of the alert, for lists.
        arrived_at: µs UTC, when it was heard first.
        marks: what it can share with others, see `watch.marks`.
        ties: why it joined its group; empty for the one that founded it.
        superseded_by: the alert that took its place.
        alert: Alert v1; `None` if it was superseded before it was ever heard.
    """

    id: str
    tenant: str
    group: str
    place: AlertPlace
    revision: int
    arrived_at: int
    event: str = ""
    level: Level = Level.INFORMATIONAL
    rule_id: str = ""
    host: str = ""
    user: str = ""
    occurred_at: int = 0
    last_at: int = 0
    marks: tuple[str, ...] = ()
    ties: tuple[Tie, ...] = ()
    superseded_by: str | None = None
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts that belong together.

    Args:
        id: 32 hex digits, made of tenant and the alert that founded it.
        tenant: the hospital.
        state: see `GroupState`; of a merged group what it was before, its root's counts.
        family: id of its root: its own, unless it is merged.
        own: sums over its own alerts.
        below: sums over the alerts of groups merged into it.
        score, parts: see `scoring`; the parts add up.
        level, count, first_at, last_at, hosts, users, rule_ids, techniques, tactics, indicators: of `whole`.
        opened_at, updated_at: µs UTC.
        assignee: the account that has taken it.
        silenced_until, silenced_level: µs UTC, and the level up to which it is silent; `None`: not silenced.
        incident: id of the incident it was raised to.
        merged_into, merged_count: the group above it, and its own alerts when it was merged.
        related: roots of other groups that share something, with what: to be merged by a person, if they are one.
        correlated: rule id → the alerts that a correlation of that rule brought here.
        calls: how far calling somebody has come; `None`: nobody needs to be called.
        last_act: what an undo would undo.
    """

    id: str
    tenant: str
    state: GroupState
    family: str
    own: Members
    opened_at: int
    updated_at: int
    below: Members = NOBODY
    score: int = 0
    parts: tuple[Part, ...] = ()
    level: Level = Level.INFORMATIONAL
    count: int = 0
    first_at: int = 0
    last_at: int = 0
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    rule_ids: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    assignee: str | None = None
    silenced_until: int | None = None
    silenced_level: int | None = None
    incident: str | None = None
    merged_into: str | None = None
    merged_count: int = 0
    related: tuple[Tie, ...] = ()
    correlated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    calls: Calls | None = None
    last_act: LastAct | None = None

    @property
    def merged(self) -> bool:
        """Whether it lies below another group."""
        return self.merged_into is not None

    @property
    def whole(self) -> Members:
        """Sums over all its alerts, those of merged groups included."""
        return members.together((self.own, self.below))

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why these alerts are one group: what at least two of them share, the most shared first."""
        shared = [
            Reason(naming.kind_of(mark), naming.value_of(mark), found.count, found.alerts)
            for mark, found in self.whole.marks.items()
            if found.count > 1 and (len(self.hosts) > 1 or naming.kind_of(mark) != naming.RULE)
        ]
        shared += [Reason(CORRELATION, rule, len(alerts), alerts) for rule, alerts in self.correlated.items()]
        if run := self.whole.progression:
            count = sum(self.whole.tactics[slug].count for slug in run)
            shared.append(Reason(PROGRESSION, " ".join(run), count, ()))
        return tuple(sorted(shared, key=lambda one: (-one.count, one.kind, one.value)))


def group_id(tenant: str, alert: str) -> str:
    """Name a group by the alert that founded it."""
    return ids.digest("group/1", tenant.encode(), alert.encode()).hex()


def refreshed(group: Group, below: Iterable[Group], now: int) -> Group:
    """The group with its sums, score and list fields made anew from its own alerts and the groups below it."""
    under = members.together(one.own for one in below)
    whole = members.together((group.own, under))
    found = scoring.parts(whole)
    return replace(
        group,
        below=under,
        updated_at=max(group.updated_at, now),
        parts=found,
        score=scoring.total(found),
        level=whole.level,
        count=whole.count,
        first_at=whole.first_at,
        last_at=whole.last_at,
        hosts=_most(whole.hosts),
        users=_values(whole.of_kind(naming.USER)),
        rule_ids=_most(whole.rules),
        techniques=tuple(sorted(whole.techniques))[:LISTED],
        tactics=tuple(sorted(whole.tactics, key=lambda slug: (attack.tactic(slug).order, slug))),
        indicators=whole.of_kind(*naming.INDICATORS)[:LISTED],
    )


def _most(counted: Mapping[str, members.RuleIn] | Mapping[str, members.HostIn]) -> tuple[str, ...]:
    return tuple(sorted(counted, key=lambda name: (-counted[name].count, name))[:LISTED])


def _values(marks: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(naming.value_of(one) for one in marks[:LISTED])
