"""From loaded rules to a compiled rule set."""

import dataclasses

from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from wardwatch.detection import predicates as kinds
from wardwatch.detection.compiled import CompiledRules, Expression, Key, anchor, check_depth, numbers
from wardwatch.detection.conditions import Lists, Translator
from wardwatch.detection.load import Loaded, Parsed
from wardwatch.detection.predicates import Predicate
from wardwatch.detection.rules import Rule
from wardwatch.kernel.errors import UnsupportedRuleError


def compile_rules(loaded: Loaded, lists: Lists) -> CompiledRules:
    """Compile what was loaded; a rule that cannot run exactly is kept among `others` with its reason."""
    compiler = _Compiler(lists)
    for parsed in loaded.parsed:
        if parsed.sigma is None or not isinstance(parsed.sigma, SigmaRule):
            compiler.compiled.others.append(parsed.rule)
            if parsed.sigma is not None:
                compiler.compiled.correlations.append(dict(parsed.document))
        else:
            compiler.take(parsed, parsed.sigma)
    compiler.compiled.warnings = list(loaded.warnings)
    return compiler.compiled


class _Compiler:
    def __init__(self, lists: Lists) -> None:
        self._rules: list[Rule] = []
        self._predicates: list[Predicate] = []
        self._conditions: list[Expression] = []
        self.compiled = CompiledRules(self._rules, self._conditions, [], self._predicates, [], [], [])
        self._numbers: dict[Predicate, int] = {}
        self._translator = Translator(self._intern, lists)

    def _intern(self, predicate: Predicate) -> int:
        number = self._numbers.setdefault(predicate, len(self._numbers))
        if number == len(self._predicates):
            self._predicates.append(predicate)
            self.compiled.looks.append((predicate.field, predicate.kind))
            if predicate.field is None:
                self.compiled.keywords.add(number)
        return number

    def take(self, parsed: Parsed, rule: SigmaRule) -> None:
        """Compile one rule, or keep it with the reason why not."""
        try:
            conditions = [self._translator.expression(one.parse()) for one in rule.detection.parsed_condition]
            check_depth(conditions)
        except UnsupportedRuleError as error:
            reason = " · ".join(part for part in (error.what, error.where, error.hint) if part)
            self.compiled.others.append(dataclasses.replace(parsed.rule, reason=reason))
            return
        except (SigmaError, RecursionError, ValueError, TypeError, AttributeError, KeyError) as error:
            # pySigma parses conditions lazily and raises bare Python errors on some malformed ones.
            self.compiled.others.append(dataclasses.replace(parsed.rule, reason=f"condition: {error}"[:300]))
            return
        condition: Expression = conditions[0] if len(conditions) == 1 else ["or", *conditions]
        numbered = sorted(set(numbers(condition)))
        asked = [self._predicates[number] for number in numbered]
        fields = {p.field for p in asked if p.field} | {str(p.args[0]) for p in asked if p.kind == kinds.REFERENCE}
        self._rules.append(dataclasses.replace(parsed.rule, fields=tuple(sorted(fields))))
        self.compiled.keys.append(Key(parsed.rule.id, parsed.rule.name, parsed.rule.logsource))
        self._conditions.append(condition)
        self.compiled.asked.append(numbered)
        self.compiled.anchors.append(anchor(condition, self._predicates)[1])
