"""An incident: what people hold in hands while they deal with an attack. Its timeline is kept beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wardwatch.incidents.evidence import Evidence
from wardwatch.incidents.states import OVER, State
from wardwatch.kernel import ids
from wardwatch.kernel.severity import Level

FORMAT = "wardwatch/incident/1"
MAX_TASKS, MAX_EVIDENCE, MAX_GROUPS = 500, 500, 200
MAX_TITLE = 200  # characters


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done. Times are µs UTC; `done_at` is `None` while it is open, `told_at` until it was due."""

    id: str
    title: str
    assignee: str | None = None
    due_at: int | None = None
    done_at: int | None = None
    done_by: str | None = None
    told_at: int | None = None


@dataclass(frozen=True, slots=True)
class CareEffect:
    """What the incident does to a clinical service: `normal`, `degraded`, `down` or `unknown`, since when, by whom."""

    service: str
    state: str
    at: int
    by: str
    text: str = ""


CARE_STATES = ("normal", "degraded", "down", "unknown")


@dataclass(frozen=True, slots=True)
class Calls:
    """How far calling somebody has come: calls made, who was called, and when the next is due (µs UTC, or never)."""

    made: int = 0
    called: tuple[str, ...] = ()
    next_at: int | None = None


@dataclass(frozen=True, slots=True)
class LastAct:
    """The last act of a person on a subject: its message, what it was, and what was there before it.

    `before` names what an undo puts back; `alerts` are those that the act took out of a group.
    """

    message: str
    kind: str
    at: int
    by: str
    before: Mapping[str, str | int | None] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident of one hospital.

    Args:
        id: 32 hex digits, made of tenant and the message that raised it.
        tenant: the hospital.
        title: a person's words, or empty: the console makes a sentence of rules and hosts.
        state: see `states.State`.
        level, score: those of its worst group.
        opened_at, updated_at, first_at, last_at: µs UTC; the last two of its alerts.
        owner: the account that leads it; `None`: nobody yet.
        raised_by: who made an incident of it.
        groups: ids of the groups of alerts in it.
        hosts, users, rule_ids, techniques, indicators: of its alerts, sorted, as far as groups list them.
        alert_count: alerts in its groups.
        tasks, evidence, care_effects: in order of being added; of a service the last effect.
        confirmed_at, closed_at: µs UTC, when it was last confirmed or ended.
        calls: how far calling somebody has come; `None`: nobody needs to be called.
        last_act: what an undo would undo.
    """

    id: str
    tenant: str
    title: str
    state: State
    level: Level
    score: int
    opened_at: int
    updated_at: int
    first_at: int
    last_at: int
    owner: str | None = None
    raised_by: str = ""
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    rule_ids: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    alert_count: int = 0
    tasks: tuple[Task, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    care_effects: tuple[CareEffect, ...] = ()
    confirmed_at: int | None = None
    closed_at: int | None = None
    calls: Calls | None = None
    last_act: LastAct | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is expected: closed, or a false alarm."""
        return self.state in OVER

    def task(self, id_: str) -> Task | None:
        """The task of an id."""
        return next((one for one in self.tasks if one.id == id_), None)


def incident_id(tenant: str, message: str) -> str:
    """Name an incident by the message that raised it."""
    return ids.digest("incident/1", tenant.encode(), message.encode()).hex()


def task_id(incident: str, message: str) -> str:
    """Name a task by the message that added it."""
    return ids.digest("task/1", incident.encode(), message.encode()).hex()
