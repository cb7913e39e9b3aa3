"""What the API gives, as values. Names and kinds are those of its OpenAPI description; times are ISO 8601, UTC."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

from wardwatch.kernel.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Me:
    """Who the key stands for, and what it may do where: `may` maps a permission to hospitals."""

    id: str
    name: str
    roles: tuple[str, ...]
    may: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital or laboratory that the key reaches."""

    slug: str
    name: str
    kind: str
    country: str
    size: str


@dataclass(frozen=True, slots=True)
class Service:
    """A clinical service as it stands now."""

    id: str
    name: str
    state: str
    since: str | None
    until: str | None
    minutes: int
    why: str


@dataclass(frozen=True, slots=True)
class Board:
    """A hospital and its services, the worst first."""

    hospital: Hospital
    worst: str
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts that belong together."""

    id: str
    tenant: str
    hospital: str
    rule_id: str
    title: str
    level: str
    score: int
    count: int
    hosts: tuple[str, ...]
    first_at: str
    last_at: str
    assignee: str | None
    silenced_until: str | None
    incident: str | None
    state: str


@dataclass(frozen=True, slots=True)
class WholeGroup(AlertGroup):
    """A group with its alerts (Alert v1), why it is one, its score in parts, and its timeline."""

    alerts: tuple[Mapping[str, Any], ...]
    reasons: tuple[Mapping[str, Any], ...]
    parts: tuple[Mapping[str, Any], ...]
    timeline: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident."""

    id: str
    tenant: str
    hospital: str
    title: str
    state: str
    level: str
    score: int
    owner: str | None
    opened_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset of the estate."""

    id: str
    tenant: str
    name: str
    kind: str
    zone: str
    system: str
    addresses: tuple[str, ...]
    isolation: str
    services: tuple[str, ...]
    last_at: str | None


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook."""

    id: int
    tenant: str
    url: str


@dataclass(frozen=True, slots=True)
class MadeHook(Hook):
    """A webhook with the secret that its signatures are made with; only the answer that made it has it."""

    secret: str


# Of which values some are made themselves.
_WITHIN: Mapping[str, type] = {"hospital": Hospital, "services": Service}


def made(kind: type[T], plain: object, where: str) -> T:
    """Make a value of an object of JSON; what a newer server adds is left aside.

    Raises `InputError` where something is missing: the server is of another version, or none of ours.
    """
    if not isinstance(plain, dict):
        raise _other(where, f"a {kind.__name__} is no object")
    given: dict[str, Any] = {}
    for one in fields(kind):  # type: ignore[arg-type]  # every kind here is a dataclass
        if one.name not in plain and one.default is MISSING:
            raise _other(where, f"a {kind.__name__} without {one.name}")
        given[one.name] = _value(kind, one.name, plain.get(one.name), where)
    return kind(**given)


def _value(kind: type, name: str, value: Any, where: str) -> Any:  # noqa: ANN401
    within = _WITHIN.get(name) if kind is Board else None
    if isinstance(value, list):
        return tuple(made(within, one, where) if within else one for one in value)
    return made(within, value, where) if within else value


def _other(where: str, what: str) -> InputError:
    return InputError(f"not understood: {what}", where=where, hint="is it a Wardwatch of this version?")
