"""A console that answers over HTTP, with a hospital's day in it, and keys of its people."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pytest_django.live_server_helper import LiveServer
from tests.watch import day as simulated

from wardwatch.client.client import Client
from wardwatch.client.connection import Connection
from wardwatch.watch.messages import AlertArrived

if TYPE_CHECKING:
    from tests.cast import Cast


@pytest.fixture
def everybody(transactional_db: None) -> "Cast":  # noqa: ARG001
    """The people, and the alerts of a morning at HERE and of a moment at FAR."""
    from tests import cast  # noqa: PLC0415

    from wardwatch.usecases import watch  # noqa: PLC0415

    found = [message.alert for _, message in simulated.day(noise=30) if isinstance(message, AlertArrived)][:120]
    people = cast.gather()
    here = [replace(one, tenant=cast.HERE) for one in found]
    watch.take_alerts(cast.HERE, here, "00000001.jsonl", 1, cast.NOW)
    watch.take_alerts(cast.FAR, [replace(found[0], tenant=cast.FAR, id="f" * 32)], "00000001.jsonl", 1, cast.NOW)
    return people


@pytest.fixture
def groups(everybody: "Cast") -> list[str]:  # noqa: ARG001
    from tests import cast  # noqa: PLC0415

    from wardwatch.records.models import GroupRow  # noqa: PLC0415

    rows = GroupRow.objects.filter(tenant=cast.HERE, merged=False, state="open").order_by("-score", "-last_at", "id")
    return list(rows.values_list("id", flat=True))


@pytest.fixture
def key(everybody: "Cast") -> Callable[..., str]:
    """A key of somebody, for all that they may, or for some of it."""
    from wardwatch.usecases import tokens  # noqa: PLC0415
    from wardwatch.usecases.roles import Permission  # noqa: PLC0415

    def make(name: str, *scopes: str) -> str:
        return tokens.make(everybody.actor(name), "test", list(scopes or map(str, Permission)), 30, datetime.now(UTC))

    return make


@pytest.fixture
def client_of(key: Callable[..., str], live_server: LiveServer) -> Iterator[Callable[..., Client]]:
    """A client of somebody, at the console or at another address."""
    opened: list[Connection] = []

    def make(name: str, *scopes: str, address: str = "") -> Client:
        opened.append(Connection(address or live_server.url, key(name, *scopes), pause=lambda _: None))
        return Client(opened[-1])

    yield make
    for one in opened:
        one.close()
