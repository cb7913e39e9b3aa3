"""What people do with incidents: states, owners, tasks, evidence, care; refused with a reason; taken back."""

import pytest
from tests.watch.watching import HOUR, NOON, Watching

from wardwatch.incidents.evidence import Custody
from wardwatch.incidents.incident import CareEffect, Incident
from wardwatch.incidents.states import State
from wardwatch.incidents.timeline import Kind
from wardwatch.watch import messages
from wardwatch.watch.effects import Notify, Refused

SHA = "ab" * 32


class Led(Watching):
    """A hospital with one incident."""

    def __init__(self) -> None:
        super().__init__()
        self.act(messages.Raised, group=self.alert("a", "dc01").id)
        self.id = next(iter(self.kept.incidents))

    @property
    def incident(self) -> Incident:
        return self.kept.incidents[self.id]

    def do(self, kind, **about: object):
        return self.act(kind, incident=self.id, **about)


@pytest.fixture
def led() -> Led:
    return Led()


def test_states_are_moved_by_who_may(led) -> None:
    assert led.do(messages.StateMoved, to=State.CLOSED) == (Refused("no_such_move", {"from": "new", "to": "closed"}),)
    led.do(messages.OwnerTaken, owner="nora")
    effects = led.do(messages.StateMoved, to=State.CONFIRMED, reason="encrypting")
    assert (led.incident.state, led.incident.confirmed_at) == (State.CONFIRMED, NOON)
    assert [(one.who, one.text) for one in effects if isinstance(one, Notify)] == [("nora", "incident.moved")]
    assert led.timeline(led.id)[-1].params == {"from": "new", "to": "confirmed", "reason": "encrypting"}
    assert led.do(messages.StateMoved, to=State.FALSE_ALARM)[0].reason == "role_may_not"
    led.do(messages.StateMoved, to=State.FALSE_ALARM, roles=("ciso",), by="chief")
    assert (led.incident.closed_at, led.incident.over) == (NOON, True)
    led.act(messages.Undone, subject=led.id, by="chief")
    assert (led.incident.state, led.incident.closed_at, led.incident.confirmed_at) == (State.CONFIRMED, None, NOON)


def test_an_owner_is_told_and_can_be_taken_back(led) -> None:
    effects = led.do(messages.OwnerTaken, owner="nora")
    assert [(one.who, one.text) for one in effects if isinstance(one, Notify)] == [("nora", "incident.owned")]
    assert led.do(messages.OwnerTaken, owner="nora") == (Refused("already_so"),)
    led.do(messages.OwnerTaken)
    assert led.incident.owner == "ana"
    led.act(messages.Undone, subject=led.id)
    assert led.incident.owner == "nora"


def test_tasks_are_added_told_when_due_once_done_and_taken_back(led) -> None:
    effects = led.do(messages.TaskAdded, title=" Cut the tunnel ", assignee="leo", due_at=NOON + HOUR)
    assert [(one.who, one.params) for one in effects if isinstance(one, Notify)] == [
        ("leo", {"title": "Cut the tunnel", "who": "leo", "by": "ana"})
    ]
    [task] = led.incident.tasks
    told = [one for one in led.wait(3 * HOUR) if isinstance(one, Notify)]
    assert [(one.who, one.channel, one.text) for one in told] == [("leo", "mail", "incident.task_due")]
    assert led.incident.tasks[0].told_at == NOON + HOUR
    led.do(messages.TaskDone, task=task.id)
    assert (led.incident.tasks[0].done_by, led.incident.tasks[0].done_at) == ("ana", NOON + 3 * HOUR)
    assert led.do(messages.TaskDone, task=task.id) == (Refused("already_so"),)
    led.act(messages.Undone, subject=led.id)
    assert led.incident.tasks[0].done_at is None
    led.do(messages.TaskAdded, title="Call the supplier", due_at=led.now + HOUR)
    assert len(led.kept.timers) == 1
    led.act(messages.Undone, subject=led.id)
    assert ([one.title for one in led.incident.tasks], led.kept.timers) == (["Cut the tunnel"], {})


def test_a_task_of_nobody_is_the_owners(led) -> None:
    led.do(messages.OwnerTaken, owner="nora")
    led.do(messages.TaskAdded, title="Look", due_at=NOON + HOUR)
    assert [one.who for one in led.wait(HOUR) if isinstance(one, Notify)] == ["nora"]


def test_evidence_is_taken_in_once_and_each_hand_is_kept(led) -> None:
    led.do(messages.EvidenceAdded, name="memory.raw", sha256=SHA, size=4096)
    assert led.do(messages.EvidenceAdded, name="copy.raw", sha256=SHA, size=4096) == (Refused("already_so"),)
    [file] = led.incident.evidence
    led.do(messages.EvidenceHandled, evidence=file.id, what="handed_over", note="to the police", by="chief")
    assert led.incident.evidence[0].custody == (
        Custody("ana", NOON, "taken_in"),
        Custody("chief", NOON, "handed_over", "to the police"),
    )
    assert led.do(messages.EvidenceHandled, evidence=file.id, what="lost")[0].reason == "no_such_custody"


def test_care_effects_are_the_last_word_of_each_service(led) -> None:
    led.do(messages.OwnerTaken, owner="nora")
    effects = led.do(messages.CareEffectStated, service="radiology", state="down", text=" CD only ", by="ward")
    assert [(one.who, one.text) for one in effects if isinstance(one, Notify)] == [("nora", "incident.care_effect")]
    led.do(messages.CareEffectStated, service="laboratory", state="degraded")
    led.do(messages.CareEffectStated, service="radiology", state="normal")
    assert led.incident.care_effects == (
        CareEffect("laboratory", "degraded", NOON, "ana"),
        CareEffect("radiology", "normal", NOON, "ana"),
    )
    effects = [one for one in led.timeline(led.id) if one.kind is Kind.CARE_EFFECT]
    assert [one.params["state"] for one in effects] == ["down", "degraded", "normal"]


def test_notes_stand_on_the_timeline_of_an_incident(led) -> None:
    led.act(messages.NoteAdded, subject=led.id, text=" Called them. ")
    assert led.timeline(led.id)[-1].params == {"text": "Called them."}


def test_what_cannot_be_done_is_refused_and_changes_nothing(led, monkeypatch) -> None:
    led.do(messages.EvidenceAdded, name="memory.raw", sha256=SHA, size=4096)
    before = led.incident
    for name in ("MAX_TASKS", "MAX_EVIDENCE", "MAX_SERVICES", "MAX_CUSTODY"):
        monkeypatch.setattr(f"wardwatch.watch.acts.incidents.{name}", 0)
    cases = [
        (messages.TaskAdded, {"title": ""}, "text_empty"),
        (messages.TaskAdded, {"title": "x" * 201}, "text_long"),
        (messages.TaskAdded, {"title": "x"}, "too_many"),
        (messages.TaskDone, {"task": "nope"}, "no_such_task"),
        (messages.EvidenceAdded, {"name": "", "sha256": SHA, "size": 1}, "evidence_name"),
        (messages.EvidenceAdded, {"name": "x", "sha256": "ff", "size": 1}, "evidence_hash"),
        (messages.EvidenceAdded, {"name": "x", "sha256": "cd" * 32, "size": 1}, "too_many"),
        (messages.EvidenceHandled, {"evidence": "nope", "what": "read"}, "no_such_evidence"),
        (messages.EvidenceHandled, {"evidence": before.evidence[0].id, "what": "read"}, "too_many"),
        (messages.CareEffectStated, {"service": "x", "state": "broken"}, "no_such_care_state"),
        (messages.CareEffectStated, {"service": "", "state": "down"}, "no_such_care_state"),
        (messages.CareEffectStated, {"service": "x", "state": "down"}, "too_many"),
    ]
    for kind, about, reason in cases:
        [refused] = led.do(kind, **about)
        assert (type(refused), refused.reason) == (Refused, reason), kind
        [nowhere] = led.act(kind, incident="nope", **about)
        assert nowhere.reason == "no_such_incident"
    for kind, about in ((messages.StateMoved, {"to": State.TRIAGE}), (messages.OwnerTaken, {})):
        assert led.act(kind, incident="nope", **about) == (Refused("no_such_incident"),)
    assert led.incident == before


def test_what_is_over_is_left_alone(led) -> None:
    led.do(messages.TaskAdded, title="Look", due_at=NOON + HOUR)
    led.do(messages.StateMoved, to=State.FALSE_ALARM)
    assert led.kept.timers == {}, "nobody is told of tasks of what is over"
    assert led.do(messages.TaskAdded, title="x")[0].reason == "incident_over"
    assert led.do(messages.OwnerTaken)[0].reason == "incident_over"
    assert (
        led.act(messages.Raised, group=led.alert("z", "z", rule="z").id, incident=led.id)[0].reason == "incident_over"
    )
    led.act(messages.NoteAdded, subject=led.id, text="still possible")
