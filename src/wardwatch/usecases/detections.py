"""The rules that watch, as people read them: titles and explanations in both languages, and what to do first."""

import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from wardwatch.detection.rules import Rule, State
from wardwatch.events.logsource import LogSource
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import ruleset, states
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.pipeline.search.database import Limits
from wardwatch.pipeline.search.searching import Asked, Scope, Search
from wardwatch.pipeline.silence import signals
from wardwatch.records.queries import detections as queries
from wardwatch.reports import ACTIONS, playbook
from wardwatch.reports.parts.coverage import by_tactic
from wardwatch.threats import attack
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.installation import home
from wardwatch.usecases.roles import Permission

LOOK = 5.0  # seconds between looks at the files of rules
ARRIVED = timedelta(days=7)  # a log source that was not heard for so long does not arrive


@dataclass(slots=True)
class _Known:
    stamps: object = None
    found: RuleSet | None = None
    looked_at: float = 0.0  # seconds that only grow


_known = _Known()
_lock = Lock()


def paths() -> RulePaths:
    """Where the watch's rules and lists come from."""
    own = home() / "rules"
    folders = (ruleset.shipped_rules(), *((own,) if own.is_dir() else ()))
    return RulePaths(folders, ruleset.read_lists([home() / "lists"]), home() / "cache")


def rules() -> RuleSet:
    """Every rule that the watch loads; read again when a file has changed, which is looked at every few seconds."""
    if _known.found is not None and time.monotonic() - _known.looked_at < LOOK:
        return _known.found
    from_where = paths()
    stamps = (from_where.stamps(), from_where.lists)
    with _lock:
        if _known.found is None or _known.stamps != stamps:
            _known.found, _known.stamps = ruleset.load(from_where), stamps
        _known.looked_at = time.monotonic()
        return _known.found


def rule(id_: str) -> Rule | None:
    """A rule by its id."""
    known = rules().rules.by_id().get(id_)
    if known is not None:
        return known
    found: Mapping[str, Rule] = signals.rules()
    return found.get(id_)


def title(id_: str, english: str = "") -> Text:
    """The title of a rule; of one that is not known any more, what it was called when it fired."""
    known = rule(id_)
    return known.title if known is not None else Text(english or id_)


@dataclass(frozen=True, slots=True)
class Advice:
    """What a rule is about, and what to do first."""

    title: Text
    explanation: Text
    playbook: Text
    action: Text


def advice(id_: str, english: str = "") -> Advice:
    """What people should know about a rule that fired."""
    known = rule(id_)
    slug = (known.playbook or "") if known is not None else ""
    return Advice(
        title=title(id_, english),
        explanation=known.explanation if known is not None else Text(""),
        playbook=playbook(slug) if slug else Text(""),
        action=ACTIONS.get(slug, Text("")),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule as lists show it: can it fire here, and if not, why."""

    id: str
    title: Text
    level: Level
    state: str
    reason: str
    techniques: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class States:
    """How many rules are in each state; `active` can fire."""

    all: int
    active: int
    by_state: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """Every rule, how many can fire, what these could see, and what is proposed to be tuned.

    `coverage`: (tactic, distinct rules, techniques), the last line all together; `tested`: active ones with examples.
    """

    rules: tuple[Listed, ...]
    states: States
    coverage: tuple[tuple[Text | str, int, int], ...]
    tested: int
    proposals: tuple[queries.Proposal, ...]


def seen_by(scope: Collection[str], now: datetime) -> Mapping[LogSource, set[str]]:
    """The log sources that arrived in a week, with the names of their fields."""
    search = Search(home() / "lake", Scope(frozenset(scope)), Limits("256MB", seconds=20))
    try:
        return search.seen(Asked(since=stamps.micros(now - ARRIVED)))
    finally:
        search.close()


def overview(actor: Actor, now: datetime) -> Overview:
    """Say what the rules can do for the hospitals that the actor sees."""
    authorise(actor, Permission.SEE_DETECTIONS)
    scope = actor.scope(Permission.SEE_DETECTIONS)
    found = list(states.states(rules(), seen_by(scope, now)))
    active = [one.rule for one in found if one.state is State.ACTIVE]
    counted = Counter(one.state.value for one in found)
    listed = sorted(found, key=lambda one: (-int(one.rule.level), one.rule.title.en))
    own = str(ruleset.shipped_rules())
    return Overview(
        tuple(
            Listed(one.rule.id, one.rule.title, one.rule.level, one.state.value, one.reason, one.rule.techniques)
            for one in listed
        ),
        States(len(found), len(active), dict(counted.most_common())),
        tuple(
            (attack.tactic(one.tactic).name if one.tactic else "ATT&CK", one.rules, one.techniques)
            for one in by_tactic(active)
        ),
        sum(rule.path.startswith(own) for rule in active),
        queries.proposals(actor.scope(Permission.TUNE)),
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """A rule with everything that its page shows. `last_at` in µs UTC."""

    id: str
    title: Text
    level: Level
    state: str
    reason: str
    logsource: str
    explanation: Text
    falsepositives: tuple[Text, ...]
    playbook: Text
    action: Text
    techniques: tuple[str, ...]
    alerts: int
    last_at: int | None


def opened(actor: Actor, id_: str, now: datetime) -> Opened | None:
    """Open a rule, or None where it is not there."""
    authorise(actor, Permission.SEE_DETECTIONS)
    scope = actor.scope(Permission.SEE_DETECTIONS)
    known = rule(id_)
    if known is None:
        return None
    state = next((one for one in states.states(rules(), seen_by(scope, now)) if one.rule.id == id_), None)
    told = advice(id_)
    count, last_at = queries.fired(scope, id_)
    return Opened(
        known.id,
        known.title,
        known.level,
        state.state.value if state else State.ACTIVE.value,
        state.reason if state else "",
        str(known.logsource),
        known.explanation if known.explanation.en else Text(known.description),
        known.falsepositives,
        told.playbook,
        told.action,
        known.techniques,
        count,
        last_at,
    )
