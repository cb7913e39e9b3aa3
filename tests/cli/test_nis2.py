"""`wardwatch nis2 file`: on paper and for programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cast import HERE, NEXT, NOW, Cast

from wardwatch.assessment.entity import Entity
from wardwatch.cli import _records, group
from wardwatch.reports.nis2_file import Registration
from wardwatch.usecases import demo_assessment, nis2


@pytest.fixture
def answered(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(_records, "ready", lambda **_: None)
    demo_assessment.add("meuse-ardenne", (HERE, NEXT), NOW)
    nis2.describe(cast.actor("ciso"), HERE, Entity(staff=1140), Registration("CHU Nord-Est"), NOW)
    return cast


def test_the_file_is_written_and_said(answered: Cast, tmp_path: Path) -> None:
    assert answered
    page, sheet = tmp_path / "file.html", tmp_path / "statement.docx"
    done = CliRunner().invoke(group, ["nis2", "file", HERE, "--html", str(page), "--json", "-"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["format"], said["standing"], said["rule"]) == ("wardwatch/nis2/1", "essential", "Art. 3(1)(a)")
    assert said["gaps"]
    assert "CHU Nord-Est" in page.read_text(encoding="utf-8")
    assert CliRunner().invoke(group, ["nis2", "file", HERE, "--html", str(page)]).exit_code != 0
    line = ["nis2", "file", HERE, "--statement", "--language", "fr", "--docx", str(sheet)]
    assert CliRunner().invoke(group, line).exit_code == 0
    assert sheet.read_bytes().startswith(b"PK")
    assert CliRunner().invoke(group, ["nis2", "file", "none"]).exit_code != 0
