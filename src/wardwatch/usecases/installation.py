"""What this installation was told: where its home is, and in which zone times are shown."""

from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings


def home() -> Path:
    """Where this installation keeps everything."""
    return Path(getattr(settings, "WARDWATCH_HOME"))  # noqa: B009  (Django's settings are no type)


def zone() -> ZoneInfo:
    """The zone in which times are shown and read."""
    return ZoneInfo(str(getattr(settings, "WARDWATCH_ZONE", "UTC")))


def second_factor() -> frozenset[str]:
    """The roles that need a second factor to sign in; in a demonstration nobody needs one."""
    return frozenset() if is_demo() else frozenset(getattr(settings, "WARDWATCH_SECOND_FACTOR", ()))


def is_demo() -> bool:
    """Whether the demonstration is here: made-up hospitals beside real ones."""
    return bool(getattr(settings, "WARDWATCH_DEMO", False))
