"""A guideline as screens show it, beside its question and in the book."""

from typing import Any

from wardwatch.assessment.framework import MAPPED, PILLARS, SIZES, Cost, Question
from wardwatch.kernel.bilingual import Text

COSTS = {
    Cost.NONE: Text("nothing beside that", "rien de plus"),
    Cost.LOW: Text("a small sum", "une petite somme"),
    Cost.MEDIUM: Text("a purchase to plan", "un achat à prévoir"),
    Cost.HIGH: Text("a large item of the budget", "un poste important du budget"),
}
SIZE_NAMES = {
    "small": Text("Small house", "Petit établissement"),
    "medium": Text("Medium house", "Établissement moyen"),
    "large": Text("Large house", "Grand établissement"),
}


def guide(question: Question) -> dict[str, Any]:
    """Plain values for `guideline.html`."""
    one = question.guide
    return {
        "why": one.why,
        "find": one.find,
        "good": [(SIZE_NAMES[size], one.good[size]) for size in SIZES],
        "start": one.start,
        "days": one.days,
        "cost": COSTS[one.cost],
        "incident": one.incident,
        "law": question.maps.get("nis2", ()),
        "maps": [(MAPPED[name], numbers) for name, numbers in question.maps.items() if name != "nis2"],
        "pillar": PILLARS[question.pillar],
    }
