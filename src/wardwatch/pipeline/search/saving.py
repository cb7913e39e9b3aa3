"""A search saved as a Sigma rule (Sigma specification 2.1): what the search finds, the rule fires on.

Every term becomes a selection of its own and the query's AND, OR and NOT its condition. Terms about the log source
(`product:`, `category:`, `service:`) must stand beside the others, joined by AND: they become the rule's `logsource`.
So must times, `source:` and `tenant:`, which are left out: a rule looks at what is to come.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from wardwatch.detection.predicates import ANY, Part
from wardwatch.kernel import ids
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake.columns import LOGSOURCE
from wardwatch.pipeline.privacy import patient_fields
from wardwatch.pipeline.search.fields import ADDRESSES, ENVELOPE, IP, PATIENT, TIMES
from wardwatch.pipeline.search.query import All, Compare, Like, Network, Node, Not, Term
from wardwatch.pipeline.search.sql import Tokens, no_tokens, refused

LEVELS = ("informational", "low", "medium", "high", "critical")
_FIELD_HINT = "ask a field of the log instead, such as Computer or User"


@dataclass(frozen=True, slots=True)
class Named:
    """What the author says of a rule; the date is YYYY-MM-DD."""

    title: str
    level: str = "medium"
    author: str = ""
    date: str = ""
    description: str = ""


def rule(node: Node, named: Named, found: Sequence[tuple[str | None, ...]] = (), tokens: Tokens = no_tokens) -> str:
    """Return the rule as YAML; `found` are the log sources of what the search finds, where the query states none.

    Raises `InputError` for what a rule cannot say.
    """
    if named.level not in LEVELS:
        raise InputError(f"no level {named.level!r}", where="--level", hint=f"one of: {', '.join(LEVELS)}")
    if not named.title.strip():
        raise InputError("a rule has a title", where="--save", hint="say what it finds")
    terms, rest = _logsource_terms(node)
    logsource = terms or _common(found)
    writer = _Writer(tokens)
    condition = writer.node(rest)
    if not writer.selections:
        raise InputError("a rule that fires on everything", where="query", hint="ask for a field's value or a word")
    detection: dict[str, Any] = {**writer.selections, "condition": condition}
    stated = {
        "title": named.title.strip()[:256],
        "id": str(uuid.UUID(bytes=ids.digest("saved search/1", repr((node, logsource)).encode()))),
        "status": "experimental",
        "description": named.description or f"Saved search: {named.title.strip()}",
        "author": named.author,
        "date": named.date,
        "logsource": logsource,
        "detection": detection,
        "falsepositives": ["Unknown"],
        "level": named.level,
    }
    return yaml.safe_dump({k: v for k, v in stated.items() if v}, sort_keys=False, allow_unicode=True, width=120)


def _logsource_terms(node: Node) -> tuple[dict[str, str], Node]:
    """Take the terms about the log source, and times, out of the top of a query."""
    terms: dict[str, str] = {}
    rest: list[Node] = []
    for one in node.operands if isinstance(node, All) else (node,):
        if isinstance(one, Term) and (
            one.field in LOGSOURCE or one.field in TIMES or one.field in ("source", "tenant")
        ):
            plain = one.test.plain if isinstance(one.test, Like) else None
            if one.field in LOGSOURCE:
                if plain is None:
                    raise refused(one, f"{one.field}: needs a plain word to become a rule")
                terms[str(one.field)] = plain.lower()
        else:
            rest.append(one)
    return terms, rest[0] if len(rest) == 1 else All(tuple(rest))


def _common(found: Sequence[tuple[str | None, ...]]) -> dict[str, str]:
    """The terms that all events share which the search found."""
    shared = {
        name: values[0]
        for name, values in zip(LOGSOURCE, zip(*found, strict=True), strict=False)
        if len(set(values)) == 1 and values[0] is not None
    }
    if not shared:
        hint = "say which: product:windows, category:process_creation, service:sshd"
        raise InputError("a rule needs a log source, and the search finds none or several", where="query", hint=hint)
    return shared


@dataclass(slots=True)
class _Writer:
    tokens: Tokens
    selections: dict[str, Any] = field(default_factory=dict)

    def node(self, node: Node) -> str:
        if isinstance(node, Term):
            return self._named(self._term(node))
        if isinstance(node, Not):
            return f"not ({self.node(node.operand)})"
        joined = (" and " if isinstance(node, All) else " or ").join(self.node(one) for one in node.operands)
        return f"({joined})" if joined else ""

    def _named(self, selection: object) -> str:
        for name, known in self.selections.items():
            if known == selection:
                return name
        name = f"selection_{len(self.selections) + 1}"
        self.selections[name] = selection
        return name

    def _term(self, term: Term) -> object:
        name, test = term.field, term.test
        if name is None:
            assert isinstance(test, Like)
            # Keywords look within values by themselves.
            return [escaped(test.parts)]
        if name in TIMES or name in ENVELOPE or name in LOGSOURCE:
            raise refused_in_rule(term)
        if name.lower() == IP:
            return [self._asked(address, test) for address in ADDRESSES]
        if name.lower() == PATIENT or name in patient_fields():
            plain = test.plain if isinstance(test, Like) else None
            if plain is not None:
                values = [escaped((plain,)), *self.tokens(plain)]
                names = sorted(patient_fields()) if name.lower() == PATIENT else [name]
                return [{one: values} for one in names]
        return self._asked(name, test)

    def _asked(self, name: str, test: Like | Compare | Network) -> Mapping[str, object]:
        if isinstance(test, Network):
            return {f"{name}|cidr": test.network}
        if isinstance(test, Compare):
            return _limits(name, test)
        if test.anything:
            return {f"{name}|re": "(?s).*"}
        return {name: escaped(test.parts)}


def refused_in_rule(term: Term) -> InputError:
    """An error for a term that only a search can ask."""
    error = refused(term, f"{term.field}: is of the envelope, which rules do not see, or must be joined by AND")
    error.hint = _FIELD_HINT
    return error


def _limits(name: str, test: Compare) -> Mapping[str, object]:
    found: dict[str, object] = {}
    for limit, sign, included in ((test.low, "gt", test.low_included), (test.high, "lt", test.high_included)):
        if limit is not None:
            found[f"{name}|{sign}{'e' * included}"] = float(limit) if "." in limit else int(limit)
    return found


def escaped(parts: Sequence[Part]) -> str:
    r"""Return a value as Sigma writes it: `\*`, `\?`, and `\\` where a backslash would escape what follows."""
    found: list[str] = []
    for at, part in enumerate(parts):
        if isinstance(part, int):
            found.append("*" if part == ANY else "?")
            continue
        last = at + 1 < len(parts)
        for place, char in enumerate(part):
            after = part[place + 1 : place + 2] or ("*" if last else "")
            if char in "*?":
                found.append("\\" + char)
            elif char == "\\" and after in ("*", "?", "\\"):
                found.append("\\\\")
            else:
                found.append(char)
    return "".join(found)
