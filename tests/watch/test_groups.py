"""What people do with groups: taken, silenced, false positives, raised, merged; refused with a reason; taken back."""

from dataclasses import replace

import pytest
from tests.watch.watching import HOUR, MINUTE, NOON, Watching, alert

from wardwatch.incidents.states import State
from wardwatch.kernel.severity import Level
from wardwatch.watch import messages, seen
from wardwatch.watch.effects import Notify, ProposeTuning, Recorded, Refused, StartTimer, StopTimer
from wardwatch.watch.groups import MAX_FAMILY, AlertPlace, GroupState


def only(effects, kind):
    return [one for one in effects if isinstance(one, kind)]


@pytest.fixture
def watching() -> Watching:
    return Watching()


def test_assigned_tells_who_has_it_and_the_audit_log(watching) -> None:
    group = watching.alert("a", "dc01")
    effects = watching.act(messages.Assigned, group=group.id, assignee="kim")
    assert [(one.who, one.channel, one.text) for one in only(effects, Notify)] == [("kim", "screen", "group.assigned")]
    assert [(one.by, one.what, one.params) for one in only(effects, Recorded)] == [
        ("ana", "group.assigned", {"who": "kim"})
    ]
    assert watching.act(messages.Assigned, group=group.id, assignee="kim") == (Refused("already_so"),)
    assert only(watching.act(messages.Assigned, group=group.id, assignee="ana"), Notify) == [], "who acts is not told"
    watching.act(messages.Assigned, group=group.id, assignee=None)
    assert watching.group(group.id).assignee is None
    assert watching.texts(group.id)[-1] == "group.unassigned"


def test_the_same_message_twice_does_it_once(watching) -> None:
    group = watching.alert("a", "dc01")
    act = messages.NoteAdded(id="x", tenant=group.tenant, by="ana", subject=group.id, text="hello")
    assert watching.hear(act) != ()
    assert watching.hear(act) == ()
    assert watching.texts(group.id).count("note") == 1


def test_a_silence_ends_by_its_timer(watching) -> None:
    group = watching.alert("a", "dc01")
    watching.act(messages.Assigned, group=group.id, assignee="kim")
    effects = watching.act(messages.Silenced, group=group.id, until=NOON + HOUR, reason="patching")
    assert [one.due_at for one in only(effects, StartTimer)] == [NOON + HOUR]
    later = watching.act(messages.Silenced, group=group.id, until=NOON + 2 * HOUR)
    assert [one.id for one in only(later, StopTimer)] == [one.id for one in only(effects, StartTimer)]
    told = watching.wait(3 * HOUR)
    assert [(one.who, one.text) for one in only(told, Notify)] == [("kim", "group.silence_over")]
    assert watching.group(group.id).silenced_until is None
    assert watching.kept.timers == {}


def test_a_false_positive_proposes_a_tuning_and_is_seen_again(watching) -> None:
    group = watching.alert("a", "dc01", fields={"SourceIp": "10.0.0.9"})
    effects = watching.act(messages.MarkedFalsePositive, group=group.id, reason="scanner")
    assert [(one.rules, one.alerts, one.owner, one.reason) for one in only(effects, ProposeTuning)] == [
        (("rule",), (alert("a").id,), "ana", "scanner")
    ]
    again = watching.alert("b", "dc01", fields={"SourceIp": "10.0.0.9"}, at=NOON + HOUR)
    assert again.id != group.id
    known = watching.kept.seen
    elsewhere = {"ip:10.0.0.9": seen.Elsewhere("ip:10.0.0.9", 3, 7, NOON)}
    found = seen.before(again, known, elsewhere)
    assert [(one.mark.split(":")[0], one.here.groups if one.here else 0, one.elsewhere) for one in found] == [
        ("print", 1, None),
        ("rule", 2, None),
        ("ip", 2, elsewhere["ip:10.0.0.9"]),
    ]
    assert found[0].here.false_positives == 1
    assert seen.before(watching.alert("c", "new", rule="new"), known, {}) == ()


def test_some_alerts_are_false_positives_and_the_rest_stays(watching) -> None:
    group = watching.alert("a", "dc01")
    watching.alert("b", "dc01", rule="odd")
    wrong = watching.act(messages.MarkedFalsePositive, group=group.id, alerts=(alert("zz").id,))
    assert wrong == (Refused("alert_not_in_group"),)
    effects = watching.act(messages.MarkedFalsePositive, group=group.id, alerts=(alert("b").id,), reason="test")
    assert only(effects, ProposeTuning)[0].rules == ("odd",)
    assert watching.group(group.id).rule_ids == ("rule",)
    assert watching.kept.alerts[alert("b").id].place is AlertPlace.FALSE_POSITIVE
    watching.alert("b", "dc01", rule="odd", revision=1)
    assert watching.group(group.id).count == 1
    watching.act(messages.Undone, subject=group.id)
    assert watching.group(group.id).count == 2
    both = (alert("a").id, alert("b").id)
    watching.act(messages.MarkedFalsePositive, group=group.id, alerts=both)
    assert watching.group(group.id).state is GroupState.WITHDRAWN
    watching.act(messages.Undone, subject=group.id)
    assert (watching.group(group.id).state, watching.group(group.id).count) == (GroupState.OPEN, 2)


def test_settled_and_reopened_count_back_what_was_seen(watching) -> None:
    group = watching.alert("a", "dc01")
    mark = seen.fingerprint(group)
    for kind, wrong in ((messages.Settled, 0), (messages.MarkedFalsePositive, 1)):
        watching.act(kind, group=group.id)
        assert (watching.kept.seen[mark].groups, watching.kept.seen[mark].false_positives) == (1, wrong)
        watching.act(messages.Undone, subject=group.id)
        watching.act(kind, group=group.id)
        watching.act(messages.Reopened, group=group.id)
        assert (watching.kept.seen[mark].groups, watching.kept.seen[mark].false_positives) == (0, 0)
        watching.act(messages.Undone, subject=group.id)
        assert (watching.kept.seen[mark].groups, watching.kept.seen[mark].false_positives) == (1, wrong)
        watching.act(messages.Reopened, group=group.id)


def test_raised_makes_an_incident_of_everything_in_it(watching) -> None:
    group = watching.alert("a", "pacs01", level=Level.HIGH, tags=("attack.impact", "attack.t1486"), user="eve")
    watching.act(messages.Silenced, group=group.id, until=NOON + HOUR)
    watching.act(messages.Raised, group=group.id, title=" Ransomware ")
    [incident] = watching.kept.incidents.values()
    assert (incident.title, incident.state, incident.level, incident.hosts) == (
        "Ransomware",
        State.NEW,
        Level.HIGH,
        ("pacs01",),
    )
    assert (incident.users, incident.techniques, incident.raised_by) == (("eve",), ("T1486",), "ana")
    assert watching.group(group.id).silenced_until is None
    other = watching.alert("b", "lis01", level=Level.CRITICAL, at=NOON + MINUTE, rule="other")
    watching.act(messages.Raised, group=other.id, incident=incident.id)
    incident = watching.kept.incidents[incident.id]
    assert (incident.groups, incident.alert_count, incident.level) == ((group.id, other.id), 2, Level.CRITICAL)
    assert incident.hosts == ("pacs01", "lis01")
    assert watching.texts(incident.id)[0] == "incident.raised"
    assert "incident.joined" in watching.texts(incident.id)


def test_raising_is_taken_back_while_nothing_else_happened(watching) -> None:
    group = watching.alert("a", "dc01")
    watching.act(messages.Silenced, group=group.id, until=NOON + HOUR)
    watching.act(messages.Raised, group=group.id)
    [first] = watching.kept.incidents.values()
    assert watching.act(messages.Undone, subject=first.id) == (Refused("undo_on_group", {"group": group.id}),)
    watching.act(messages.Undone, subject=group.id)
    assert watching.group(group.id).state is GroupState.OPEN
    assert watching.group(group.id).silenced_until == NOON + HOUR
    assert (watching.kept.incidents[first.id].state, watching.kept.incidents[first.id].groups) == (
        State.FALSE_ALARM,
        (),
    )
    watching.act(messages.Raised, group=group.id)
    second = next(one for one in watching.kept.incidents.values() if one.id != first.id)
    watching.act(messages.OwnerTaken, incident=second.id)
    assert watching.act(messages.Undone, subject=group.id) == (Refused("undo_went_on"),)


def test_joining_an_incident_is_taken_back(watching) -> None:
    group, other = watching.alert("a", "dc01"), watching.alert("b", "pc", rule="other")
    watching.act(messages.Raised, group=group.id)
    [incident] = watching.kept.incidents.values()
    watching.act(messages.Raised, group=other.id, incident=incident.id)
    watching.act(messages.Undone, subject=other.id)
    assert watching.kept.incidents[incident.id].groups == (group.id,)
    assert watching.kept.incidents[incident.id].alert_count == 1


def test_merged_groups_count_together_and_part_with_what_came_meanwhile(watching) -> None:
    into, other = watching.alert("a", "dc01"), watching.alert("b", "pc-1", level=Level.HIGH)
    watching.act(messages.Merged, into=into.id, groups=(other.id,))
    root = watching.group(into.id)
    assert (root.count, root.level, root.hosts) == (2, Level.HIGH, ("dc01", "pc-1"))
    assert watching.act(messages.Assigned, group=other.id, assignee="x") == (Refused("is_merged", {"root": into.id}),)
    assert watching.act(messages.Undone, subject=other.id) == (Refused("nothing_to_undo"),)
    assert watching.alert("c", "pc-1", at=NOON + 1).id == other.id
    assert watching.group(into.id).count == 3
    watching.act(messages.Unmerged, group=other.id)
    assert (watching.group(into.id).count, watching.group(other.id).count) == (1, 2)
    assert watching.timeline(other.id)[-1].params == {"root": into.id, "meanwhile": "1"}
    assert watching.timeline(into.id)[-1].params == {"group": other.id, "meanwhile": "1"}


def test_merging_into_an_incident_adds_to_it_and_parting_stays_told(watching) -> None:
    into, other = watching.alert("a", "dc01"), watching.alert("b", "pc-1")
    watching.act(messages.Raised, group=into.id)
    watching.act(messages.Merged, into=into.id, groups=(other.id,))
    [incident] = watching.kept.incidents.values()
    assert (incident.alert_count, incident.hosts) == (2, ("dc01", "pc-1"))
    watching.act(messages.Unmerged, group=other.id)
    [incident] = watching.kept.incidents.values()
    assert incident.alert_count == 1


def test_a_merge_is_taken_back(watching) -> None:
    into, other = watching.alert("a", "dc01"), watching.alert("b", "pc-1")
    before = replace(watching.group(other.id), updated_at=0)
    watching.act(messages.Merged, into=into.id, groups=(other.id,))
    watching.act(messages.Undone, subject=into.id)
    assert replace(watching.group(other.id), updated_at=0) == before
    assert watching.texts(into.id)[-1] == "undone"


def test_what_a_merged_group_did_last_is_kept_and_not_taken_back_below_another(watching) -> None:
    into, other = watching.alert("a", "dc01"), watching.alert("b", "pc-1")
    watching.act(messages.Assigned, group=other.id, assignee="kim")
    watching.act(messages.Merged, into=into.id, groups=(other.id,))
    assert watching.act(messages.Undone, subject=other.id) == (Refused("is_merged", {"root": into.id}),)
    watching.act(messages.Unmerged, group=other.id)
    watching.act(messages.Undone, subject=other.id)
    assert watching.group(other.id).assignee is None


def test_a_silence_that_is_over_meanwhile_does_not_come_back_with_an_undo(watching) -> None:
    group = watching.alert("a", "dc01")
    watching.act(messages.Silenced, group=group.id, until=NOON + MINUTE)
    watching.act(messages.Raised, group=group.id)
    watching.wait(2 * MINUTE)
    watching.act(messages.Undone, subject=group.id)
    assert watching.group(group.id).silenced_until is None


def test_undo_has_a_time_and_an_owner(watching) -> None:
    group = watching.alert("a", "dc01")
    watching.act(messages.Assigned, group=group.id, assignee="kim")
    assert watching.act(messages.Undone, subject=group.id, by="tom") == (Refused("undo_not_yours", {"by": "ana"}),)
    watching.act(messages.NoteAdded, subject=group.id, text="what cannot be undone does not hide what can")
    watching.wait(16 * MINUTE)
    assert watching.act(messages.Undone, subject=group.id) == (Refused("undo_too_late", {"minutes": "15"}),)
    watching.act(messages.Assigned, group=group.id, assignee="tom")
    watching.act(messages.Undone, subject=group.id, by="chief", roles=("ciso",))
    assert watching.group(group.id).assignee == "kim"
    assert watching.act(messages.Undone, subject=group.id) == (Refused("nothing_to_undo"),)


def test_a_silence_is_taken_back(watching) -> None:
    group = watching.alert("a", "dc01")
    watching.act(messages.Silenced, group=group.id, until=NOON + HOUR)
    watching.act(messages.Undone, subject=group.id)
    assert (watching.group(group.id).silenced_until, watching.kept.timers) == (None, {})


def test_what_cannot_be_done_is_refused_and_changes_nothing(watching) -> None:
    group = watching.alert("a", "dc01")
    gone = watching.alert("b", "pc", rule="x")
    watching.act(messages.Settled, group=gone.id)
    before = dict(watching.kept.groups)
    cases = [
        (messages.Silenced, {"group": group.id, "until": NOON}, "until_past"),
        (messages.Silenced, {"group": group.id, "until": NOON + 91 * 24 * HOUR}, "until_far"),
        (messages.Silenced, {"group": gone.id, "until": NOON + 1}, "group_state"),
        (messages.Assigned, {"group": gone.id, "assignee": "x"}, "group_state"),
        (messages.MarkedFalsePositive, {"group": "nope"}, "no_such_group"),
        (messages.Settled, {"group": gone.id}, "group_state"),
        (messages.Reopened, {"group": group.id}, "group_state"),
        (messages.Raised, {"group": gone.id}, "group_state"),
        (messages.Raised, {"group": group.id, "incident": "nope"}, "no_such_incident"),
        (messages.Merged, {"into": gone.id, "groups": (group.id,)}, "group_state"),
        (messages.Merged, {"into": group.id, "groups": ("nope",)}, "no_such_group"),
        (messages.Merged, {"into": group.id, "groups": (group.id,)}, "merge_with_itself"),
        (messages.Merged, {"into": group.id, "groups": ()}, "nothing_named"),
        (messages.Unmerged, {"group": group.id}, "not_merged"),
        (messages.Unmerged, {"group": "nope"}, "no_such_group"),
        (messages.Undone, {"subject": "nope"}, "no_such_subject"),
        (messages.NoteAdded, {"subject": "nope", "text": "x"}, "no_such_subject"),
        (messages.NoteAdded, {"subject": group.id, "text": " "}, "text_empty"),
        (messages.NoteAdded, {"subject": group.id, "text": "x" * 10_001}, "text_long"),
    ]
    for kind, about, reason in cases:
        [refused] = watching.act(kind, **about)
        assert (type(refused), refused.reason) == (Refused, reason), kind
    assert watching.kept.groups == before


def test_a_family_is_bounded(watching) -> None:
    into = watching.alert("a", "dc01")
    others = tuple(watching.alert(f"x{n}", f"x{n}", rule=f"r{n}").id for n in range(MAX_FAMILY))
    assert watching.act(messages.Merged, into=into.id, groups=others) == (
        Refused("too_many", {"most": str(MAX_FAMILY)}),
    )
    watching.act(messages.Merged, into=into.id, groups=others[1:])
    assert watching.group(into.id).count == MAX_FAMILY


def test_another_hospitals_slice_is_refused(watching) -> None:
    group = watching.alert("a", "dc01")
    act = messages.Assigned(id="x", tenant="other", by="eve", group=group.id, assignee="eve")
    assert watching.hear(act) == (Refused("no_such_group"),)
