"""One rule, explained to the person who was woken by it."""

import textwrap

from wardwatch.detection.rules import Rule
from wardwatch.kernel.bilingual import Text
from wardwatch.pipeline.story import playbook_of
from wardwatch.reports import ACTIONS, Words, clean
from wardwatch.reports.parts.reasons import reason
from wardwatch.threats import attack

STRINGS = {
    "level": Text("level: {it}", "niveau : {it}"),
    "looks_at": Text("looks at: {it}", "observe : {it}"),
    "file": Text("file: {it}", "fichier : {it}"),
    "fields": Text("fields: {it}", "champs : {it}"),
    "means": Text("What it means", "Ce que cela signifie"),
    "otherwise": Text("What else it may be", "Ce que cela peut être d'autre"),
    "do": Text("What to do", "Que faire"),
    "attack": Text("ATT&CK", "ATT&CK"),
    "off": Text("This rule does not run: {it}", "Cette règle ne fonctionne pas : {it}"),
    "more": Text("More", "En savoir plus"),
}
_WIDTH = 78  # columns
_MAX_TEXT = 10_000  # characters


def write(rule: Rule, language: str = "en") -> str:
    """Return the explanation as text."""
    say = Words(STRINGS, language)
    head = (
        say("level", it=say.level(rule.level).lower()),
        say("looks_at", it=clean(str(rule.logsource))),
        say("file", it=clean(rule.path)),
    )
    lines = [*_wrapped(say.text(rule.title)), *_wrapped(" · ".join(head))]
    if rule.reason:
        lines += ["", *_wrapped(say("off", it=clean(say.text(reason(rule.reason)), _MAX_TEXT)))]
    told = say.text(rule.explanation) if rule.explanation.en else rule.description
    lines += ["", say("means"), *_wrapped(told or "–", "  ")]
    if rule.falsepositives:
        lines += ["", say("otherwise")]
        lines += [line for one in rule.falsepositives for line in _wrapped(say.text(one), "  - ", "    ")]
    if action := ACTIONS.get(rule.playbook or playbook_of(rule.tags) or ""):
        lines += ["", say("do"), *_wrapped(say.text(action), "  ")]
    if rule.techniques:
        lines += ["", say("attack"), *(f"  {attack.technique(id_).label}" for id_ in rule.techniques)]
    if rule.fields:
        lines += ["", *_wrapped(say("fields", it=", ".join(map(clean, rule.fields))))]
    if rule.references:
        lines += ["", say("more"), *(f"  {clean(one)}" for one in rule.references)]
    return "\n".join(lines)


def _wrapped(text: str, first: str = "", others: str | None = None) -> list[str]:
    """`text` in lines of at most 78 columns; what cannot be broken stays whole, and no-break spaces hold."""
    paragraph = " ".join(line.strip() for line in text.splitlines())
    return textwrap.wrap(
        clean(paragraph, _MAX_TEXT),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first if others is None else others,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
