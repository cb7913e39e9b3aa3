"""From pySigma's correlation rules to ours. What cannot run is reported and stops no other rule."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from wardwatch.correlation import rules as kinds
from wardwatch.correlation.rules import CorrelationRule, Correlations, Expression, Number, Ref
from wardwatch.kernel.errors import UnsupportedRuleError
from wardwatch.kernel.severity import Level

MAX_REFERENCES = 100  # rules in one correlation
MAX_THRESHOLD = 1_000_000  # events that one window may have to hold
MAX_SPAN_SECONDS = 366 * 86_400
MAX_DEPTH = 50  # of an extended condition

Compiled = CorrelationRule | UnsupportedRuleError


Named = tuple[str, SigmaCorrelationRule]  # a correlation with the id by which alerts name it


def _by_spelling(found: Mapping[str, str]) -> dict[str, str]:
    return {_spelt(name): value for name, value in found.items()}


def _spelt(name: str) -> str:
    """Return a reference as it is looked up: UUIDs are the same in any case of their letters."""
    return name.lower() if _UUID.fullmatch(name) else name


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def compile_correlations(
    rules: Sequence[Named], bases: Mapping[str, str], broken: Mapping[str, str] | None = None
) -> Correlations:
    """Compile `rules`, each given with its id; `bases` maps names and ids of base rules to their ids.

    `broken` maps names and ids of rules that cannot run to the reasons.

    Ids are those of `wardwatch.detection.rules.Rule`: sightings and alerts carry them as they are here.
    """
    named = {_spelt(str(key)): (id_, rule) for id_, rule in reversed(rules) for key in (rule.name, rule.id, id_) if key}
    done: dict[str, Compiled] = {}
    compiler = _Compiler(named, _by_spelling(bases), _by_spelling(broken or {}), done)
    for id_, rule in rules:
        compiler.compile(id_, rule, ())
    ready = tuple(rule for rule in done.values() if isinstance(rule, CorrelationRule))
    generating = {id_: rule.generate for id_, rule in rules}
    listeners: dict[str, list[tuple[int, Ref]]] = {}
    needs: dict[str, set[str]] = {}
    for index, compiled in enumerate(ready):
        for ref in compiled.refs:
            listeners.setdefault(ref.rule, []).append((index, ref))
            needs.setdefault(ref.rule, set()).update(ref.group_fields, ref.value_fields)
    types = {rule.id: rule.type for rule in ready}
    return Correlations(
        rules=ready,
        listeners={key: tuple(value) for key, value in listeners.items()},
        needs={key: frozenset(value) for key, value in needs.items() if key not in types},
        silenced=frozenset(ref.rule for rule in ready for ref in rule.refs if not generating[rule.id]),
        types=types,
        errors={id_: error for id_, error in done.items() if isinstance(error, UnsupportedRuleError)},
    )


class _Compiler:
    """Compiles each rule once, those it refers to first."""

    def __init__(
        self,
        named: Mapping[str, Named],
        bases: Mapping[str, str],
        broken: Mapping[str, str],
        done: dict[str, Compiled],
    ) -> None:
        self.named = named
        self.bases = bases
        self.broken = broken
        self.done = done

    def compile(self, key: str, rule: SigmaCorrelationRule, above: tuple[str, ...]) -> Compiled:
        """Compile the rule with the id `key`, or say why not; `above` are the rules that led here."""
        if key not in self.done:
            try:
                compiled: Compiled = self._compile(rule, (*above, key))
            except UnsupportedRuleError as error:
                compiled = UnsupportedRuleError(error.what, where=f"{rule.title} ({key})", hint=error.hint)
            self.done[key] = compiled
        return self.done[key]

    def _compile(self, rule: SigmaCorrelationRule, path: tuple[str, ...]) -> CorrelationRule:
        if rule.errors:
            raise UnsupportedRuleError(f"not a valid correlation: {rule.errors[0]}")
        names = _names(rule)
        resolved = {name: self._resolve(name, path) for name in names}
        operator, threshold, percentile = _condition(rule, len(names), len(set(resolved.values())))
        span = rule.timespan.seconds
        if span > MAX_SPAN_SECONDS:
            raise UnsupportedRuleError(f"a timespan of {rule.timespan.spec} is longer than a year")
        inner = [found for found in map(self.done.get, resolved.values()) if isinstance(found, CorrelationRule)]
        compiled = CorrelationRule(
            id=path[-1],
            title=rule.title,
            level=Level.parse(rule.level.name) if rule.level else Level.MEDIUM,
            tags=tuple(str(tag) for tag in rule.tags),
            type=rule.type.name.lower(),
            refs=_refs(rule, names, resolved),
            places=len(names),
            span=span * 1_000_000,
            group_by=tuple(rule.group_by or ()),
            operator=operator,
            threshold=threshold,
            percentile=percentile,
            expression=_expression(rule, names),
            lag=max((found.span + found.lag for found in inner), default=0),
        )
        return replace(compiled, fingerprint=_fingerprint(compiled, inner))

    def _resolve(self, name: str, path: tuple[str, ...]) -> str:
        if (base := self.bases.get(_spelt(name))) is not None:
            return base
        if _spelt(name) not in self.named:
            if reason := self.broken.get(_spelt(name)):
                raise UnsupportedRuleError(f"refers to the rule {name!r}, which cannot run: {reason}")
            raise UnsupportedRuleError(f"refers to the rule {name!r}, which is not there")
        id_, inner = self.named[_spelt(name)]
        if id_ in path:
            raise UnsupportedRuleError(f"refers to itself by way of {name!r}")
        if isinstance(found := self.compile(id_, inner, path), UnsupportedRuleError):
            raise UnsupportedRuleError(f"refers to the correlation {name!r}, which cannot run: {found.what}")
        return id_


def _fingerprint(rule: CorrelationRule, inner: Sequence[CorrelationRule]) -> str:
    """Hash what saved state depends on: not titles and levels, but what the inner correlations mean."""
    meaning = replace(rule, title="", level=Level.INFORMATIONAL, tags=(), fingerprint="")
    parts = (repr(meaning), *(one.fingerprint for one in inner))
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _names(rule: SigmaCorrelationRule) -> list[str]:
    """List the references in order, as the rule writes them."""
    if rule.rules is not None:
        names = [str(ref.reference) for ref in rule.rules]
    elif isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        names = rule.condition.get_referenced_rules()
    else:
        names = []
    if not names or len(names) > MAX_REFERENCES:
        raise UnsupportedRuleError(f"{len(names)} rules; 1 to {MAX_REFERENCES} can be correlated")
    return names


def _fields_of(condition: object) -> tuple[str, ...]:
    """Return the fields that the condition counts or sums."""
    fieldref = condition.fieldref if isinstance(condition, SigmaCorrelationCondition) else None
    if fieldref is None:
        return ()
    return (fieldref,) if isinstance(fieldref, str) else tuple(map(str, fieldref))


def _refs(rule: SigmaCorrelationRule, names: Sequence[str], resolved: Mapping[str, str]) -> tuple[Ref, ...]:
    masks: dict[str, int] = {}
    for place, name in enumerate(names):
        masks[resolved[name]] = masks.get(resolved[name], 0) | 1 << place
    kind = rule.type.name.lower()
    values = _fields_of(rule.condition) if kind not in {kinds.EVENT_COUNT, *kinds.TEMPORAL_TYPES} else ()
    if kind in kinds.NUMERIC_TYPES and len(values) != 1:
        raise UnsupportedRuleError(f"{kind} needs exactly one field")
    found = []
    for key, mask in masks.items():
        groups = tuple(_field(rule, name, key, resolved) for name in rule.group_by or ())
        counted = tuple(_field(rule, name, key, resolved) for name in values)
        found.append(Ref(key, mask, groups, counted, tuple(sorted({*groups, *counted}))))
    return tuple(found)


def _field(rule: SigmaCorrelationRule, name: str, key: str, resolved: Mapping[str, str]) -> str:
    """Return the field of rule `key` that `name`, an alias or a field, stands for."""
    alias = rule.aliases.aliases.get(name) if rule.aliases else None
    if alias is None:
        return name
    for ref, field in alias.mapping.items():
        if resolved.get(str(ref.reference)) == key or str(ref.reference) == key:
            return str(field)
    raise UnsupportedRuleError(f"the alias {name!r} names no field for the rule {key!r}")


def _condition(rule: SigmaCorrelationRule, places: int, different: int) -> tuple[str, Number, int | None]:
    """Return operator, threshold and percentile."""
    kind = rule.type.name.lower()
    condition = rule.condition
    if not isinstance(condition, SigmaCorrelationCondition):
        return "gte", 1, None
    operator = condition.op.name.lower()
    exact = Fraction(str(condition.count))
    threshold: Number = int(exact) if exact.denominator == 1 else exact
    if kind in kinds.TEMPORAL_TYPES and (operator, threshold) == ("gte", places):
        return operator, places if kind == kinds.TEMPORAL_ORDERED else different, None
    if kind == kinds.TEMPORAL_ORDERED:
        raise UnsupportedRuleError("an ordered correlation needs all its rules; a count of fewer has no order")
    if kind not in kinds.NUMERIC_TYPES and not -MAX_THRESHOLD <= threshold <= MAX_THRESHOLD:
        raise UnsupportedRuleError(f"a count above {MAX_THRESHOLD} cannot be kept in memory")
    if kind == kinds.VALUE_PERCENTILE and not (
        condition.percentile is not None and 0 <= condition.percentile <= 100  # noqa: PLR2004  (per cent)
    ):
        raise UnsupportedRuleError("value_percentile needs a percentile from 0 to 100")
    return operator, threshold, condition.percentile


def _expression(rule: SigmaCorrelationRule, names: Sequence[str]) -> Expression | None:
    """Compile an extended condition; of an ordered correlation it can only be a conjunction of rules."""
    if not isinstance(rule.condition, SigmaExtendedCorrelationCondition):
        return None
    parsed = rule.condition.parsed
    expression = _tree(parsed, names.index, MAX_DEPTH)
    if rule.type.name.lower() != kinds.TEMPORAL_ORDERED:
        return expression
    if rule.condition.get_referenced_rules() != list(names) or not _is_conjunction(expression):
        raise UnsupportedRuleError("the order of rules under `or` and `not` is not defined")
    return None


def _is_conjunction(expression: Expression) -> bool:
    kind, *parts = expression
    if kind == "rule":
        return True
    return kind == "and" and all(isinstance(part, tuple) and part[0] == "rule" for part in parts)


def _tree(node: CorrelationConditionItem | SigmaRuleReference, place: Callable[[str], int], depth: int) -> Expression:
    if depth == 0:
        raise UnsupportedRuleError(f"a condition nested deeper than {MAX_DEPTH}")
    if isinstance(node, SigmaRuleReference):
        return ("rule", place(node.reference))
    words = {CorrelationConditionNOT: "not", CorrelationConditionAND: "and", CorrelationConditionOR: "or"}
    return (words[type(node)], *(_tree(part, place, depth - 1) for part in node.args))
