"""How much a group of alerts matters: severity × rarity × progression × the care that it touches, to the point.

Every factor is a percentage, every step is rounded down to whole points, and what each factor adds is kept: the parts
add up to the score. More alerts never lower it.
"""

from dataclasses import dataclass

from wardwatch.kernel.severity import Level
from wardwatch.watch.members import HostIn, Members

SEVERITY = {
    Level.INFORMATIONAL: 5,
    Level.LOW: 20,
    Level.MEDIUM: 60,
    Level.HIGH: 130,
    Level.CRITICAL: 220,
}
# (groups in which the rule was here before, factor): what was never seen here weighs more than what comes daily.
_RARITY = ((0, 150), (3, 130), (10, 115), (100, 100), (1_000, 85))
_COMMON = 70
TACTIC, MAX_TACTICS = 10, 5  # percent that each tactic of an attack adds to the first, up to so many
HIGHEST = 990  # critical, never seen, six tactics, vital within the hour


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score: its kind (`severity`, `rarity`, `progression`, `care`), of what, and its points."""

    kind: str
    value: str
    points: int


def rarity(groups_before: int) -> int:
    """The factor (percent) of a rule that was in so many groups of this hospital before."""
    return next((factor for limit, factor in _RARITY if groups_before <= limit), _COMMON)


def parts(members: Members) -> tuple[Part, ...]:
    """The score in parts, in the order of the formula; of what is neutral the part is 0 and stays."""
    if not members.rules:
        return ()
    worst = max(members.rules, key=lambda rule: _weight(members, rule))
    rule = members.rules[worst]
    severe = SEVERITY[rule.level]
    rare = severe * rule.rarity // 100
    steps = min(max(len(members.tactics) - 1, 0), MAX_TACTICS)
    along = rare * (100 + TACTIC * steps) // 100
    host, touched = _most_needed(members)
    cared = along * touched.percent // 100
    return (
        Part("severity", worst, severe),
        Part("rarity", worst, rare - severe),
        Part("progression", str(len(members.tactics)), along - rare),
        Part("care", f"{touched.service}:{host}" if touched.service else "", cared - along),
    )


def total(found: tuple[Part, ...]) -> int:
    """The score, 0 to `HIGHEST`."""
    return sum(one.points for one in found)


def _weight(members: Members, rule: str) -> tuple[int, str]:
    found = members.rules[rule]
    return SEVERITY[found.level] * found.rarity, rule


def _most_needed(members: Members) -> tuple[str, HostIn]:
    if not members.hosts:
        return "", HostIn(0)
    host = max(members.hosts, key=lambda name: (members.hosts[name].percent, name))
    return host, members.hosts[host]
