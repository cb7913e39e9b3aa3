"""Some roles need a second factor: until a person has one, every page leads to where it is made.

OWASP ASVS 5.0, 6.3.3.

Who signs on through an identity provider is left to that provider. A sealed account needs none: it must work when
nothing else does, and its use is told to everybody who answers for security.
"""

from collections.abc import Callable

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from wardwatch.usecases import installation
from wardwatch.web.person import actor_in

# Where somebody without one may go: to make one, to change the language, to leave.
_OPEN = ("/account/", "/language")


def second_factor(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Django middleware, after `person`: let nobody pass who needs a second factor and has none."""

    def guarded(request: HttpRequest) -> HttpResponse:
        due = _is_due(request)
        request.second_factor_due = due  # type: ignore[attr-defined]  # the page where it is made says why
        if due and not request.path.startswith(_OPEN):
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return answer(request)

    return guarded


def _is_due(request: HttpRequest) -> bool:
    needed = installation.second_factor() if request.user.is_authenticated else frozenset()
    if not needed & actor_in(request).held.keys() or getattr(request.user, "break_glass", False):
        return False
    by_provider = any(one["method"] == "socialaccount" for one in get_authentication_records(request, request.user))
    return not by_provider and not is_mfa_enabled(request.user, [Authenticator.Type.TOTP])
