"""The states of an incident, and who may move it from which to which.

The order is that of NIST SP 800-61r2 (detection and analysis, containment, eradication and recovery, after the
incident), in words for hospital people.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where an incident stands."""

    NEW = "new"
    TRIAGE = "triage"
    CONFIRMED = "confirmed"
    CONTAINED = "contained"
    RECOVERING = "recovering"
    CLOSED = "closed"
    FALSE_ALARM = "false_alarm"


OVER = frozenset({State.CLOSED, State.FALSE_ALARM})

ANALYST, CISO, ADMIN, DIRECTOR = "analyst", "ciso", "admin_on_call", "crisis_director"
_WATCH = frozenset({ANALYST, CISO, ADMIN})
_LEAD = frozenset({CISO, DIRECTOR})

# Who may move an incident from a state to another; what is not here, nobody may.
MOVES: Mapping[tuple[State, State], frozenset[str]] = MappingProxyType(
    {
        (State.NEW, State.TRIAGE): _WATCH,
        (State.NEW, State.CONFIRMED): _WATCH,
        (State.NEW, State.FALSE_ALARM): _WATCH,
        (State.TRIAGE, State.CONFIRMED): _WATCH,
        (State.TRIAGE, State.FALSE_ALARM): _WATCH,
        (State.CONFIRMED, State.CONTAINED): _WATCH | _LEAD,
        (State.CONFIRMED, State.FALSE_ALARM): _LEAD,
        (State.CONTAINED, State.CONFIRMED): _WATCH | _LEAD,  # it broke out again
        (State.CONTAINED, State.RECOVERING): _WATCH | _LEAD,
        (State.RECOVERING, State.CONFIRMED): _WATCH | _LEAD,
        (State.RECOVERING, State.CONTAINED): _WATCH | _LEAD,
        (State.RECOVERING, State.CLOSED): _LEAD,
        (State.CLOSED, State.RECOVERING): _LEAD,  # opened again
        (State.FALSE_ALARM, State.TRIAGE): _WATCH | _LEAD,
    }
)


def refusal(came_from: State, to: State, roles: Iterable[str]) -> str | None:
    """Why somebody with `roles` may not make this move, as a reason's key; `None` if they may."""
    allowed = MOVES.get((came_from, to))
    if allowed is None:
        return "no_such_move"
    return None if allowed & frozenset(roles) else "role_may_not"


def moves_for(came_from: State, roles: Iterable[str]) -> tuple[State, ...]:
    """The states to which somebody with `roles` may move an incident, in the order of the states."""
    held = frozenset(roles)
    return tuple(to for to in State if held & MOVES.get((came_from, to), frozenset()))
