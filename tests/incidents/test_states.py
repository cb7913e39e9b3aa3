"""Who may move an incident from which state to which."""

from wardwatch.incidents import states
from wardwatch.incidents.states import MOVES, OVER, State


def test_each_state_can_be_reached_and_each_end_be_left() -> None:
    assert {to for _, to in MOVES} == set(State) - {State.NEW}
    assert {start for start, _ in MOVES} == set(State)
    assert {State.CLOSED, State.FALSE_ALARM} == OVER


def test_a_ward_lead_moves_nothing_and_an_analyst_does_not_close() -> None:
    assert all(states.refusal(start, to, ["ward_lead", "auditor"]) == "role_may_not" for start, to in MOVES)
    assert states.refusal(State.RECOVERING, State.CLOSED, ["analyst"]) == "role_may_not"
    assert states.refusal(State.RECOVERING, State.CLOSED, ["analyst", "ciso"]) is None
    assert states.refusal(State.NEW, State.CLOSED, ["ciso"]) == "no_such_move"
    assert states.refusal(State.NEW, State.NEW, ["ciso"]) == "no_such_move"


def test_moves_are_listed_for_a_person() -> None:
    assert states.moves_for(State.NEW, ["analyst"]) == (State.TRIAGE, State.CONFIRMED, State.FALSE_ALARM)
    assert states.moves_for(State.CONFIRMED, ["analyst"]) == (State.CONTAINED,)
    assert states.moves_for(State.NEW, ["dpo"]) == ()
