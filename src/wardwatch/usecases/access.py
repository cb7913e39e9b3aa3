"""Who acts, and what they may do where. Everything that reads or changes anything asks here first."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from wardwatch.kernel.errors import AccessError
from wardwatch.records.queries.access import granted
from wardwatch.usecases.roles import FIRST_PAGES, ROLES, Permission

Scope = frozenset[str]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a person, a program with a token, or a process of our own.

    `may` maps a permission to the organisations (tenants) where the actor has it, `held` a role to those where it is
    held; `roles` are those of the person's own, without what a mandate lends.
    """

    id: str
    name: str
    language: str = "en"
    roles: frozenset[str] = frozenset()
    may: Mapping[Permission, Scope] = field(default_factory=dict)
    held: Mapping[str, Scope] = field(default_factory=dict)

    def roles_at(self, tenant: str) -> tuple[str, ...]:
        """The roles that the actor has at a hospital, by name; who runs the console has all."""
        found = {role for role, tenants in self.held.items() if tenant in tenants}
        return tuple(sorted(ROLES if "administrator" in found else found))

    def scope(self, permission: Permission) -> Scope:
        """Return where the actor has a permission; empty if nowhere."""
        return self.may.get(permission, frozenset())

    def can(self, permission: Permission, tenant: str | None = None) -> bool:
        """Whether the actor has a permission in a tenant; without one: anywhere."""
        found = self.scope(permission)
        return bool(found) if tenant is None else tenant in found

    @property
    def first_page(self) -> str:
        """The name of the screen where this actor's day begins."""
        return next((page for role, page in FIRST_PAGES.items() if role in self.roles), "mine")


NOBODY = Actor("", "")


def actor_of(user: UUID, name: str, language: str, now: datetime) -> Actor:
    """Return a person with everything that they may do now."""
    may: dict[Permission, set[str]] = {}
    held: dict[str, set[str]] = {}
    roles = set()
    for grant in granted(user, now):
        if not grant.through:
            roles.add(grant.role)
        held.setdefault(grant.role, set()).update(grant.tenants)
        for permission in ROLES.get(grant.role, ()):
            may.setdefault(permission, set()).update(grant.tenants)
    return Actor(
        id=str(user),
        name=name,
        language=language,
        roles=frozenset(roles),
        may={permission: frozenset(tenants) for permission, tenants in may.items()},
        held={role: frozenset(tenants) for role, tenants in held.items()},
    )


def limited(actor: Actor, scopes: frozenset[Permission]) -> Actor:
    """Return the actor with no more than `scopes`: what a token of theirs may do."""
    may = {permission: tenants for permission, tenants in actor.may.items() if permission in scopes}
    return replace(actor, may=may)


def authorise(actor: Actor, permission: Permission, tenant: str | None = None) -> None:
    """Raise `AccessError` unless the actor has a permission in a tenant; without one: anywhere."""
    if not actor.can(permission, tenant):
        raise AccessError("not found, or not yours", hint="ask who gave you your account")
