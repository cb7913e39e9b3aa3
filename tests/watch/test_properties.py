"""What holds for every order and every mixture: sums, merging, undoing, scores, and nothing twice."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.watch.watching import MINUTE, NOON, Watching, alert

from wardwatch.estate.care import Care, Criticality, Stands, percent_of
from wardwatch.kernel.severity import Level
from wardwatch.watch import marks, members, messages, scoring
from wardwatch.watch.groups import AlertPlace, Group
from wardwatch.watch.members import NOBODY

HOSTS, USERS, RULES = ["dc01", "pacs01", "pc-1", None], ["ida", "tom", "SYSTEM", None], ["r1", "r2", "r3"]
TAGS = [
    (),
    ("attack.execution", "attack.t1059"),
    ("attack.impact", "attack.t1486", "attack.t1490"),
    ("attack.discovery",),
]


@st.composite
def alerts(draw, count: int = 12):
    number = draw(st.integers(1, count))
    return [
        alert(
            f"alert {index}",
            draw(st.sampled_from(HOSTS)),
            at=NOON + draw(st.integers(0, 600)) * MINUTE,
            user=draw(st.sampled_from(USERS)),
            rule=draw(st.sampled_from(RULES)),
            level=draw(st.sampled_from(list(Level))),
            tags=draw(st.sampled_from(TAGS)),
            fields={"IpAddress": draw(st.sampled_from(["10.0.0.1", "10.0.0.2", "127.0.0.1"]))},
        )
        for index in range(number)
    ]


def summed(found) -> members.Members:
    sums = NOBODY
    for one in found:
        sums = members.with_alert(sums, one, marks.of_alert(one), Care(one.host or ""), 100)
    return sums


@given(alerts(), st.randoms())
def test_the_same_alerts_add_up_to_the_same_in_any_order(found, chance) -> None:
    other = found[:]
    chance.shuffle(other)
    first, second = summed(found), summed(other)
    assert first == second
    assert scoring.parts(first) == scoring.parts(second)


@given(alerts(), st.data())
def test_an_alert_that_goes_leaves_what_was_there_before_it(found, data) -> None:
    gone = data.draw(st.sampled_from(found))
    rest = [one for one in found if one is not gone]
    left = members.without_alert(summed(found), gone, marks.of_alert(gone))
    expected = summed(rest)
    for name in ("count", "events", "hosts", "techniques", "beyond"):
        assert getattr(left, name) == getattr(expected, name)
    assert {mark: one.count for mark, one in left.marks.items()} == {
        mark: one.count for mark, one in expected.marks.items()
    }
    assert {name: one.count for name, one in left.rules.items()} == {
        name: one.count for name, one in expected.rules.items()
    }


@given(alerts(), st.integers(0, 12))
def test_parts_add_up_to_the_whole(found, cut) -> None:
    whole = members.together([summed(found[:cut]), summed(found[cut:])])
    assert whole == summed(found)


@given(alerts(), alerts(3))
def test_more_alerts_never_lower_the_score(found, more) -> None:
    renamed = [replace(one, id="f" * 31 + str(number)) for number, one in enumerate(more)]
    before, after = (scoring.total(scoring.parts(summed(one))) for one in (found, [*found, *renamed]))
    assert 0 < before <= after <= scoring.HIGHEST


@given(st.sampled_from(list(Criticality)), st.integers(0, 20_000))
def test_more_urgent_care_weighs_more(criticality, minutes) -> None:
    percent = percent_of((Stands("s", criticality, minutes),))
    assert 100 <= percent <= percent_of((Stands("s", Criticality.VITAL, 0),)) == 200
    assert percent <= percent_of((Stands("s", criticality, minutes), Stands("t", Criticality.VITAL, 30)))


@given(alerts(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_every_order_and_repetition_keeps_the_same_alerts(found, chance) -> None:
    other = found * 2
    chance.shuffle(other)
    kept = []
    for order in (found, other):
        watching = Watching()
        for one in order:
            watching.hear(messages.AlertArrived(one))
        kept.append({id_: (one.place, one.alert) for id_, one in watching.kept.alerts.items()})
        assert sum(one.own.count for one in watching.kept.groups.values()) == len(found)
    assert kept[0] == kept[1]


@given(st.lists(st.integers(0, 200), min_size=1, max_size=10), st.randoms())
@settings(max_examples=60, deadline=None)
def test_alerts_of_one_host_within_the_window_are_one_group_in_any_order(minutes, chance) -> None:
    found = [alert(f"a {index}", "dc01", at=NOON + minute * MINUTE) for index, minute in enumerate(minutes)]
    chance.shuffle(found)
    watching = Watching()
    for one in found:
        watching.hear(messages.AlertArrived(one))
    assert len(watching.kept.groups) == 1


STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7), st.integers(0, 7)), max_size=25)


@given(STEPS)
@settings(max_examples=80, deadline=None)
def test_merging_and_unmerging_in_any_order_keeps_every_alert_where_its_marks_lead(steps) -> None:
    watching = Watching()
    names = [f"host-{number}" for number in range(8)]
    first = [watching.alert(name, name, level=Level.LOW).id for name in names]
    for number, (what, left, right) in enumerate(steps):
        if what == 0:
            watching.act(messages.Merged, into=first[left], groups=(first[right],))
        elif what == 1:
            watching.act(messages.Unmerged, group=first[left])
        elif what == 2:
            assert watching.alert(f"{names[left]} {number}", names[left], level=Level.LOW).id == first[left]
        else:
            watching.act(messages.Undone, subject=first[left])
    for id_ in first:
        watching.act(messages.Unmerged, group=id_)
    for name, id_ in zip(names, first, strict=True):
        group = watching.group(id_)
        assert (group.family, group.merged_into, group.hosts) == (id_, None, (name,))
        assert group.whole == group.own
        live = [one for one in watching.kept.alerts.values() if one.place is AlertPlace.LIVE and one.group == id_]
        assert group.count == len(live)


@given(STEPS.filter(bool))
@settings(max_examples=40, deadline=None)
def test_unmerging_restores_exactly(steps) -> None:
    watching = Watching()
    ids = [watching.alert(f"host-{number}", f"host-{number}", level=Level.HIGH).id for number in range(8)]
    for _, left, right in steps[:-1]:
        watching.act(messages.Merged, into=ids[left], groups=(ids[right],))
    _, left, right = steps[-1]
    before = {id_: without_clocks(watching.group(id_)) for id_ in ids}
    merged = not any(
        type(one).__name__ == "Refused" for one in watching.act(messages.Merged, into=ids[left], groups=(ids[right],))
    )
    if merged:
        watching.act(messages.Unmerged, group=ids[right])
    assert {id_: without_clocks(watching.group(id_)) for id_ in ids} == before


def without_clocks(group: Group) -> Group:
    return replace(group, updated_at=0, last_act=None)
