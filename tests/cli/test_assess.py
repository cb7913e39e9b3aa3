"""`wardwatch assess`: frameworks, lists, one assessment, the form out and in."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from tests.cast import HERE, NOW, Cast

from wardwatch.cli import assess, group
from wardwatch.records.models import AnswerRow, AuditRow
from wardwatch.usecases import assessment
from wardwatch.usecases.operator import operator
from wardwatch.usecases.roles import Permission


@pytest.fixture
def begun(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(assess, "_operator", lambda: operator(Permission.SEE_ASSESSMENT, Permission.ANSWER))
    return assessment.begin(cast.actor("ciso"), HERE, "hospital-readiness", "2026", now=NOW)


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_frameworks_need_no_database() -> None:
    done = CliRunner().invoke(group, ["assess", "frameworks", "--language", "fr", "--json", "-"])
    assert done.exit_code == 0
    assert [(one["id"], one["first"]) for one in rows(done.stdout)][:1] == [("hospital-readiness", 40)]


def test_an_assessment_is_listed_and_shown(begun: str) -> None:
    listed = CliRunner().invoke(group, ["assess", "list", "--tenant", HERE, "--json", "-"])
    assert [(one["id"], one["answered"]) for one in rows(listed.stdout)] == [(begun, 0)]
    assert rows(CliRunner().invoke(group, ["assess", "list", "--tenant", "x", "--json", "-"]).stdout) == []
    shown = CliRunner().invoke(group, ["assess", "show", begun, "--json", "-"])
    formats = [one["format"] for one in rows(shown.stdout)]
    assert formats.count("wardwatch/assess-domain/1") == 13
    assert formats.count("wardwatch/assess-answer/1") == 40


def test_the_form_goes_out_and_in_and_wrong_rows_are_told(begun: str, tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    assert CliRunner().invoke(group, ["assess", "form", begun, str(path)]).exit_code == 0
    again = CliRunner().invoke(group, ["assess", "form", begun, str(path)])
    assert "there is a file" in str(again.exception)
    book = load_workbook(path)
    book.worksheets[0]["C2"], book.worksheets[0]["C3"] = 4, "perhaps"
    book.save(path)
    taken = CliRunner().invoke(group, ["assess", "take", begun, str(path), "--json", "-"], standalone_mode=False)
    assert taken.return_value == 3
    assert [(one["row"], one["question"]) for one in rows(taken.stdout)] == [(3, "gov-lead")]
    assert AnswerRow.objects.get().by_name == "Command line"
    assert AuditRow.objects.filter(actor_name="Command line", action="assessment.answered").count() == 1


def test_it_is_written_in_several_forms_and_replaces_nothing(begun: str, tmp_path: Path) -> None:
    files = {form: tmp_path / f"a.{form}" for form in ("docx", "csv", "json", "oscal-results", "oscal-poam")}
    words = [word for form, file in files.items() for word in (f"--{form}", str(file))]
    done = CliRunner().invoke(group, ["assess", "report", begun, *words])
    assert done.exit_code == 0, done.output
    assert json.loads(files["json"].read_text())["format"] == "wardwatch/assessment/1"
    assert "assessment-results" in json.loads(files["oscal-results"].read_text())
    assert files["docx"].read_bytes().startswith(b"PK")
    before = files["csv"].read_bytes()
    assert CliRunner().invoke(group, ["assess", "report", begun, "--csv", str(files["csv"])]).exit_code != 0
    assert files["csv"].read_bytes() == before
    assert CliRunner().invoke(group, ["assess", "report", begun]).exit_code != 0
    said = CliRunner().invoke(group, ["assess", "report", begun, "--json", "-"])
    assert json.loads(said.stdout)["tenant"] == HERE


def test_guidelines_are_written(tmp_path: Path) -> None:
    file = tmp_path / "book.html"
    line = ["assess", "guidelines", "nis2-readiness", "--html", str(file), "--language", "fr", "--json", "-"]
    done = CliRunner().invoke(group, line)
    assert rows(done.stdout) == [
        {"format": "wardwatch/assess-guidelines/1", "file": str(file), "bytes": file.stat().st_size}
    ]
    assert '<html lang="fr">' in file.read_text(encoding="utf-8")
    assert CliRunner().invoke(group, ["assess", "guidelines", "none", "--html", "-"]).exit_code != 0
