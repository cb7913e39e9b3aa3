"""A query's tree compiled to a condition in DuckDB's SQL. Values of users are parameters, never parts of the text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network

from wardwatch.detection.predicates import ANY, ONE, Part, number_of
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake.columns import COLUMNS
from wardwatch.pipeline.privacy import patient_fields
from wardwatch.pipeline.search.fields import ADDRESSES, ALL_VALUES, ENVELOPE, IP, PATIENT, SEPARATOR, TIMES
from wardwatch.pipeline.search.query import All, Compare, Like, Network, Node, Not, Term

_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ASCII = 127

Tokens = Callable[[str], Sequence[str]]  # a clear value → the tokens that stand for it
Flat = Callable[[str], bool]  # a field → whether it is no list in any event that is asked
Holds = Callable[[str], str]  # an expression of SQL that is a text → the condition that a test sets on it


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition, and its parameters by name."""

    text: str
    values: dict[str, object]


def no_tokens(_: str) -> Sequence[str]:
    """Where no keys are: a value stands for itself alone."""
    return ()


def any_lists(_: str) -> bool:
    """Where nothing is known of the events: a field may be a list."""
    return False


def compiled(node: Node, tokens: Tokens = no_tokens, flat: Flat = any_lists) -> Condition:
    """Return the condition of a tree; raises `InputError` for what cannot be asked.

    What is `flat` is asked more shortly, which is faster.
    """
    compiler = _Compiler(tokens, flat)
    text = compiler.node(node)
    return Condition(text, compiler.values)


def value_of(field: str) -> str:
    """The expression of a field's value, for names that are no user's; quotes are doubled all the same."""
    return COLUMNS.get(field) or "fields['{}']".format(field.replace("'", "''"))


class _Compiler:
    def __init__(self, tokens: Tokens, flat: Flat) -> None:
        self._tokens = tokens
        self._flat = flat
        self.values: dict[str, object] = {}

    def _parameter(self, value: object) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def node(self, node: Node) -> str:
        if isinstance(node, Term):
            return self._term(node)
        if isinstance(node, Not):
            return f"(NOT {self.node(node.operand)})"
        if not node.operands:
            return "true"
        return f"({(' AND ' if isinstance(node, All) else ' OR ').join(map(self.node, node.operands))})"

    def _term(self, term: Term) -> str:
        name, test = term.field, term.test
        if name is None:
            assert isinstance(test, Like)
            return self._anywhere(test)
        if name in TIMES:
            return self._time(TIMES[name], term)
        if name in ENVELOPE:
            return f"coalesce({self._test(term)(ENVELOPE[name])}, false)"
        if name.lower() == IP:
            return self._any_field(ADDRESSES, self._test(term))
        if name.lower() == PATIENT or name in patient_fields():
            return self._patient(name, term)
        return self._field(name, self._test(term))

    def _patient(self, name: str, term: Term) -> str:
        """A clear identifier is looked for as itself and as its tokens."""
        plain = term.test.plain if isinstance(term.test, Like) else None
        if plain is not None:
            marks = ", ".join(map(self._parameter, (plain.lower(), *self._tokens(plain))))

            def holds(text: str) -> str:
                return f"lower({text}) IN ({marks})"

            names = tuple(sorted(patient_fields())) if name.lower() == PATIENT else (name,)
            return self._any_field(names, holds)
        if name.lower() == PATIENT:
            raise refused(term, "patient: asks for one identifier, without wildcards")
        return self._field(name, self._test(term))

    def _field(self, name: str, holds: Holds) -> str:
        """Ask a field: its value, or any element where it is a list. What is absent or null fails every test."""
        if self._flat(name):
            value = COLUMNS.get(name) or f"fields[{self._parameter(name)}]"
            return f"({value} IS NOT NULL AND {_surely(holds(value))})"
        own = self._parameter(name)
        value = COLUMNS.get(name) or f"fields[{own}]"
        asked = f"CASE WHEN list_contains(lists, {own}) THEN {_any_of(value, holds)} ELSE {_surely(holds(value))} END"
        # No test holds of what is absent; said by itself, it lets whole row groups be skipped.
        return f"({value} IS NOT NULL AND {asked})"

    def _any_field(self, names: Sequence[str], holds: Holds) -> str:
        """Ask several fields at once."""
        parts = [self._field(name, holds) for name in names if name in COLUMNS]
        others = [name for name in names if name not in COLUMNS]
        rest = self._parameter(others)
        some = f"list_filter(map_entries(fields), lambda e: list_contains({rest}::VARCHAR[], e.key))"
        parts.append(f"coalesce(len(list_filter({some}, lambda e: {_surely(holds('e.value'))})) > 0, false)")
        if all(map(self._flat, others)):
            return f"({' OR '.join(parts)})"
        listed = f"list_contains(lists, e.key) AND {_any_of('e.value', holds)}"
        parts.append(f"(lists IS NOT NULL AND coalesce(len(list_filter({some}, lambda e: {listed})) > 0, false))")
        return f"({' OR '.join(parts)})"

    def _test(self, term: Term) -> Holds:
        """The condition that a term sets on a text."""
        test = term.test
        if isinstance(test, Network):
            return self._network(test)
        if isinstance(test, Compare):
            return self._numbers(test, term)
        if test.anything:
            return lambda text: f"({text} IS NOT NULL)"
        if test.plain is not None:
            plain = self._parameter(test.plain.lower())
            return lambda text: f"(lower({text}) = {plain})"
        like = self._parameter(like_of(test.parts))
        return lambda text: rf"(lower({text}) LIKE {like} ESCAPE '\')"

    def _numbers(self, test: Compare, term: Term) -> Holds:
        limits = []
        for limit, sign in _limits(test):
            number = number_of(limit)
            if number is None:
                raise refused(term, f"not a number: {limit[:40]}")
            limits.append(f"{sign} {self._parameter(float(number))}")

        def holds(text: str) -> str:
            within = " AND ".join(f"TRY_CAST({text} AS DOUBLE) {limit}" for limit in limits)
            return f"(regexp_full_match({text}, '{_NUMBER}') AND {within})"

        return holds

    def _network(self, test: Network) -> Holds:
        network = ip_network(test.network)
        if isinstance(network, IPv4Network):
            octets = self._parameter(_octets(network))
            return lambda text: f"regexp_full_match({text}, {octets})"
        known = self._parameter(test.network)
        return lambda text: f"in_network({text}, {known})"

    def _time(self, column: str, term: Term) -> str:
        if not isinstance(term.test, Compare):
            raise refused(term, f"{term.field}: asks for a range, such as [2026-11-23T02:00 TO 2026-11-23T03:00]")
        parts = [
            f"{column} {sign} make_timestamptz({self._parameter(moment(limit, term))})"
            for limit, sign in _limits(term.test)
        ]
        return f"({' AND '.join(parts)})"

    def _anywhere(self, test: Like) -> str:
        """Free text: some value contains it. The values of an event are looked through at once."""
        if test.plain is not None:
            return f"contains(lower({ALL_VALUES}), {self._parameter(test.plain.lower())})"
        inner = [part for at, part in enumerate(test.parts) if not (part == ANY and at in (0, len(test.parts) - 1))]
        wild = {ANY: f"[^{SEPARATOR}]*", ONE: f"[^{SEPARATOR}]"}
        expression = "".join(wild[part] if isinstance(part, int) else _literal(part) for part in inner)
        return f"regexp_matches({ALL_VALUES}, {self._parameter(expression)}, 'is')"


def _surely(condition: str) -> str:
    return f"coalesce({condition}, false)"


def _any_of(value: str, holds: Holds) -> str:
    """Some element of a list (a JSON array) is of a test."""
    elements = f"TRY_CAST(TRY_CAST({value} AS JSON) AS VARCHAR[])"
    return f"coalesce(len(list_filter({elements}, lambda i: {_surely(holds('i'))})) > 0, false)"


def refused(term: Term, what: str) -> InputError:
    """An error that points at a term."""
    return InputError(what, where=f"column {term.column}", hint="see docs/reference/search.md")


def moment(text: str, term: Term) -> int:
    """Return a time that a query states, in µs UTC."""
    try:
        return stamps.iso(text)[0]
    except ValueError:
        raise refused(term, f"not a time: {text[:40]} (write 2026-11-23T02:00, UTC)") from None


def _limits(test: Compare) -> list[tuple[str, str]]:
    """The limits of a comparison, with the sign of each."""
    signs = ((test.low, ">=" if test.low_included else ">"), (test.high, "<=" if test.high_included else "<"))
    return [(limit, sign) for limit, sign in signs if limit is not None]


def like_of(parts: Sequence[Part]) -> str:
    r"""Return a pattern of SQL's LIKE with `\` as escape, in lower case."""
    wild = {ANY: "%", ONE: "_"}
    return "".join(
        wild[part]
        if isinstance(part, int)
        else part.lower().replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        for part in parts
    )


def _octets(network: IPv4Network) -> str:
    """A regular expression of the addresses of a network, as dotted decimals without leading zeros."""
    first, last = network.network_address.packed, network.broadcast_address.packed
    parts = []
    for low, high in zip(first, last, strict=True):
        if low == high:
            parts.append(str(low))
        else:
            parts.append(_OCTET if (low, high) == (0, 255) else f"({'|'.join(map(str, range(low, high + 1)))})")
    return r"\.".join(parts)


def _literal(text: str) -> str:
    """A text as a regular expression (RE2) that only it matches."""
    return "".join(char if char.isalnum() or ord(char) > _ASCII else f"\\x{{{ord(char):x}}}" for char in text)
