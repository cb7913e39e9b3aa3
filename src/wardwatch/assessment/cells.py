"""Cells: groups of hospitals that never overlap, each large enough that nobody in it can be told from the others.

Everything that is said of a group without names is made of cells: a hospital is in one cell alone, so that no figure
can be subtracted from another to leave a few hospitals over. How cells are cut depends on who takes part (size, kind,
Member State), never on what was answered: that a cell is missing says nothing of answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

DIMENSIONS = ("country", "size", "kind")


@dataclass(frozen=True, slots=True)
class Member:
    """A hospital that takes part. `named`: the coordinator may see its figures under its name."""

    tenant: str
    country: str
    size: str
    kind: str
    named: bool = False

    def value(self, dimension: str) -> str:
        """Its country, size or kind."""
        return {"country": self.country, "size": self.size, "kind": self.kind}[dimension]


@dataclass(frozen=True, slots=True)
class Cell:
    """Some hospitals, by tenant; `where`: dimension → the value that all of them share and the cell is known by."""

    members: tuple[str, ...]
    where: Mapping[str, str] = field(default_factory=dict)


def cut(members: Iterable[Member], by: Sequence[str], least: int) -> tuple[Cell, ...]:
    """Cut members into cells of at least `least`, along dimensions in their order of importance.

    Those who are seen by name, and those who are not, never share a cell: who knows the former would know the sum of
    the latter. Fewer than `least` of either are in no cell at all.
    """
    every = sorted(members, key=lambda one: one.tenant)
    cells: list[Cell] = []
    for named in (True, False):
        some = [one for one in every if one.named is named]
        if len(some) >= least:
            cells += _split(some, tuple(by), least, {})
    return tuple(cells)


def _split(some: list[Member], by: tuple[str, ...], least: int, where: Mapping[str, str]) -> list[Cell]:
    if not by:
        return [Cell(tuple(one.tenant for one in some), where)]
    dimension, rest = by[0], by[1:]
    parts: dict[str, list[Member]] = {}
    for one in some:
        parts.setdefault(one.value(dimension), []).append(one)
    alone, pooled = _pool(parts, least)
    cells = [
        cell
        for value, part in sorted(alone.items())
        for cell in _split(part, rest, least, {**where, dimension: value} if value else where)
    ]
    return cells + (_split(pooled, rest, least, where) if pooled else [])


def _pool(parts: Mapping[str, list[Member]], least: int) -> tuple[dict[str, list[Member]], list[Member]]:
    """Parts that stand alone, and all others together; where these are too few, the smallest part joins them."""
    by_size = sorted(parts, key=lambda value: (len(parts[value]), value))
    pooled: list[Member] = []
    alone = dict(parts)
    for value in by_size:
        if len(parts[value]) < least or 0 < len(pooled) < least:
            pooled += alone.pop(value)
    return alone, sorted(pooled, key=lambda one: one.tenant)


def conflicting(cell: Cell, released: Iterable[frozenset[str]]) -> bool:
    """Whether a cell shares some hospitals with one that was released before, but not all: the rest could be told."""
    own = frozenset(cell.members)
    return any(own & other and own != other for other in released)
