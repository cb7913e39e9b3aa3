"""The database, for verbs that need it; Django is loaded here and by no other verb."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wardwatch.runtime.settings import Settings


def ready(*, migrates: bool, demo: bool = False) -> "Settings":
    """Return the settings, with the database open.

    A verb that `migrates` brings it to this version's form; any other raises `WardwatchError` where it has another.
    """
    from wardwatch.records import boot  # noqa: PLC0415
    from wardwatch.runtime import console  # noqa: PLC0415
    from wardwatch.runtime.settings import load  # noqa: PLC0415

    settings = load()
    console.boot(settings, demo=demo)
    if migrates:
        boot.migrate()
    else:
        boot.check_migrated()
    return settings
