"""ATT&CK coverage, counted honestly: distinct active rules, not the sum over techniques."""

from collections.abc import Iterable

from wardwatch.detection.rules import Rule
from wardwatch.threats import attack


def write(active: Iterable[Rule]) -> str:
    """Return a table of tactics with the distinct rules and techniques of each."""
    by_tactic: dict[str, set[str]] = {}
    techniques: dict[str, set[str]] = {}
    rules = list(active)
    for rule in rules:
        for tactic in attack.tactics_of(rule.tags):
            by_tactic.setdefault(tactic, set()).add(rule.id)
            techniques.setdefault(tactic, set()).update(rule.techniques)
    lines = [f"{'tactic':28} {'rules':>6} {'techniques':>11}"]
    lines += [
        f"{attack.tactic(slug).name.en:28} {len(by_tactic[slug]):6} {len(techniques[slug]):11}"
        for slug in sorted(by_tactic, key=lambda one: attack.tactic(one).order)
    ]
    every = {technique for rule in rules for technique in rule.techniques}
    lines.append(f"{'all':28} {len({rule.id for rule in rules}):6} {len(every):11}")
    return "\n".join(lines)
