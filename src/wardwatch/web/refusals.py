"""A page for what was not done, and why; nothing was changed."""

from wardwatch.watch.effects import Refused
from wardwatch.web.screen import Asked, Page
from wardwatch.web.words import fill


def refused(asked: Asked, why: Refused, back: str) -> Page:
    """Say why an act was not done."""
    what = fill(f"refused.{why.reason}", why.params, asked.language)
    return Page("wrong.html", {"what": what, "hint": "", "back": back, "reason": why.reason}, status=409)
