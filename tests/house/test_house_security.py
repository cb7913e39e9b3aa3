"""The list of ASVS 5.0 is complete, what it names exists, and its counts are true."""

import re
from collections import Counter

from tests.house.repository import ROOT

PAGE = ROOT / "docs/reference/asvs.md"
# The requirements of levels 1 and 2: section → their numbers.
ASKED = {
    "1.1": (1, 2),
    "1.2": (1, 2, 3, 4, 5, 6, 7, 8, 9),
    "1.3": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    "1.4": (1, 2, 3),
    "1.5": (1, 2),
    "2.1": (1, 2, 3),
    "2.2": (1, 2, 3),
    "2.3": (1, 2, 3, 4),
    "2.4": (1,),
    "3.2": (1, 2),
    "3.3": (1, 2, 3, 4),
    "3.4": (1, 2, 3, 4, 5, 6),
    "3.5": (1, 2, 3, 4, 5),
    "3.7": (1, 2),
    "4.1": (1, 2, 3),
    "4.2": (1,),
    "4.3": (1, 2),
    "4.4": (1, 2, 3, 4),
    "5.1": (1,),
    "5.2": (1, 2, 3),
    "5.3": (1, 2),
    "5.4": (1, 2, 3),
    "6.1": (1, 2, 3),
    "6.2": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    "6.3": (1, 2, 3, 4),
    "6.4": (1, 2, 3, 4),
    "6.5": (1, 2, 3, 4, 5),
    "6.6": (1, 2, 3),
    "6.8": (1, 2, 3, 4),
    "7.1": (1, 2, 3),
    "7.2": (1, 2, 3, 4),
    "7.3": (1, 2),
    "7.4": (1, 2, 3, 4, 5),
    "7.5": (1, 2),
    "7.6": (1, 2),
    "8.1": (1, 2),
    "8.2": (1, 2, 3),
    "8.3": (1,),
    "8.4": (1,),
    "9.1": (1, 2, 3),
    "9.2": (1, 2, 3, 4),
    "10.1": (1, 2),
    "10.2": (1, 2),
    "10.3": (1, 2, 3, 4),
    "10.4": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    "10.5": (1, 2, 3, 4, 5),
    "10.6": (1, 2),
    "10.7": (1, 2, 3),
    "11.1": (1, 2),
    "11.2": (1, 2, 3),
    "11.3": (1, 2, 3),
    "11.4": (1, 2, 3, 4),
    "11.5": (1,),
    "11.6": (1,),
    "12.1": (1, 2, 3),
    "12.2": (1, 2),
    "12.3": (1, 2, 3, 4),
    "13.1": (1,),
    "13.2": (1, 2, 3, 4, 5),
    "13.3": (1, 2),
    "13.4": (1, 2, 3, 4, 5),
    "14.1": (1, 2),
    "14.2": (1, 2, 3, 4),
    "14.3": (1, 2, 3),
    "15.1": (1, 2, 3),
    "15.2": (1, 2, 3),
    "15.3": (1, 2, 3, 4, 5, 6, 7),
    "16.1": (1,),
    "16.2": (1, 2, 3, 4, 5),
    "16.3": (1, 2, 3, 4),
    "16.4": (1, 2, 3),
    "16.5": (1, 2, 3),
    "17.1": (1,),
    "17.2": (1, 2, 3, 4),
    "17.3": (1, 2),
}
REASON = 8  # words of one, at least
_LINE = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| (met|no part|\*\*not met\*\*) \| (.+) \|$", re.MULTILINE)
_NAMED = re.compile(r"`([a-z_]+(?:/[\w.]+)*(?:\.py|\.html|\.js)?)(?:::(\w+))?`")
_KNOWN_FOLDERS = ("web/", "usecases/", "records/", "runtime/", "listeners/", "delivery/", "reports/", "pipeline/", "catalogue/", "watch/", "tests/")  # fmt: skip


def lines(text: str) -> list[tuple[str, ...]]:
    return _LINE.findall(text)


def missing(text: str) -> list[str]:
    """What a page names that is not there."""
    found = []
    for _, _, _, by in lines(text):
        for path, test in _NAMED.findall(by):
            if not path.startswith(_KNOWN_FOLDERS):
                continue
            place = ROOT / path if path.startswith("tests/") else ROOT / "src/wardwatch" / path
            if not place.exists():
                found.append(path)
            elif test and f"def {test}(" not in place.read_text(encoding="utf-8"):
                found.append(f"{path}::{test}")
    return found


def test_every_requirement_has_one_line() -> None:
    asked = [f"{section}.{number}" for section, numbers in ASKED.items() for number in numbers]
    assert [one[0] for one in lines(PAGE.read_text(encoding="utf-8"))] == asked
    assert len(asked) == 253


def test_what_is_named_exists() -> None:
    assert missing(PAGE.read_text(encoding="utf-8")) == []


def test_the_counts_are_true() -> None:
    text = PAGE.read_text(encoding="utf-8")
    counted = Counter(one[2].strip("*") for one in lines(text))
    said = re.search(r"\*\*(\d+) requirements: (\d+) met, (\d+) no part, (\d+) not met\.\*\*", text)
    assert said is not None
    assert [int(one) for one in said.groups()] == [
        counted.total(),
        counted["met"],
        counted["no part"],
        counted["not met"],
    ]


def unshown(text: str) -> list[str]:
    """Requirements that are said to be met without anything that shows it, or not met without a reason."""
    return [
        number
        for number, _, verdict, by in lines(text)
        if (verdict == "met" and "`" not in by and "](" not in by)
        or (verdict == "**not met**" and len(by.split()) < REASON)
    ]


def test_what_is_met_is_shown_and_what_is_not_has_a_reason() -> None:
    assert unshown(PAGE.read_text(encoding="utf-8")) == []


def test_the_finder_can_fail() -> None:
    text = "| 1.1.1 | x | met | `web/none.py`, `tests/house/test_house_security.py::test_none`, `web/screen.py` |"
    assert missing(text) == ["web/none.py", "tests/house/test_house_security.py::test_none"]
    assert unshown("| 1.1.1 | x | met | it is so |\n| 1.1.2 | y | **not met** | no time |") == ["1.1.1", "1.1.2"]
