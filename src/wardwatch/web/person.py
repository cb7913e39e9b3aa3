"""Who asks: the actor, the language and the time of a request, for views and templates."""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from wardwatch import __version__
from wardwatch.kernel import stamps
from wardwatch.usecases import beginning, clock, installation, tokens
from wardwatch.usecases.access import NOBODY, Actor, actor_of
from wardwatch.web.menu import menu

LANGUAGES = {"en": "English", "fr": "Français"}
COOKIE = "language"
BEGAN = "began"  # when a session began, µs UTC


def person(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Django middleware: find out who asks, and speak their language."""
    zone = installation.zone()

    def known(request: HttpRequest) -> HttpResponse:
        key = tokens.stated(request.headers.get("Authorization", ""))
        if key and not request.path.startswith("/api/"):  # which asks for its keys itself
            actor = tokens.bearer(key, clock.now()) or NOBODY
            request.user = AnonymousUser()
            request.by_key = True  # type: ignore[attr-defined]
            # No browser sends a key by itself, so no other site can make it act.
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # noqa: SLF001
        else:
            _end_if_over(request)
            user = request.user
            actor = actor_of(user.id, user.name, user.language, clock.now()) if user.is_authenticated else NOBODY
        request.actor = actor  # type: ignore[attr-defined]
        language = actor.language if actor.id else spoken(request)
        with translation.override(language), timezone.override(zone):
            request.LANGUAGE_CODE = language
            response = answer(request)
            response.headers.setdefault("Content-Language", language)
        return response

    return known


def _end_if_over(request: HttpRequest) -> None:
    """Sign out whose session was ended from elsewhere or is too old; a session says when it began."""
    user = request.user
    if not user.is_authenticated:
        return
    now = stamps.micros(clock.now())
    began = request.session.setdefault(BEGAN, now)
    if began < user.signed_out_at or began < now - settings.SESSION_COOKIE_AGE * 1_000_000:
        logout(request)


def spoken(request: HttpRequest) -> str:
    """Return the language of somebody who has not signed in: as chosen, as the browser asks, or English."""
    chosen = request.COOKIES.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return tag
    return "en"


def actor_in(request: HttpRequest) -> Actor:
    """The actor of a request."""
    return cast("Actor", getattr(request, "actor", NOBODY))


def is_by_key(request: HttpRequest) -> bool:
    """Whether a program asks, with a key, and not a person who has signed in."""
    return getattr(request, "by_key", False)


def context(request: HttpRequest) -> dict[str, Any]:
    """What every template may use."""
    actor = actor_in(request)
    language = translation.get_language() or "en"
    user = request.user if actor.id else None
    return {
        "actor": actor,
        "language": language,
        "other_language": next((code, name) for code, name in LANGUAGES.items() if code != language),
        "theme": getattr(user, "theme", ""),
        "keys_on": getattr(user, "keys_on", True),
        "now": clock.now(),
        "version": __version__,
        "menu": menu(actor, request.path) if actor.id else (),
        "demo": installation.is_demo(),
        "begins": not actor.id and request.path.startswith("/account/login") and beginning.is_empty(),
    }
