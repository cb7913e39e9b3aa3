"""The first look for keywords may find too much, never too little."""

import json

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance import engine

from wardwatch.detection import predicates as kinds
from wardwatch.detection.keywords import KeywordFilter
from wardwatch.detection.predicates import ANY, ONE, Predicate

PIECES = st.sampled_from(
    [
        *"abkKsSßẞſ\u212aİıﬁ ._-:/\\\"'<&\n\t\0é😀ŉǰẖ",
        "mimikatz",
        "MIMIKATZ",
        "sekurlsa::",
        "<script>",
        "union all",
        "ss",
        "fi",
    ]
)
TEXTS = st.lists(PIECES, max_size=5).map("".join)


def keyword(text: str) -> Predicate:
    return Predicate(None, kinds.LIKE, ((ANY, text.casefold(), ANY), False))


def lines_of(values: list[str], style: int) -> list[bytes]:
    return [engine.escaped({"f": value, "n": 1}, style) for value in values]


@settings(max_examples=engine.examples(200))
@given(words=st.lists(TEXTS.filter(bool), min_size=1, max_size=4), values=st.lists(TEXTS, min_size=1, max_size=6))
def test_nothing_is_lost(words: list[str], values: list[str]) -> None:
    asked = [keyword(word) for word in words]
    found = KeywordFilter(asked)
    values += [f"x{word.upper()}y" for word in words]
    if not found.usable:
        return
    holding = {at for at, value in enumerate(values) if any(kinds.holds(one, value) for one in asked)}
    for style in range(engine.STYLES):
        lines = lines_of(values, style)
        starts = np.cumsum([0] + [len(line) + 1 for line in lines[:-1]])
        assert holding <= set(found.candidates(b"\n".join(lines), starts)), style
    data = [value.encode() for value in values]
    starts = np.cumsum([0] + [len(one) for one in data[:-1]])
    starts_of_full = {at for at in holding if data[at]}
    assert starts_of_full <= set(found.candidates(b"".join(data), starts)), "a column's buffer"


def test_lines_without_a_keyword_are_passed_over() -> None:
    found = KeywordFilter([keyword("sekurlsa::"), keyword("mimikatz")])
    lines = [b'{"a":"nothing"}', b'{"a":"MimiKatz.exe"}', b'{"a":"\\u006dimikatz"}', b'{"a":"sekurlsa"}']
    starts = np.cumsum([0] + [len(line) + 1 for line in lines[:-1]])
    assert found.candidates(b"\n".join(lines), starts) == [1, 2]


def test_wildcards_within_a_keyword() -> None:
    pattern = Predicate(None, kinds.LIKE, ((ANY, "abc", ONE, "longer", ANY), False))
    found = KeywordFilter([pattern])
    assert found.candidates(b"abcxlonger\nabc", [0, 11]) == [0]


def test_keywords_without_a_safe_run_need_every_value() -> None:
    for one in (
        keyword("ß"),
        keyword("é" * 9),
        keyword("a\\b"),
        Predicate(None, kinds.REGEX, ("abc",)),
        Predicate(None, kinds.EQUALS, ("abc", False)),
    ):
        assert not KeywordFilter([one, keyword("mimikatz")]).usable


def test_no_keyword_finds_nothing() -> None:
    found = KeywordFilter([])
    assert (found.usable, found.empty) == (True, True)
    assert found.candidates(orjson.dumps({"a": "x"}), [0]) == []


def test_escapes_are_what_json_writes() -> None:
    """The kelvin sign folds to k: a line that has it as an escape is a candidate."""
    found = KeywordFilter([keyword("kkkk")])
    line = json.dumps({"a": "\u212a" * 4}).encode()
    assert b"\\u212a" in line
    assert found.candidates(line, [0]) == [0]
