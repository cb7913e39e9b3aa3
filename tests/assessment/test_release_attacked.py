"""An attacker who knows the rule, everything released, and the answers of some hospitals learns of no other one.

Small worlds are tried whole: every way in which hospitals can answer, every attacker among them. Worlds that release
the same are what the attacker cannot tell apart; if in all of them another hospital answers the same, it is found out.
"""

from collections import Counter, defaultdict
from itertools import combinations, combinations_with_replacement, product

import pytest

from wardwatch.assessment import release
from wardwatch.assessment.cells import Member
from wardwatch.assessment.needs import Steps
from wardwatch.assessment.release import Rule, make

LEVELS = (0, 2, 4)
Profile = tuple[int, int]


def steps(profile: Profile) -> Steps:
    """Two questions of a domain; the second is not asked below step 2 of the first, and counts as 0 then."""
    one, two = profile
    two = two if one >= LEVELS[1] else 0
    return {"a": one, "b": two, "domain:x": (one + two) // 2}


def said(world: tuple[Profile, ...], rule: Rule) -> str:
    members = {Member(f"h{place}", "FR", "small", "hospital"): steps(one) for place, one in enumerate(world)}
    return repr(release.plain(make(members, (), rule).release))


def found_out(size: int, rule: Rule, known: int) -> set[tuple[str, int]]:
    """The (measure, threshold) of which somebody who knows `known` hospitals can be certain for all the others."""
    profiles = list(product(LEVELS, LEVELS))
    seen: dict[tuple[str, tuple[Profile, ...]], list[Counter[Profile]]] = defaultdict(list)
    for world in combinations_with_replacement(profiles, size):
        told = said(world, rule)
        for own in set(combinations(world, known)):
            seen[told, own].append(Counter(world) - Counter(own))
    certain = set()
    for worlds in seen.values():
        # Others can be exchanged: whoever is another hospital, it may be any of those in any of the worlds.
        others = {profile for world in worlds for profile in world}
        for measure in steps((0, 0)):
            values = {steps(profile)[measure] for profile in others}
            certain |= {(measure, at) for at in range(1, 5) if len({value < at for value in values}) == 1}
    return certain


@pytest.mark.parametrize(("size", "known"), [(5, 1), (6, 1), (7, 1), (7, 2), (8, 2)])
def test_nothing_is_certain_of_any_other_hospital(size: int, known: int) -> None:
    assert found_out(size, Rule(known=known), known) == set()


def test_the_attack_does_find_out_where_the_rule_is_too_weak() -> None:
    assert found_out(7, Rule(known=1), 2) != set()
