"""Signing on through an OpenID Connect provider, spoken to over HTTP: who is known comes in, nobody else does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from allauth.socialaccount.models import SocialAccount
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from tests.cast import Cast
from tests.web.identity_provider import CLIENT, SECRET, Provider

from wardwatch.kernel.errors import ContentError
from wardwatch.records.configuration import Configuration, SingleSignOn, django_settings
from wardwatch.records.models import AuditRow, UserRow
from wardwatch.runtime.console import configuration
from wardwatch.runtime.settings import load


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@pytest.fixture
def provider(settings: Settings, tmp_path: Path, cast: Cast) -> Iterator[Provider]:
    claims = {"sub": "4711", "email": cast["analyst"].email, "email_verified": True, "name": "Ada"}
    with Provider(claims) as one:
        sign_on = (SingleSignOn("Hospital Login", one.address, CLIENT, SECRET),)
        made = django_settings(Configuration(home=tmp_path, sign_on=sign_on))
        settings.SOCIALACCOUNT_PROVIDERS = made["SOCIALACCOUNT_PROVIDERS"]
        yield one


def sign_on(client: Client) -> HttpResponse:
    """Press the button, go where it leads, and come back."""
    to = client.post("/account/oidc/hospital-login/login/")
    assert to.status_code == 302
    with pytest.raises(HTTPError) as back:
        build_opener(_Stay).open(to.headers["Location"])
    place = urlsplit(back.value.headers["Location"])
    back.value.close()
    return client.get(f"{place.path}?{place.query}")  # type: ignore[return-value]


@pytest.mark.usefixtures("provider")
def test_the_page_offers_it() -> None:
    page = Client().get("/account/login/").content.decode()
    assert "Use your account of Hospital Login" in page
    assert "/account/oidc/hospital-login/login/" in page


@pytest.mark.parametrize("where", ["both", "id", "userinfo"])
def test_who_is_known_comes_in_and_it_is_written_down(provider: Provider, cast: Cast, where: str) -> None:
    provider.in_id, provider.in_userinfo = where != "userinfo", where != "id"
    client = Client()
    assert sign_on(client).headers["Location"] == "/"
    assert not provider.refused
    assert client.get("/alerts").status_code == 200
    assert SocialAccount.objects.get().user_id == cast["analyst"].id
    assert AuditRow.objects.filter(actor=str(cast["analyst"].id), action="person.signed-in").exists()
    # The second time the provider's own id decides, whatever it says of an e-mail.
    provider.claims["email"] = cast["ciso"].email
    other = Client()
    sign_on(other)
    assert other.session["_auth_user_id"] == str(cast["analyst"].id)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@elsewhere.example"},
        {"email": ""},
        {"email_verified": False},
        {"email_verified": "true, says the provider"},
        {"email_verified": None},
    ],
)
def test_nobody_else_does_and_no_account_is_made(provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims |= claims
    before = UserRow.objects.count()
    client = Client()
    answer = sign_on(client)
    assert "_auth_user_id" not in client.session
    assert answer.status_code in {200, 302}
    assert client.get("/alerts").status_code in {302, 404}
    assert (UserRow.objects.count(), SocialAccount.objects.count()) == (before, 0)


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("state", ["inactive", "break_glass"])
def test_closed_and_sealed_accounts_do_not(cast: Cast, state: str) -> None:
    changed = {"is_active": False} if state == "inactive" else {"break_glass": True}
    UserRow.objects.filter(id=cast["analyst"].id).update(**changed)
    client = Client()
    sign_on(client)
    assert "_auth_user_id" not in client.session
    assert not SocialAccount.objects.exists()


@pytest.mark.usefixtures("provider")
def test_an_account_that_is_closed_later_does_not_come_in_again(cast: Cast) -> None:
    sign_on(Client())
    UserRow.objects.filter(id=cast["analyst"].id).update(is_active=False)
    client = Client()
    sign_on(client)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("wrong", ["issuer", "audience"])
def test_an_id_of_another_provider_or_for_another_program_is_refused(provider: Provider, wrong: str) -> None:
    setattr(provider, wrong, "http://elsewhere.example")
    client = Client()
    sign_on(client)
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("provider")
def test_an_answer_that_nobody_asked_for_is_refused() -> None:
    client = Client()
    answer = client.get("/account/oidc/hospital-login/login/callback/?code=x&state=forged")
    assert answer.status_code == 401
    assert "_auth_user_id" not in client.session


def test_a_provider_is_spoken_to_over_tls_alone(tmp_path: Path) -> None:
    """What vouches for a provider's word is its certificate: over plain HTTP anybody in between could sign anybody on."""
    row = '{ name = "x", server = "%s", client = "c", secret_file = "s" }'
    (tmp_path / "s").write_text(SECRET)
    for server, right in (
        ("https://login.hospital.example", True),
        ("http://127.0.0.1:9000", True),
        ("http://[::1]:9000", True),
        ("http://login.hospital.example", False),
        ("http://127.0.0.1.elsewhere.example", False),
        ("ftp://login.hospital.example", False),
        ("login.hospital.example", False),
    ):
        (tmp_path / "wardwatch.toml").write_text(f"[console]\nsign_on = [{row % server}]\n")
        settings = load({"WARDWATCH_HOME": str(tmp_path)})
        if right:
            assert configuration(settings).sign_on[0].server == server
        else:
            with pytest.raises(ContentError, match="not over TLS"):
                configuration(settings)


@pytest.mark.usefixtures("provider")
def test_a_role_that_needs_a_second_factor_may_leave_it_to_the_provider(settings: Settings) -> None:
    settings.WARDWATCH_SECOND_FACTOR = frozenset({"analyst"})
    client = Client()
    sign_on(client)
    assert client.get("/alerts").status_code == 200
