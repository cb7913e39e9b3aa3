"""The query language: what is understood, and how an error points at its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.detection.predicates import ANY, ONE
from wardwatch.pipeline.search.query import All, Compare, Like, Network, Node, Not, QueryError, Some, Term, parse


def term(field: str | None, *parts: str | int) -> tuple[str | None, Like]:
    return field, Like(parts)


def bare(node: Node) -> object:
    """A tree without columns."""
    if isinstance(node, Term):
        return node.field, node.test
    if isinstance(node, Not):
        return "not", bare(node.operand)
    return "all" if isinstance(node, All) else "some", *map(bare, node.operands)


A, B, C = term(None, "a"), term(None, "b"), term(None, "c")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", ("all",)),
        ("  ", ("all",)),
        ("a", A),
        ("a b", ("all", A, B)),
        ("a AND b OR c", ("some", ("all", A, B), C)),
        ("a OR b c", ("some", A, ("all", B, C))),
        ("a && b || !c", None),
        ("(a OR b) c", ("all", ("some", A, B), C)),
        ("NOT a b", ("all", ("not", A), B)),
        ("NOT (a b)", ("not", ("all", A, B))),
        ("NOT NOT a", ("not", ("not", A))),
        ("and or not", ("all", term(None, "and"), term(None, "or"), term(None, "not"))),
        ("Image:cmd.exe", term("Image", "cmd.exe")),
        (r"Image:C:\Windows\*", term("Image", "C:\\Windows*")),
        (r"Image:C:\Windows\\*", term("Image", "C:\\Windows\\", ANY)),
        (r"Image:*\cmd.exe", term("Image", ANY, "\\cmd.exe")),
        ('Image:"C:\\Program Files\\x?"', term("Image", "C:\\Program Files\\x", ONE)),
        (r'CommandLine:"say \"hi\" now"', term("CommandLine", 'say "hi" now')),
        ('CommandLine:"C:\\dir\\"', term("CommandLine", "C:\\dir\\")),
        ('a:""', None),
        ('aa:""', term("aa", "")),
        ("C:\\x", term(None, "C:\\x")),
        ("id.orig_h:10.4.2.66", term("id.orig_h", "10.4.2.66")),
        ("cs-uri-query:*passwd*", term("cs-uri-query", ANY, "passwd", ANY)),
        ("x**y", term(None, "x", ANY, "y")),
        ("10:30", None),
        ("Image:(a OR b)", ("some", term("Image", "a"), term("Image", "b"))),
        ("Image:(a OR NOT b*)", ("some", term("Image", "a"), ("not", term("Image", "b", ANY)))),
        ("port:[1 TO 9]", ("port", Compare("1", "9"))),
        ("port:{1 TO *]", ("port", Compare("1", None, low_included=False))),
        ("port:>=5", ("port", Compare("5", None))),
        ("port:<5", ("port", Compare(None, "5", high_included=False))),
        ("time:[2026-11-23T02:00 TO 2026-11-24]", ("time", Compare("2026-11-23T02:00", "2026-11-24"))),
        ("time:>2026-11-23T02:00:00Z", ("time", Compare("2026-11-23T02:00:00Z", None, low_included=False))),
        ("ip:10.0.0.0/8", ("ip", Network("10.0.0.0/8"))),
        ("ip:10.4.2.66", ("ip", Network("10.4.2.66/32"))),
        ("ip:fe80::/10", ("ip", Network("fe80::/10"))),
        ("SourceIp:10.4.2.9/16", ("SourceIp", Network("10.4.0.0/16"))),
        ("Path:/etc/passwd", term("Path", "/etc/passwd")),
        ("f@x:1", None),
    ],
)  # fmt: skip
def test_what_is_understood(query: str, tree: object) -> None:
    if tree is not None:
        assert bare(parse(query)) == tree
    else:
        parse_or_error(query)


def parse_or_error(query: str) -> None:
    column = 1
    try:
        parse(query)
    except QueryError as error:
        column = error.column
    assert 1 <= column <= len(query) + 1


@pytest.mark.parametrize(
    ("query", "column", "what"),
    [
        ("(a OR b", 1, "opened here and never closed"),
        ("a OR b)", 7, "never opened"),
        ('a "b', 3, "a quote is opened here"),
        ("a OR", 5, "something is missing"),
        ("OR a", 1, "OR needs something on both sides"),
        ("a AND OR b", 7, "OR needs something"),
        ("Image: x", None, ""),
        ("port:[1 9]", 6, "a range is written"),
        ("port:[1 TO 9", 6, "a range is written"),
        ("port:[* TO *]", 6, "neither a low nor a high end"),
        ("port:>", 6, "a number is missing behind >"),
        ("Image:(a User:b)", 10, "a field within the values"),
        ("ip:10.4", 4, "not an address or network"),
        ("x -y", 3, "- does not negate here"),
        ("a ] b", 3, "not expected"),
        ("()", 2, "not expected"),
        ("Image:)", 7, "a value is missing"),
    ],
)
def test_errors_point_at_their_place(query: str, column: int | None, what: str) -> None:
    if column is None:
        parse_or_error(query)
        return
    with pytest.raises(QueryError, match=what) as caught:
        parse(query)
    assert (caught.value.column, caught.value.where.split(":")[0]) == (column, f"column {column}")


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from([*'()[]{}":*?\\ ab', "AND ", "OR ", "NOT ", " TO ", "f:"])).map("".join)
)
def test_any_text_is_understood_or_refused(query: str) -> None:
    parse_or_error(query)


def test_a_query_has_limits() -> None:
    for query in ("x" * 10_001, "x " * 501, "(" * 51 + "x" + ")" * 51, "NOT " * 51 + "x"):
        with pytest.raises(QueryError):
            parse(query)
    parse("(" * 50 + "x" + ")" * 50)


def test_siblings_do_not_nest() -> None:
    parse(" ".join(["(a)"] * 200))
    assert bare(parse("a OR b OR c")) == ("some", A, B, C)
    assert isinstance(parse("a OR b"), Some)
