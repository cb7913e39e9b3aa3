"""Nobody takes it: who is called, when the next one, what waits for the morning, and who is not called twice."""

from dataclasses import replace

from tests.watch.day import POLICY, ROTA
from tests.watch.watching import HOUR, MINUTE, NOON, TENANT, Watching, alert

from wardwatch.incidents.oncall import Step
from wardwatch.incidents.states import State
from wardwatch.kernel.severity import Level
from wardwatch.watch import messages
from wardwatch.watch.effects import Notify
from wardwatch.watch.messages import AlertArrived, TimerFired

NIGHT = NOON + 10 * HOUR  # 23:00 in Paris


def called(effects) -> list[tuple[str, str]]:
    return [(one.who, one.channel) for one in effects if isinstance(one, Notify) and one.urgent]


def watching(now: int = NOON) -> Watching:
    found = Watching(POLICY)
    found.now = now
    return found


def arrives(found: Watching, name: str, host: str, level: Level = Level.HIGH, **about: object):
    return found.hear(AlertArrived(alert(name, host, at=found.now, level=level, **about)))


def test_by_day_and_by_night_and_the_next_one_after_a_while() -> None:
    day = watching()
    assert called(arrives(day, "a", "dc01")) == [("mia", "mail")]
    assert called(day.wait(14 * MINUTE)) == []
    assert called(day.wait(MINUTE)) == [("mia", "mail")]
    assert called(day.wait(30 * MINUTE)) == [("ciso", "mail")]
    assert called(day.wait(24 * HOUR)) == [], "after the last step, nobody"
    night = watching(NIGHT)
    effects = arrives(night, "a", "dc01")
    assert called(effects) == [("paul", "sms"), ("paul", "mail")]
    [call] = [one for one in effects if isinstance(one, Notify) and one.channel == "sms"]
    assert call.params == {
        "level": "high",
        "score": "310",
        "hosts": "dc01",
        "more_hosts": "0",
        "title": "",
        "rule": "rule",
    }


def test_who_takes_it_stops_the_calls_and_nobody_starts_them_anew() -> None:
    found = watching()
    arrives(found, "a", "dc01")
    [group] = found.kept.groups
    found.act(messages.Assigned, group=group, assignee="ana")
    assert (found.kept.timers, called(found.wait(2 * HOUR))) == ({}, [])
    assert called(found.act(messages.Assigned, group=group, assignee=None)) == [("mia", "mail")]
    found.act(messages.Settled, group=group)
    assert called(found.wait(2 * HOUR)) == []


def test_what_is_not_grave_calls_nobody() -> None:
    found = watching()
    assert called(arrives(found, "a", "dc01", Level.MEDIUM)) == []
    assert found.kept.timers == {}


def test_a_confirmed_incident_calls_whatever_its_level_until_somebody_leads_it() -> None:
    found = watching()
    arrives(found, "a", "dc01", Level.LOW)
    [group] = found.kept.groups
    assert called(found.act(messages.Raised, group=group)) == []
    [incident] = found.kept.incidents
    assert called(found.act(messages.StateMoved, incident=incident, to=State.CONFIRMED)) == [("mia", "mail")]
    assert called(found.wait(15 * MINUTE)) == [("mia", "mail")]
    found.act(messages.OwnerTaken, incident=incident, by="mia")
    assert called(found.wait(HOUR)) == []


def test_who_had_the_group_has_the_incident() -> None:
    found = watching()
    arrives(found, "a", "dc01")
    [group] = found.kept.groups
    found.act(messages.Assigned, group=group, assignee="ana")
    assert called(found.act(messages.Raised, group=group)) == []
    assert next(iter(found.kept.incidents.values())).owner == "ana"


def test_at_night_what_is_less_grave_waits_for_the_morning_and_not_if_it_gets_worse() -> None:
    rota = replace(ROTA, quiet=replace(ROTA.quiet, level=Level.CRITICAL))
    policy = replace(POLICY, rota=rota)
    found = Watching(policy)
    found.now = NIGHT
    assert called(arrives(found, "a", "dc01")) == []
    [timer] = found.kept.timers.values()
    assert timer.due_at == NOON + 19 * HOUR, "eight in the morning in Paris"
    assert called(found.wait(HOUR)) == []
    worse = arrives(found, "b", "dc01", Level.CRITICAL)
    assert called(worse) == [("paul", "sms"), ("paul", "mail")]


def test_a_first_step_with_a_delay_waits_for_it() -> None:
    policy = replace(POLICY, rota=replace(ROTA, steps=(Step(after=10 * MINUTE),)))
    found = Watching(policy)
    assert called(arrives(found, "a", "dc01")) == []
    assert called(arrives(found, "b", "dc01")) == []
    assert called(found.wait(10 * MINUTE)) == [("mia", "mail")]
    assert called(found.wait(24 * HOUR)) == []


def test_one_who_was_called_a_moment_ago_sees_it_on_the_screen() -> None:
    found = watching(NIGHT)
    arrives(found, "a", "dc01")
    found.wait(2 * MINUTE)
    effects = arrives(found, "b", "pacs01", rule="other")
    assert called(effects) == []
    assert [(one.who, one.channel) for one in effects if isinstance(one, Notify)] == [("paul", "screen")]
    found.wait(4 * MINUTE)
    assert called(arrives(found, "c", "lis01", rule="third")) == [("paul", "sms"), ("paul", "mail")]


def test_where_nobody_can_be_called_the_timeline_says_so() -> None:
    found = Watching()
    effects = arrives(found, "a", "dc01")
    [group] = found.kept.groups
    assert called(effects) == []
    assert found.texts(group) == ["group.began", "group.nobody_to_call"]


def test_a_timer_that_is_early_stopped_or_of_nothing_does_nothing() -> None:
    found = watching()
    arrives(found, "a", "dc01")
    [timer] = found.kept.timers.values()
    early = TimerFired(timer=timer.id, tenant=TENANT, subject=timer.subject)
    assert found.hear(early) == ()
    assert list(found.kept.timers) == [timer.id]
    assert found.hear(TimerFired(timer="nope", tenant=TENANT, subject=timer.subject)) == ()
    found.now = timer.due_at
    found.kept.groups.clear()
    found.kept.families.clear()
    assert found.hear(early) == ()
    assert found.kept.timers == {}


def test_a_merged_group_calls_nobody_until_it_stands_alone() -> None:
    found = watching()
    arrives(found, "a", "dc01")
    first = next(iter(found.kept.groups))
    found.act(messages.Assigned, group=first, assignee="ana")
    arrives(found, "b", "pc-1", rule="other")
    second = next(id_ for id_ in found.kept.groups if id_ != first)
    found.act(messages.Merged, into=first, groups=(second,))
    assert called(found.wait(HOUR)) == []
    found.act(messages.Unmerged, group=second)
    assert called(found.wait(MINUTE)) == [("mia", "mail")], "the call that was due"
