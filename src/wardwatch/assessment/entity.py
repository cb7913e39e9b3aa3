"""Whether NIS 2 makes a house an essential or an important entity, and by which rule.

Directive (EU) 2022/2555, Art. 2 and 3, Annex I sector 5 (health); sizes by Recommendation 2003/361/EC, Annex, Art. 2,
of which Art. 3(4) does not count here (NIS 2, Art. 2(1)): a public owner does not make a hospital large. A Member State
may decide otherwise, and its list (Art. 3(3)) counts.
"""

from dataclasses import dataclass
from enum import StrEnum

from wardwatch.kernel.bilingual import Text

_MEDIUM_STAFF, _LARGE_STAFF = 50, 250
_SMALL_MONEY = 10_000_000  # EUR, turnover and balance sheet of a small enterprise at most
_MEDIUM_TURNOVER, _MEDIUM_BALANCE = 50_000_000, 43_000_000


class Standing(StrEnum):
    """What an entity is."""

    ESSENTIAL = "essential"
    IMPORTANT = "important"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


class Size(StrEnum):
    """Of an enterprise."""

    SMALL = "small"  # or micro
    MEDIUM = "medium"
    LARGE = "large"  # exceeds the ceilings of a medium one


@dataclass(frozen=True, slots=True)
class Entity:
    """What decides. Money in EUR a year; `None`: not known.

    Args:
        provider: whether it provides healthcare (Directive 2011/24/EU, Art. 3(g)), laboratories included.
        staff: annual work units.
        turnover: of a year.
        balance: total of the balance sheet.
        critical: named a critical entity (Directive (EU) 2022/2557).
        identified: what the Member State named it by Art. 2(2)(b) to (e), whatever its size: `essential`, `important`.
        operator: an operator of essential services before 16 January 2023, where the Member State keeps it as such.
    """

    provider: bool = True
    staff: int | None = None
    turnover: int | None = None
    balance: int | None = None
    critical: bool = False
    identified: str = ""
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What it is, by which rule, why in plain words, and which facts are missing."""

    standing: Standing
    rule: str
    why: Text
    missing: tuple[str, ...] = ()


def size(one: Entity) -> tuple[Size | None, tuple[str, ...]]:
    """The size, or which facts are missing to tell. Staff decides upwards alone; money only both figures together."""
    possible = {
        _size(staff, turnover, balance)
        for staff in ((one.staff,) if one.staff is not None else (0, _MEDIUM_STAFF, _LARGE_STAFF))
        for turnover in ((one.turnover,) if one.turnover is not None else (0, _SMALL_MONEY + 1, _MEDIUM_TURNOVER + 1))
        for balance in ((one.balance,) if one.balance is not None else (0, _SMALL_MONEY + 1, _MEDIUM_BALANCE + 1))
    }
    if len(possible) == 1:
        return possible.pop(), ()
    known = {"staff": one.staff, "turnover": one.turnover, "balance": one.balance}
    return None, tuple(name for name, value in known.items() if value is None)


def _size(staff: int, turnover: int, balance: int) -> Size:
    if staff >= _LARGE_STAFF or (turnover > _MEDIUM_TURNOVER and balance > _MEDIUM_BALANCE):
        return Size.LARGE
    if staff >= _MEDIUM_STAFF or (turnover > _SMALL_MONEY and balance > _SMALL_MONEY):
        return Size.MEDIUM
    return Size.SMALL


def classify(one: Entity) -> Verdict:
    """Apply the rules, the strongest first."""
    if not one.provider:
        return Verdict(
            Standing.OUTSIDE,
            "Art. 2(1), Annex I(5)",
            Text(
                "It provides no healthcare, so the health sector’s rules do not reach it; another sector’s may.",
                "Il ne fournit pas de soins : les règles de la santé ne s’appliquent pas ; d’autres peut-être.",
            ),
        )
    for holds, standing, rule, why in (
        (
            one.critical,
            Standing.ESSENTIAL,
            "Art. 2(3), 3(1)(f)",
            Text(
                "It was named a critical entity: then its size does not matter.",
                "Il a été désigné entité critique : sa taille n’importe plus.",
            ),
        ),
        (
            one.identified == Standing.ESSENTIAL,
            Standing.ESSENTIAL,
            "Art. 2(2), 3(1)(e)",
            Text(
                "The Member State named it essential, whatever its size.",
                "L’État membre l’a désigné essentiel, quelle que soit sa taille.",
            ),
        ),
        (
            one.operator,
            Standing.ESSENTIAL,
            "Art. 3(1)(g)",
            Text(
                "It was an operator of essential services, and the Member State keeps it as such.",
                "Il était opérateur de services essentiels, et l’État membre le maintient.",
            ),
        ),
    ):
        if holds:
            return Verdict(standing, rule, why)
    return _by_size(one)


def _by_size(one: Entity) -> Verdict:
    found, missing = size(one)
    if found is Size.LARGE:
        why = Text(
            "Healthcare, and larger than a medium-sized enterprise (250 people, or more than 50 and 43 million euros).",
            "Des soins, et plus grand qu’une entreprise moyenne (250 personnes, ou plus de 50 et 43 millions d’euros).",
        )
        return Verdict(Standing.ESSENTIAL, "Art. 3(1)(a)", why)
    if one.identified == Standing.IMPORTANT:
        why = Text(
            "The Member State named it important, whatever its size.",
            "L’État membre l’a désigné important, quelle que soit sa taille.",
        )
        return Verdict(Standing.IMPORTANT, "Art. 2(2), 3(2)", why)
    if found is Size.MEDIUM:
        why = Text(
            "Healthcare, and a medium-sized enterprise (50 people, or more than 10 million euros twice).",
            "Des soins, et une entreprise moyenne (50 personnes, ou plus de 10 millions d’euros deux fois).",
        )
        return Verdict(Standing.IMPORTANT, "Art. 3(2)", why)
    if found is Size.SMALL:
        why = Text(
            "Smaller than a medium-sized enterprise, and not named by the Member State.",
            "Plus petit qu’une entreprise moyenne, et non désigné par l’État membre.",
        )
        return Verdict(Standing.OUTSIDE, "Art. 2(1)", why)
    why = Text("Cannot be decided: facts are missing.", "Impossible à décider : des faits manquent.")
    return Verdict(Standing.UNKNOWN, "Art. 2(1), 3", why, missing)
