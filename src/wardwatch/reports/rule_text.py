"""One rule, explained to the person who was woken by it."""

from wardwatch.detection.rules import Rule
from wardwatch.kernel.bilingual import Text
from wardwatch.reports import Words, playbook
from wardwatch.threats import attack

STRINGS = {
    "level": Text("level", "niveau"),
    "looks_at": Text("looks at", "observe"),
    "fields": Text("fields", "champs"),
    "means": Text("What it means", "Ce que cela signifie"),
    "otherwise": Text("What else it may be", "Ce que cela peut être d'autre"),
    "do": Text("What to do", "Que faire"),
    "attack": Text("ATT&CK", "ATT&CK"),
    "off": Text("This rule does not run", "Cette règle ne fonctionne pas"),
    "more": Text("More", "En savoir plus"),
    "file": Text("file", "fichier"),
}


def write(rule: Rule, language: str = "en") -> str:
    """Return the explanation as text."""
    say = Words(STRINGS, language)
    techniques = [f"{id_} {attack.technique(id_).name}" for id_ in rule.techniques]
    lines = [
        rule.title.in_(language),
        f"{say('level')}: {rule.level.word} · {say('looks_at')}: {rule.logsource} · {say('file')}: {rule.path}",
    ]
    if rule.reason:
        lines += ["", f"{say('off')}: {rule.reason}"]
    lines += ["", say("means"), "  " + (rule.explanation.in_(language) or rule.description or "–")]
    if rule.falsepositives:
        lines += ["", say("otherwise"), *(f"  - {one.in_(language)}" for one in rule.falsepositives)]
    if rule.playbook:
        lines += ["", say("do"), f"  {playbook(rule.playbook).in_(language)} ({rule.playbook})"]
    if techniques:
        lines += ["", say("attack"), *(f"  {one}" for one in techniques)]
    if rule.fields:
        lines += ["", f"{say('fields')}: {', '.join(rule.fields)}"]
    if rule.references:
        lines += ["", say("more"), *(f"  {one}" for one in rule.references)]
    return "\n".join(lines)
