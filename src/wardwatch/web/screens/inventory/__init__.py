"""The state of the art: what there is to meet a need, found by kind, domain, size, pillar and words."""

from typing import Any

from wardwatch.assessment import inventory, loading
from wardwatch.assessment.framework import PILLARS, SIZES, Pillar
from wardwatch.assessment.inventory import FRAMEWORK, InventoryEntry, Kind
from wardwatch.kernel.errors import AccessError
from wardwatch.usecases.roles import Permission
from wardwatch.web.guideline import COSTS, SIZE_NAMES
from wardwatch.web.screen import Answer, Asked, Page, Screen, Table

_FILTERS = ("kind", "domain", "size", "pillar")


def _shown(one: InventoryEntry) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "name": one.name,
        "need": one.need,
        "sizes": [SIZE_NAMES[size] for size in one.sizes],
        "cost": COSTS[one.cost.level],
        "setup": one.staff.setup,
        "month": one.staff.month,
    }


def listed(asked: Asked) -> Answer:
    """Entries, as filtered by the address."""
    wanted = {name: asked.get(name) for name in _FILTERS}
    found = inventory.shipped().find(**wanted, words=asked.get("words")).entries
    names = {one.id: one.name for one in loading.shipped()[FRAMEWORK].domains}
    data = {
        "entries": [{**_shown(one), "domains": [names[id_] for id_ in one.domains]} for one in found],
        "all": len(inventory.shipped().entries),
        "filters": {**wanted, "words": asked.get("words")},
    }
    more = {
        "choices": [
            ("kind", [(kind.value, "") for kind in Kind]),
            ("domain", list(names.items())),
            ("size", [(size, SIZE_NAMES[size]) for size in SIZES]),
            ("pillar", [(pillar.value, PILLARS[pillar]) for pillar in Pillar]),
        ]
    }
    rows = [
        [one.id, one.kind.value, one.name.in_(asked.language), one.need.in_(asked.language), " ".join(one.meets)]
        for one in found
    ]
    return Page("inventory/list.html", data, Table(("id", "kind", "name", "need", "meets"), rows), more)


def one(asked: Asked, entry: str) -> Answer:  # noqa: ARG001
    """One entry: what it needs, costs, cannot, and how one comes by it."""
    found = inventory.shipped().by_id.get(entry)
    if found is None:
        raise AccessError("not found, or not yours")
    questions = loading.shipped()[FRAMEWORK].by_id
    data = {
        **_shown(found),
        "as_of": found.as_of,
        "meets": [{"id": id_, "ask": questions[id_].ask, "domain": questions[id_].domain} for id_ in found.meets],
        "pillars": [PILLARS[pillar] for pillar in found.pillars],
        "prerequisites": found.prerequisites,
        "skills": found.staff.skills,
        "driver": found.cost.driver,
        "figure": found.cost.figure,
        "figure_source": found.cost.source,
        "limits": found.limits,
        "offers": [{"way": offer.way.value, "what": offer.what, "examples": offer.examples} for offer in found.offers],
        "sources": found.sources,
    }
    return Page("inventory/one.html", data)


SCREENS = (
    Screen("inventory", "inventory", Permission.SEE_NEEDS, listed, csv=True),
    Screen("inventory/<str:entry>", "inventory-one", Permission.SEE_NEEDS, one),
)
