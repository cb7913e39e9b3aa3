"""The whole database as lines of JSON, and back; alike for SQLite and PostgreSQL: one can follow the other."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.management.color import no_style
from django.db import connection, models, transaction

from wardwatch.kernel.errors import InputError

_AT_ONCE = 500
# What a backup has no use for: sessions end with it, and Django makes the others by itself.
_LEFT_OUT = frozenset({"sessions.session", "contenttypes.contenttype", "auth.permission", "auth.group"})


def kinds() -> list[type[models.Model]]:
    """The models that are kept, those that others refer to first."""
    found = [one for one in apps.get_models() if one._meta.label_lower not in _LEFT_OUT and one._meta.managed]  # noqa: SLF001
    return sorted(found, key=lambda one: one._meta.label_lower)  # noqa: SLF001


def counts() -> dict[str, int]:
    """How many rows there are of each kind."""
    return {one._meta.label_lower: one._default_manager.count() for one in kinds()}  # noqa: SLF001


def lines() -> Iterator[str]:
    """Yield every row as a line of JSON, as it was at one moment. Call it within `snapshot`."""
    for kind in kinds():
        rows = kind._default_manager.order_by("pk").iterator(chunk_size=_AT_ONCE)  # noqa: SLF001
        while some := list(islice(rows, _AT_ONCE)):
            text = serializers.serialize("jsonl", some)
            yield from (line + "\n" for line in text.splitlines() if line)


def snapshot() -> Any:  # noqa: ANN401  (a context manager of Django's)
    """A transaction in which reading sees one moment."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    return transaction.atomic()


def load(stated: Iterable[str]) -> dict[str, int]:
    """Read lines into an empty, migrated database, in one transaction; returns how many rows of each kind.

    Raises `InputError` for a database that is not empty, and for lines that are none of ours.
    """
    if any(counts().values()):
        raise InputError("the database is not empty", hint="restore into a new home, or an empty database")
    found: dict[str, int] = {}
    with transaction.atomic():
        source = iter(stated)
        number = 0
        while some := list(islice(source, _AT_ONCE)):
            _take("".join(some), number, found)
            number += len(some)
        _reset_sequences()
    return found


def _take(text: str, number: int, found: dict[str, int]) -> None:
    together: list[tuple[models.Model, dict[str, Any]]]
    try:
        together = [(one.object, dict(one.m2m_data or {})) for one in serializers.deserialize("jsonl", text)]
    except (serializers.base.DeserializationError, json.JSONDecodeError, ValueError) as error:
        raise InputError(f"no row of ours: {error}"[:200], where=f"database.jsonl, after line {number}") from None
    for kind in dict.fromkeys(type(row) for row, _ in together):
        rows = [row for row, _ in together if type(row) is kind]
        kind._default_manager.bulk_create(rows)  # noqa: SLF001
        label = kind._meta.label_lower  # noqa: SLF001
        found[label] = found.get(label, 0) + len(rows)
    for row, many in together:
        for name, members in many.items():
            getattr(row, name).set(members)


def _reset_sequences() -> None:
    """Let the next number follow the highest that was loaded (PostgreSQL; SQLite does so by itself)."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), kinds()):
            cursor.execute(statement)
