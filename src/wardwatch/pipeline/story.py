"""The story that alerts tell: what was found where, in what order an attack went, and what to do first.

Alerts come one by one and in any order; the story is the same for every order while it stays within its
limits. Memory is bounded: beyond the limits the worst is kept, and what is not kept is counted. No flood
of small alerts hides a great one.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from wardwatch.detection.rules import Rule
from wardwatch.events.alert import Alert
from wardwatch.events.record import Value
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline.shelf import Shelf
from wardwatch.threats import attack

NOWHERE = ""  # the host of alerts that no one computer raised


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept; what is beyond is counted.

    `rules` are totals by rule; `samples` and `users` are per group; of a sample, `fields` are kept and of
    each value the first `characters`.
    """

    groups: int = 2_000
    hosts: int = 5_000
    rules: int = 10_000
    samples: int = 5
    users: int = 10
    fields: int = 20
    characters: int = 500


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one rule on one host.

    `count` are alerts, `events` what stands behind them (a correlation has many); times are µs UTC;
    `users` are in alphabetical order, `more_users` says that others were left out; `samples` are the
    earliest alerts, cut to the limits.
    """

    host: str
    rule_id: str
    title: Text
    level: Level
    count: int
    events: int
    first_at: int
    last_at: int
    tags: tuple[str, ...]
    users: tuple[str, ...]
    more_users: bool
    samples: tuple[Alert, ...]

    @property
    def tactics(self) -> tuple[str, ...]:
        """ATT&CK tactics (slugs) of the rule's tags."""
        return attack.tactics_of(self.tags)

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK technique ids of the rule's tags."""
        return attack.techniques_of(self.tags)


@dataclass(frozen=True, slots=True)
class Reached:
    """A tactic (slug), when it was first seen on a host (µs UTC), and how many alerts speak of it."""

    tactic: str
    at: int
    count: int


@dataclass(frozen=True, slots=True)
class HostStory:
    """What happened on one host.

    `tactics` are in order of time; `levels` count alerts by level; `worst_at` is when the last of the worst was.
    """

    host: str
    level: Level
    levels: Mapping[Level, int]
    first_at: int
    last_at: int
    worst_at: int
    tactics: tuple[Reached, ...]

    @property
    def count(self) -> int:
        """Alerts of this host."""
        return sum(self.levels.values())


@dataclass(frozen=True, slots=True)
class RuleTotal:
    """What one rule found everywhere: alerts counted."""

    rule_id: str
    title: Text
    level: Level
    tags: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do first: the kind of incident (a playbook's slug, or none), and why: the worst rule of it.

    `derived` says that no rule named the playbook: it follows from ATT&CK (see `playbook_of`).
    """

    playbook: str | None
    rule_id: str
    title: Text
    level: Level
    explanation: Text
    hosts: tuple[str, ...]
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Beyond:
    """What the limits left out: alerts without a group, without a host's story, and of uncounted rules."""

    groups: int = 0
    hosts: int = 0
    rules: int = 0


@dataclass(slots=True)
class _Group:
    first: Alert
    count: int = 0
    events: int = 0
    first_at: int = 0
    last_at: int = 0
    users: set[str] = field(default_factory=set)
    more_users: bool = False
    samples: list[tuple[int, str, Alert]] = field(default_factory=list)

    def add(self, alert: Alert, limits: Limits) -> None:
        self.first_at = min(self.first_at, alert.occurred_at) if self.count else alert.occurred_at
        self.last_at = max(self.last_at, alert.last_at) if self.count else alert.last_at
        self.count += 1
        self.events += alert.count
        if alert.user:
            self.users.add(alert.user)
            if len(self.users) > limits.users:
                self.users.remove(max(self.users))
                self.more_users = True
        place = (alert.occurred_at, alert.id)
        if len(self.samples) < limits.samples or place < self.samples[-1][:2]:
            self.samples.append((*place, _cut(alert, limits)))
            self.samples = heapq.nsmallest(limits.samples, self.samples, key=lambda one: one[:2])


def _cut(alert: Alert, limits: Limits) -> Alert:
    """A sample of the alert: nobody reads a megabyte in a report, and thousands of samples are kept."""
    fields = dict(islice(alert.fields.items(), limits.fields))
    return replace(
        alert,
        fields={name: _cut_value(value, limits.characters) for name, value in fields.items()},
        event_ids=alert.event_ids[:1],
    )


def _cut_value(value: Value, characters: int) -> Value:
    if isinstance(value, str):
        return value if len(value) <= characters else value[:characters] + "…"
    if value is None or isinstance(value, bool | int | float):
        return value
    return tuple(one[:characters] if isinstance(one, str) else one for one in value[:_LIST])


_LIST = 20  # values of a list that a sample keeps


@dataclass(slots=True)
class _Host:
    name: str
    levels: Counter[Level] = field(default_factory=Counter)
    lasts: dict[Level, int] = field(default_factory=dict)
    first_at: int = 0
    last_at: int = 0
    reached: dict[str, tuple[int, int]] = field(default_factory=dict)  # tactic → (first time, alerts)

    def add(self, alert: Alert) -> None:
        known = bool(self.levels)
        self.first_at = min(self.first_at, alert.occurred_at) if known else alert.occurred_at
        self.last_at = max(self.last_at, alert.last_at) if known else alert.last_at
        self.levels[alert.level] += 1
        self.lasts[alert.level] = max(self.lasts.get(alert.level, alert.last_at), alert.last_at)
        self.name = min(self.name, alert.host or NOWHERE)
        for tactic in attack.tactics_of(alert.tags):
            at, count = self.reached.get(tactic, (alert.occurred_at, 0))
            self.reached[tactic] = (min(at, alert.occurred_at), count + 1)


class Story:
    """Accumulates alerts (`add`); everything else reads what they amount to so far."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._groups: Shelf[tuple[str, str], _Group] = Shelf(self._limits.groups)
        self._hosts: Shelf[str, _Host] = Shelf(self._limits.hosts)
        self._rules: dict[str, tuple[Alert, int]] = {}
        self._rules_beyond = 0
        self.levels: Counter[Level] = Counter()
        self.events = 0
        self.first_at: int | None = None
        self.last_at: int | None = None

    @property
    def count(self) -> int:
        """Alerts that were added."""
        return sum(self.levels.values())

    @property
    def level(self) -> Level | None:
        """The worst level; `None` without alerts."""
        return max(self.levels, default=None)

    @property
    def beyond(self) -> Beyond:
        """Count what the limits left out."""
        return Beyond(self._groups.beyond, self._hosts.beyond, self._rules_beyond)

    def add(self, alert: Alert) -> None:
        """Take in one alert; each id is to come once, in its last revision."""
        self.levels[alert.level] += 1
        self.events += alert.count
        self.first_at = alert.occurred_at if self.first_at is None else min(self.first_at, alert.occurred_at)
        self.last_at = alert.last_at if self.last_at is None else max(self.last_at, alert.last_at)
        self._add_to_rule(alert)
        self._add_to_group(alert)
        self._add_to_host(alert)

    def _add_to_rule(self, alert: Alert) -> None:
        known = self._rules.get(alert.rule_id)
        if known is None and len(self._rules) >= self._limits.rules:
            self._rules_beyond += 1
            return
        self._rules[alert.rule_id] = (known[0], known[1] + 1) if known else (alert, 1)

    def _add_to_group(self, alert: Alert) -> None:
        key = ((alert.host or NOWHERE).casefold(), alert.rule_id)
        group = self._groups.get(key, alert.level)
        if group is None:
            group = _Group(alert)
            kept, gone = self._groups.put(key, alert.level, group)
            self._groups.beyond += (gone.count if gone else 0) + (not kept)
            if not kept:
                return
        group.add(alert, self._limits)

    def _add_to_host(self, alert: Alert) -> None:
        name = alert.host or NOWHERE
        host = self._hosts.get(name.casefold(), alert.level)
        if host is None:
            host = _Host(name)
            kept, gone = self._hosts.put(name.casefold(), alert.level, host)
            self._hosts.beyond += (gone.levels.total() if gone else 0) + (not kept)
            if not kept:
                return
        host.add(alert)

    def hosts(self) -> list[HostStory]:
        """Every host: worst level first, then more tactics, then earlier, then by name."""
        found = [_host_story(level, host) for _, level, host in self._hosts.items()]
        return sorted(found, key=lambda one: (-one.level, -len(one.tactics), one.first_at, one.host))

    def groups(self, rules: Mapping[str, Rule]) -> list[Group]:
        """Every group: worst level first, then by its host's place among `hosts`, then earlier."""
        hosts = self.hosts()
        places = {host.host.casefold(): place for place, host in enumerate(hosts)}
        names = {host.host.casefold(): host.host for host in hosts}
        found = [
            (
                places.get(key[0], len(hosts)),
                self._group(names.get(key[0], group.first.host or NOWHERE), level, group, rules),
            )
            for key, level, group in self._groups.items()
        ]
        found.sort(key=lambda one: (-one[1].level, one[0], one[1].first_at, one[1].rule_id, one[1].host))
        return [group for _, group in found]

    def _group(self, host: str, level: Level, group: _Group, rules: Mapping[str, Rule]) -> Group:
        return Group(
            host=host,
            rule_id=group.first.rule_id,
            title=title(group.first, rules),
            level=level,
            count=group.count,
            events=group.events,
            first_at=group.first_at,
            last_at=group.last_at,
            tags=group.first.tags,
            users=tuple(sorted(group.users)),
            more_users=group.more_users,
            samples=tuple(sample for _, _, sample in group.samples),
        )

    def totals(self, rules: Mapping[str, Rule]) -> list[RuleTotal]:
        """Alerts by rule: worst level first, then more alerts, then by id."""
        found = [
            RuleTotal(id_, title(one, rules), one.level, one.tags, count) for id_, (one, count) in self._rules.items()
        ]
        return sorted(found, key=lambda one: (-one.level, -one.count, one.rule_id))

    def steps(self, rules: Mapping[str, Rule], limit: int = 3) -> list[Step]:
        """What to do first: one step for each playbook of the worst groups, or for each rule that has none.

        Playbooks that rules name come before those that follow from ATT&CK, and these before rules that
        have none at all. Only what is high or critical asks for steps; where nothing is, the worst level
        there is does.
        """
        urgent = min(Level.HIGH, self.level) if self.level is not None else Level.HIGH
        found: dict[str, _Asked] = {}
        for group in self.groups(rules):
            if group.level < urgent:
                break
            rule = rules.get(group.rule_id)
            named = rule.playbook if rule else None
            slug = named or playbook_of(group.tags)
            place = 0 if named else 1 if slug else 2
            asked = found.setdefault(slug or f"rule {group.rule_id}", _Asked(place, slug, group))
            if place < asked.place:
                asked.place, asked.group = place, group
            asked.hosts.setdefault(group.host)
        ordered = sorted(found.values(), key=lambda one: one.place)
        return [_step(asked, rules) for asked in ordered[:limit]]


@dataclass(slots=True)
class _Asked:
    """What asks for a step: `place` is 0 for a playbook that a rule names, 1 for a derived one, 2 for none."""

    place: int
    slug: str | None
    group: Group
    hosts: dict[str, None] = field(default_factory=dict)


# What is to be done about techniques, and else about tactics; the first that a rule's tags hold counts.
_BY_TECHNIQUE = {
    "T1490": "backup-sabotage",
    "T1486": "ransomware-on-file-share",
    "T1485": "ransomware-on-file-share",
    "T1070.001": "logging-stopped",
    "T1562.002": "logging-stopped",
    "T1219": "remote-tool",
    "T1110": "account-compromise",
    "T1078": "account-compromise",
    "T1114": "account-compromise",
}
_BY_TACTIC = {
    "inhibit-response-function": "medical-network-intrusion",
    "impair-process-control": "medical-network-intrusion",
    "evasion": "medical-network-intrusion",
    "exfiltration": "data-exfiltration",
    "credential-access": "credential-theft",
    "collection": "data-exfiltration",
    "lateral-movement": "malware-on-computer",
    "command-and-control": "malware-on-computer",
    "execution": "malware-on-computer",
    "impact": "malware-on-computer",
    "persistence": "malware-on-computer",
    "privilege-escalation": "malware-on-computer",
    "defense-impairment": "malware-on-computer",
    "defense-evasion": "malware-on-computer",
    "stealth": "malware-on-computer",
    "initial-access": "malware-on-computer",
    "discovery": "malware-on-computer",
}


def playbook_of(tags: Iterable[str]) -> str | None:
    """The playbook that follows from ATT&CK tags, for rules that name none; a sub-technique counts as its parent."""
    known = list(tags)
    techniques = attack.techniques_of(known)
    ids = {*techniques, *(id_.partition(".")[0] for id_ in techniques)}
    tactics = set(attack.tactics_of(known))
    by_technique = (slug for id_, slug in _BY_TECHNIQUE.items() if id_ in ids)
    by_tactic = (slug for tactic, slug in _BY_TACTIC.items() if tactic in tactics)
    return next(by_technique, None) or next(by_tactic, None)


def _host_story(level: Level, host: _Host) -> HostStory:
    reached = [Reached(tactic, at, count) for tactic, (at, count) in host.reached.items()]
    reached.sort(key=lambda one: (one.at, attack.tactic(one.tactic).order, one.tactic))
    return HostStory(
        host=host.name,
        level=level,
        levels=dict(host.levels),
        first_at=host.first_at,
        last_at=host.last_at,
        worst_at=host.lasts[level],
        tactics=tuple(reached),
    )


def _step(asked: _Asked, rules: Mapping[str, Rule]) -> Step:
    group = asked.group
    return Step(
        playbook=asked.slug,
        rule_id=group.rule_id,
        title=group.title,
        level=group.level,
        explanation=explanation(rules.get(group.rule_id)),
        hosts=tuple(asked.hosts),
        derived=asked.place > 0 and asked.slug is not None,
    )


def title(alert: Alert, rules: Mapping[str, Rule]) -> Text:
    """The title of the alert's rule in both languages, or the one that the alert carries."""
    rule = rules.get(alert.rule_id)
    return rule.title if rule else Text(alert.rule_title)


def explanation(rule: Rule | None) -> Text:
    """What a rule's match means: our words, or else the description of its author."""
    if rule is None:
        return Text("")
    return rule.explanation if rule.explanation.en else Text(rule.description)
