"""A role that needs a second factor opens nothing before there is one; codes by RFC 6238, as any authenticator makes."""

import base64
import hashlib
import hmac
import re
import time
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import Settings
from tests.cast import Cast

from wardwatch.kernel.errors import ContentError
from wardwatch.runtime.console import configuration
from wardwatch.runtime.settings import load

PASSWORD = "seven grey herons fly at dusk"
MAKE_ONE = "/account/2fa/totp/activate/"


def code(secret: str, at: float) -> str:
    """The code of a moment (RFC 6238: HMAC-SHA-1, 30 seconds, six digits)."""
    mac = hmac.digest(base64.b32decode(secret), int(at // 30).to_bytes(8, "big"), hashlib.sha1)
    start = mac[-1] & 15
    return f"{(int.from_bytes(mac[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def signed_in(cast: Cast, name: str) -> Client:
    user = cast[name]
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    answer = client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return client


@pytest.fixture(autouse=True)
def needed(settings: Settings) -> None:
    settings.WARDWATCH_SECOND_FACTOR = frozenset({"ciso"})


def test_everything_leads_to_where_one_is_made_until_there_is_one(cast: Cast) -> None:
    client = signed_in(cast, "ciso")
    for path in ("/", "/wall", "/wall.json", "/alerts", "/settings", "/api/v1/me"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, MAKE_ONE), path
    assert client.post("/settings/keep", {"theme": "dark"}).headers["Location"] == MAKE_ONE
    assert client.post(f"/account/reauthenticate/?next={MAKE_ONE}", {"password": PASSWORD}).status_code == 302
    page = client.get(MAKE_ONE).content.decode()
    assert "Your role asks for a second factor" in page
    secret = re.search(r'value="([A-Z2-7]{32})"', page)
    assert secret is not None
    assert client.post(MAKE_ONE, {"code": "000000"}).status_code == 200
    assert client.get("/wall").status_code == 302
    assert client.post(MAKE_ONE, {"code": code(secret[1], time.time())}).status_code == 302
    assert client.get("/wall").status_code == 200
    assert "Your role asks" not in client.get("/account/2fa/").content.decode()
    # The next time it is asked for, and nothing opens before it was given.
    again = Client()
    asked = again.post("/account/login/", {"login": cast["ciso"].email, "password": PASSWORD})
    assert asked.headers["Location"].startswith("/account/2fa/authenticate/")
    assert again.get("/wall").status_code in {302, 404}
    Authenticator.objects.get(user=cast["ciso"], type="totp").delete()
    assert client.get("/wall").headers["Location"] == MAKE_ONE


def test_other_roles_and_the_sealed_account_come_in_without(cast: Cast) -> None:
    assert signed_in(cast, "analyst").get("/alerts").status_code == 200
    user = cast["ciso"]
    user.break_glass = True
    assert signed_in(cast, "ciso").get("/wall").status_code == 200


def test_a_role_lent_by_a_mandate_or_a_grouping_counts(cast: Cast, settings: Settings) -> None:
    settings.WARDWATCH_SECOND_FACTOR = frozenset({"coordinator"})
    assert signed_in(cast, "coordinator").get("/wall").headers["Location"] == MAKE_ONE


def test_the_demonstration_asks_nobody(cast: Cast, settings: Settings) -> None:
    settings.WARDWATCH_DEMO = True
    assert signed_in(cast, "ciso").get("/wall").status_code == 200


def test_a_role_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    environ = {"WARDWATCH_HOME": str(tmp_path), "WARDWATCH_CONSOLE_SECOND_FACTOR": "ciso, cizo"}
    with pytest.raises(ContentError, match="no role cizo"):
        configuration(load(environ))
    environ["WARDWATCH_CONSOLE_SECOND_FACTOR"] = "ciso, administrator"
    assert configuration(load(environ)).second_factor == {"ciso", "administrator"}
