"""`wardwatch alerts`: the queue of a console, and what an analyst does with it, through the API."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from wardwatch.cli import DONE, _rows, _server
from wardwatch.cli._rules import say
from wardwatch.cli._times import span
from wardwatch.kernel.severity import Level

if TYPE_CHECKING:
    from wardwatch.client.client import Client
    from wardwatch.client.values import AlertGroup, WholeGroup

QUEUES = ("review", "mine", "silenced", "closed")
_reason = click.option("--reason", default="", help="Why.")


@click.group("alerts")
def command() -> None:
    """List and work groups of alerts. Acts are done once, and can be taken back (`undo`)."""


@command.command("list")
@click.option("--queue", type=click.Choice(QUEUES), default="review", show_default=True, help="Which queue.")
@click.option("--tenant", default="", help="Only of this hospital.")
@click.option("--level", type=click.Choice([one.word for one in Level]), default=None, help="This level and above.")
@click.option("--host", default="", help="Only on this computer.")
@click.option("--rule", default="", help="Only of this rule.")
@click.option("--most", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many.")
@_rows.option
def list_(queue: str, level: str | None, most: int, json_to: str | None, **given: str) -> int:
    """List a queue, the gravest first."""
    count = 0
    with _server.connected() as client, _rows.rows(json_to) as take:
        for one in client.alerts(queue, level=level or "", **given):
            if count == most:
                print("more: --most", file=sys.stderr)
                break
            count += 1
            take({"format": "wardwatch/alert-group/1", **asdict(one)})
            if json_to != "-":
                say(_line(one))
    return DONE


def _line(one: "AlertGroup") -> str:
    hosts = ", ".join(one.hosts[:3]) or "-"
    return (
        f"{one.id} {one.score:4} {one.level:13} {one.last_at[:16]} {one.hospital}: {one.title} [{hosts}] × {one.count}"
    )


@command.command("show")
@click.argument("group")
@_rows.option
def show(group: str, json_to: str | None) -> int:
    """Show a group with its alerts, why it is one, and its timeline."""
    with _server.connected() as client, _rows.rows(json_to) as take:
        found = client.alert(group)
        take({"format": "wardwatch/alert-group/1", **asdict(found)})
        if json_to != "-":
            _told(found)
    return DONE


def _told(found: "WholeGroup") -> None:
    from wardwatch.catalogue.words import sentence  # noqa: PLC0415

    say(_line(found))
    say(f"  state: {found.state}" + (f", taken by {found.assignee}" if found.assignee else ""))
    say("  score: " + ", ".join(f"{one['kind']} {one['points']}" for one in found.parts))
    say(
        "  grouped by: " + (", ".join(f"{one['kind']} {one['value']}" for one in found.reasons) or "nothing, it is one")
    )
    for alert in found.alerts[:20]:
        say(f"  {alert['occurred_at']} {alert['level']:8} {alert['host'] or '-'} {alert['rule_title']}")
    for entry in found.timeline:
        say(f"  {entry['at']} {sentence(entry['text'], entry['params'], 'en')}")


def _silence(client: "Client", group: str, lasting: int, reason: str) -> None:
    client.silence(group, datetime.now(UTC) + timedelta(microseconds=lasting), reason)


_acts = _server.acts(command, "group")
_acts("take", "Take a group.", lambda client, group: client.take(group))
_acts("release", "Give a group back.", lambda client, group: client.release(group))
_acts("reopen", "Open a settled group again.", lambda client, group: client.reopen(group))
_acts("unmerge", "Let a merged group stand alone again.", lambda client, group: client.unmerge(group))
_acts("undo", "Take back the last act on a group.", lambda client, group: client.undo_on_alert(group))
_acts(
    "settle",
    "Say that a group was dealt with.",
    lambda client, group, reason: client.settle(group, reason),
    _reason,
)
_acts(
    "false-positive",
    "Say that a group was nothing; a tuning is proposed.",
    lambda client, group, reason: client.false_positive(group, reason),
    _reason,
)
_acts(
    "silence",
    "Do not hear of a group for some time, unless it gets worse.",
    _silence,
    click.option("--for", "lasting", callback=span, required=True, help="How long: 4h, 7d; at most 90d."),
    _reason,
)
_acts(
    "raise",
    "Make an incident of a group, or add it to one.",
    lambda client, group, title, incident: client.raise_incident(group, title, incident),
    click.option("--title", default="", help="What the incident is called."),
    click.option("--incident", default="", help="The incident that it joins."),
)
_acts(
    "merge",
    "Put other groups below a group; it can be undone exactly.",
    lambda client, group, others: client.merge(group, others),
    click.argument("others", nargs=-1, required=True),
)
_acts(
    "note",
    "Write something down at a group.",
    lambda client, group, text: client.note_on_alert(group, text),
    click.argument("text"),
)
