"""Invite many people at once, out of a table: e-mail, role, organisation or grouping. A wrong row holds up no other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from wardwatch.estate.importing import Row
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.usecases import people
from wardwatch.usecases.access import Actor
from wardwatch.usecases.people import Place
from wardwatch.usecases.roles import NAMES, ROLES

MOST = 2_000
_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("email", "e-mail", "mail", "courriel", "adresse"), "email"),
    **dict.fromkeys(("role", "rôle", "fonction"), "role"),
    **dict.fromkeys(("organisation", "hospital", "établissement", "etablissement"), "organisation"),
    **dict.fromkeys(("grouping", "group", "groupement", "groupe"), "grouping"),
}
_ROLES: Mapping[str, str] = {
    **{role: role for role in ROLES},
    **{text.casefold(): role for role, name in NAMES.items() for text in (name.en, name.fr)},
}
_NOT_YOURS = Text("not a place where you may invite", "pas un lieu où vous pouvez inviter")


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who was invited: the link's secret is shown this once."""

    row: int
    email: str
    role: str
    secret: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was left out; 1 is the heading."""

    row: int
    email: str
    what: Text


def invite_many(actor: Actor, rows: Iterable[Row], now: datetime) -> tuple[tuple[Invited, ...], tuple[Refused, ...]]:
    """Invite whom a table names. Raises `InputError` where a column is missing."""
    found = iter(rows)
    heads = [_COLUMNS.get(str(cell or "").strip().casefold(), "") for cell in next(found, ())]
    if "email" not in heads or "role" not in heads or not {"organisation", "grouping"} & set(heads):
        raise InputError(
            "the table needs the columns email, role, and organisation or grouping",
            fr="le tableau doit avoir les colonnes email, rôle, et établissement ou groupement",
            where="row 1",
        )
    invited: list[Invited] = []
    refused: list[Refused] = []
    for number, row in enumerate(found, start=2):
        cells = {head: str(cell or "").strip() for head, cell in zip(heads, row, strict=False) if head}
        email = cells.get("email", "")[:254]
        if not any(cells.values()):
            continue
        if len(invited) >= MOST:
            refused.append(Refused(number, email, Text("too many rows", "trop de lignes")))
            break
        one = _one(actor, cells, number, now)
        if isinstance(one, Invited):
            invited.append(one)
        else:
            refused.append(Refused(number, email, one))
    return tuple(invited), tuple(refused)


def _one(actor: Actor, cells: Mapping[str, str], number: int, now: datetime) -> Invited | Text:
    role = _ROLES.get(cells.get("role", "").casefold())
    if role is None:
        return Text(f"not a role; one of: {', '.join(ROLES)}", f"ce rôle n’existe pas ; au choix : {', '.join(ROLES)}")
    place = Place(organisation=cells.get("organisation", "")[:64], grouping=cells.get("grouping", "")[:64])
    if bool(place.organisation) == bool(place.grouping):
        return Text("an organisation or a grouping, one of them", "un établissement ou un groupement, l’un des deux")
    try:
        with transaction.atomic():
            return Invited(number, cells["email"], role, people.invite(actor, cells["email"], role, place, now))
    except AccessError:
        return _NOT_YOURS
    except InputError as error:
        return error.said
