"""Templates of clinical services: whole, in both languages, and refused where they do not keep the schema."""

from pathlib import Path

import pytest
import yaml

from wardwatch.catalogue import files
from wardwatch.estate import templates
from wardwatch.estate.assets import Isolation
from wardwatch.estate.care import Criticality
from wardwatch.kernel.errors import ContentError

SHIPPED = [files.shipped("services"), files.shipped("systems")]


def test_every_service_and_system_speaks_both_languages() -> None:
    found = templates.shipped()
    texts = [text for one in found.services.values() for text in (one.name, one.degraded, *one.first_hours, one.divert)]
    texts += [one.name for one in found.systems.values()] + list(found.zones.values())
    assert [text for text in texts if text is not None and not (text.en and text.fr)] == []
    assert (len(found.services), len(found.systems), len(found.zones)) == (30, 57, 15)


def test_figures_and_sources_are_those_of_the_content() -> None:
    service = templates.shipped().services["emergency-department"]
    assert (service.criticality, service.switch_minutes, service.tolerable_minutes) == (Criticality.VITAL, 10, 240)
    assert service.estimate
    assert [one.confidence for one in service.sources] == ["high", "high", "high"]
    assert "pacs" in service.systems


def test_what_must_never_be_cut_off_is_marked_so() -> None:
    systems = templates.shipped().systems
    assert {systems[one].isolation for one in ("vent", "monitors", "pumps", "medgas")} == {Isolation.NEVER}
    assert (systems["ehr"].isolation, systems["ehr"].approvers) == (Isolation.APPROVAL, 2)
    assert (systems["mail"].isolation, systems["mail"].approvers) == (Isolation.AUTOMATIC, 0)


def test_a_file_of_the_hospital_takes_the_place_of_ours(tmp_path: Path) -> None:
    own = document()
    own["minutes"]["tolerable"] = 90
    write(tmp_path, own)
    found = templates.load([*SHIPPED, tmp_path])
    assert found.services["maternity"].tolerable_minutes == 90
    assert len(found.services) == 30


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": "wardwatch/service/9"}, "schema is not"),
        ({"criticality": "huge"}, "is not a criticality"),
        ({"systems": "ehr"}, "not a list"),
        ({"systems": ["abacus"]}, "no such system: abacus"),
        ({"minutes": {"switch": -1, "tolerable": 1, "restore": 1}}, "not a number of minutes"),
        ({"minutes": {"switch": 1}}, "tolerable"),
        ({"present_in": ["tiny"]}, "no such size"),
        ({"name": None}, "not as the schema says"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, change: dict, says: str) -> None:
    write(tmp_path, {**document(), **change})
    with pytest.raises(ContentError, match=says) as found:
        templates.load([*SHIPPED, tmp_path])
    assert str(tmp_path) in found.value.where


@pytest.mark.parametrize(
    ("change", "says"),
    [({"depends_on": ["abacus"]}, "needs a system that is not there"), ({"zone": "moon"}, "a zone that is not there")],
)
def test_a_wrong_system_is_named(tmp_path: Path, change: dict, says: str) -> None:
    system = {"id": "x", "name": "X", "zone": "core", "protocols": [], "depends_on": [], "isolation": "never"}
    write(tmp_path, {"schema": templates.SYSTEMS_SCHEMA, "systems": [{**system, **change}]})
    with pytest.raises(ContentError, match=says):
        templates.load([*SHIPPED, tmp_path])


def document() -> dict:
    return yaml.safe_load((SHIPPED[0] / "maternity.yml").read_text(encoding="utf-8"))


def write(folder: Path, content: dict) -> None:
    (folder / "own.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
