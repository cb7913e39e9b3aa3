"""Every key that the watch says has a sentence in both languages, with the same blanks."""

import re
from pathlib import Path

from wardwatch.web.words import words

ROOT = Path(__file__).resolve().parents[2]
_KEY = re.compile(r'"((?:group|incident|alert)\.[a-z_]+)"')
_REASON = re.compile(r'Refused\("([a-z_]+)"')


def said() -> set[str]:
    code = "\n".join(path.read_text() for path in sorted((ROOT / "src/wardwatch/watch").rglob("*.py")))
    recorded = set(re.findall(r'work\.record\(\s*"([a-z_.]+)"', code))
    return {*_KEY.findall(code), *(f"refused.{one}" for one in _REASON.findall(code))} - recorded - {"incident.state"}


def test_every_key_has_a_sentence() -> None:
    assert sorted(said() - set(words())) == []


def test_both_languages_fill_the_same_blanks() -> None:
    blanks = re.compile(r"\{(\w+)\}")
    assert [key for key, one in words().items() if set(blanks.findall(one.en)) != set(blanks.findall(one.fr))] == []
