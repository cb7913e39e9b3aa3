"""ATT&CK names: what is known is named, what is not keeps its id."""

import subprocess
import sys
from pathlib import Path

import pytest

from wardwatch.kernel.errors import ContentError
from wardwatch.threats import attack


def test_tactics_come_in_the_order_of_an_attack():
    asked = ("impact", "initial-access", "defense-impairment", "stealth", "made-up", "impair-process-control")
    assert sorted(asked, key=lambda slug: attack.tactic(slug).order) == [
        "initial-access", "stealth", "defense-impairment", "impair-process-control", "impact", "made-up",
    ]  # fmt: skip


def test_every_tactic_has_both_languages_an_id_and_its_own_slug():
    assert [one.slug for one in attack.TACTICS if not (one.name.en and one.name.fr and one.id.startswith("TA"))] == []
    assert len({one.slug for one in attack.TACTICS}) == len(attack.TACTICS) == 19


@pytest.mark.parametrize(
    ("id_", "label"),
    [
        ("T1486", "T1486 Data Encrypted for Impact"),
        ("T1003.001", "T1003.001 OS Credential Dumping: LSASS Memory"),
        ("T0855", "T0855 Unauthorized Command Message"),
        ("T1685", "T1685 Disable or Modify Tools"),
        ("T1685.005", "T1685.005"),
        ("T9999", "T9999"),
    ],
)
def test_a_technique_is_shown_with_what_is_known(id_: str, label: str):
    assert attack.technique(id_).label == label


def test_technique_knows_its_tactics():
    assert attack.technique("T1490").tactics == ("impact",)


def test_every_tactic_of_the_table_is_known():
    slugs = {slug for one in attack.techniques().values() for slug in one.tactics}
    assert {slug for slug in slugs if not attack.tactic(slug).id} == set()


def test_tags_are_told_apart():
    tags = (
        "attack.lateral_movement",
        "attack.t1021.002",
        "attack.g0007",
        "attack.s0029",
        "cve.2021-1675",
        "attack.T1021.002",
        "attack.impact",
    )
    assert attack.tactics_of(tags) == ("lateral-movement", "impact")
    assert attack.techniques_of(tags) == ("T1021.002",)


def test_the_table_is_read_only_when_asked_for():
    code = "from wardwatch.threats import attack; print(attack.techniques.cache_info().currsize)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "0\n"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"techniques": {"T1": 5}}', '{"techniques": 3}', '{"techniques": {"T1": []}}']
)
def test_a_bad_table_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "techniques.json"
    path.write_text(text)
    with pytest.raises(ContentError) as caught:
        attack.read(path)
    assert caught.value.where == str(path)
