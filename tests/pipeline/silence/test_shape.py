"""Shapes and clocks: what is not understood, fields that are gone, hosts whose time is wrong; and the state on disk."""

from collections import Counter

import orjson
import pytest
from tests.pipeline.silence.month import FIRST, HOUR, MINUTE, PARIS, Month, asks_nothing

from wardwatch.events.alert import Alert
from wardwatch.events.logsource import LogSource
from wardwatch.kernel.ids import correlation_alert_id, digest
from wardwatch.pipeline.silence import Heard, Silence, signals

WHO = ("dc01", "windows_json")
PROCESS = LogSource("windows", "process_creation", "sysmon")


def needs(_: LogSource) -> frozenset[str]:
    return frozenset({"CommandLine", "Image"})


class Clocked:
    """A watcher, minute by minute."""

    def __init__(self) -> None:
        self.silence = Silence("nord", PARIS)
        self.now = FIRST

    def minute(self, *, rejects: int = 0, names: str = "CommandLine Image", late: int | None = None) -> list[Alert]:
        self.now += MINUTE
        heard = Heard(Counter({WHO: 20}), {WHO: self.now}, Counter({"dc01": rejects}))
        heard.shapes[(*WHO, PROCESS)] = (20, set(names.split()))
        if late is not None:
            heard.skews[(*WHO, "SRV-PACS01")] = [late * MINUTE] * 3
        return self.silence.look(heard, self.now, self.now, needs)

    def minutes(self, count: int, **more: object) -> list[tuple[str, object, int]]:
        """What is told: signal, state, minutes from now."""
        found = []
        for number in range(count):
            found += [(one.rule_id, one.fields["state"], number) for one in self.minute(**more)]  # type: ignore[arg-type]
        return found


def test_a_jump_of_what_is_not_understood() -> None:
    clocked = Clocked()
    assert clocked.minutes(120, rejects=2) == []
    ((signal, state, at),) = clocked.minutes(60, rejects=60)
    assert (signal, state, at < 20) == (signals.REJECTED, "open", True)
    ((signal, state, at),) = clocked.minutes(60, rejects=2)
    assert (signal, state, at < 20) == (signals.REJECTED, "closed", True)


def test_what_was_never_understood_is_no_news() -> None:
    assert Clocked().minutes(600, rejects=60) == []


def test_a_field_that_rules_need_is_gone() -> None:
    clocked = Clocked()
    assert clocked.minutes(170 * 60) == []
    assert clocked.minutes(120, names="CommandLine Image Other") == []
    opened = []
    for _ in range(120):
        opened += clocked.minute(names="Image Other")
    assert [(one.rule_id, one.fields["fields"], one.fields["state"]) for one in opened] == [
        (signals.FIELDS, ["CommandLine"], "open")
    ]
    assert dict(opened[0].group) == {"sensor": "dc01", "source": "windows_json", "logsource": str(PROCESS)}
    assert [state for _, state, _ in clocked.minutes(120)] == ["closed"]


def test_a_field_that_comes_now_and_then_is_not_missed() -> None:
    clocked = Clocked()
    for hour in range(200):
        assert clocked.minutes(60, names="CommandLine Image" if hour % 50 else "Image") == []


@pytest.mark.parametrize(("late", "clock"), [(-90, "ahead"), (7, "behind, or sent late")])
def test_a_clock_that_is_wrong(late: int, clock: str) -> None:
    clocked = Clocked()
    assert clocked.minutes(60, late=0) == []
    opened = []
    for _ in range(60):
        opened += clocked.minute(late=late)
    ((signal, host, state, says),) = [(a.rule_id, a.host, a.fields["state"], a.fields["clock"]) for a in opened]
    assert (signal, host, state, says) == (signals.CLOCK, "SRV-PACS01", "open", clock)
    assert opened[0].fields["skew_seconds"] == late * 60
    assert list(clocked.silence.clocks()) == [((*WHO, "SRV-PACS01"), late * MINUTE)]
    assert [state for _, state, _ in clocked.minutes(60, late=0)] == ["closed"]


def test_a_burst_that_was_held_back_is_no_wrong_clock() -> None:
    clocked = Clocked()
    assert clocked.minutes(15, late=120) + clocked.minutes(60, late=0) == []


def test_damage_is_told_each_time() -> None:
    silence = Silence("nord", PARIS)
    (first,) = silence.damaged(2, FIRST)
    (second,) = silence.damaged(1, FIRST + MINUTE)
    assert (first.rule_id, first.level.word, first.fields) == (signals.DAMAGED, "high", {"places": 2, "state": "open"})
    assert (silence.damaged(0, FIRST), first.id == second.id) == ([], False)


def test_ids_need_no_authority() -> None:
    (alert,) = Silence("nord", PARIS).damaged(1, FIRST)
    began = digest("silence/1", FIRST.to_bytes(8, "big"))
    assert alert.id == correlation_alert_id("nord", signals.DAMAGED, (), began).hex()
    assert (alert.kind, alert.occurred_at, alert.last_at, alert.revision) == ("correlation", FIRST, FIRST, 0)


def test_the_state_survives_as_plain_data() -> None:
    month = Month(3)
    assert list(month.run(9)) == []
    clocked = Clocked()
    clocked.minutes(90, late=9)
    for silence, now in ((month.silence, FIRST + 9 * 24 * HOUR), (clocked.silence, clocked.now)):
        again = Silence("nord", PARIS, orjson.loads(orjson.dumps(silence.save())))
        assert again.save() == silence.save()
        told = [one.look(Heard(), now + 30 * MINUTE, now + 30 * MINUTE, asks_nothing) for one in (again, silence)]
        assert (told[0], again.save()) == (told[1], silence.save())


def test_what_just_arrived_does_not_make_the_past_unknown() -> None:
    """A frame that waits puts `as_of` back to the arrival of the last one that was read, hours ago at night."""
    whole, behind = Clocked(), Clocked()
    for minute in range(30 * 60):
        for one in (whole, behind):
            one.minute()
            if one is behind and minute % 7 == 0:
                one.silence.look(Heard(), one.now, one.now - 3 * HOUR, needs)
    assert whole.silence.save() == behind.silence.save()


def test_signals_speak_both_languages() -> None:
    rules = signals.rules()
    named = {value for name, value in vars(signals).items() if name.isupper() and name != "SCHEMA"}
    assert set(rules) == named
    for rule in rules.values():
        assert "" not in (rule.title.en, rule.title.fr, rule.explanation.en, rule.explanation.fr)
        assert rule.title.en != rule.title.fr
        assert rule.falsepositives != ()
        assert all(one.fr for one in rule.falsepositives)
