"""The first look for keywords may find too much, never too little."""

import json

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance import engine

from wardwatch.detection import predicates as kinds
from wardwatch.detection.keywords import KeywordFilter
from wardwatch.detection.predicates import ANY, ONE, Predicate
from wardwatch.events import words
from wardwatch.events.batch import NULL

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


# JSON as others write it: numbers in any spelling, blanks wherever they may be. What rules see of it is not what
# stands there: `1e2` is 100, `[1, 2]` in a list is [1,2].
DIGITS = st.text("0123456789", min_size=1, max_size=22).map(lambda text: text.lstrip("0") or "0")
NUMBERS = st.one_of(
    st.tuples(
        st.sampled_from(["", "-"]),
        DIGITS,
        st.one_of(st.just(""), st.text("0123456789", min_size=1, max_size=20).map(".{}".format)),
        st.one_of(
            st.just(""),
            st.tuples(st.sampled_from(["e", "E", "e+", "e-", "E-0"]), st.integers(0, 30)).map(
                lambda two: f"{two[0]}{two[1]}"
            ),
        ),
    ).map("".join),
    st.sampled_from(["1e2", "1.0", "100.0", "0.00001", "12345678901234567890123", "1.50", "5e-324"]),
)
BLANK = st.sampled_from(["", "", " ", "\t", "  "])


def _spelled(parts: tuple[list[str], str, str], brackets: str) -> str:
    items, before, after = parts
    return brackets[0] + before + f"{after},{before}".join(items) + after + brackets[1]


def _object(parts: tuple[list[str], str, str]) -> str:
    items, before, after = parts
    keyed = [f'"k{n}"{after}:{before}{item}' for n, item in enumerate(items)]
    return _spelled((keyed, before, after), "{}")


JSON = st.recursive(
    st.one_of(NUMBERS, st.sampled_from(["true", "false", "null", '"1e2"', '"a, b"', '"x:1"'])),
    lambda inner: st.one_of(
        st.tuples(st.lists(inner, max_size=3), BLANK, BLANK).map(lambda parts: _spelled(parts, "[]")),
        st.tuples(st.lists(inner, max_size=3), BLANK, BLANK).map(_object),
    ),
    max_leaves=6,
)


def seen_by_rules(value: object) -> list[str]:
    """The texts of a field, as the engine's columns hold them."""
    return [words.text_of(one) for one in value] if isinstance(value, list) else [words.text_of(value)]


@settings(max_examples=engine.examples(400))
@given(data=st.data(), values=st.lists(JSON, min_size=1, max_size=5))
def test_nothing_is_lost_of_what_is_spelled_otherwise(data: st.DataObject, values: list[str]) -> None:
    lines, texts = [], []
    for value in values:
        line = f'{{"f": {value}}}'.encode()
        try:
            found = orjson.loads(line)["f"]
        except orjson.JSONDecodeError:
            continue
        lines.append(line)
        texts.append(seen_by_rules(found))
    choices = sorted(
        {
            text[start : start + length]
            for row in texts
            for text in row
            for start in range(len(text))
            for length in range(3, 24)
        }
    )
    if not choices:
        return
    asked = [keyword(word) for word in data.draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3))]
    found = KeywordFilter(asked)
    if not found.usable:
        return
    holding = {
        at
        for at, row in enumerate(texts)
        if any(kinds.holds(one, text) for one in asked for text in row if text != NULL)
    }
    starts = np.cumsum([0] + [len(line) + 1 for line in lines[:-1]])
    assert holding <= set(found.candidates(b"\n".join(lines), starts))


@pytest.mark.parametrize(
    ("spelled", "word"),
    [
        ("1e2", "100"),
        ("10.0e1", "100"),
        ("1E+3", "1000"),
        ("0.00001", "1e-05"),
        ("12345678901234567890123", "1.2345678901234568e"),
        ("[[1, 2, 3]]", "1,2,3"),
        ('{"a": {"b": [{"c": 125}]}}', ":125"),
    ],
)
def test_what_is_spelled_otherwise_is_a_candidate(spelled: str, word: str) -> None:
    found = KeywordFilter([keyword(word)])
    line = f'{{"x": 1, "f": {spelled}}}'.encode()
    nested = orjson.loads(line)["f"]
    assert any(word in text for text in seen_by_rules(nested))
    assert not found.usable or found.candidates(b'{"f":"x"}\n' + line, [0, 10]) == [1]


def test_ordinary_numbers_are_no_candidates() -> None:
    """Most lines hold numbers; those that are spelled as their text is are not suspect, nor is any without need."""
    line = b'{"EventID": 4688, "x": [1, -2], "at": "2026-11-23 02:11:04.125", "y": "a 1.5", "z": 9223372036854775807}'
    assert KeywordFilter([keyword("1000")]).candidates(line, [0]) == []
    floats = b'{"f": 1.5e3, "g": 2.0}'
    assert KeywordFilter([keyword("mimikatz")]).candidates(floats, [0]) == []
    assert KeywordFilter([keyword("1000")]).candidates(floats, [0]) == [0]
