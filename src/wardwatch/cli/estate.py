"""`wardwatch estate`: assets, through the API."""

from dataclasses import asdict

import click

from wardwatch.cli import DONE, _rows, _server
from wardwatch.cli._rules import say


@click.group("estate")
def command() -> None:
    """List assets and the care that stands on them."""


@command.command("list")
@click.option("--tenant", default="", help="Only of this hospital.")
@click.option("--name", default="", help="Only assets whose name contains this.")
@_rows.option
def list_(tenant: str, name: str, json_to: str | None) -> int:
    """List assets by name."""
    with _server.connected() as client, _rows.rows(json_to) as take:
        for one in client.assets(tenant, name):
            take({"format": "wardwatch/asset/1", **asdict(one)})
            if json_to != "-":
                where = " ".join((one.zone, *one.addresses)).strip()
                say(f"{one.tenant} {one.name}  {one.kind}  {where}  {', '.join(one.services)}")
    return DONE
