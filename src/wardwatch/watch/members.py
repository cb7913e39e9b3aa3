"""What the alerts of a group add up to: counts by rule, host, mark, tactic and level, kept as alerts come and go.

The same alerts give the same sums in whatever order they came, up to the limits. Beyond these, values are counted but
not listed. Only times (the span, the beginning of a tactic) stay when an alert goes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from wardwatch.estate.care import Care
from wardwatch.events.alert import Alert
from wardwatch.kernel.severity import Level
from wardwatch.threats import attack
from wardwatch.watch import marks as naming

MAX_MARKS, MAX_RULES, MAX_HOSTS, MAX_TECHNIQUES = 400, 200, 200, 100
SAMPLE = 5  # ids of alerts that are kept with a mark
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class RuleIn:
    """A rule in a group: its alerts, level and title, and how rare it was here when it came (percent, see scoring)."""

    count: int
    level: Level
    title: str
    rarity: int


@dataclass(frozen=True, slots=True)
class HostIn:
    """A host in a group: its alerts, and the care it serves (see `estate.care.Care`)."""

    count: int
    known: bool = False
    percent: int = 100
    service: str = ""
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class TacticIn:
    """A tactic of an attack in a group: its alerts, and when it was first seen (µs UTC)."""

    count: int
    first_at: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How many alerts of a group have a mark, and the ids of some of them (the smallest, sorted)."""

    count: int
    alerts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """Sums over the alerts of a group. Times are µs UTC of the alerts' events; `events` stand behind the alerts."""

    count: int = 0
    events: int = 0
    first_at: int = 0
    last_at: int = 0
    rules: Mapping[str, RuleIn] = field(default_factory=dict)
    hosts: Mapping[str, HostIn] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    tactics: Mapping[str, TacticIn] = field(default_factory=dict)
    techniques: Mapping[str, int] = field(default_factory=dict)
    beyond: int = 0

    @property
    def level(self) -> Level:
        """The worst level of a rule."""
        return max((one.level for one in self.rules.values()), default=Level.INFORMATIONAL)

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """The marks of these kinds, sorted."""
        return tuple(sorted(mark for mark in self.marks if naming.kind_of(mark) in kinds))

    @property
    def furthest(self) -> int:
        """The place of the last tactic of an attack that was reached; -1 for none."""
        return max((attack.tactic(slug).order for slug in self.tactics), default=-1)

    @property
    def progression(self) -> tuple[str, ...]:
        """The longest run of tactics that were first seen in the order of an attack; empty if there are not two."""
        runs: list[tuple[str, ...]] = []
        for slug in sorted(self.tactics, key=lambda one: (self.tactics[one].first_at, attack.tactic(one).order, one)):
            order = attack.tactic(slug).order
            before = [run for run in runs if attack.tactic(run[-1]).order < order]
            runs.append((*max(before, key=len, default=()), slug))
        longest = max(runs, key=len, default=())
        return longest if len(longest) > 1 else ()


NOBODY = Members()


def with_alert(members: Members, alert: Alert, marks: Iterable[str], care: Care, rarity: int) -> Members:
    """The sums with one alert more. `rarity` counts where its rule is new to the group."""
    known, beyond = members.rules.get(alert.rule_id), members.beyond
    rules, hosts, counted = dict(members.rules), dict(members.hosts), dict(members.marks)
    if known is not None:
        rules[alert.rule_id] = replace(known, count=known.count + 1, level=max(known.level, alert.level))
    elif len(rules) < MAX_RULES:
        rules[alert.rule_id] = RuleIn(1, alert.level, alert.rule_title, rarity)
    else:
        beyond += 1
    if alert.host and (name := naming.host_name(alert.host)):
        beyond += _count_host(hosts, name, care)
    for mark in marks:
        found = counted.get(mark)
        if found is not None:
            counted[mark] = Mark(found.count + 1, _sample((*found.alerts, alert.id)))
        elif len(counted) < MAX_MARKS:
            counted[mark] = Mark(1, (alert.id,))
        else:
            beyond += 1
    first = min(members.first_at, alert.occurred_at) if members.count else alert.occurred_at
    return Members(
        count=members.count + 1,
        events=members.events + alert.count,
        first_at=first,
        last_at=max(members.last_at, alert.last_at) if members.count else alert.last_at,
        rules=rules,
        hosts=hosts,
        marks=counted,
        tactics=_with_tactics(members.tactics, alert),
        techniques=_counted(members.techniques, attack.techniques_of(alert.tags)[:MAX_TECHNIQUES], 1),
        beyond=beyond,
    )


def _with_tactics(tactics: Mapping[str, TacticIn], alert: Alert) -> Mapping[str, TacticIn]:
    found = dict(tactics)
    for slug in attack.tactics_of(alert.tags):
        was = found.get(slug, TacticIn(0, alert.occurred_at))
        found[slug] = TacticIn(was.count + 1, min(was.first_at, alert.occurred_at))
    return found


def _without_tactics(tactics: Mapping[str, TacticIn], alert: Alert) -> Mapping[str, TacticIn]:
    for slug in attack.tactics_of(alert.tags):
        tactics = _less(tactics, slug)
    return tactics


def _both_tactics(left: Mapping[str, TacticIn], right: Mapping[str, TacticIn]) -> Mapping[str, TacticIn]:
    found = dict(left)
    for slug, one in right.items():
        was = found.get(slug)
        found[slug] = one if was is None else TacticIn(was.count + one.count, min(was.first_at, one.first_at))
    return found


def _count_host(hosts: dict[str, HostIn], name: str, care: Care) -> int:
    was = hosts.get(name)
    if was is not None:
        hosts[name] = replace(was, count=was.count + 1)
        return 0
    if len(hosts) >= MAX_HOSTS:
        return 1
    hosts[name] = host_in(1, care)
    return 0


def host_in(count: int, care: Care) -> HostIn:
    """A host with so many alerts, and the care that it serves."""
    service = care.services[0].service if care.services else ""
    return HostIn(count, care.known, care.percent, service, care.minutes)


def without_alert(members: Members, alert: Alert, marks: Iterable[str]) -> Members:
    """The sums with one alert less, which was counted before."""
    counted = dict(members.marks)
    for mark in marks:
        found = counted.get(mark)
        if found is None:
            continue
        if found.count == 1:
            del counted[mark]
        else:
            counted[mark] = Mark(found.count - 1, tuple(one for one in found.alerts if one != alert.id))
    name = naming.host_name(alert.host) if alert.host else ""
    return replace(
        members,
        count=members.count - 1,
        events=members.events - alert.count,
        rules=_less(members.rules, alert.rule_id),
        hosts=_less(members.hosts, name),
        marks=counted,
        tactics=_without_tactics(members.tactics, alert),
        techniques=_counted(members.techniques, attack.techniques_of(alert.tags)[:MAX_TECHNIQUES], -1),
    )


def together(parts: Iterable[Members]) -> Members:
    """The sums of several groups. Of a host and a rule that more than one knows, the graver counts."""
    found = [one for one in parts if one.count]
    if not found:
        return NOBODY
    if len(found) == 1:
        return found[0]
    whole = found[0]
    for one in found[1:]:
        whole = _added(whole, one)
    return whole


def _added(left: Members, right: Members) -> Members:
    rules, hosts, marks, beyond = dict(left.rules), dict(left.hosts), dict(left.marks), left.beyond + right.beyond
    for rule, one in right.rules.items():
        was = rules.get(rule)
        rules[rule] = one if was is None else _both_rules(was, one)
    for host, here in right.hosts.items():
        there = hosts.get(host)
        hosts[host] = here if there is None else replace(max(here, there, key=_gravity), count=here.count + there.count)
    for mark, few in right.marks.items():
        known = marks.get(mark)
        marks[mark] = few if known is None else Mark(few.count + known.count, _sample((*few.alerts, *known.alerts)))
    return Members(
        count=left.count + right.count,
        events=left.events + right.events,
        first_at=min(left.first_at, right.first_at),
        last_at=max(left.last_at, right.last_at),
        rules=rules,
        hosts=hosts,
        marks=marks,
        tactics=_both_tactics(left.tactics, right.tactics),
        techniques={
            key: left.techniques.get(key, 0) + right.techniques.get(key, 0)
            for key in {**left.techniques, **right.techniques}
        },
        beyond=beyond,
    )


def _both_rules(left: RuleIn, right: RuleIn) -> RuleIn:
    title = min(left.title, right.title)
    return RuleIn(left.count + right.count, max(left.level, right.level), title, max(left.rarity, right.rarity))


def _gravity(host: HostIn) -> tuple[int, bool, str]:
    return host.percent, host.known, host.service


def _sample(alerts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(alerts)))[:SAMPLE]


def _counted(counts: Mapping[str, int], names: Iterable[str], by: int) -> Mapping[str, int]:
    found = dict(counts)
    for name in names:
        found[name] = found.get(name, 0) + by
        if found[name] <= 0:
            del found[name]
    return found


Counted = TypeVar("Counted", RuleIn, HostIn, TacticIn)


def _less(counted: Mapping[str, Counted], name: str) -> Mapping[str, Counted]:
    was = counted.get(name)
    if was is None:
        return counted
    found = dict(counted)
    if was.count == 1:
        del found[name]
    else:
        found[name] = replace(was, count=was.count - 1)
    return found
