"""Files of the lake that a query need not open: outside its time or its sources, or without any of its fields."""

from collections.abc import Sequence

from wardwatch.pipeline.lake.manifest import LakeFile
from wardwatch.pipeline.privacy import patient_fields
from wardwatch.pipeline.search.fields import ADDRESSES, ENVELOPE, IP, PATIENT, TIMES
from wardwatch.pipeline.search.query import All, Compare, Like, Node, Not, Some, Term
from wardwatch.pipeline.search.sql import Flat, moment


def may_match(node: Node, file: LakeFile) -> bool:
    """Say whether any event of a file can be of a query: a term is of no event that has no value of its field."""
    if isinstance(node, Term):
        return any(map(file.may_hold, names)) if (names := _asked(node.field)) is not None else True
    if isinstance(node, Not) or not node.operands:
        return True
    found = (may_match(one, file) for one in node.operands)
    return all(found) if isinstance(node, All) else any(found)


def _asked(field: str | None) -> Sequence[str] | None:
    """The fields of which a term asks for a value; `None` where it asks for what every event may have."""
    if field is None or field in TIMES or field in ENVELOPE:
        return None
    if field.lower() == IP:
        return ADDRESSES
    return sorted(patient_fields()) if field.lower() == PATIENT else (field,)


def flat_in(files: Sequence[LakeFile]) -> Flat:
    """Return what says of a field that it is no list in any event of some files."""
    if any(file.lists is None for file in files):
        return lambda _: False
    lists = frozenset(name for file in files for name in file.lists or ())
    return lambda field: field not in lists


def _conjuncts(node: Node) -> tuple[Node, ...]:
    return node.operands if isinstance(node, All) else (node,)


def span(node: Node) -> tuple[int | None, int | None]:
    """The time (since, until; µs UTC) outside of which nothing can be of a query: what its top-level AND says."""
    lows, highs = [], []
    for one in _conjuncts(node):
        if isinstance(one, Term) and isinstance(one.test, Compare) and TIMES.get(one.field or "") == "occurred_at":
            lows += [moment(one.test.low, one)] if one.test.low is not None else []
            highs += [moment(one.test.high, one)] if one.test.high is not None else []
    return max(lows, default=None), min(highs, default=None)


def wanted_sources(node: Node) -> frozenset[str] | None:
    """The sources outside of which nothing can be of a query; `None`: any."""
    for one in _conjuncts(node):
        if (
            isinstance(one, Term)
            and one.field == "source"
            and isinstance(one.test, Like)
            and one.test.plain is not None
        ):
            return frozenset({one.test.plain.lower()})
        if isinstance(one, Some):
            found = [wanted_sources(inner) for inner in one.operands]
            if all(some is not None for some in found):
                return frozenset().union(*(some for some in found if some is not None))
    return None
