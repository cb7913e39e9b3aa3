"""Every address: those of the screens, which are found, accounts, and what has no screen."""

from collections.abc import Iterator

from allauth.account import views as account
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from wardwatch.kernel import discovery
from wardwatch.web import screens
from wardwatch.web.api import api
from wardwatch.web.screen import Act, Screen

handler404 = "wardwatch.web.failures.not_found"
handler500 = "wardwatch.web.failures.failed"


def found() -> Iterator[Screen | Act]:
    """Every screen and act, in the order of the folders that declare them as `SCREENS`."""
    for module in discovery.modules(screens):
        yield from getattr(module, "SCREENS", ())


def alive(_: HttpRequest) -> HttpResponse:
    """Say that the console answers; for supervisors and load balancers."""
    return HttpResponse("alive\n", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    *(pattern for one in found() for pattern in one.patterns()),
    *(one for module in discovery.modules(screens) for one in getattr(module, "OPEN", ())),
    path("alive", alive, name="alive"),
    path("api/v1/", api.urls),
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/password/change/", account.password_change, name="account_change_password"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/signup/", account.signup, name="account_signup"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/", include("allauth.socialaccount.urls")),
    path("account/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
