"""The people of the tests: one of each role at one hospital, a coordinator over two, and an outsider.

`gather` makes them in the database, and returns who they are by name.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wardwatch.records.models import GrantRow, GroupingRow, OrganisationRow, UserRow
from wardwatch.usecases.access import Actor, actor_of
from wardwatch.usecases.roles import ROLES

NOW = datetime(2026, 11, 23, 12, 19, tzinfo=UTC)
HERE, NEXT, FAR = "chu-nord-est", "val-d-ambre", "elsewhere"
CLUSTER = "meuse-ardenne"
# Whose role is held in the grouping of both hospitals; all others work at HERE.
OF_THE_CLUSTER = frozenset({"coordinator", "authority_guest", "trainer"})
EVERYWHERE = frozenset({"administrator"})


@dataclass(frozen=True, slots=True)
class Cast:
    """Users by their role; `outsider` is an analyst of another hospital; `nobody` has an account and no role."""

    users: dict[str, UserRow]

    def __getitem__(self, name: str) -> UserRow:
        return self.users[name]

    def actor(self, name: str) -> Actor:
        """Return a person as an actor, with what they may do at NOW."""
        user = self.users[name]
        return actor_of(user.id, user.name, user.language, NOW)


def gather() -> Cast:
    """Make two hospitals in a grouping, one elsewhere, and everybody."""
    for slug, name, country, size in (
        (HERE, "CHU Nord-Est", "FR", "large"),
        (NEXT, "Val d’Ambre", "BE", "medium"),
        (FAR, "Elsewhere General", "BE", "small"),
    ):
        OrganisationRow.objects.create(
            slug=slug, name=name, kind="hospital", country=country, size=size, created_at=NOW
        )
    cluster = GroupingRow.objects.create(slug=CLUSTER, name="Meuse-Ardenne", kind="cross-border", created_at=NOW)
    cluster.members.set([HERE, NEXT])
    users = {}
    for name in (*ROLES, "outsider", "nobody"):
        user = UserRow.objects.create(
            email=f"{name}@hospital.example", name=name.capitalize(), created_at=NOW, password="!"
        )
        users[name] = user
        if name == "nobody":
            continue
        reach: dict[str, Any] = {"organisation_id": FAR if name == "outsider" else HERE}
        if name in OF_THE_CLUSTER:
            reach = {"grouping": cluster}
        if name in EVERYWHERE:
            reach = {}
        GrantRow.objects.create(user=user, role="analyst" if name == "outsider" else name, since=NOW, **reach)
    return Cast(users)
