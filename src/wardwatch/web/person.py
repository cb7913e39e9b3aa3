"""Who asks: the actor, the language and the time of a request, for views and templates."""

from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from wardwatch import __version__
from wardwatch.usecases import beginning, clock, installation
from wardwatch.usecases.access import NOBODY, Actor, actor_of
from wardwatch.web.menu import menu

LANGUAGES = {"en": "English", "fr": "Français"}
COOKIE = "language"


def person(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Django middleware: find out who asks, and speak their language."""
    zone = installation.zone()

    def known(request: HttpRequest) -> HttpResponse:
        user = request.user
        actor = NOBODY
        if user.is_authenticated:
            actor = actor_of(user.id, user.name, user.language, clock.now())
        request.actor = actor  # type: ignore[attr-defined]
        language = actor.language if actor.id else spoken(request)
        with translation.override(language), timezone.override(zone):
            request.LANGUAGE_CODE = language
            response = answer(request)
            response.headers.setdefault("Content-Language", language)
        return response

    return known


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
