"""What a hospital has decided about its watch: how far apart alerts may be, who is called, how long undo works."""

from dataclasses import dataclass

from wardwatch.incidents.oncall import NOBODY, Rota
from wardwatch.kernel.severity import Level

FORMAT = "wardwatch/watch-policy/1"
_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one hospital's watch. Spans are in µs.

    Args:
        join_within: how far apart in time an alert and a group may be to be one.
        progression_within: the same, where the alert is a further step of the same attack on the same host.
        outbreak_within: the same, where only a grave and rare rule is shared.
        longest: how long an open group may become; what comes later begins another one.
        undo_within: how long an act can be undone.
        hub: in how many open groups an indicator or account is before it tells nothing any more.
        hubs: marks that tell nothing in this hospital, such as `ip:10.0.0.1` of a proxy.
        call_from: groups and incidents of this level call somebody if nobody takes them.
        rota: whom, and when.
        calm: for so long after a call, the same person gets no further one but sees it on the screen.
    """

    join_within: int = 4 * 60 * _MINUTE
    progression_within: int = 24 * 60 * _MINUTE
    outbreak_within: int = 15 * _MINUTE
    longest: int = 3 * 24 * 60 * _MINUTE
    undo_within: int = 15 * _MINUTE
    hub: int = 8
    hubs: frozenset[str] = frozenset()
    call_from: Level = Level.HIGH
    rota: Rota = NOBODY
    calm: int = 5 * _MINUTE


DEFAULT = Policy()
