"""`wardwatch people`: accounts that are made on the machine itself."""

import secrets
import sys
from pathlib import Path

import click

from wardwatch.cli import PARTLY, _records, _rows


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


@command.command("invite")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_rows.option
def invite(file: Path, json_to: str | None) -> int:
    """Invite whom a table names (CSV or Excel: email, role, organisation or grouping); links are printed this once."""
    _records.ready(migrates=False)
    from wardwatch.estate.importing import MAX_BYTES, rows_of_csv, rows_of_xlsx  # noqa: PLC0415
    from wardwatch.kernel.errors import InputError  # noqa: PLC0415
    from wardwatch.usecases import clock, inviting  # noqa: PLC0415
    from wardwatch.usecases.operator import operator  # noqa: PLC0415
    from wardwatch.usecases.roles import Permission  # noqa: PLC0415

    if file.stat().st_size > MAX_BYTES:
        raise InputError("too large", where=str(file), hint="at most 10 MB")
    data = file.read_bytes()
    rows = rows_of_xlsx(data) if data.startswith(b"PK") else rows_of_csv(data)
    actor = operator(Permission.MANAGE_PEOPLE)
    invited, refused = inviting.invite_many(actor, rows, clock.now())
    with _rows.rows(json_to) as take:
        for one in invited:
            link = f"/welcome/{one.secret}"
            take(
                {"format": "wardwatch/invitation/1", "row": one.row, "email": one.email, "role": one.role, "link": link}
            )
            if json_to != "-":
                print(f"{one.email}  {one.role}  {link}")
    for two in refused:
        print(f"row {two.row}: {two.email or '(no e-mail)'}: {two.what.en}", file=sys.stderr)
    print(f"{len(invited)} invited, {len(refused)} rows left out", file=sys.stderr)
    return PARTLY if refused else 0


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
