"""The timeline of an incident or a group of alerts: entries that are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wardwatch.kernel import ids

FORMAT = "wardwatch/case-entry/1"


class Kind(StrEnum):
    """What an entry tells."""

    EVIDENCE = "evidence"  # what was seen: alerts, files
    DECISION = "decision"  # what somebody decided: assigned, silenced, confirmed
    ACTION = "action"  # what was done: tasks, merging, calls
    MESSAGE = "message"  # what somebody wrote or was told
    CARE_EFFECT = "care_effect"  # what it means for patients


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of a timeline.

    Args:
        id: 32 hex digits, made of subject, message and ordinal: the same in every store.
        tenant: the hospital.
        subject: id of the incident or group whose timeline it is.
        ordinal: its place among the entries that one message made.
        at: µs UTC, when it came onto the timeline.
        kind: see `Kind`.
        text: key of its sentence (`content/words/watch.yml`); `params` fill it.
        by: the account that did it; empty: the watch itself.
        message: id of the message that made it.
        happened_at: µs UTC, when what it tells happened, where that is another time.
        alerts: ids of the alerts it speaks of, a few.
    """

    id: str
    tenant: str
    subject: str
    ordinal: int
    at: int
    kind: Kind
    text: str
    by: str = ""
    message: str = ""
    happened_at: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()


def entry_id(tenant: str, subject: str, message: str, ordinal: int) -> str:
    """Name an entry by what made it."""
    found = ids.digest("entry/1", tenant.encode(), subject.encode(), message.encode(), ordinal.to_bytes(4, "big"))
    return found.hex()
