"""`wardwatch care`: how care is in every hospital that a key reaches."""

from dataclasses import asdict

import click

from wardwatch.cli import DONE, _rows, _server
from wardwatch.cli._rules import say


@click.command("care")
@click.option("--all", "every", is_flag=True, help="Services that are normal, too.")
@_rows.option
def command(*, every: bool, json_to: str | None) -> int:
    """Show the services that are not normal, the worst hospital first."""
    with _server.connected() as client, _rows.rows(json_to) as take:
        for board in client.care():
            take({"format": "wardwatch/care/1", **asdict(board)})
            if json_to == "-":
                continue
            say(f"{board.worst:9} {board.hospital.name} ({board.hospital.slug})")
            for one in board.services:
                if every or one.state != "normal":
                    since = f" since {one.since}" if one.since else ""
                    say(f"  {one.state:9} {one.name}{since} {one.why}".rstrip())
    return DONE
