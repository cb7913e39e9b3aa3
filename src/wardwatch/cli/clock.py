"""`wardwatch clock`: alerts become work, timers ring, messages leave; alone."""

import sys

import click

from wardwatch.cli import _records, _rows


@click.command("clock")
@_rows.option
def command(json_to: str | None) -> int:
    """Turn alerts into work for people, let timers ring, send messages. Stops on SIGTERM."""
    settings = _records.ready(migrates=True)
    from wardwatch.runtime.clock import Clock  # noqa: PLC0415

    clock = Clock(settings)
    clock.stopping.on_signals()
    print("the clock runs", file=sys.stderr, flush=True)
    clock.run()
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/clock/1", "alerts": clock.taken, "timers": clock.rung, "notices": clock.told})
    print(f"{clock.taken:,} alerts taken in, {clock.rung:,} timers, {clock.told:,} messages", file=sys.stderr)
    return 0
