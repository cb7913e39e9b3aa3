"""A page for what was not done, and why; nothing was changed."""

from urllib.parse import urlsplit

from django.http import HttpRequest

from wardwatch.catalogue.words import sentence
from wardwatch.kernel.errors import InputError
from wardwatch.watch.effects import Refused
from wardwatch.web.screen import Asked, Page, is_ours
from wardwatch.web.tags import french


def wrong(asked: Asked, error: InputError) -> Page:
    """Say what of a form is to be mended, and lead back to it."""
    where = f" ({error.where})" if "@" in error.where else ""
    data = {
        "what": _typeset(error.said.in_(asked.language) + where, asked.language),
        "hint": _typeset(error.advice.in_(asked.language), asked.language),
        "back": came_from(asked.request),
    }
    return Page("wrong.html", data, status=422)


def came_from(request: HttpRequest) -> str:
    """The page of ours that a form was sent from; else the one that its address lies below."""
    sent = urlsplit(request.headers.get("Referer", "")[:2000])
    if sent.netloc == request.get_host() and is_ours(sent.path):
        return sent.path + (f"?{sent.query}" if sent.query else "")
    return request.path.rsplit("/", 1)[0] or "/"


def _typeset(text: str, language: str) -> str:
    return french(text) if language == "fr" else text


def refused(asked: Asked, why: Refused, back: str) -> Page:
    """Say why an act was not done."""
    said = sentence(f"refused.{why.reason}", why.params, asked.language)
    what = _typeset(said, asked.language)
    return Page("wrong.html", {"what": what, "hint": "", "back": back, "reason": why.reason}, status=409)
