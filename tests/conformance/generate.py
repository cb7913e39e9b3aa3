"""Hypothesis strategies for Sigma rules and events that often match them.

A case starts from a small pool of texts, numbers, addresses and times. The rule's values are made of the pool
(letters changed in case, runs turned into wildcards), and so are the events' values (wrapped, encoded, put in
lists): so matches are frequent, and near misses more so.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Value

Draw = Callable[[st.SearchStrategy[Any]], Any]

FIELDS = ("F", "G", "Hash.Md5", "h")
ASCII_PIECES = ("a", "b", "B", "c", "Z", "1", "0", "-", "/", " ", ".", "_", "%")
ODD_PIECES = (
    *(
        "ß",
        "ss",
        "ẞ",
        "İ",
        "i",
        "\u0131",
        "\u0307",
        "é",
        "e\u0301",
        "É",
        "\u03c3",
        "ς",
        "Σ",
        "\u017f",
        "\u212a",
        "k",
        "ﬁ",
        "fi",
    ),
    *(
        "\U0001f600",
        "\U00010400",
        "\U00010428",
        "\n",
        "\r\n",
        "\t",
        "\v",
        "\0",
        "\u00a0",
        "\\",
        "*",
        "?",
        '"',
        "'",
    ),
)
NUMBERS = (0, 1, -1, 7, 10, 4625, 2**31, 2**53 + 1, 0.5, -2.25, 10.0)
NUMBER_TEXTS = (
    "0",
    "-0",
    "00",
    "1.0",
    "+1",
    "010",
    "10.00",
    "4625 ",
    "0.50",
    ".5",
    "1e1",
    "0x1",
    "\uff11",
    "nan",
    "inf",
)
TIMES = (
    *("2026-03-04T10:05:59Z", "2026-01-01T00:30:00+01:00", "2021-01-03T23:59:59.5Z", "2024-02-29 22:00:00"),
    *(1709164800, "1709164800", 1709164800000, "1772618700", "noon", "2026-13-01T00:00:00Z"),
)
ADDRESSES = (
    *(
        "10.1.2.3",
        "10.1.255.255",
        "10.2.0.0",
        "127.0.0.1",
        "192.168.1.77",
        "10.1.2",
        "10.1.2.3 ",
        "10.01.2.3",
    ),
    *("2001:db8::1", "2001:0DB8:0::2", "fe80::1", "::1", "::ffff:10.1.2.3"),
)
NETWORKS = (
    "10.0.0.0/8",
    "10.1.0.0/16",
    "127.0.0.1",
    "192.168.1.64/27",
    "2001:db8::/32",
    "::/0",
    "0.0.0.0/0",
    "::1",
)
TIME_UNITS: Mapping[str, Sequence[int]] = {
    "minute": (0, 5, 30, 59),
    "hour": (0, 10, 22, 23),
    "day": (1, 4, 28, 29, 31),
    "week": (1, 9, 10, 53),
    "month": (1, 2, 3, 12),
    "year": (2020, 2021, 2024, 2025, 2026),
}
ORDERS = ("lt", "lte", "gt", "gte")
TEXT_CHAINS = (
    *("", "", "contains", "contains", "startswith", "endswith"),
    *(
        "cased",
        "contains|cased",
        "cased|startswith",
        "endswith|cased",
        "windash",
        "windash|contains",
        "contains|windash",
    ),
)
ENCODED_CHAINS = (
    *(
        "base64",
        "base64|contains",
        "base64|cased",
        "base64offset",
        "base64offset|contains",
        "wide",
        "wide|contains",
    ),
    *(
        "wide|base64offset|contains",
        "utf16",
        "utf16|base64|contains",
        "utf16be",
        "utf16be|base64offset|contains",
    ),
    "wide|base64|contains",
)
SOURCES = (
    *(LogSource("windows", "process_creation", None), LogSource("windows", "registry_set", None)),
    *(LogSource("linux", None, "auditd"), LogSource("windows", "process_creation", "sysmon")),
)
RULE_SOURCES: tuple[Mapping[str, str], ...] = (
    *({"product": "windows"}, {"category": "process_creation"}, {"product": "linux", "service": "auditd"}),
    *(
        {"product": "windows", "category": "registry_event"},
        {"product": "windows", "category": "process_creation"},
    ),
)
NAMES = ("selection", "sel_a", "sel_b", "filter_x", "_hidden", "other-1", "notepad")
PATTERNS = ("them", "sel*", "sel_*", "*", "filter_*", "*_x", "_*", "selection", "s*_a")
LISTS: Mapping[str, list[str]] = {"users": ["a", "bB", "c*"], "one": ["ß"], "none": []}


@dataclass(frozen=True)
class Case:
    """A rule, the lists for its placeholders, and events to try it on."""

    rule: dict[str, Any]
    lists: Mapping[str, list[str]]
    events: tuple[tuple[LogSource, dict[str, Value]], ...]


@dataclass(frozen=True)
class Pool:
    """What a case's rule and events are made of."""

    texts: tuple[str, ...]
    ascii: tuple[str, ...]


def texts(pieces: Sequence[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=5).map("".join)


pools = st.builds(
    Pool,
    texts=st.lists(texts(ASCII_PIECES * 2 + ODD_PIECES), min_size=2, max_size=4).map(tuple),
    ascii=st.lists(texts(ASCII_PIECES), min_size=1, max_size=2).map(tuple),
)


# ------------------------------------------------------------------------------------------------ rules


def escaped(text: str) -> str:
    """`text` as a plain value: wildcards escaped, and backslashes that would be read as escapes."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


@st.composite
def varied(draw: Draw, text: str) -> str:
    """`text` as it is, or in another case."""
    return str(draw(st.sampled_from([text, text, text.upper(), text.lower(), text.swapcase()])))


@st.composite
def patterns(draw: Draw, text: str) -> str:
    """A value that matches `text`, or nearly: some characters turned into wildcards, some backslashes left lone."""
    written = ""
    for character in draw(varied(text)):
        choice = draw(st.integers(0, 11))
        if choice == 0:
            written += draw(st.sampled_from(["?", "*", "\\", "\\\\*", "??"]))
        else:
            written += character if choice == 1 else escaped(character)
    return written


@st.composite
def text_items(draw: Draw, pool: Pool) -> tuple[str, Any]:
    chain = draw(st.sampled_from(TEXT_CHAINS))
    values = [draw(patterns(draw(st.sampled_from(pool.texts)))) for _ in range(draw(st.integers(1, 3)))]
    if "windash" in chain:
        values = [draw(st.sampled_from(["-", "/", " -", "x-"])) + value for value in values]
    return chain, values


@st.composite
def encoded_items(draw: Draw, pool: Pool) -> tuple[str, Any]:
    chain = draw(st.sampled_from(ENCODED_CHAINS))
    words = pool.ascii if ("wide" in chain or "utf16" in chain) else pool.ascii + pool.texts
    return chain, [escaped(draw(st.sampled_from(words))) for _ in range(draw(st.integers(1, 2)))]


ATOMS = (
    "a",
    "b",
    "B",
    "ß",
    "é",
    "\U0001f600",
    ".",
    r"\d",
    r"\w",
    r"\s",
    r"\.",
    r"\\",
    "[a-c]",
    "[^a]",
    r"[\d-]",
    "1",
    "-",
)
REPEATS = ("", "", "", "*", "+", "?", "{1,2}", "*?")


@st.composite
def expressions(draw: Draw, depth: int = 1) -> str:
    """A regular expression that both RE2 and Python read, in the same way."""
    written = ""
    for _ in range(draw(st.integers(0, 3))):
        if depth and draw(st.integers(0, 3)) == 0:
            atom = (
                f"({'?:' if draw(st.booleans()) else ''}{draw(expressions(depth - 1))}|{draw(expressions(depth - 1))})"
            )
        else:
            atom = draw(st.sampled_from(ATOMS))
        written += atom + draw(st.sampled_from(REPEATS))
    if depth:
        written = draw(st.sampled_from(["", "", "^", r"\b"])) + written + draw(st.sampled_from(["", "", "$", r"\b"]))
    return written


def in_expression(text: str) -> str:
    """`text` as a regular expression for itself."""
    return "".join("\\" + one if one in "\\.+*?()|[]{}^$" else one for one in text)


@st.composite
def regex_items(draw: Draw, pool: Pool) -> tuple[str, Any]:
    flags = draw(st.sampled_from(["", "", "|i", "|m", "|s", "|i|m|s", "|ignorecase", "|multiline|dotall", "|contains"]))
    sure = st.sampled_from(pool.texts).map(in_expression)
    return "re" + flags, draw(st.lists(st.one_of(expressions(), sure), min_size=1, max_size=2))


@st.composite
def number_items(draw: Draw) -> tuple[str, Any]:
    chain = draw(st.sampled_from(["", "", *ORDERS]))
    return chain, draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2))


@st.composite
def time_items(draw: Draw) -> tuple[str, Any]:
    unit = draw(st.sampled_from(sorted(TIME_UNITS)))
    order = draw(st.sampled_from(["", "", *ORDERS]))
    return f"{unit}|{order}" if order else unit, [draw(st.sampled_from(TIME_UNITS[unit]))]


def plain_items(pool: Pool) -> st.SearchStrategy[tuple[str, Any]]:
    """Items without modifiers whose values are of several kinds, null and the empty string among them."""
    value = st.one_of(
        st.sampled_from([None, "", True, False, "*", "true", "1", "?"]),
        st.sampled_from(NUMBERS),
        st.sampled_from(pool.texts).map(escaped),
    )
    return st.tuples(st.just(""), st.lists(value, max_size=3))


def expand_items() -> st.SearchStrategy[tuple[str, Any]]:
    value = st.sampled_from(["%users%", "%one%", "a%users%", "%users%-%one%", "%none%", "100%", "%%", "%a\\b%"])
    return st.tuples(
        st.sampled_from(["expand", "contains|expand", "expand|startswith"]),
        st.lists(value, min_size=1, max_size=2),
    )


def items(pool: Pool) -> st.SearchStrategy[tuple[str, Any]]:
    """(modifiers, values) of one line for a field."""
    return st.one_of(
        text_items(pool),
        text_items(pool),
        text_items(pool),
        encoded_items(pool),
        regex_items(pool),
        number_items(),
        time_items(),
        plain_items(pool),
        expand_items(),
        st.tuples(st.just("cidr"), st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=2)),
        st.tuples(st.just("exists"), st.booleans()),
        st.tuples(
            st.sampled_from(["fieldref", "fieldref|startswith", "fieldref|endswith", "fieldref|contains"]),
            st.sampled_from(FIELDS),
        ),
    )


@st.composite
def maps(draw: Draw, pool: Pool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 2))):
        chain, values = draw(items(pool))
        for extra in ("all", "neq"):
            if draw(st.integers(0, 5)) == 0:
                chain = f"{chain}|{extra}" if chain else extra
        if isinstance(values, list) and len(values) == 1 and draw(st.booleans()):
            values = values[0]
        field = draw(st.sampled_from(FIELDS))
        found[f"{field}|{chain}" if chain else field] = values
    return found


@st.composite
def keywords(draw: Draw, pool: Pool) -> object:
    words = draw(st.lists(st.sampled_from(pool.texts).flatmap(patterns), min_size=1, max_size=2))
    form = draw(st.integers(0, 6))
    if form == 0:
        return {"|all": words}
    if form == 1:
        return {"|re": [in_expression(draw(st.sampled_from(pool.texts)))]}
    if form == 2:
        return {draw(st.sampled_from(["|cased", "|contains", "|neq", "|all|neq"])): words}
    if form == 3:
        return [draw(st.sampled_from(NUMBERS)), *words]
    if form == 4:
        return [*words, draw(maps(pool))]
    return words[0] if form == 5 else words


@st.composite
def conditions(draw: Draw, names: Sequence[str], depth: int = 2) -> str:
    form = draw(st.integers(0, 7 if depth else 2))
    if form <= 1:
        return str(draw(st.sampled_from(names)))
    if form == 2:
        fitting = [pattern for pattern in PATTERNS if names_of(pattern, names)]
        quantifier = draw(st.sampled_from(["1", "all", "any"]))
        return f"{quantifier} of {draw(st.sampled_from(fitting))}" if fitting else names[0]
    if form == 3:
        return f"not {draw(conditions(names, depth - 1))}"
    if form == 4:
        return f"({draw(conditions(names, depth - 1))})"
    word = draw(st.sampled_from(["and", "or"]))
    return f"{draw(conditions(names, depth - 1))} {word} {draw(conditions(names, depth - 1))}"


def names_of(pattern: str, names: Sequence[str]) -> bool:
    """Say whether a name pattern chooses anything; one that does not makes a rule invalid."""
    head, star, tail = ("", "*", "") if pattern == "them" else pattern.partition("*")
    return any(
        (name == head if not star else len(name) >= len(head + tail) and name.startswith(head) and name.endswith(tail))
        and (pattern.startswith("_") or not name.startswith("_"))
        for name in names
    )


@st.composite
def rules(draw: Draw, pool: Pool) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    detection: dict[str, Any] = {
        name: draw(st.one_of(maps(pool), maps(pool), st.lists(maps(pool), min_size=1, max_size=2), keywords(pool)))
        for name in names
    }
    several = draw(st.integers(0, 7)) == 0
    detection["condition"] = draw(st.lists(conditions(names), min_size=1, max_size=2) if several else conditions(names))
    return {
        "title": "generated",
        "logsource": dict(draw(st.sampled_from(RULE_SOURCES))),
        "detection": detection,
    }


# ------------------------------------------------------------------------------------------------ events


@st.composite
def wrapped(draw: Draw, text: str) -> str:
    """`text` within other text, or as it is."""
    before, after = draw(
        st.sampled_from([("", ""), ("", ""), ("", ""), ("x", ""), ("", "x"), ("-", " b"), ("\n", "\n")])
    )
    return f"{before}{draw(varied(text))}{after}"


@st.composite
def encoded(draw: Draw, text: str) -> str:
    """`text` in UTF-8 or UTF-16, in Base64 at any offset or as it is."""
    codec = draw(st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-16"]))
    data = text.encode(codec)
    if draw(st.booleans()):
        return base64.b64encode(b"x" * draw(st.integers(0, 2)) + data + b"x" * draw(st.integers(0, 2))).decode()
    try:
        return data.decode()
    except UnicodeDecodeError:
        return text


def scalars(pool: Pool) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(pool.texts).flatmap(wrapped),
        st.sampled_from(pool.texts).flatmap(wrapped),
        st.sampled_from(pool.texts).flatmap(wrapped),
        st.sampled_from(pool.texts),
        st.sampled_from(pool.ascii + pool.texts).flatmap(encoded),
        st.sampled_from(NUMBERS),
        st.sampled_from(NUMBER_TEXTS),
        st.sampled_from(TIMES),
        st.sampled_from(ADDRESSES),
        st.sampled_from(["a", "bb", "cab", "aß", "ß", "Bb-SS", "", None, True, False, "true"]),
    )


@st.composite
def events(draw: Draw, pool: Pool) -> tuple[LogSource, dict[str, Value]]:
    value = scalars(pool)
    fields = {
        field: draw(st.one_of(value, value, value, value, st.lists(value, max_size=3)))
        for field in FIELDS
        if draw(st.integers(0, 4))
    }
    return draw(st.sampled_from(SOURCES)), fields


@st.composite
def cases(draw: Draw) -> Case:
    """A rule with three to six events."""
    pool = draw(pools)
    return Case(
        rule=draw(rules(pool)),
        lists=LISTS,
        events=tuple(draw(st.lists(events(pool), min_size=3, max_size=6))),
    )
