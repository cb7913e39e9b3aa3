"""What the watch hears: alerts, what people do, and timers. Times are µs UTC; ids are text, unique for each message."""

from dataclasses import dataclass

from wardwatch.events.alert import Alert
from wardwatch.incidents.states import State

MAX_TEXT = 10_000  # characters of a note
MAX_REASON = 1_000


@dataclass(frozen=True, slots=True)
class AlertArrived:
    """An alert came out of the log of alerts, in the log's order. One that was heard already changes nothing."""

    alert: Alert

    @property
    def id(self) -> str:
        """Made of the alert's id and revision: the log may say the same thing twice."""
        return f"{self.alert.id}:{self.alert.revision}:{self.alert.supersedes or ''}"

    @property
    def tenant(self) -> str:
        """The hospital."""
        return self.alert.tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """A timer that the watch asked for is due. One that was stopped in the meantime changes nothing."""

    timer: str
    tenant: str
    subject: str

    @property
    def id(self) -> str:
        """The timer's: it fires once."""
        return self.timer


@dataclass(frozen=True, slots=True, kw_only=True)
class CareChanged:
    """The estate says something else of these hosts (see `marks.host_name`): open groups weigh them anew.

    Args:
        id: unique; who changed the estate is in its own audit.
        tenant: the hospital.
        hosts: at most 100; more are several messages.
    """

    id: str
    tenant: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person did. The use case has made sure that they may act for this hospital at all.

    Args:
        id: unique; the same id again changes nothing (idempotency key).
        tenant: the hospital.
        by: the account.
        roles: those that the account holds there.
    """

    id: str
    tenant: str
    by: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Act):
    """A group of alerts is somebody's (`None`: nobody's again)."""

    group: str
    assignee: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silenced(Act):
    """A group is not to be heard of until then, unless it gets worse."""

    group: str
    until: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedFalsePositive(Act):
    """A group was nothing; or only some of its alerts, named by id. A tuning is proposed."""

    group: str
    alerts: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Act):
    """A group was dealt with and needs no incident."""

    group: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Act):
    """A group that was settled or marked false positive is open again."""

    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised(Act):
    """A group becomes an incident, or joins the one that is named."""

    group: str
    incident: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Act):
    """Groups belong to another one. They stay what they are below it, so that it can be undone exactly."""

    into: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmerged(Act):
    """A group that was merged stands alone again."""

    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Act):
    """Somebody wrote something down; `subject` is a group or an incident."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMoved(Act):
    """An incident goes to another state."""

    incident: str
    to: State
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerTaken(Act):
    """Somebody leads an incident: who acts, unless another `owner` is named."""

    incident: str
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAdded(Act):
    """Something is to be done in an incident."""

    incident: str
    title: str
    assignee: str | None = None
    due_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDone(Act):
    """A task is done."""

    incident: str
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAdded(Act):
    """A file was taken in as evidence; the file itself lies with whoever took it."""

    incident: str
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceHandled(Act):
    """Evidence was read, copied or handed over: one more hand in its chain of custody."""

    incident: str
    evidence: str
    what: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareEffectStated(Act):
    """What the incident does to a clinical service: `normal`, `degraded`, `down` or `unknown`."""

    incident: str
    service: str
    state: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Act):
    """The last act on a group or an incident is taken back, if it can be and not too long ago."""

    subject: str


Message = AlertArrived | TimerFired | CareChanged | Act
