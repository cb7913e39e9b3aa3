"""Proposals, and their proof: what would go quiet on stored events, and that nothing goes quiet which must fire."""

from contextlib import closing
from pathlib import Path

import pytest
from tests.pipeline.tuning.hospital import DAY, HIT, LIST, LISTED, MANY, NOW, SECOND, SHADOWS, Hospital, event, tuning

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.tuning import proposing, proving
from wardwatch.pipeline.tuning.document import Tuning
from wardwatch.pipeline.tuning.proposing import Proposal
from wardwatch.pipeline.tuning.proving import Simulation

BACKUP, MALLORY = "CHU\\backup", "CHU\\mallory"


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    """Three nights on which a job of the backup deletes shadow copies, and one on which somebody else does."""
    made = Hospital(tmp_path)
    for night in range(3):
        at = NOW + night * DAY
        made.at = at
        listed = [event(LIST, user=BACKUP, at=at + n * SECOND) for n in range(4)]
        made.receive([event(HIT, user=BACKUP, host="SRV-BACKUP", at=at), *listed])
        made.work()
    made.receive([event(HIT, user=MALLORY, at=made.at)])
    made.work()
    made.stop()
    return made


def simulated(hospital: Hospital, one: Tuning) -> Simulation:
    rules = ruleset.load(hospital.paths)
    with closing(Lake(hospital.home / "lake").tenant("nord")) as lake:
        return proving.simulate(proving.compiled(one, rules, {}), rules, lake, NOW - DAY, NOW + 9 * DAY)


def proposed(hospital: Hospital, rule: str) -> Proposal:
    others = hospital.alerts()
    alert = next(one for one in others if one.rule_id == rule and BACKUP in (one.user, one.group.get("User")))
    others = [one for one in others if one.rule_id == rule and one.id != alert.id]
    found = ruleset.load(hospital.paths).rules.by_id()[rule]
    if alert.kind == "correlation":
        return proposing.propose(alert, {}, found, (), ())
    with closing(Lake(hospital.home / "lake").tenant("nord")) as lake:
        event_ = proposing.event_of(lake, alert)
        assert event_ is not None
        alike = [proposing.event_of(lake, one) or {} for one in others if one.user == alert.user]
    return proposing.propose(alert, event_, found, alike, others)


def test_a_proposal_names_what_stays_and_leaves_out_what_changes(hospital: Hospital) -> None:
    found = proposed(hospital, SHADOWS)
    assert found.detection == {
        "selection": {
            "User": BACKUP,
            "Computer": "SRV-BACKUP",
            "CommandLine": HIT,
            "EventID": "1",
            "Image": "C:\\Windows\\System32\\vssadmin.exe",
        },
        "condition": "selection",
    }
    assert found.left_out == {}
    simulation = simulated(hospital, tuning(**found.detection["selection"]))  # type: ignore[arg-type]
    assert (simulation.before, simulation.by_rule()) == ({SHADOWS: 4}, {SHADOWS: 3})
    assert simulation.quiet == {
        (SHADOWS, "SRV-BACKUP", "2026-11-23"): 1,
        (SHADOWS, "SRV-BACKUP", "2026-11-24"): 1,
        (SHADOWS, "SRV-BACKUP", "2026-11-25"): 1,
    }
    assert {alert.user for alert in simulation.examples} == {BACKUP}


def test_a_correlation_is_proposed_by_its_group(hospital: Hospital) -> None:
    found = proposed(hospital, MANY)
    assert found.detection == {"selection": {"User": BACKUP}, "condition": "selection"}
    simulation = simulated(hospital, tuning(MANY))
    assert (simulation.before[MANY], simulation.by_rule()) == (3, {MANY: 3})


def test_a_tuned_rule_quiets_the_correlations_above_it(hospital: Hospital) -> None:
    simulation = simulated(hospital, tuning(LISTED))
    assert simulation.before == {LISTED: 12, MANY: 3}
    assert simulation.by_rule() == {LISTED: 12, MANY: 3}


def test_what_differs_between_like_alerts_is_left_out() -> None:
    hospital_event = {"User": BACKUP, "CommandLine": "a", "Image": "b", "TargetFilename": "C:\\x\\2026-11-23.zip"}
    found = proposing._differs("CommandLine", "a", [{"CommandLine": "b"}])
    assert found == "differs in alerts that are alike"
    names = {name: proposing._unstable(name, value) for name, value in hospital_event.items()}
    assert names["TargetFilename"] == "another in each event, by its value"
    assert proposing._unstable("PatientID", "4711") == "names a patient"
    assert proposing._unstable("Anything", "p:56:00ff") == "names a patient"
    assert proposing._unstable("LogonGuid", "x") == "another in each event, by its name"
    assert proposing._unstable("User", BACKUP) == ""


def silenced(hospital: Hospital, one: Tuning) -> list[str]:
    return [str(each) for each in proving.silenced(one, ruleset.load(hospital.paths), hospital.paths)]


def test_nothing_that_must_fire_goes_quiet(hospital: Hospital) -> None:
    own = str(hospital.home / "rules" / "own.yml")
    assert silenced(hospital, tuning()) == []
    assert silenced(hospital, tuning(EventID=1)) == [f"Shadow copies deleted: fires 1 ({own})"]
    assert silenced(hospital, tuning(LISTED)) == []
    # A rule without examples of its own is watched over by the correlation above it.
    assert silenced(hospital, tuning(LISTED, EventID=1)) == [f"Shadow copies listed many times: fires 1 ({own})"]
    assert silenced(hospital, tuning(MANY)) == []
    assert silenced(hospital, tuning(MANY, **{"User|contains": "CHU"})) == [
        f"Shadow copies listed many times: fires 1 ({own})"
    ]


def test_a_detection_that_cannot_run_is_refused(hospital: Hospital) -> None:
    with pytest.raises(Exception, match="the detection cannot run"):
        simulated(hospital, tuning(**{"User|no-such": "a"}))


def test_a_correlation_without_a_group_has_nothing_to_be_tuned_by(hospital: Hospital) -> None:
    alert = next(one for one in hospital.alerts() if one.rule_id == MANY)
    object.__setattr__(alert, "group", {})
    rule = ruleset.load(hospital.paths).rules.by_id()[MANY]
    with pytest.raises(InputError, match="no group"):
        proposing.propose(alert, {}, rule, (), ())
