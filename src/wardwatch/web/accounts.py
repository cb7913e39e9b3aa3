"""How allauth fits the house: nobody signs up without an invitation, and every sign-in is in the audit log."""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from wardwatch.records.people import UserRow
from wardwatch.usecases import clock, people


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Accounts with a password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody comes in without an invitation."""
        return False

    def post_login(self, request: HttpRequest, user: Any, **given: Any) -> Any:  # noqa: ANN401
        """Note who came in; a sealed account is noted loudly."""
        row = cast("UserRow", user)
        people.signed_in(row.id, request.META.get("REMOTE_ADDR", ""), clock.now())
        return super().post_login(request, user, **given)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:  # noqa: ANN401
        """Note who did not come in: the address that was typed may be a password, so only known ones are named."""
        people.sign_in_failed(str(credentials.get("email", "")), request.META.get("REMOTE_ADDR", ""), clock.now())
        super().authentication_failed(request, **credentials)

    def add_message(self, *args: object, **kwargs: object) -> None:
        """The pages say by themselves what was done."""


class SignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Accounts of an identity provider: only those that are known here already, by their e-mail."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ANN401, ARG002
        """A provider's word alone makes no account."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:  # noqa: ANN401
        """Join the provider's person to the account with the same e-mail, if the provider has verified it."""
        if sociallogin.is_existing:
            return
        said = sociallogin.account.extra_data
        # Some providers say it in the id, some where they are asked who it is: address and proof must stand together.
        for claims in (said, said.get("userinfo", {}), said.get("id_token", {})):
            email = str(claims.get("email") or "").lower()
            if email and claims.get("email_verified") is True:
                known = UserRow.objects.filter(email=email, is_active=True, break_glass=False).first()
                if known:
                    sociallogin.connect(request, known)
                return
