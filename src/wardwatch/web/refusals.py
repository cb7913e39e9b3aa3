"""A page for what was not done, and why; nothing was changed."""

from wardwatch.catalogue.words import sentence
from wardwatch.watch.effects import Refused
from wardwatch.web.screen import Asked, Page
from wardwatch.web.tags import french


def refused(asked: Asked, why: Refused, back: str) -> Page:
    """Say why an act was not done."""
    said = sentence(f"refused.{why.reason}", why.params, asked.language)
    what = french(said) if asked.language == "fr" else said
    return Page("wrong.html", {"what": what, "hint": "", "back": back, "reason": why.reason}, status=409)
