"""The questions that Wardwatch ships: enough of them, all different, in two languages, for readers who are no specialists."""

import re
from collections import Counter
from statistics import median

import pytest

from wardwatch.assessment import inventory, loading, policies
from wardwatch.assessment.framework import Framework, Question, Tier

SHIPPED = loading.shipped()
MAIN = SHIPPED["hospital-readiness"]
EVERY = {one.id: one for framework in SHIPPED.values() for one in framework.questions}.values()
DOMAINS = 13
# LIX (C.-H. Björnsson, 1968): words in a sentence + percentage of words of more than six letters. Up to 40 reads like
# fiction, up to 50 like a newspaper, above 55 like an authority. French words are longer: a newspaper is the limit.
LIMITS = {"en": 40.0, "fr": 50.0}


def lix(text: str) -> float:
    words = re.findall(r"[^\W\d_]+", text)
    sentences = max(1, len(re.findall(r"[.:?!;](?:\s|$)", text)))
    return len(words) / sentences + 100 * sum(len(word) > 6 for word in words) / len(words)


def read_by_people(question: Question, language: str) -> str:
    steps = [f"{step.in_(language)}." for step in question.steps]
    guide = question.guide
    return " ".join([question.ask.in_(language), *steps, guide.why.in_(language), guide.find.in_(language)])


def test_there_are_as_many_questions_as_promised() -> None:
    first = len(MAIN.at(Tier.FIRST))
    assert (first, len(MAIN.questions) - first >= 80, len(MAIN.domains)) == (40, True, DOMAINS)
    counted = Counter(one.domain for one in MAIN.questions if one.tier is Tier.FIRST)
    assert set(counted) == {one.id for one in MAIN.domains}
    assert min(counted.values()) >= 3


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_two_items_are_the_same(language: str) -> None:
    items = [
        text.in_(language)
        for one in EVERY
        for text in (one.ask, *one.steps, one.guide.why, one.guide.find, *one.guide.good.values(), *one.guide.start)
    ]
    assert [item for item, count in Counter(items).items() if count > 1] == []


def test_french_is_french() -> None:
    same = [
        text.en for one in EVERY for text in (one.ask, one.guide.why, one.guide.find, *one.steps) if text.en == text.fr
    ]
    assert same == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_reader_who_is_no_specialist_understands(language: str) -> None:
    measured = {one.id: lix(read_by_people(one, language)) for one in EVERY}
    assert {id_: figure for id_, figure in measured.items() if figure > LIMITS[language]} == {}
    assert median(measured.values()) < LIMITS[language] - 10


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_inventory_and_policies_are_for_them_too(language: str) -> None:
    measured = {}
    for entry in inventory.shipped().entries:
        texts = [entry.need, *entry.prerequisites, entry.staff.skills, entry.cost.driver, *entry.limits]
        measured[entry.id] = lix(" ".join(f"{text.in_(language).rstrip('.')}." for text in texts))
    for policy in policies.shipped().values():
        measured[f"policy {policy.id}"] = lix(" ".join(part.text.in_(language) for part in policy.parts))
    assert {id_: figure for id_, figure in measured.items() if figure > LIMITS[language]} == {}
    assert median(measured.values()) < LIMITS[language] - 10


def test_the_measure_can_fail() -> None:
    assert (
        lix("Organisational responsibilities necessitate comprehensive documentation of administrative procedures") > 60
    )


def test_every_article_of_the_directive_is_asked_about() -> None:
    letters = {f"21(2)({letter})" for letter in "abcdefghij"}
    asked = {number for one in MAIN.questions for number in one.maps.get("nis2", ())}
    assert {"20", "23", *letters} - asked == set()


@pytest.mark.parametrize("name", ["nis2-readiness", "ransomware-readiness"])
def test_other_frameworks_stand_on_the_first(name: str) -> None:
    found: Framework = SHIPPED[name]
    taken = [one.id for one in found.questions if one.id in MAIN.by_id]
    own = [one for one in found.questions if one.id not in MAIN.by_id]
    assert len(taken) > 30
    assert len(own) >= 4
    assert all(any(one.domain == domain.id for one in found.questions) for domain in found.domains)


def test_every_mapping_is_a_number() -> None:
    """No words of a framework are quoted: letters, digits and their signs only."""
    numbers = {number for one in EVERY for numbers in one.maps.values() for number in numbers}
    assert [one for one in numbers if not re.fullmatch(r"[A-Z0-9a-j.()\-]{1,12}", one)] == []
