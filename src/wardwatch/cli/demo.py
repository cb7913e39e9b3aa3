"""`wardwatch demo`: made-up hospitals to try everything with, and how to be rid of them."""

import sys
from typing import TYPE_CHECKING

import click

from wardwatch.cli import _records, _rows
from wardwatch.kernel.errors import InputError

if TYPE_CHECKING:
    from wardwatch.runtime.settings import Settings


@click.group("demo")
def command() -> None:
    """Set up, feed and remove a demonstration: four made-up houses, and an attack on one of them."""


@command.command("start")
@_rows.option
def start(json_to: str | None) -> int:
    """Set up the demonstration and print who can sign in. `wardwatch serve` then feeds it."""
    settings = _records.ready(migrates=True)
    set_up(settings, json_to)
    return 0


def set_up(settings: "Settings", json_to: str | None = None) -> None:
    """Make the demonstration, or find it, and print who can sign in."""
    from wardwatch.runtime import demo  # noqa: PLC0415
    from wardwatch.usecases import clock  # noqa: PLC0415
    from wardwatch.usecases import demo as people  # noqa: PLC0415

    kept = demo.prepare(settings, people.tenants(), people.new_password())
    logins = people.create(kept.password, clock.now())
    with _rows.rows(json_to) as take:
        for one in logins:
            take(
                {
                    "format": "wardwatch/demo/1",
                    "email": one.email,
                    "name": one.name,
                    "role": one.role,
                    "place": one.place,
                }
            )
    print(f"the demonstration's people sign in with the password {kept.password}", file=sys.stderr)
    for one in logins:
        print(f"  {one.email:<28} {one.name:<16} {one.role}", file=sys.stderr)
    sys.stderr.flush()


@command.command("feed")
@_rows.option
def feed(json_to: str | None) -> int:
    """Send the demonstration's logs to this machine's own listeners until told to stop."""
    from wardwatch.runtime import demo  # noqa: PLC0415
    from wardwatch.runtime.settings import load  # noqa: PLC0415

    settings = load()
    kept = demo.kept(settings)
    if kept is None:
        raise InputError("no demonstration here", where=str(settings.home), hint="wardwatch demo start")
    sent = 0
    over_http = demo.over_http(settings.ingest.http[0], kept.tokens)

    def send(tenant: str, source: str, lines: list[str]) -> None:
        nonlocal sent
        over_http(tenant, source, lines)
        sent += len(lines)

    feeder = demo.Feeder(tuple(kept.tokens), send)
    feeder.stopping.on_signals()
    feeder.run()
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/demo/1", "sent": sent})
    print(f"{sent:,} lines sent", file=sys.stderr)
    return 0


@command.command("remove")
@_rows.option
def remove(json_to: str | None) -> int:
    """Take the demonstration away: its people, houses, alerts at once, its files at the next start."""
    settings = _records.ready(migrates=True)
    from wardwatch.usecases import clock  # noqa: PLC0415
    from wardwatch.usecases import demo as people  # noqa: PLC0415

    gone = people.remove(clock.now())
    people.mark_gone(settings.home, gone)
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/demo/1", "removed": list(gone)})
    print(f"removed: {', '.join(gone) or 'nothing'}", file=sys.stderr)
    return 0
