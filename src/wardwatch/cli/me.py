"""`wardwatch me`: who a key stands for."""

from dataclasses import asdict

import click

from wardwatch.cli import DONE, _rows, _server
from wardwatch.cli._rules import say


@click.command("me")
@_rows.option
def command(json_to: str | None) -> int:
    """Say who the key stands for, and what it may do in which hospitals."""
    with _server.connected() as client, _rows.rows(json_to) as take:
        me = client.me()
        take({"format": "wardwatch/me/1", **asdict(me)})
        if json_to != "-":
            say(f"{me.name} ({', '.join(me.roles) or 'no role'})")
            for permission, tenants in me.may.items():
                say(f"  {permission:22} {', '.join(tenants)}")
    return DONE
