"""Frameworks are read strictly: what is wrong is named with its file and line."""

from pathlib import Path

import pytest
import yaml

from wardwatch.assessment import loading
from wardwatch.kernel.errors import ContentError

TEXT = {"en": "A text", "fr": "Un texte"}
QUESTION = {
    "id": "q1",
    "domain": "d",
    "tier": "first",
    "weight": 1,
    "pillar": "prevent",
    "ask": TEXT,
    "steps": [{"en": f"Step {one}", "fr": f"Palier {one}"} for one in range(5)],
    "guide": {
        "why": TEXT,
        "find": TEXT,
        "good": {"small": TEXT, "medium": TEXT, "large": TEXT},
        "start": [TEXT],
        "days": [1, 2],
        "cost": "none",
    },
}
WHOLE = {
    "schema": "wardwatch/framework/1",
    "id": "own",
    "version": 1,
    "name": TEXT,
    "about": TEXT,
    "domains": [{"id": "d", "name": TEXT}],
    "questions": [QUESTION],
}


def read(tmp_path: Path, **changes: object) -> None:
    path = tmp_path / "own.yml"
    path.write_text(yaml.safe_dump({**WHOLE, **changes}, sort_keys=False), encoding="utf-8")
    loading.load([path])


def test_a_framework_is_read(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(yaml.safe_dump(WHOLE), encoding="utf-8")
    assert [one.id for one in loading.load([tmp_path])["own"].questions] == ["q1"]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"schema": "other/1"}, "schema"),
        ({"version": "1"}, "version"),
        ({"domains": []}, "domains"),
        ({"questions": [{**QUESTION, "steps": QUESTION["steps"][:4]}]}, "questions.0.steps"),
        ({"questions": [{**QUESTION, "steps": [TEXT] * 5}]}, "questions.0.steps"),
        ({"questions": [{**QUESTION, "ask": {"en": "English only"}}]}, "questions.0.ask"),
        ({"questions": [{**QUESTION, "ask": {"en": "x" * 2000, "fr": "x"}}]}, "questions.0.ask.en"),
        ({"questions": [{**QUESTION, "domain": "other"}]}, "questions.0.domain"),
        ({"questions": [{**QUESTION, "weight": 9}]}, "questions.0.weight"),
        ({"questions": [{**QUESTION, "colour": "red"}]}, "questions.0.colour"),
        ({"questions": [{**QUESTION, "maps": {"cis": [1.1]}}]}, "questions.0.maps.cis"),
        ({"questions": [{**QUESTION, "maps": {"own": ["1"]}}]}, "questions.0.maps.own"),
        ({"questions": [{**QUESTION, "when": [{"question": "later", "at_least": 1}]}]}, "questions.0.when.0"),
        ({"questions": [QUESTION, QUESTION]}, "questions"),
        ({"from": "nowhere", "take": {"d": ["q1"]}}, "from"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, changes: dict[str, object], what: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(tmp_path, **changes)
    assert caught.value.what.split(":")[0].split(" ")[0] == what
    assert caught.value.where.startswith(f"{tmp_path / 'own.yml'}:")


def test_the_line_is_that_of_what_is_wrong(tmp_path: Path) -> None:
    lines = yaml.safe_dump(WHOLE, sort_keys=False).splitlines()
    place = next(number for number, line in enumerate(lines) if "weight" in line)
    lines[place] = lines[place].replace("1", "7")
    path = tmp_path / "own.yml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        loading.load([path])
    assert caught.value.where == f"{path}:{place + 1}"


def test_an_incident_that_is_not_there_is_named(tmp_path: Path) -> None:
    guide = {**QUESTION["guide"], "incident": "NO-2000"}  # type: ignore[dict-item]
    with pytest.raises(ContentError, match="no such incident: NO-2000"):
        read(tmp_path, questions=[{**QUESTION, "guide": guide}])
