"""Tunings in the running watch: what they withhold, where, until when, and that all else is as loud as before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pipeline.tuning.hospital import (
    DAY,
    HIT,
    LIST,
    LISTED,
    MANY,
    SECOND,
    SHADOWS,
    Hospital,
    event,
    tuning,
)

from wardwatch.kernel.disk import Disk
from wardwatch.pipeline.tuning import document

BACKUP, MALLORY = "CHU\\backup", "CHU\\mallory"


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    made = Hospital(tmp_path)
    yield made
    made.stop()


def keep(hospital: Hospital, *tunings: document.Tuning) -> None:
    for one in tunings:
        document.add(hospital.home / "tuning", one, Disk())
    hospital.work()


def test_what_a_tuning_matches_is_withheld_and_says_why(hospital: Hospital) -> None:
    keep(hospital, tuning())
    hospital.receive([event(HIT, user=BACKUP), event(HIT, user=MALLORY)])
    hospital.work()
    assert (hospital.heard(), hospital.quiet()) == ([(SHADOWS, MALLORY)], [(SHADOWS, BACKUP)])
    (alert,) = hospital.withheld()
    assert {name: value for name, value in alert.fields.items() if name.startswith("wardwatch.")} == {
        "wardwatch.tuning": "backup",
        "wardwatch.tuning.owner": "Ida",
        "wardwatch.tuning.reason": "the backup job",
    }
    figures = hospital.watching.published(hospital.at).figures
    assert [(one.labels["tuning"], one.value) for one in figures if "withheld" in one.name] == [("backup", 1)]


def test_it_takes_effect_without_a_restart_and_ends_by_the_clock(hospital: Hospital) -> None:
    hospital.receive([event(HIT, user=BACKUP)])
    hospital.work()
    keep(hospital, tuning())
    assert hospital.said == ["rules taken in: 2 active"]
    hospital.receive([event(HIT, user=BACKUP, at=hospital.at)])
    hospital.work()
    assert (len(hospital.alerts()), len(hospital.withheld())) == (1, 1)
    hospital.at += 2 * DAY
    hospital.receive([event(HIT, user=BACKUP, at=hospital.at)])
    hospital.work()
    assert (len(hospital.alerts()), len(hospital.withheld())) == (2, 1)


def test_other_hospitals_and_rules_are_as_loud_as_before(hospital: Hospital) -> None:
    keep(hospital, tuning())
    for tenant in ("nord", "sud"):
        hospital.receive([event(HIT, user=BACKUP), event(LIST, user=BACKUP)], tenant)
    hospital.work()
    assert hospital.quiet() == [(SHADOWS, BACKUP)]
    assert (hospital.heard(), hospital.quiet("sud"), hospital.heard("sud")) == ([], [], [(SHADOWS, BACKUP)])


def test_sightings_for_correlations_are_withheld_too(hospital: Hospital) -> None:
    keep(hospital, tuning(LISTED))
    bodies = [event(LIST, user=user, at=hospital.at + n * SECOND) for n in range(3) for user in (BACKUP, MALLORY)]
    hospital.receive(bodies)
    hospital.work()
    assert hospital.heard() == [(MANY, MALLORY)]
    assert hospital.quiet() == [(LISTED, BACKUP)] * 3


def test_a_correlation_is_tuned_by_its_group(hospital: Hospital) -> None:
    keep(hospital, tuning(MANY))
    bodies = [event(LIST, user=user, at=hospital.at + n * SECOND) for n in range(3) for user in (BACKUP, MALLORY)]
    hospital.receive(bodies)
    hospital.work()
    hospital.receive([event(LIST, user=BACKUP, at=hospital.at)])
    hospital.work()
    assert (hospital.heard(), hospital.quiet()) == ([(MANY, MALLORY)], [(MANY, BACKUP)])
    assert [(one.count, one.fields["wardwatch.tuning"]) for one in hospital.withheld()] == [(4, "backup")]


def test_a_restart_says_nothing_twice(hospital: Hospital) -> None:
    keep(hospital, tuning(), tuning(MANY, "group"))
    hospital.receive([event(HIT, user=BACKUP), *(event(LIST, user=BACKUP, at=hospital.at + n) for n in range(3))])
    while hospital.watching.step():  # alerts are written, the lake has nothing yet
        pass
    hospital.crash()
    hospital.work()
    hospital.restart()
    hospital.work()
    log = hospital.home / "alerts" / "nord" / "suppressed"
    assert sum(len(path.read_bytes().splitlines()) for path in log.glob("*.jsonl")) == 2
    assert hospital.quiet() == [(SHADOWS, BACKUP), (MANY, BACKUP)]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("{", "not valid YAML"),
        ("schema: wardwatch/tuning/2", "schema is not wardwatch/tuning/1"),
        (document.text(tuning(slug="x")).replace("tenant: nord", "tenant: sud"), "a tuning of 'sud'"),
        (document.text(tuning(slug="x", rule="no-such")), "no rule 'no-such'"),
        (document.text(tuning(slug="x", **{"User|no-such": "a"})), "the detection cannot run"),
        (document.text(tuning(slug="x")).replace("2026-11-24T02:30", "2027-11-30T02:30"), "by a year at most"),
        (document.text(tuning(slug="x")).replace("owner: Ida", "owner: ''"), "owner is missing"),
        (document.text(tuning(slug="x")) + "rules: any\n", "unknown: rules"),
    ],
)
def test_a_broken_tuning_is_reported_and_stops_nothing(hospital: Hospital, broken: str, said: str) -> None:
    keep(hospital, tuning())
    (hospital.home / "tuning" / "nord" / "x.yml").write_text(broken)
    hospital.work()
    assert [one for one in hospital.said if said in one and "a tuning withholds nothing" in one] != []
    hospital.receive([event(HIT, user=BACKUP), event(HIT, user=MALLORY)])
    hospital.work()
    assert (hospital.heard(), hospital.quiet()) == ([(SHADOWS, MALLORY)], [(SHADOWS, BACKUP)])
