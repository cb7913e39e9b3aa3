"""The scanner gives the answers of `predicates.holds`, whichever way it takes."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance import engine, generate

from wardwatch.detection import predicates as kinds
from wardwatch.detection.predicates import ANY, ONE, Predicate
from wardwatch.detection.scanner import Scanner

TEXTS = st.lists(st.sampled_from(generate.ASCII_PIECES + generate.ODD_PIECES), max_size=6).map("".join)
PARTS = st.lists(st.sampled_from([ANY, ONE]) | TEXTS.filter(bool), min_size=1, max_size=4).map(tuple)
NUMBERS = st.sampled_from(["0", "1", "-1", "4625", "0.5", str(2**70)])


def folded(parts: tuple[object, ...], *, cased: bool) -> tuple[object, ...]:
    return tuple(part.casefold() if isinstance(part, str) and not cased else part for part in parts)


LIKES = st.builds(
    lambda parts, cased: Predicate("F", kinds.LIKE, (folded(parts, cased=cased), cased)), PARTS, st.booleans()
)
EQUALS = st.builds(
    lambda text, cased: Predicate("F", kinds.EQUALS, (text if cased else text.casefold(), cased)), TEXTS, st.booleans()
)


def _compiles(pattern: str) -> bool:
    return kinds.regex(pattern) is not None


REGEXES = generate.expressions().filter(_compiles).map(lambda text: Predicate("F", kinds.REGEX, (text,)))
OTHERS = st.one_of(
    NUMBERS.map(lambda number: Predicate("F", kinds.NUMBER, (number,))),
    NUMBERS.map(lambda number: Predicate("F", kinds.COMPARE, ("lt", number))),
    st.sampled_from(generate.NETWORKS).map(lambda text: Predicate("F", kinds.CIDR, (_network(text),))),
    st.integers(0, 23).map(lambda hour: Predicate("F", kinds.TIME_PART, ("hour", "gte", str(hour)))),
)
VALUES = st.one_of(
    TEXTS,
    TEXTS,
    st.sampled_from(generate.NUMBER_TEXTS),
    st.sampled_from(generate.ADDRESSES),
    st.sampled_from([str(one) for one in generate.TIMES]),
    NUMBERS,
    st.text(max_size=8),
)


def _network(text: str) -> str:
    return text if "/" in text else f"{text}/{128 if ':' in text else 32}"


def plainly(asked: Sequence[Predicate], values: Sequence[str]) -> list[set[int]]:
    return [{number for number, one in enumerate(asked) if kinds.holds(one, value)} for value in values]


@pytest.mark.parametrize("always_scan", [False, True], ids=["few", "hyperscan"])
@settings(max_examples=engine.examples(150))
@given(
    asked=st.lists(LIKES | LIKES | EQUALS | REGEXES | OTHERS, max_size=14),
    values=st.lists(VALUES, min_size=1, max_size=8),
)
def test_a_scan_is_what_holds(asked: list[Predicate], values: list[str], *, always_scan: bool) -> None:
    with engine.tuned(always_scan=always_scan):
        scanner = Scanner(enumerate(asked))
        assert scanner.scan(values) == plainly(asked, values)
        assert scanner.scan(values[::-1]) == plainly(asked, values[::-1])


PATTERNS = [
    r"a.c", r"(?s)a.c", r"(?i)ß", r"(?i)k", r"(?i)s", r"^a", r"a$", r"(?m)^a$", r"\bfoo\b", r"\d+", r"[^\x00-\x7f]", r"\x{212a}",
    r"[[:alpha:]]+z", r"\pL", r"(?U)a+", r"a{0}", r"", r"x*", r"\Aab\z", r"\Qa.b\E", r"(?i)straße", r"a\x00b", r"é", r"(?:a|b)+c",
    r"\s", r"\w-\w", r"[\s\S]", r".", r"\C", r"\v", r"\h", r"\R", r"(?i)[k]", r"(?i:ſ)", r"\Z", r"a(?-s).b", r"\t", r"\e", r"\07",
    r"(?P<n>a)b", r"(?<n>a)b", r"a++", r"\N", r"\X", r"\K", r"\G", r"[a-\d]", r"\u0041", r"\x41", r"(?x)a b", r"(?#c)a", r"a#b",
]  # fmt: skip
SUBJECTS = [
    "", "abc", "a\nc", "ß", "SS", "ẞ", "K", "\u212a", "k", "ſ", "s", "S", "a\n", "\na\n", "foo", "xfoo", "é", "e\u0301",
    "\u0661", "a\x00b", "a.b", "STRASSE", "straße", "\x0b", "\xa0", "\u2028", "a\r\nb", "z", "ab", "aab", "😀", "-", "x-y", "a b", "A", "\t", "\x1b", "\x07", "h", "R", "a#b",
]  # fmt: skip


def test_hyperscan_as_a_prefilter_loses_nothing() -> None:
    """Each pattern that RE2 takes gets the same answers with Hyperscan in front as from RE2 alone."""
    asked = []
    for pattern in PATTERNS:
        try:
            kinds.regex(pattern)
        except kinds.UnsupportedRuleError:
            continue
        asked.append(Predicate("F", kinds.REGEX, (pattern,)))
    assert len(asked) > 35
    expected = plainly(asked, SUBJECTS)
    with engine.tuned(always_scan=True):
        assert Scanner(enumerate(asked)).scan(SUBJECTS) == expected, "together"
        for one, predicate in enumerate(asked):
            alone = [{0} if one in true else set() for true in expected]
            assert Scanner([(0, predicate)]).scan(SUBJECTS) == alone, predicate.args


def test_texts_with_nul_are_found_whole() -> None:
    """`wide` makes such texts; a binding that ends its patterns at a NUL must not see them."""
    asked = [Predicate("F", kinds.LIKE, ((ANY, f"{letter}\0b\0", ANY), False)) for letter in "abcdefghijklmnopq"]
    asked.append(Predicate("F", kinds.LIKE, ((ANY, "\0a\0b", ANY), False)))
    values = ["a\0b\0", "a", "xc\0b\0x", "\0a\0b", "a\0c\0"]
    assert Scanner(enumerate(asked)).scan(values) == [{0}, set(), {2}, {17}, set()]


def test_neighbouring_values_do_not_make_a_match() -> None:
    asked = [Predicate("F", kinds.LIKE, ((ANY, f"{n}ab", ANY), False)) for n in range(20)]
    assert Scanner(enumerate(asked)).scan(["x3", "ab", "3a", "b", "", "3ab"]) == [set()] * 5 + [{3}]
