"""The API attacked by its own description: whatever is sent, it never fails on its own side."""

from collections.abc import Iterator

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from tests.cast import NOW, Cast

from wardwatch.usecases import clock, tokens
from wardwatch.usecases.roles import Permission
from wardwatch.web.api import api

SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="/api/v1/"))
SCHEMA.app = WSGIHandler()


@pytest.fixture
def key(cast: Cast) -> str:
    return tokens.make(cast.actor("administrator"), "attack", [one.value for one in Permission], 30, NOW)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Requests come as from a server, after which Django closes a connection that is amid the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@SCHEMA.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@pytest.mark.filterwarnings("ignore")
def test_no_answer_is_our_failure(case: schemathesis.Case, key: str) -> None:
    with clock.at(NOW):
        response = case.call(headers={"Authorization": f"Bearer {key}"})
    assert response.status_code < 500, (case.method, case.path, case.body)
