"""Every entry of the inventory is whole, in both languages, favours nobody, and all together meet every question."""

from pathlib import Path

import pytest

from wardwatch.assessment import inventory, loading
from wardwatch.assessment.framework import SIZES, Pillar, Tier
from wardwatch.assessment.inventory import InventoryEntry, Kind, Way
from wardwatch.kernel.errors import ContentError

FRAMEWORK = loading.shipped()["hospital-readiness"]
ENTRIES = inventory.shipped().entries
GOOD = (Path(inventory.__file__).parents[1] / "content/inventory/mfa.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one.id)
def test_an_entry_is_whole(one: InventoryEntry) -> None:
    texts = [one.name, one.need, one.staff.skills, one.cost.driver, *one.prerequisites, *one.limits]
    texts += [offer.what for offer in one.offers]
    for text in texts:
        assert text.en.strip()
        assert text.fr.strip()
    assert one.name.en != one.name.fr
    assert one.need.en != one.need.fr
    assert len(one.offers) >= 2
    assert any(offer.way is not Way.COMMERCIAL for offer in one.offers), "nothing but what is sold"
    assert one.sources
    assert one.as_of.startswith("20")
    assert len(one.meets) >= 2


def test_names_and_needs_are_used_once() -> None:
    for texts in ([one.name.en for one in ENTRIES], [one.need.en for one in ENTRIES], [one.name.fr for one in ENTRIES]):
        assert len(set(texts)) == len(texts)
    met = [one.meets for one in ENTRIES]
    assert len(set(met)) == len(met), "two entries meet the same questions"


def test_there_are_as_many_as_promised_of_every_kind() -> None:
    assert len(ENTRIES) >= 45
    assert {kind: sum(one.kind is kind for one in ENTRIES) >= 4 for kind in Kind} == dict.fromkeys(Kind, True)


def test_every_question_every_domain_every_size_is_met() -> None:
    found = inventory.shipped()
    assert [one.id for one in FRAMEWORK.questions if not found.for_question(one.id)] == []
    for domain in FRAMEWORK.domains:
        assert len({one.kind for one in found.for_domain(domain.id)}) >= 2, domain.id
    for size in SIZES:
        small = {id_ for one in found.for_size(size) for id_ in one.meets}
        assert {one.id for one in FRAMEWORK.at(Tier.FIRST)} <= small, size
    assert {pillar for one in ENTRIES for pillar in one.pillars} == set(Pillar)


def test_it_is_searched_in_both_languages() -> None:
    found = inventory.shipped()
    assert [one.id for one in found.find(words="annuaire chemins").entries] == ["directory-care"]
    assert found.find(kind="training", domain="people").entries != ()
    assert all(
        one.kind is Kind.TRAINING and "people" in one.domains
        for one in found.find(kind="training", domain="people").entries
    )
    assert found.find(words="no such words").entries == ()
    assert found.find() == found


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("kind: technology", "kind: miracle", 3),
        ("idn-mfa, ", "idn-none, ", 11),
        ("setup: [3, 15]", "setup: [15, 3]", 17),
        ('fr: "Second facteur à la connexion"', 'en2: "x"', 7),
        ('["Authelia", "Keycloak", "privacyIDEA"]', '["Keycloak", "Authelia"]', 39),
        ("https://www.cisecurity.org", "http://www.cisecurity.org", 50),
        ("as_of: '2026-11-27'", "as_of: soon", 4),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int) -> None:
    assert old in GOOD
    file = tmp_path / "mfa.yml"
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as error:
        inventory.load([file], FRAMEWORK)
    place, _, number = error.value.where.rpartition(":")
    assert place == str(file)
    assert abs(int(number) - line) <= 3


def test_an_entry_of_the_hospital_takes_the_place_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    file.write_text(GOOD.replace("Second factor at sign-in", "Our badges"), encoding="utf-8")
    found = inventory.load([Path(inventory.__file__).parents[1] / "content/inventory", file], FRAMEWORK)
    assert len(found.entries) == len(ENTRIES)
    assert found.by_id["mfa"].name.en == "Our badges"
