"""A simulated day of a hospital: a morning's noise, an attack at night, people who act, alerts that come twice or late.

`day(seed)` yields (now, message), the same for the same seed; `play(store, messages)` steps them through a store, fires
its timers in between, and returns what came of it. Two stores that keep the same state give the same `Played`.

People act on what they see: the day is made beside a store of its own, whose ids are those of any other.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from wardwatch.estate.care import Care, Criticality, Stands, percent_of
from wardwatch.events.alert import Alert
from wardwatch.incidents.incident import Incident
from wardwatch.incidents.oncall import Rota, Shift, Step
from wardwatch.incidents.states import State
from wardwatch.kernel.severity import Level
from wardwatch.watch import messages, plain
from wardwatch.watch.effects import Effect
from wardwatch.watch.groups import Group, GroupState
from wardwatch.watch.memory import MemoryStore
from wardwatch.watch.messages import Act, AlertArrived, Message, TimerFired
from wardwatch.watch.needing import needs
from wardwatch.watch.policy import Policy
from wardwatch.watch.slices import Store
from wardwatch.watch.stepping import step

TENANT = "chu-nord"
MINUTE = 60_000_000
HOUR = 60 * MINUTE
BEGIN = 1_795_392_000_000_000  # 2026-11-23 00:00 UTC, a Monday
ROTA = Rota(
    zone="Europe/Paris",
    country="FR",
    shifts=(
        Shift(("leo", "mia"), days=frozenset(range(5)), start=8 * 60, end=20 * 60),
        Shift(("nora", "paul", "rita"), start=20 * 60, end=8 * 60, turn_days=1),
        Shift(("nora", "paul", "rita"), days=frozenset({5, 6, 7}), turn_days=1),
    ),
    steps=(Step(after=0), Step(after=15 * MINUTE), Step(who=("ciso",), after=30 * MINUTE)),
)
POLICY = Policy(rota=ROTA)

_NOISE = [
    ("noise-logon-failed", Level.LOW, ("attack.credential-access", "attack.t1110")),
    ("noise-usb", Level.LOW, ()),
    ("noise-service-installed", Level.MEDIUM, ("attack.persistence", "attack.t1543.003")),
    ("noise-powershell", Level.MEDIUM, ("attack.execution", "attack.t1059.001")),
    ("noise-admin-share", Level.MEDIUM, ("attack.lateral-movement", "attack.t1021.002")),
    ("noise-scan", Level.MEDIUM, ("attack.discovery", "attack.t1046")),
]
# (minutes after the attack began, rule, level, tags, hosts, alerts on each)
_ATTACK = [
    (0, "vpn-without-mfa", Level.MEDIUM, ("attack.initial-access", "attack.t1078"), ["vpn01"], 2),
    (12, "office-starts-shell", Level.HIGH, ("attack.execution", "attack.t1059"), ["pc-acc-07"], 3),
    (35, "lsass-read", Level.HIGH, ("attack.credential-access", "attack.t1003.001"), ["pc-acc-07"], 2),
    (55, "share-swept", Level.MEDIUM, ("attack.discovery", "attack.t1135"), ["pc-acc-07"], 40),
    (80, "psexec", Level.HIGH, ("attack.lateral-movement", "attack.t1021.002"), ["dc01", "files01", "backup01"], 2),
    (95, "backup-deleted", Level.CRITICAL, ("attack.impact", "attack.t1490"), ["backup01"], 3),
    (120, "files-encrypted", Level.CRITICAL, ("attack.impact", "attack.t1486"), ["files01", "pacs01", "lis01"], 120),
    (123, "shadow-copies", Level.HIGH, ("attack.impact", "attack.t1490"), [f"pc-{n:03}" for n in range(60)], 2),
]
_CARE = {
    "pacs01": Stands("radiology", Criticality.VITAL, 120),
    "lis01": Stands("laboratory", Criticality.VITAL, 60),
    "dc01": Stands("ward", Criticality.HIGH, 720, ("ad",)),
    "files01": Stands("billing", Criticality.LOW, 14_400),
}


def care(_tenant: str, host: str) -> Care:
    """What stands on the hosts of this hospital."""
    stands = (_CARE[host],) if host in _CARE else ()
    known = host in _CARE or host.startswith(("pc-", "backup", "vpn"))
    return Care(host, known, stands, percent_of(stands), stands[0].minutes if stands else None)


def memory() -> MemoryStore:
    """A store in memory with this hospital in it."""
    return MemoryStore({TENANT: POLICY}, care)


@dataclass(slots=True)
class Played:
    """What came of a day: the timeline as plain entries, and all effects, in order."""

    timeline: list[dict[str, Any]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)


def play(store: Store, day: Iterable[tuple[int, Message]]) -> Played:
    """Step every message through a store; timers that are due fire before it, and at the end of the day."""
    played = Played()
    now = BEGIN
    for now, message in day:
        _advance(store, now, played)
        follow(store, message, now, played)
    _advance(store, now + 2 * HOUR, played)
    return played


def follow(store: Store, message: Message, now: int, played: Played) -> tuple[Effect, ...]:
    """One message: load, step, save."""
    before = store.load(message.tenant, needs(message))
    after, effects = step(before, message, now)
    store.save(before, after)
    played.timeline += [plain.to_plain(entry) for entry in after.entries]
    played.effects += effects
    return effects


def _advance(store: Store, now: int, played: Played) -> None:
    while due := store.due(now, 1):
        fired = TimerFired(timer=due[0].id, tenant=due[0].tenant, subject=due[0].subject)
        follow(store, fired, due[0].due_at, played)


def day(seed: int = 1, noise: int = 2_000) -> Iterator[tuple[int, Message]]:
    """The day's messages in order of time: some thousands of alerts, and what people did about them."""
    chance = random.Random(seed)
    people = _People(chance)
    shift = BEGIN + 6 * HOUR
    for now, alert in sorted(_arrivals(chance, noise), key=lambda one: (one[0], one[1].id, one[1].revision)):
        while shift <= now:
            for act in people.look(shift):
                people.hear(act, shift)
                yield shift, act
            shift += 7 * MINUTE
        message = AlertArrived(alert)
        people.hear(message, now)
        yield now, message


def _arrivals(chance: random.Random, noise: int) -> Iterator[tuple[int, Alert]]:
    """Alerts with the moment at which they arrive: mostly soon, sometimes late, sometimes twice."""
    for alert in (*_noise(chance, noise), *_attack(chance), *_correlations(), *_silences()):
        late = chance.randrange(40 * MINUTE) if chance.random() < 0.1 else chance.randrange(5_000_000)
        yield alert.last_at + late, alert
        if chance.random() < 0.05:
            yield alert.last_at + late + chance.randrange(30 * MINUTE), alert


def _noise(chance: random.Random, count: int) -> Iterator[Alert]:
    for number in range(count):
        rule, level, tags = chance.choice(_NOISE)
        at = BEGIN + chance.randrange(30 * HOUR)
        fields = {"IpAddress": f"10.4.{chance.randrange(4)}.{chance.randrange(200)}"} if chance.random() < 0.3 else {}
        user = f"CHU\\user{chance.randrange(120)}" if chance.random() < 0.6 else "SYSTEM"
        host = f"PC-{chance.randrange(300):03}.chu.example"
        yield _alert(rule, f"noise {number}", at, level, tags=tags, host=host, user=user, fields=fields)


def _attack(chance: random.Random) -> Iterator[Alert]:
    began = BEGIN + 19 * HOUR
    for minutes, rule, level, tags, hosts, each in _ATTACK:
        for host in hosts:
            for number in range(each):
                at = began + minutes * MINUTE + chance.randrange(12 * MINUTE)
                fields = {"SourceIp": "185.220.101.7"} if rule == "vpn-without-mfa" else {"IpAddress": "10.4.7.7"}
                user = "j.martin@chu.example" if minutes < 60 else "CHU\\svc-backup"
                yield _alert(rule, f"{host} {number}", at, level, tags=tags, host=host, user=user, fields=fields)


def _correlations() -> Iterator[Alert]:
    """An episode that grows, moves its beginning under a new id, and one that is withdrawn."""
    at = BEGIN + 20 * HOUR
    about = {"tags": ("attack.credential-access", "attack.t1110"), "host": "dc01", "user": None, "fields": {}}
    grown = [
        replace(_alert("many-logons", "episode", at, Level.HIGH, **about), kind="correlation", count=10 + n, revision=n)
        for n in range(5)
    ]
    yield from (replace(one, last_at=at + one.revision * MINUTE) for one in grown)
    moved = replace(_alert("many-logons", "earlier", at - MINUTE, Level.HIGH, **about), kind="correlation", revision=5)
    yield replace(moved, last_at=at + 6 * MINUTE, supersedes=grown[0].id)
    wrong = replace(_alert("few-logons", "gone", at, Level.MEDIUM, **about), kind="correlation")
    yield wrong
    yield replace(wrong, revision=1, supersedes=wrong.id, last_at=at + 30 * MINUTE)


def _silences() -> Iterator[Alert]:
    at = BEGIN + 9 * HOUR
    opened = _alert("wardwatch-source-stopped", "silence", at, Level.HIGH, tags=(), host=None, user=None, fields={})
    yield replace(opened, fields={"state": "open"}, event_ids=())
    yield replace(opened, fields={"state": "closed"}, revision=1, last_at=at + 50 * MINUTE, event_ids=())


def _alert(
    rule: str,
    name: str,
    at: int,
    level: Level,
    *,
    tags: tuple[str, ...],
    host: str | None,
    user: str | None,
    fields: dict[str, str],
) -> Alert:
    id_ = hashlib.blake2b(f"{rule} {name}".encode(), digest_size=16).hexdigest()
    return Alert(
        id=id_,
        tenant=TENANT,
        kind="event",
        rule_id=rule,
        rule_title=rule.replace("-", " "),
        level=level,
        occurred_at=at,
        last_at=at,
        tags=tags,
        host=host,
        user=user,
        source="windows/*/security",
        event_ids=(id_[::-1],),
        fields=fields,
    )


class _People:
    """Those who work that day. They see what a store in memory shows, and act on it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._store = memory()
        self._played = Played()
        self._number = 0
        self._sent: list[Act] = []

    def hear(self, message: Message, now: int) -> None:
        _advance(self._store, now, self._played)
        follow(self._store, message, now, self._played)

    def look(self, now: int) -> Iterator[Act]:
        """What people do in these minutes."""
        kept = self._store.kept(TENANT)
        waiting = [one for one in kept.groups.values() if one.state is GroupState.OPEN and not one.merged]
        waiting.sort(key=lambda one: (-one.score, one.id))
        if waiting:
            yield from self._triage(waiting, now)
        for incident in sorted(kept.incidents.values(), key=lambda one: one.id):
            yield from self._lead(incident, now)
        if self._sent and self._chance.random() < 0.2:
            yield self._chance.choice(self._sent)  # sent twice: a browser that was not answered

    def _triage(self, waiting: list[Group], now: int) -> Iterator[Act]:
        group = waiting[0] if self._chance.random() < 0.6 else self._chance.choice(waiting)
        name = group.id
        if group.level is Level.CRITICAL:
            yield self._act(messages.Raised, group=name, title="Ransomware on the file server")
        elif group.level is Level.HIGH and self._chance.random() < 0.3:
            yield self._act(messages.Raised, group=name)
        else:
            yield self._chance.choice(
                (
                    self._act(messages.Assigned, group=name, assignee="ana"),
                    self._act(messages.Silenced, group=name, until=now + 2 * HOUR, reason="maintenance"),
                    self._act(messages.MarkedFalsePositive, group=name, reason="the scanner"),
                    self._act(messages.Settled, group=name, reason="asked the user"),
                    self._act(messages.NoteAdded, subject=name, text="Looks like the usual."),
                    self._act(messages.Merged, into=name, groups=tuple(one.id for one in waiting[1:3])),
                    self._act(messages.Assigned, group="0" * 32, assignee="ana"),
                )
            )
        if self._chance.random() < 0.25:
            yield self._act(messages.Undone, subject=name)
        over = sorted(id_ for id_, one in self._store.kept(TENANT).groups.items() if one.state is GroupState.SETTLED)
        if over and self._chance.random() < 0.2:
            yield self._act(messages.Reopened, group=self._chance.choice(over))
        merged = sorted(one.id for one in self._store.kept(TENANT).groups.values() if one.merged)
        if merged and self._chance.random() < 0.3:
            yield self._act(messages.Unmerged, group=self._chance.choice(merged))
        alone = self._alert_of(group)
        if alone and self._chance.random() < 0.1:
            yield self._act(messages.MarkedFalsePositive, group=name, alerts=(alone,), reason="a test")

    def _alert_of(self, group: Group) -> str:
        return min((one for mark in group.own.marks.values() for one in mark.alerts), default="")

    def _lead(self, incident: Incident, now: int) -> Iterator[Act]:
        after = {
            State.NEW: State.TRIAGE,
            State.TRIAGE: State.CONFIRMED if incident.level is Level.CRITICAL else State.FALSE_ALARM,
            State.CONFIRMED: State.CONTAINED,
            State.CONTAINED: State.RECOVERING,
            State.RECOVERING: State.CLOSED,
        }
        about = {"incident": incident.id}
        if incident.over or self._chance.random() < 0.3:
            return
        if incident.owner is None and self._chance.random() < 0.5:
            yield self._act(messages.OwnerTaken, **about, by="nora")
        elif incident.state in after and self._chance.random() < 0.15:
            role = "ciso" if self._chance.random() < 0.7 else "ward_lead"
            yield self._act(messages.StateMoved, **about, to=after[incident.state], roles=(role,), by="ciso")
        elif not incident.tasks or self._chance.random() < 0.3:
            yield self._act(messages.TaskAdded, **about, title="Cut the tunnel", assignee="leo", due_at=now + HOUR)
        else:
            evidence = incident.evidence[0].id if incident.evidence else ""
            digest = hashlib.sha256(str(self._number).encode()).hexdigest()
            yield self._chance.choice(
                (
                    self._act(messages.TaskDone, **about, task=incident.tasks[-1].id),
                    self._act(messages.EvidenceAdded, **about, name="memory.raw", sha256=digest, size=4096),
                    self._act(
                        messages.EvidenceHandled, **about, evidence=evidence, what="copied", note="to the police"
                    ),
                    self._act(messages.CareEffectStated, **about, service="radiology", state="down", text="CD only"),
                    self._act(messages.NoteAdded, subject=incident.id, text="Called the supplier."),
                    self._act(messages.Undone, subject=incident.id, by="ciso", roles=("ciso",)),
                )
            )

    def _act(self, kind: type[Act], *, by: str = "ana", roles: tuple[str, ...] = ("analyst",), **about: object) -> Act:
        self._number += 1
        made: Act = partial(kind, id=f"act-{self._number}", tenant=TENANT, by=by, roles=roles)(**about)
        self._sent = [*self._sent[-20:], made]
        return made
