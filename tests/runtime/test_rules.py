"""Where rules and lists are found, and what lists of patients hold."""

from pathlib import Path

from wardwatch.pipeline.privacy import Privacy
from wardwatch.runtime.rules import finding
from wardwatch.runtime.settings import Settings


def test_where_rules_are_found(tmp_path: Path) -> None:
    find = finding(Settings(tmp_path), (tmp_path / "more",), ())
    assert [path.name for path in find().rules] == ["rules", "more"]
    (tmp_path / "rules").mkdir()
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "people.txt").write_text("a\n")
    assert [path.name for path in find().rules] == ["rules", "rules", "more"]
    assert find().lists == (("people", ("a",)),)


def test_a_watched_patient_is_found_under_the_token_that_events_have(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "watched_patients.txt").write_text("4711\n")
    (tmp_path / "lists" / "known_ae_titles.txt").write_text("CT1\n")
    (tmp_path / "spool" / "north").mkdir(parents=True)
    days = iter([0, 0, 40])
    find = finding(Settings(tmp_path), (), (), clock=lambda: next(days) * 86_400_000_000 + 1_795_435_200_000_000)
    first, same, later = (dict(find().lists) for _ in range(3))
    token = Privacy(tmp_path / "keys", "north").tokens("4711")
    assert first["known_ae_titles"] == ("CT1",)
    assert first["watched_patients"][0] == "4711"
    assert set(token) & set(first["watched_patients"])
    assert same == first
    assert set(later) == set(first)
