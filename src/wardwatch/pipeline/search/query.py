r"""The query language: text in, a tree out (docs/reference/search.md).

`field:value`, `*` and `?` as wildcards, `field:[1 TO 9]`, `field:>5`, `ip:10.0.0.0/8`, free text, AND, OR, NOT and
parentheses; words side by side are joined by AND. Values follow Sigma's rules of escaping: `\*`, `\?` and `\\` in front
of these stand for themselves, any other backslash is a plain one, so that paths of Windows are written as they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from wardwatch.detection.predicates import ANY, ONE, Part
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.search.fields import IP

MAX_LENGTH = 10_000  # characters
MAX_TERMS = 500
MAX_DEPTH = 50


class QueryError(InputError):
    """A query that cannot be understood; `column` counts from 1."""

    def __init__(self, what: str, query: str, column: int, hint: str = "") -> None:
        shown = "".join(char if char.isprintable() else " " for char in query)
        begin = max(0, column - 61)
        where = f"column {column}: {shown[begin : begin + 100]}"
        super().__init__(what, where=where, hint=hint or "see docs/reference/search.md")
        self.column = column


@dataclass(frozen=True, slots=True)
class Like:
    """The whole value is of this pattern, upper and lower case alike: texts, and `ANY` and `ONE` for wildcards."""

    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """The text, where there are no wildcards."""
        return "".join(map(str, self.parts)) if ANY not in self.parts and ONE not in self.parts else None

    @property
    def anything(self) -> bool:
        """Whether every value is of the pattern."""
        return self.parts == (ANY,)


@dataclass(frozen=True, slots=True)
class Compare:
    """The value lies within limits (`None`: open); each is included or not. Limits are numbers or times, as text."""

    low: str | None = None
    high: str | None = None
    low_included: bool = True
    high_included: bool = True


@dataclass(frozen=True, slots=True)
class Network:
    """The value is an address of this network."""

    network: str


@dataclass(frozen=True, slots=True)
class Term:
    """One question. `field` is `None` for free text, which any field's value may contain."""

    field: str | None
    test: Like | Compare | Network
    column: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    """What its operand is not."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """All of its operands hold; without any, everything does."""

    operands: "tuple[Node, ...]" = ()


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of its operands holds."""

    operands: "tuple[Node, ...]"


Node = Term | Not | All | Some


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # ( ) [ ] { } op word text end
    text: str
    at: int  # from 0


_BRACKET, _QUOTE = r"(?P<bracket>[()\[\]{}])", r'(?P<quote>")'
_FIELD, _WORD = r"(?P<field>(?![A-Za-z]:\\)[^\W\d][\w.@-]*|@[\w.-]+):(?=\S)", r'(?P<word>[^\s()\[\]{}"]+)'
_TOKEN = re.compile(rf"\s*(?:{_BRACKET}|{_FIELD}|{_QUOTE}|{_WORD})")
_VALUE = re.compile(rf"\s*(?:{_BRACKET}|{_QUOTE}|{_WORD})")  # behind a field, and in a range: colons are plain
_OPERATOR = re.compile(r"(>=|<=|>|<)")
_WORDS = {"AND", "OR", "NOT", "&&", "||", "!"}


def parse(query: str) -> Node:
    """Return the tree of a query; an empty one means everything. Raises `QueryError`."""
    if len(query) > MAX_LENGTH:
        raise QueryError(f"a query has at most {MAX_LENGTH} characters", query, MAX_LENGTH + 1)
    return _Parser(query).whole()


def _tokens(query: str) -> Iterator[_Token]:
    at, before = 0, ""
    while at < len(query.rstrip()):
        found = (_VALUE if before in ("field", "[", "{") else _TOKEN).match(query, at)
        if found is None:
            raise QueryError("this cannot be read", query, at + 1)
        kind = str(found.lastgroup)
        start = found.start(kind)
        if before not in ("[", "{") or kind == "bracket":
            before = found[kind] if kind == "bracket" else kind
        if kind == "quote":
            text, at = _quoted(query, start)
            yield _Token("text", text, start)
            continue
        text, at = found[kind], found.end()
        if kind == "word" and text in _WORDS:
            kind, text = "op", {"&&": "AND", "||": "OR", "!": "NOT"}.get(text, text)
        yield _Token(text if kind == "bracket" else kind, text, start)
    yield _Token("end", "", len(query))


def _quoted(query: str, start: int) -> tuple[str, int]:
    r"""Return what stands in quotes (`\"` is a quote), and where it ends."""
    found: list[str] = []
    at = start + 1
    while at < len(query):
        if query.startswith('\\"', at) and query.find('"', at + 2) >= 0:
            found.append('"')
            at += 2
        elif query[at] == '"':
            return "".join(found), at + 1
        else:
            found.append(query[at])
            at += 1
    raise QueryError("a quote is opened here and never closed", query, start + 1)


class _Parser:
    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = list(_tokens(query))
        self._next = 0
        self._terms = 0
        self._depth = 0

    def whole(self) -> Node:
        if self._peek().kind == "end":
            return All()
        found = self._or()
        if self._peek().kind != "end":
            self._fail("this parenthesis was never opened" if self._peek().kind == ")" else "this is not expected here")
        return found

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _fail(self, what: str, token: _Token | None = None, hint: str = "") -> None:
        raise QueryError(what, self._query, (token or self._peek()).at + 1, hint)

    def _is(self, kind: str, text: str) -> bool:
        return self._peek().kind == kind and self._peek().text == text

    def _or(self, field: _Token | None = None) -> Node:
        found = [self._and(field)]
        while self._is("op", "OR"):
            self._take()
            found.append(self._and(field))
        return found[0] if len(found) == 1 else Some(tuple(found))

    def _and(self, field: _Token | None) -> Node:
        found = [self._not(field)]
        while True:
            if self._is("op", "AND"):
                self._take()
            elif self._peek().kind in ("end", ")") or self._is("op", "OR"):
                break
            found.append(self._not(field))
        return found[0] if len(found) == 1 else All(tuple(found))

    def _not(self, field: _Token | None) -> Node:
        token = self._peek()
        if token.kind == "op" and token.text == "NOT":
            self._deeper(self._take())
            found = Not(self._not(field))
            self._depth -= 1
            return found
        if token.kind == "word" and token.text[0] in "-!" and len(token.text) > 1 and field is None:
            hint = f"write NOT {token.text[1:]}, or put it in quotes"
            self._fail(f"{token.text[0]} does not negate here", hint=hint)
        return self._primary(field)

    def _deeper(self, token: _Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH}", token)

    def _primary(self, field: _Token | None) -> Node:
        token = self._take()
        if token.kind == "(":
            return self._group(token, field)
        if token.kind == "field" and field is None:
            return self._field(token)
        if token.kind in ("word", "text"):
            return self._term(field, token)
        if token.kind == "end":
            self._fail("something is missing here", token)
        if token.kind == "op":
            self._fail(f"{token.text} needs something on both sides", token, "put it in quotes to search for the word")
        if token.kind == "field":
            self._fail("a field within the values of another field", token)
        self._fail("this is not expected here", token)
        raise AssertionError

    def _group(self, opened: _Token, field: _Token | None) -> Node:
        self._deeper(opened)
        found = self._or(field)
        self._depth -= 1
        if self._peek().kind != ")":
            self._fail("a parenthesis is opened here and never closed", opened)
        self._take()
        return found

    def _field(self, field: _Token) -> Node:
        token = self._peek()
        if token.kind in ("[", "{"):
            return self._range(field, self._take())
        if token.kind == "(":
            return self._group(self._take(), field)
        if token.kind in ("word", "text"):
            return self._term(field, self._take())
        self._fail(f"a value is missing behind {field.text}:", token)
        raise AssertionError

    def _term(self, field: _Token | None, token: _Token) -> Node:
        self._terms += 1
        if self._terms > MAX_TERMS:
            self._fail(f"more than {MAX_TERMS} terms", token)
        at = (field or token).at + 1
        if field is not None and token.kind == "word":
            return Term(field.text, self._value(field, token), at)
        return Term(field.text if field else None, Like(pattern(token.text)), at)

    def _value(self, field: _Token, token: _Token) -> Like | Compare | Network:
        text = token.text
        operator = _OPERATOR.match(text)
        if operator:
            limit = text[operator.end() :]
            if not limit:
                self._fail(f"a number is missing behind {operator[1]}", token)
            included = operator[1].endswith("=")
            return Compare(limit, None, included) if text[0] == ">" else Compare(None, limit, high_included=included)
        network = _network(text)
        if network is not None:
            return Network(network)
        if field.text.lower() == IP and "*" not in text:
            return self._address(token)
        return Like(pattern(text))

    def _address(self, token: _Token) -> Network:
        try:
            return Network(str(ip_network(token.text, strict=False)))
        except ValueError:
            self._fail(f"not an address or network: {token.text}", token, "write ip:10.4.2.66 or ip:10.4.0.0/16")
            raise AssertionError from None

    def _range(self, field: _Token, opened: _Token) -> Node:
        self._terms += 1
        low = self._take()
        to = self._take() if low.kind in ("word", "text", "field") else low
        high = self._peek() if to.kind == "end" else self._take()
        closed = self._peek() if high.kind == "end" else self._take()
        if to.text != "TO" or closed.kind not in ("]", "}"):
            self._fail("a range is written [low TO high]", opened, f"for example {field.text}:[1024 TO 65535]")
        limits = [None if one.text == "*" else one.text for one in (low, high)]
        if limits == [None, None]:
            self._fail("a range with neither a low nor a high end", opened, f"to ask for any value: {field.text}:*")
        included = {"low_included": opened.kind == "[", "high_included": closed.kind == "]"}
        return Term(field.text, Compare(limits[0], limits[1], **included), field.at + 1)


def _network(text: str) -> str | None:
    """Return a network in its canonical form, for a text that is written as one."""
    if "/" not in text:
        return None
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return None


def pattern(text: str) -> tuple[Part, ...]:
    """Split a value into texts and wildcards, by Sigma's rules of escaping."""
    found: list[Part] = []
    plain: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] in ("*", "?", "\\") and text[at + 1 : at + 2]:
            plain.append(text[at + 1])
            at += 2
            continue
        if char in "*?":
            if plain:
                found.append("".join(plain))
                plain = []
            if char == "?" or found[-1:] != [ANY]:
                found.append(ANY if char == "*" else ONE)
        else:
            plain.append(char)
        at += 1
    if plain or not found:
        found.append("".join(plain))
    return tuple(found)
