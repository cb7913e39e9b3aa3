"""An alert arrives again: grown, moved to another id, withdrawn, late; and what a timeline says of it."""

from dataclasses import replace

from tests.watch.watching import HOUR, MINUTE, NOON, Watching, alert

from wardwatch.events.alert import Alert
from wardwatch.kernel.severity import Level
from wardwatch.watch import messages
from wardwatch.watch.groups import AlertPlace, GroupState
from wardwatch.watch.messages import AlertArrived


def hear(watching: Watching, *found: Alert) -> None:
    for one in found:
        watching.hear(AlertArrived(one))


def test_a_higher_revision_takes_the_place_of_the_lower_one() -> None:
    watching = Watching()
    first = alert("a", "dc01", kind="correlation", count=10)
    grown = replace(first, revision=1, count=15, last_at=NOON + HOUR, level=Level.HIGH, host="dc02")
    hear(watching, first, grown, first, replace(first, revision=1))
    [group] = watching.kept.groups.values()
    assert (group.count, group.own.events, group.last_at, group.level) == (1, 15, NOON + HOUR, Level.HIGH)
    assert group.hosts == ("dc02",)
    assert watching.kept.alerts[first.id].revision == 1
    assert watching.texts(group.id) == ["group.began", "group.new_host", "group.new_level", "group.nobody_to_call"]


def test_a_successor_stays_where_the_superseded_one_was() -> None:
    watching = Watching()
    old = alert("old", "dc01", kind="correlation")
    hear(watching, old)
    watching.act(messages.NoteAdded, subject=next(iter(watching.kept.groups)), text="look")
    new = replace(alert("new", "elsewhere", kind="correlation", at=NOON - MINUTE), revision=1, supersedes=old.id)
    hear(watching, new, new, replace(old, revision=0))
    [group] = watching.kept.groups.values()
    assert (group.count, group.hosts) == (1, ("elsewhere",))
    gone = watching.kept.alerts[old.id]
    assert (gone.place, gone.superseded_by) == (AlertPlace.SUPERSEDED, new.id)


def test_what_was_superseded_before_it_was_heard_does_not_come_back() -> None:
    watching = Watching()
    old = alert("old", "dc01", kind="correlation", revision=2)
    new = replace(alert("new", "dc01", kind="correlation"), revision=3, supersedes=old.id)
    hear(watching, new, old)
    assert [one.count for one in watching.kept.groups.values()] == [1]
    hear(watching, replace(old, revision=4))
    assert sum(one.count for one in watching.kept.groups.values()) == 2, "said anew, it is there again"


def test_a_late_revision_of_what_was_superseded_does_not_bring_it_back() -> None:
    watching = Watching()
    old = alert("old", "dc01", kind="correlation")
    new = replace(alert("new", "dc01", kind="correlation"), revision=5, supersedes=old.id)
    hear(watching, old, new, replace(old, revision=4))
    assert [one.count for one in watching.kept.groups.values()] == [1]


def test_a_withdrawn_alert_empties_its_group() -> None:
    watching = Watching()
    one = alert("a", "dc01", kind="correlation")
    gone = replace(one, revision=1, supersedes=one.id)
    hear(watching, one, gone, one, gone)
    [group] = watching.kept.groups.values()
    assert (group.state, group.count, group.score, group.reasons) == (GroupState.WITHDRAWN, 0, 0, ())
    assert watching.texts(group.id) == ["group.began", "alert.withdrawn", "group.withdrawn"]
    hear(watching, replace(one, revision=2))
    assert sorted(one.count for one in watching.kept.groups.values()) == [0, 1]


def test_withdrawn_before_it_was_heard() -> None:
    watching = Watching()
    one = alert("a", "dc01", kind="correlation", revision=1)
    hear(watching, replace(one, revision=2, supersedes=one.id), one)
    assert watching.kept.groups == {}
    assert watching.kept.alerts[one.id].place is AlertPlace.WITHDRAWN


def test_timelines_tell_what_is_new_and_not_each_alert() -> None:
    watching = Watching()
    group = watching.alert("a", "pc-1", user="ida")
    for number in range(20):
        watching.alert(f"b{number}", "pc-1", user="ida")
    watching.alert("c", "pc-2", user="ida", rule="second", level=Level.LOW)
    assert watching.texts(group.id) == ["group.began", "group.new_rule", "group.new_host"]
    [began, *_] = watching.timeline(group.id)
    assert (began.happened_at, began.params["host"], began.alerts) == (NOON, "pc-1", (alert("a").id,))


def test_what_gets_worse_wakes_a_silenced_group_and_tells_who_has_it() -> None:
    watching = Watching()
    group = watching.alert("a", "dc01", level=Level.MEDIUM)
    watching.act(messages.Assigned, group=group.id, assignee="kim")
    watching.act(messages.Silenced, group=group.id, until=NOON + 5 * HOUR)
    watching.alert("b", "dc01", level=Level.MEDIUM)
    assert watching.group(group.id).silenced_until == NOON + 5 * HOUR
    effects = watching.hear(AlertArrived(alert("c", "dc01", level=Level.CRITICAL)))
    assert watching.group(group.id).silenced_until is None
    assert [(one.who, one.text) for one in effects if hasattr(one, "who")] == [("kim", "group.woke")]
    assert watching.kept.timers == {}


def test_a_silence_of_a_source_that_ends_settles_itself_unless_somebody_has_it() -> None:
    for taken in (False, True):
        watching = Watching()
        about = {"rule": "wardwatch-source-stopped", "kind": "correlation", "event_ids": ()}
        group = watching.alert("a", fields={"state": "open"}, **about)
        if taken:
            watching.act(messages.Assigned, group=group.id, assignee="ana")
        watching.alert("a", fields={"state": "closed"}, revision=1, **about)
        assert watching.group(group.id).state is (GroupState.OPEN if taken else GroupState.SETTLED)


def test_limits_are_counted_beyond(monkeypatch) -> None:
    monkeypatch.setattr("wardwatch.watch.members.MAX_HOSTS", 2)
    monkeypatch.setattr("wardwatch.watch.members.MAX_RULES", 2)
    monkeypatch.setattr("wardwatch.watch.members.MAX_MARKS", 3)
    watching = Watching()
    for number in range(4):
        group = watching.alert(f"a{number}", f"h{number}", user="ida", rule=f"r{number}")
    assert group.count == 4
    assert (len(group.own.hosts), len(group.own.rules), len(group.own.marks)) == (2, 2, 3)
    assert group.own.beyond == 2 + 2 + 2
