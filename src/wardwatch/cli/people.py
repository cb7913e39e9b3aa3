"""`wardwatch people`: accounts that are made on the machine itself."""

import secrets
import sys

import click

from wardwatch.cli import _records, _rows


@click.group("people")
def command() -> None:
    """Make accounts on the machine itself: an administrator, a sealed account."""


@command.command("administrator")
@click.argument("email")
@click.option("--name", default="Administrator", show_default=True, help="Name that others see.")
@_rows.option
def administrator(email: str, name: str, json_to: str | None) -> int:
    """Make an account that administers this console, or give one a new password; it is printed this once."""
    _records.ready(migrates=True)
    from wardwatch.usecases import beginning, clock  # noqa: PLC0415

    password = "-".join(secrets.token_hex(3) for _ in range(4))
    row = beginning.administrator(email, name, password, clock.now())
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/account/1", "email": row.email, "password": password})
    print(f"{row.email}: {password}", file=sys.stderr)
    return 0


@command.command("sealed")
@click.argument("email")
@click.option("--organisation", required=True, help="The hospital where it may act.")
@click.option("--name", default="Sealed account", show_default=True, help="Name that others see.")
@_rows.option
def sealed(email: str, organisation: str, name: str, json_to: str | None) -> int:
    """Make a sealed account for when directory and provider are down; lock its password away. Using it is loud."""
    _records.ready(migrates=True)
    from wardwatch.usecases import beginning, clock  # noqa: PLC0415

    password = beginning.sealed(email, name, organisation, clock.now())
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/account/1", "email": email.lower(), "password": password})
    print(f"{email.lower()}: {password}", file=sys.stderr)
    return 0
