"""Alert v1: what the watch hands on. Stored by upsert on `id`; a higher `revision` replaces a lower one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wardwatch.events.record import STATED, Value
from wardwatch.kernel.severity import Level

FORMAT = "wardwatch/alert/1"


@dataclass(frozen=True, slots=True)
class Alert:
    """One match of one rule (`kind` "event"), or one episode of a correlation (`kind` "correlation").

    Args:
        id: 32 hex digits: hash(tenant, rule, event_id), for correlations hash(tenant, rule, group, earliest event_id).
        revision: counts up from 0 as an episode grows; for events always 0.
        supersedes: the id that this alert had before a late event moved its beginning; `None` mostly.
        tenant: the hospital's slug.
        kind: "event" or "correlation".
        rule_id, rule_title, level, tags: of the rule, at the time of the match.
        occurred_at, last_at: microseconds UTC of the first and last event.
        host, user, source: of the event; of a correlation, those that all its events share, else `None`.
        file, record_id: where the (first) event was read.
        event_ids: hex; the event, or the first events of the episode (at most `MAX_EVENT_IDS`).
        count: events in the episode; 1 for an event.
        group: field → value of a correlation's group-by.
        fields: matched fields → values; of a correlation those of its first event plus the computed value.
        time_quality: of the event's time, as in the envelope; `received` means that the event states no believable one.
    """

    id: str
    tenant: str
    kind: str
    rule_id: str
    rule_title: str
    level: Level
    occurred_at: int
    last_at: int
    revision: int = 0
    supersedes: str | None = None
    tags: tuple[str, ...] = ()
    host: str | None = None
    user: str | None = None
    source: str | None = None
    file: str | None = None
    record_id: str | None = None
    event_ids: tuple[str, ...] = ()
    count: int = 1
    group: Mapping[str, str | None] = field(default_factory=dict)
    fields: Mapping[str, Value] = field(default_factory=dict)
    time_quality: str = STATED


MAX_EVENT_IDS = 100
