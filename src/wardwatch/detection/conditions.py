"""From a parsed Sigma condition to an expression over predicates.

An expression is a predicate's number, or `["and"|"or"|"not", …]`, or `True`/`False`: plain data, stored as it is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, product
from typing import Any

from sigma import types as sigma
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)

from wardwatch.detection import predicates as kinds
from wardwatch.detection.compiled import Expression
from wardwatch.detection.predicates import Part, Predicate
from wardwatch.kernel.errors import UnsupportedRuleError

Lists = Mapping[str, Sequence[str]]

_OPERATORS = {
    sigma.CompareOperators.LT: "lt",
    sigma.CompareOperators.LTE: "lte",
    sigma.CompareOperators.GT: "gt",
    sigma.CompareOperators.GTE: "gte",
}
_FLAGS = {
    sigma.SigmaRegularExpressionFlag.IGNORECASE: "i",
    sigma.SigmaRegularExpressionFlag.MULTILINE: "m",
    sigma.SigmaRegularExpressionFlag.DOTALL: "s",
}
_WILDCARDS = {sigma.SpecialChars.WILDCARD_MULTI: kinds.ANY, sigma.SpecialChars.WILDCARD_SINGLE: kinds.ONE}
MAX_EXPANSIONS = 50_000  # values that placeholders may put into one item of a rule


class Translator:
    """Turns condition trees into expressions. `intern` gives a predicate its number; `lists` fill placeholders."""

    def __init__(self, intern: Callable[[Predicate], int], lists: Lists) -> None:
        self._intern = intern
        self._lists = lists

    def expression(self, node: Any) -> Expression:  # noqa: ANN401  (pySigma's tree)
        """Translate a tree; raises `UnsupportedRuleError` with the reason."""
        if isinstance(node, ConditionAND):
            return _joined("and", [self.expression(arg) for arg in node.args])
        if isinstance(node, ConditionOR):
            return _joined("or", [self.expression(arg) for arg in node.args])
        if isinstance(node, ConditionNOT):
            return ["not", self.expression(node.args[0])]
        if isinstance(node, ConditionFieldEqualsValueExpression):
            return self._item(node.field, node.value)
        if isinstance(node, ConditionValueExpression):
            return self._item(None, node.value)
        raise UnsupportedRuleError(f"condition of an unknown kind: {type(node).__name__}")

    def _item(self, field: str | None, value: Any) -> Expression:  # noqa: ANN401
        if isinstance(value, sigma.SigmaExpansion):
            return _joined("or", [self._item(field, one) for one in value.values])
        found = [self._intern(predicate) for predicate in self._predicates(field, value)]
        if isinstance(value, sigma.SigmaExists) and not value:
            return ["not", found[0]]
        return _joined("or", found)

    def _predicates(self, field: str | None, value: Any) -> list[Predicate]:  # noqa: ANN401
        if isinstance(value, sigma.SigmaString):
            cased = isinstance(value, sigma.SigmaCasedString)
            return [_text(field, parts, cased=cased) for parts in self._filled(value)]
        if isinstance(value, sigma.SigmaRegularExpression):
            return [_regex(field, _pattern(value, parts)) for parts in self._filled(value.regexp, plain=True)]
        if field is None:
            if isinstance(value, sigma.SigmaNumber) and not isinstance(value, sigma.SigmaTimestampPart):
                return [_text(None, [str(value).casefold()], cased=False)]
            raise UnsupportedRuleError(f"{type(value).__name__} needs a field")
        return [_of_field(field, value)]

    def _filled(self, value: sigma.SigmaString, *, plain: bool = False) -> list[list[Part]]:
        """The string's parts, once for each combination of the values that its placeholders stand for.

        These may have wildcards, as any value of a rule; `plain` ones (in regular expressions) are taken as they are.
        """
        choices: list[list[list[Part]]] = []
        total = 1
        for part in value.s:
            if isinstance(part, sigma.Placeholder):
                choices.append(
                    [[text] if plain else _parts(sigma.SigmaString(text).s) for text in self._list(part.name)]
                )
            else:
                choices.append([_parts([part])])
            total *= len(choices[-1])
        if total > MAX_EXPANSIONS:
            raise UnsupportedRuleError(f"placeholders expand to {total} values; at most {MAX_EXPANSIONS} are run")
        return [list(chain.from_iterable(chosen)) for chosen in product(*choices)]

    def _list(self, name: str) -> Sequence[str]:
        if name not in self._lists:
            raise UnsupportedRuleError(
                f"the list {name} is not kept here",
                hint=f"write one value per line into lists/{name}.txt of the Wardwatch home, or of a --lists folder",
            )
        return self._lists[name]


def _joined(operator: str, parts: list[Expression]) -> Expression:
    if len(parts) == 1:
        return parts[0]
    return [operator, *parts] if parts else operator == "and"


def _parts(text: Iterable[Any]) -> list[Part]:
    return [part if isinstance(part, str) else _WILDCARDS[part] for part in text]


def _merged(parts: list[Part]) -> list[Part]:
    """Join neighbouring texts, drop empty ones, and take runs of `*` for one."""
    merged: list[Part] = []
    for part in parts:
        if part == "" or (part == kinds.ANY and merged and merged[-1] == kinds.ANY):
            continue
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return merged


def _text(field: str | None, parts: list[Part], *, cased: bool) -> Predicate:
    folded = [part.casefold() if isinstance(part, str) and not cased else part for part in parts]
    merged = _merged([kinds.ANY, *folded, kinds.ANY] if field is None else folded)
    if all(isinstance(part, str) for part in merged):
        return Predicate(field, kinds.EQUALS, ("".join(map(str, merged)), cased))
    return Predicate(field, kinds.LIKE, (tuple(merged), cased))


def _pattern(value: sigma.SigmaRegularExpression, parts: list[Part]) -> str:
    # pySigma reads the pattern as if `*` and `?` were wildcards.
    text = "".join("*" if part == kinds.ANY else "?" if part == kinds.ONE else str(part) for part in parts)
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    return f"(?{flags}){text}" if flags else text


def _regex(field: str | None, pattern: str) -> Predicate:
    kinds.regex(pattern)  # refuses what RE2 cannot run
    return Predicate(field, kinds.REGEX, (pattern,))


def _of_field(field: str, value: Any) -> Predicate:  # noqa: ANN401
    if isinstance(value, sigma.SigmaTimestampPart):
        return Predicate(field, kinds.TIME_PART, (value.timestamp_part.name.lower(), "eq", str(value.number)))
    if isinstance(value, sigma.SigmaNumber):
        return Predicate(field, kinds.NUMBER, (str(value.number),))
    if isinstance(value, sigma.SigmaBool):
        return Predicate(field, kinds.EQUALS, (str(value.boolean).lower(), False))
    if isinstance(value, sigma.SigmaCompareExpression):
        operator, limit = _OPERATORS[value.op], str(value.number.number)
        if isinstance(value.number, sigma.SigmaTimestampPart):
            return Predicate(field, kinds.TIME_PART, (value.number.timestamp_part.name.lower(), operator, limit))
        return Predicate(field, kinds.COMPARE, (operator, limit))
    if isinstance(value, sigma.SigmaCIDRExpression):
        return Predicate(field, kinds.CIDR, (str(value.network),))
    if isinstance(value, sigma.SigmaFieldReference):
        return Predicate(field, kinds.REFERENCE, (value.field, value.starts_with, value.ends_with))
    if isinstance(value, sigma.SigmaExists):
        return Predicate(field, kinds.EXISTS)
    if isinstance(value, sigma.SigmaNull):
        return Predicate(field, kinds.NULL)
    raise UnsupportedRuleError(f"value of an unsupported kind: {type(value).__name__}")
