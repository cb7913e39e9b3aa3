"""Start Django, once in a process, when a verb needs it: `wardwatch scan` and `--help` never load it."""

from pathlib import Path

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import WardwatchError
from wardwatch.records.configuration import Configuration, django_settings


def setup(configuration: Configuration, disk: Disk | None = None) -> None:
    """Make Django ready; a second call does nothing. Raises `WardwatchError` where the settings are wrong."""
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    if settings.configured:
        return
    place = disk or Disk()
    place.make_folder(configuration.home)
    settings.configure(**django_settings(configuration, place))
    django.setup()


def migrate(verbosity: int = 0) -> None:
    """Bring the database to the form that this version needs; nothing happens where it has it."""
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=verbosity)
    _protect()


def check_migrated() -> None:
    """Raise `WardwatchError` where the database has not the form that this version needs."""
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise WardwatchError(
            "the database is of another version",
            where=str(connection.settings_dict["NAME"]),
            hint="run wardwatch serve",
        )


def _protect() -> None:
    """Let nobody else read the database file."""
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        if path.is_file():
            path.chmod(0o600)
