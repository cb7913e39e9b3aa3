"""What keeps screens fast: a bounded number of queries, however much there is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from tests.cast import HERE, NEXT, NOW, Cast
from tests.watch import day as simulated

from wardwatch.records.models import GroupRow
from wardwatch.usecases import clock, estate, watch
from wardwatch.watch.messages import AlertArrived

# Whoever signs in costs six (session, account, grants, members, mandates, all organisations), the rest is the screen's.
MOST = {
    "/mine": 14,
    "/wall": 14,
    "/alerts": 14,
    "/incidents": 10,
    "/board": 12,
    "/estate": 14,
    "/people": 16,
    "/audit": 14,
    "/settings": 8,
    "/settings/tokens": 8,
    "/sensors": 9,
}


@pytest.fixture
def full(cast: Cast) -> Cast:
    """Two hospitals with services and some hundred alerts."""
    found = [message.alert for _, message in simulated.day(noise=30) if isinstance(message, AlertArrived)][:200]
    for tenant in (HERE, NEXT):
        estate.begin(tenant)
        here = [replace(one, tenant=tenant, id=one.id[::-1] if tenant == NEXT else one.id) for one in found]
        watch.take_alerts(tenant, here, "00000001.jsonl", 1, NOW)
    return cast


@pytest.mark.parametrize(("path", "most"), MOST.items())
def test_a_screen_asks_the_database_so_often_at_most(
    full: Cast, path: str, most: int, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    client = Client()
    client.force_login(full["administrator"])
    with clock.at(NOW):
        client.get(path)
        with django_assert_max_num_queries(most):
            assert client.get(path).status_code == 200


def test_an_alert_group_asks_so_often_at_most(full: Cast, django_assert_max_num_queries: Callable[[int], Any]) -> None:
    client = Client()
    client.force_login(full["analyst"])
    group = GroupRow.objects.filter(tenant=HERE, merged=False).order_by("-count").first()
    assert group is not None
    assert group.count > 20
    with clock.at(NOW):
        client.get(f"/alerts/{group.id}")
        with django_assert_max_num_queries(24):
            assert client.get(f"/alerts/{group.id}").status_code == 200
