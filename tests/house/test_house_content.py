"""Content is complete: every rule and every list speaks English and French."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml
from tests.house.repository import files, read

RULES, LISTS = "src/wardwatch/content/rules/", "src/wardwatch/content/lists/"
LANGUAGES = ("en", "fr")
Document = Mapping[str, Any]


@cache
def documents(folder: str) -> tuple[tuple[str, Document], ...]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return tuple(
        (f"{name}: {document.get('title') or document.get('name')}", document)
        for name in files()
        if name.startswith(folder) and name.endswith((".yml", ".yaml"))
        for document in yaml.load_all(read(name), Loader=loader)
        if document
    )


def gaps(document: Document) -> Iterator[str]:
    """Name what a rule's `wardwatch:` block lacks in either language."""
    own = document.get("wardwatch") or {}
    if own.get("schema") != "wardwatch/rule/1":
        yield "schema"
    if not (own.get("title") or {}).get("fr"):
        yield "title.fr"
    for language in LANGUAGES:
        if not (own.get("explanation") or {}).get(language):
            yield f"explanation.{language}"
        if not (own.get("falsepositives") or {}).get(language):
            yield f"falsepositives.{language}"
    both = own.get("falsepositives") or {}
    if len(both.get("en") or []) != len(both.get("fr") or []):
        yield "falsepositives: not as many in one language as in the other"
    if not own.get("playbook"):
        yield "playbook"
    for kind in ("fires", "silent"):
        if not own.get(kind):
            yield kind


def test_rules_are_complete_in_both_languages() -> None:
    assert [(name, gap) for name, document in documents(RULES) for gap in gaps(document)] == []


def test_there_are_as_many_rules_as_promised() -> None:
    correlations = sum("correlation" in document for _, document in documents(RULES))
    assert (len(documents(RULES)) - correlations >= 60, correlations >= 10) == (True, True)


def test_lists_are_complete_in_both_languages() -> None:
    assert [
        (name, key, language)
        for name, document in documents(LISTS)
        for key in ("title", "explanation")
        for language in LANGUAGES
        if not document.get(key, {}).get(language)
    ] == []


def test_french_is_french() -> None:
    """A translation that was forgotten is often the English text once more."""
    same = [
        name
        for name, document in documents(RULES)
        if document["wardwatch"]["explanation"]["fr"] == document["wardwatch"]["explanation"]["en"]
    ]
    assert same == []


def test_placeholders_have_a_list() -> None:
    kept = {document["name"] for _, document in documents(LISTS)}
    asked = {
        name
        for path in files()
        if path.startswith(RULES)
        for block in re.findall(r"\|expand[^:]*:(.*(?:\n\s+- .*)*)", read(path))
        for name in re.findall(r"%(\w+)%", block)
    }
    assert asked - kept == set()


def test_ids_and_names_are_used_once() -> None:
    for key in ("id", "name"):
        used = [document[key] for _, document in documents(RULES) if key in document]
        assert sorted(used) == sorted(set(used))


def test_the_gap_finder_can_fail() -> None:
    assert list(
        gaps({"wardwatch": {"schema": "wardwatch/rule/1", "title": {"fr": "x"}, "explanation": {"en": "x"}}})
    ) == [
        "falsepositives.en",
        "explanation.fr",
        "falsepositives.fr",
        "playbook",
        "fires",
        "silent",
    ]
