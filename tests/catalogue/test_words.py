"""Sentences by key: both languages, the same parameters in both."""

from pathlib import Path

import pytest
import yaml

from wardwatch.catalogue import words
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import ContentError


def test_a_sentence_is_filled_and_what_is_missing_is_a_dash() -> None:
    kept = {"hello": Text("Hello {name}, {what}", "Bonjour {name}, {what}")}
    assert words.sentence("hello", {"name": "Ida"}, "fr", kept) == "Bonjour Ida, –"
    assert words.sentence("hello", {"name": "{what}", "what": "x"}, "en", kept) == "Hello {what}, x"
    assert words.sentence("unknown.key", {}, "fr", kept) == "unknown.key"
    assert words.sentence("group.reopened", {}, "fr") == "Rouvert"


def test_words_of_ours_are_translated_and_free_text_is_not() -> None:
    params = {"from": "recovering", "to": "closed", "reason": "closed"}
    assert words.sentence("incident.moved", params, "fr") == "De rétablissement à clos. Motif : closed"
    assert words.sentence("incident.moved", {**params, "to": "other"}, "en") == "From recovering to other. Why: closed"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"schema": "wardwatch/words/2", "words": {}}, "schema is not"),
        ({"schema": words.SCHEMA, "words": []}, "schema is not"),
        ({"schema": words.SCHEMA, "words": {"a": {"en": "x"}}}, "not in both languages"),
        ({"schema": words.SCHEMA, "words": {"a": {"en": "x {n}", "fr": "x {m}"}}}, "not the same parameters"),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, content: dict, says: str) -> None:
    (tmp_path / "x.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ContentError, match=says):
        words.load([tmp_path])
