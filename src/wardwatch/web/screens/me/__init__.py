"""What a person sets for themselves: language, look, keys; and where their day begins."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, path, reverse
from django.views.decorators.http import require_POST

from wardwatch.kernel import stamps
from wardwatch.usecases import oncall, people
from wardwatch.web.person import BEGAN, COOKIE, LANGUAGES, actor_in
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, back, is_ours

THEMES = ("", "light", "dark")


def home(asked: Asked) -> Answer:
    """Go to the first page of the person's day."""
    try:
        return HttpResponseRedirect(reverse(asked.actor.first_page))
    except NoReverseMatch:
        return HttpResponseRedirect("/mine")


def likings(asked: Asked) -> Answer:
    """Show what a person may set."""
    user = asked.request.user
    data = {
        "name": asked.actor.name,
        "email": getattr(user, "email", ""),
        "roles": sorted(asked.actor.roles),
        "keys": getattr(user, "keys_on", True),
        "set_language": asked.actor.language,
        "set_theme": getattr(user, "theme", ""),
        "phone": getattr(user, "phone", ""),
    }
    return Page("me/settings.html", data, more={"languages": LANGUAGES})


def keep(asked: Asked) -> Answer:
    """Keep what a person set."""
    language, theme = asked.sent("language"), asked.sent("theme")
    oncall.set_phone(asked.actor, asked.sent("phone"), asked.now)
    people.set_likings(
        asked.actor,
        language=language if language in LANGUAGES else asked.actor.language,
        theme=theme if theme in THEMES else "",
        keys_on=asked.sent("keys") == "on",
        now=asked.now,
    )
    return back(asked, "/settings")


def sign_out_elsewhere(asked: Asked) -> Answer:
    """End all other sessions of the person; this one goes on."""
    people.sign_out(asked.actor, UUID(asked.actor.id), asked.now)
    asked.request.session[BEGAN] = stamps.micros(asked.now)
    return back(asked, "/settings")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language, also for who has not signed in."""
    chosen = request.POST.get("language", "")
    target = request.POST.get("next", "/")
    response = HttpResponseRedirect(target if is_ours(target) else "/")
    if chosen in LANGUAGES:
        actor = actor_in(request)
        if actor.id:
            people.set_language(actor, chosen)
        response.set_cookie(
            COOKIE, chosen, max_age=31_536_000, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    return response


SCREENS = (
    Screen("", "home", None, home),
    Screen("settings", "settings", None, likings),
    Act("settings/keep", "settings-keep", None, keep),
    Act("settings/sign-out", "settings-sign-out", None, sign_out_elsewhere),
)
OPEN = (path("language", language, name="language"),)
