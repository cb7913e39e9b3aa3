"""Which group an alert joins, and why it says so."""

from tests.watch.watching import HOUR, MINUTE, NOON, Watching, alert

from wardwatch.incidents.states import State
from wardwatch.kernel.severity import Level
from wardwatch.watch import messages
from wardwatch.watch.groups import GroupState, Reason, Tie
from wardwatch.watch.policy import Policy


def ties(watching: Watching, name: str) -> tuple[Tie, ...]:
    return watching.kept.alerts[alert(name).id].ties


def test_the_same_host_under_two_names_is_one_group_with_its_reason() -> None:
    watching = Watching()
    first = watching.alert("a", "DC01")
    second = watching.alert("b", "dc01.chu.example", at=NOON + HOUR)
    assert second.id == first.id
    assert ties(watching, "a") == ()
    assert ties(watching, "b") == (Tie("host", "dc01", (alert("a").id,)),)
    names = tuple(sorted([alert("a").id, alert("b").id]))
    assert watching.group(first.id).reasons == (Reason("host", "dc01", 2, names),)


def test_too_far_apart_in_time_is_another_group() -> None:
    watching = Watching()
    first = watching.alert("a", "dc01")
    assert watching.alert("b", "dc01", at=NOON + 4 * HOUR).id == first.id
    assert watching.alert("c", "dc01", at=NOON + 9 * HOUR).id != first.id
    assert watching.alert("d", "dc01", at=NOON - 4 * HOUR).id == first.id, "late alerts count back"


def test_a_further_step_of_the_same_attack_may_come_later() -> None:
    watching = Watching()
    first = watching.alert("a", "dc01", tags=("attack.credential-access",))
    later = watching.alert("b", "dc01", at=NOON + 20 * HOUR, tags=("attack.impact",))
    assert later.id == first.id
    assert ties(watching, "b")[-1] == Tie("progression", "credential-access impact")
    assert watching.group(first.id).reasons[-1] == Reason("progression", "credential-access impact", 2, ())
    back = watching.alert("c", "dc01", at=NOON + 39 * HOUR, tags=("attack.discovery",))
    assert back.id != first.id, "a step back is none of the same attack"


def test_tactics_in_another_order_than_an_attack_are_no_progression() -> None:
    watching = Watching()
    watching.alert("a", "dc01", tags=("attack.impact",))
    group = watching.alert("b", "dc01", at=NOON + 1, tags=("attack.execution",))
    assert [one.kind for one in watching.group(group.id).reasons] == ["host"]


def test_ties_add_up_and_the_strongest_group_is_joined() -> None:
    watching = Watching()
    on_host = watching.alert("a", "pc-1", rule="noise")
    by_both = watching.alert("b", "srv", user="eve", fields={"SourceIp": "10.0.0.9"})
    joined = watching.alert("c", "pc-1", user="eve", fields={"SourceIp": "10.0.0.9"})
    assert joined.id == by_both.id
    assert {(one.kind, one.value) for one in joined.related} == {("related:host", on_host.id)}
    assert watching.alert("d", "pc-1", rule="noise", at=NOON + 1, user="kim").id == joined.id, "of equals, the latest"


def test_a_hub_tells_nothing_unless_it_is_the_host() -> None:
    watching = Watching(Policy(hub=3, hubs=frozenset({"ip:10.0.0.1"})))
    own = [watching.alert(f"h{n}", f"host-{n}", fields={"SourceIp": "10.0.0.1"}).id for n in range(3)]
    assert len(set(own)) == 3
    for number in range(5):  # they come on hosts of their own, an hour of which is enough to stay apart
        watching.alert(f"u{number}", f"u{number}", user="svc", at=NOON + number * 5 * HOUR)
    assert watching.alert("last", "new", user="svc", at=NOON + 20 * HOUR + 1).count == 1
    assert watching.alert("same", "u1", user="svc", at=NOON + 5 * HOUR + 1).count == 2


def test_a_correlation_joins_the_alerts_that_it_counts() -> None:
    watching = Watching()
    first = watching.alert("a", "pc-1", event_ids=("e1",))
    watching.alert("x", "pc-2", user="ida")
    joined = watching.alert("c", user="ida", kind="correlation", event_ids=("e0", "e1"), rule="many")
    assert joined.id == first.id
    assert watching.group(first.id).reasons == (
        Reason("correlation", "many", 2, tuple(sorted([alert("a").id, alert("c").id]))),
    )


def test_a_correlation_that_is_withdrawn_is_no_reason_any_more() -> None:
    watching = Watching()
    first = watching.alert("a", "pc-1", event_ids=("e1",))
    about = {"user": "ida", "kind": "correlation", "event_ids": ("e1",), "rule": "many"}
    watching.alert("c", **about)
    watching.alert("c", revision=1, supersedes=alert("c").id, **about)
    assert (watching.group(first.id).count, watching.group(first.id).reasons) == (1, ())


def test_an_outbreak_is_one_group_within_minutes() -> None:
    watching = Watching()
    about = {"level": Level.HIGH, "rule": "shadow-copies"}
    first = watching.alert("a", "pc-1", **about)
    assert watching.alert("b", "pc-2", at=NOON + 10 * MINUTE, **about).id == first.id
    assert watching.alert("c", "pc-3", at=NOON + 40 * MINUTE, **about).id != first.id
    assert watching.group(first.id).reasons[0].kind == "rule"
    assert watching.alert("d", "pc-4", level=Level.MEDIUM, rule="shadow-copies").count == 1


def test_a_rule_that_comes_daily_is_no_outbreak() -> None:
    watching = Watching()
    about = {"level": Level.HIGH, "rule": "noisy"}
    for number in range(12):
        watching.alert(f"n{number}", f"n{number}", at=NOON + number * HOUR, **about)
    assert watching.alert("next", "other", at=NOON + 11 * HOUR + 1, **about).count == 1


def test_alerts_of_nothing_and_nobody_go_by_their_rule() -> None:
    watching = Watching()
    first = watching.alert("a", level=Level.LOW)
    assert watching.alert("b", level=Level.LOW, at=NOON + HOUR).id == first.id
    assert watching.alert("c", level=Level.LOW, rule="other").id != first.id


def test_a_group_does_not_grow_for_ever_unless_it_is_an_incident() -> None:
    for raised in (False, True):
        watching = Watching()
        first = watching.alert("a", "dc01")
        if raised:
            watching.act(messages.Raised, group=first.id)
        joined = [watching.alert(f"a{n}", "dc01", at=NOON + n * 4 * HOUR).id == first.id for n in range(1, 21)]
        assert joined == [True] * (20 if raised else 18) + [False] * (0 if raised else 2)


def test_what_is_closed_takes_in_nothing_more() -> None:
    watching = Watching()
    group = watching.alert("a", "dc01")
    watching.act(messages.Settled, group=group.id)
    assert watching.alert("b", "dc01").id != group.id


def test_an_incident_takes_in_alerts_until_it_is_over() -> None:
    watching = Watching()
    group = watching.alert("a", "dc01")
    watching.act(messages.Raised, group=group.id)
    assert watching.alert("b", "dc01").id == group.id
    incident = next(iter(watching.kept.incidents.values()))
    assert incident.alert_count == 2
    watching.act(messages.StateMoved, incident=incident.id, to=State.FALSE_ALARM)
    assert watching.alert("c", "dc01").id != group.id
    assert watching.group(group.id).state is GroupState.RAISED
