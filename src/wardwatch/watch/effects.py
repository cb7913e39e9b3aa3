"""What a step asks the world to do. Ids are made of message and ordinal: who executes them twice can tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell somebody: `who` (account) through `channel` (`screen`, `mail`, `sms`, `webhook`) the text of a key.

    `subject` is the group or incident that it is about; `urgent` says that it is a call, not a piece of news.
    """

    id: str
    tenant: str
    who: str
    channel: str
    text: str
    params: Mapping[str, str]
    subject: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Send `TimerFired` at `due_at` (µs UTC). The store keeps it, too: nothing is lost with a process."""

    id: str
    tenant: str
    subject: str
    kind: str
    due_at: int


@dataclass(frozen=True, slots=True)
class StopTimer:
    """A timer is no longer wanted."""

    id: str
    tenant: str
    subject: str


@dataclass(frozen=True, slots=True)
class ProposeTuning:
    """Work out how these rules could stay silent about this, for a person to decide on, with proof."""

    id: str
    tenant: str
    subject: str
    rules: tuple[str, ...]
    alerts: tuple[str, ...]
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """For the audit log: who did what to what, when (µs UTC). `by` empty: the watch itself."""

    id: str
    tenant: str
    at: int
    by: str
    what: str
    subject: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that was not followed, and why: a reason's key (`content/words/watch.yml`). Nothing changed."""

    reason: str
    params: Mapping[str, str] = field(default_factory=dict)


Effect = Notify | StartTimer | StopTimer | ProposeTuning | Recorded | Refused
