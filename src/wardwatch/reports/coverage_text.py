"""ATT&CK coverage as a table."""

from collections.abc import Iterable

from wardwatch.detection.rules import Rule
from wardwatch.reports.parts import coverage
from wardwatch.threats import attack


def write(active: Iterable[Rule]) -> str:
    """Return a table of tactics with the distinct rules and techniques of each."""
    lines = [f"{'tactic':28} {'rules':>6} {'techniques':>11}"]
    for one in coverage.by_tactic(active):
        name = attack.tactic(one.tactic).name.en if one.tactic else "all"
        lines.append(f"{name:28} {one.rules:6} {one.techniques:11}")
    return "\n".join(lines)
