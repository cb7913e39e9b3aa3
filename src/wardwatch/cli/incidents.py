"""`wardwatch incidents`: list, look, hand on, and act, through the API."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from wardwatch.cli import DONE, _rows, _server
from wardwatch.cli._rules import say
from wardwatch.cli._times import span

if TYPE_CHECKING:
    from wardwatch.client.client import Client

STATES = ("normal", "degraded", "down", "unknown")


@click.group("incidents")
def command() -> None:
    """List and work incidents."""


@command.command("list")
@click.option("--over", is_flag=True, help="Those that are over.")
@_rows.option
def list_(*, over: bool, json_to: str | None) -> int:
    """List incidents, the gravest first."""
    with _server.connected() as client, _rows.rows(json_to) as take:
        for one in client.incidents("over" if over else "open"):
            take({"format": "wardwatch/incident/1", **asdict(one)})
            if json_to != "-":
                say(f"{one.id} {one.score:4} {one.state:11} {one.opened_at[:16]} {one.hospital}: {one.title}")
    return DONE


@command.command("show")
@click.argument("incident")
@click.option(
    "--stix", "tlp", type=click.Choice(["clear", "green", "amber", "red"]), help="As STIX 2.1, marked so (TLP)."
)
@click.option("--json", "json_to", metavar="FILE|-", default="-", show_default=True, help="Where it goes, as JSON.")
def show(incident: str, tlp: str | None, json_to: str) -> int:
    """Show an incident whole: `wardwatch/incident-export/1`, or a STIX 2.1 bundle."""
    with _server.connected() as client, _rows.rows(json_to) as take:
        take(client.stix(incident, tlp) if tlp else client.incident(incident))
    return DONE


def _task(client: "Client", incident: str, title: str, within: int | None) -> None:
    due = None if within is None else datetime.now(UTC) + timedelta(microseconds=within)
    client.add_task(incident, title, due)


_acts = _server.acts(command, "incident")
_acts("own", "Lead an incident.", lambda client, incident: client.own(incident))
_acts("undo", "Take back the last act, within fifteen minutes.", lambda client, incident: client.undo(incident))
_acts(
    "move",
    "Bring an incident to another state.",
    lambda client, incident, to, reason: client.move(incident, to, reason),
    click.option("--reason", default="", help="Why."),
    click.argument("to"),
)
_acts(
    "note",
    "Write something down at an incident.",
    lambda client, incident, text: client.note(incident, text),
    click.argument("text"),
)
_acts(
    "task",
    "Say what is to be done.",
    _task,
    click.option("--within", callback=span, metavar="SPAN", help="Until when, from now on: 4h, 2d."),
    click.argument("title"),
)
_acts(
    "done",
    "Say that a task was done.",
    lambda client, incident, task: client.finish_task(incident, task),
    click.argument("task"),
)
_acts(
    "care",
    "Say what an incident does to a service.",
    lambda client, incident, service, state, text: client.state_care(incident, service, state, text),
    click.option("--text", default="", help="In words."),
    click.argument("state", type=click.Choice(STATES)),
    click.argument("service"),
)
