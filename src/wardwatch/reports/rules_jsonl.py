"""What the verbs about rules and sources say, as rows of JSON Lines for programs. Each row begins with its format.

Texts that exist in both languages are objects with `en` and `fr`; reasons are English, as they are in every export.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from wardwatch.detection.rules import Rule
from wardwatch.kernel.bilingual import Text
from wardwatch.pipeline.examples import Outcome
from wardwatch.pipeline.rule_check import Problem
from wardwatch.pipeline.states import RuleState
from wardwatch.pipeline.story import playbook_of
from wardwatch.reports import ACTIONS
from wardwatch.reports.parts import coverage as counted

Row = dict[str, Any]


def state(one: RuleState) -> Row:
    """A rule and its state."""
    return {
        "format": "wardwatch/rule-state/1",
        "id": one.rule.id,
        "title": one.rule.title.en,
        "kind": one.rule.kind,
        "level": one.rule.level.word,
        "logsource": str(one.rule.logsource),
        "state": one.state.value,
        "reason": one.reason,
        "path": one.rule.path,
    }


def problem(one: Problem) -> Row:
    """What is wrong with a rule file."""
    return {"format": "wardwatch/rule-problem/1", "path": one.path, "problem": one.what}


def outcome(one: Outcome) -> Row:
    """What an example of a rule showed; `problem` is empty if it behaves."""
    return {
        "format": "wardwatch/rule-example/1",
        "id": one.rule_id,
        "title": one.title,
        "path": one.path,
        "kind": one.kind,
        "number": one.number,
        "fired": list(one.fired),
        "problem": one.problem,
    }


def explanation(rule: Rule) -> Row:
    """All that is said of a rule."""
    playbook = rule.playbook or playbook_of(rule.tags)
    return {
        "format": "wardwatch/rule-explanation/1",
        "id": rule.id,
        "name": rule.name,
        "title": _both(rule.title),
        "kind": rule.kind,
        "level": rule.level.word,
        "logsource": str(rule.logsource),
        "path": rule.path,
        "description": rule.description,
        "explanation": _both(rule.explanation) if rule.explanation.en else None,
        "falsepositives": [_both(one) for one in rule.falsepositives],
        "playbook": playbook,
        "action": _both(ACTIONS[playbook]) if playbook in ACTIONS else None,
        "tactics": list(rule.tactics),
        "techniques": list(rule.techniques),
        "fields": list(rule.fields),
        "references": list(rule.references),
        "reason": rule.reason,
    }


def coverage(active: Iterable[Rule]) -> Iterator[Row]:
    """Distinct rules and techniques of each tactic, and of all together (`tactic` is null)."""
    for one in counted.by_tactic(active):
        yield {
            "format": "wardwatch/coverage/1",
            "tactic": one.tactic,
            "rules": one.rules,
            "techniques": one.techniques,
        }


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "fr": text.fr} if text.fr else {"en": text.en}
