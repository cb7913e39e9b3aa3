"""The quiet page of a small house: what needs me, nothing else."""

from wardwatch.web.screen import Asked, Page, Screen


def mine(asked: Asked) -> Page:
    """Show what waits for this person."""
    data: dict[str, object] = {"waiting": (), "name": asked.actor.name}
    return Page("mine/mine.html", data)


SCREENS = (Screen("mine", "mine", None, mine),)
