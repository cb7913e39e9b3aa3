"""What correlations see of an event: that a rule matched it, when, and the few fields that they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sighting:
    """One match of one base rule.

    Args:
        tenant: the hospital's slug.
        rule: id of the base rule.
        event_id: 16 bytes.
        occurred_at: microseconds UTC.
        host, user, source, file, record_id: of the event, as in an alert.
        values: the fields named by `Correlations.needs[rule]`, as text; `None` or left out where absent.
    """

    tenant: str
    rule: str
    event_id: bytes
    occurred_at: int
    host: str | None = None
    user: str | None = None
    source: str | None = None
    file: str | None = None
    record_id: str | None = None
    values: Mapping[str, str | None] = field(default_factory=dict)
