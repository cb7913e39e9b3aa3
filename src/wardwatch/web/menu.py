"""The menu: the two sentences of the product, as far as a person may see them."""

from dataclasses import dataclass

from wardwatch.kernel.bilingual import Text
from wardwatch.usecases.access import Actor
from wardwatch.usecases.roles import Permission

P = Permission


@dataclass(frozen=True, slots=True)
class Item:
    """An entry: its screen's path, icon and name, and who sees it."""

    path: str
    icon: str
    name: Text
    needs: Permission | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A group of entries as a person sees it; `current` is the path of the page shown."""

    name: Text
    items: tuple[Item, ...]
    current: str


WATCH = (
    Item("/mine", "mine", Text("What needs me", "Ce qui m’attend"), None),
    Item("/wall", "wall", Text("Wall", "Vue d’ensemble"), P.SEE_WALL),
    Item("/alerts", "alerts", Text("Alerts", "Alertes"), P.SEE_ALERTS),
    Item("/incidents", "incidents", Text("Incidents", "Incidents"), P.SEE_INCIDENTS),
    Item("/board", "continuity", Text("Continuity", "Continuité"), P.SEE_BOARD),
    Item("/hunt", "hunt", Text("Hunt", "Recherche"), P.HUNT),
    Item("/detections", "detections", Text("Detections", "Détections"), P.SEE_DETECTIONS),
    Item("/sensors", "sensors", Text("Sensors", "Capteurs"), P.SEE_SENSORS),
    Item("/estate", "estate", Text("Estate", "Parc"), P.SEE_ESTATE),
)
PROGRAMME = (
    Item("/assessment", "assess", Text("Assessment", "Évaluation"), P.SEE_ASSESSMENT),
    Item("/nis2", "check", Text("NIS 2", "NIS 2"), P.SEE_ASSESSMENT),
    Item("/needs", "needs", Text("Needs", "Besoins"), P.SEE_NEEDS),
)
HOUSE = (
    Item("/people", "people", Text("People", "Personnes"), P.SEE_PEOPLE),
    Item("/audit", "audit", Text("Audit log", "Journal d’audit"), P.SEE_AUDIT),
    Item("/settings", "settings", Text("Settings", "Réglages"), None),
)
_GROUPS = (
    (Text("The watch", "La veille"), WATCH),
    (Text("The programme", "Le programme"), PROGRAMME),
    (Text("The house", "La maison"), HOUSE),
)


def menu(actor: Actor, path: str) -> tuple[Shown, ...]:
    """Return the groups that an actor sees, empty ones left out."""
    found = []
    for name, items in _GROUPS:
        seen = tuple(one for one in items if one.needs is None or actor.can(one.needs))
        here = next(
            (one.path for one in seen if path == one.path or path.startswith((one.path + "/", one.path + "."))), ""
        )
        if seen:
            found.append(Shown(name, seen, here))
    return tuple(found)
