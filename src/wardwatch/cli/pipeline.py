"""`wardwatch pipeline`: watch over what was received."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wardwatch.cli import _rows

if TYPE_CHECKING:
    from wardwatch.events.alert import Alert

_PATH = click.Path(path_type=Path, exists=True)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("pipeline")
@click.option("--rules", multiple=True, type=_PATH, metavar="DIR|ZIP", help="More rules.")
@click.option("--lists", multiple=True, type=_FOLDER, metavar="DIR", help="Folders of lists that rules read.")
@_rows.option
@click.option("--until-empty", is_flag=True, help="Stop when everything that was received is in the lake.")
def command(rules: tuple[Path, ...], lists: tuple[Path, ...], json_to: str | None, until_empty: bool) -> int:  # noqa: FBT001
    """Read what was received, detect, correlate, and keep events in the lake. Stops on SIGTERM.

    Alerts are in `alerts/` of the Wardwatch home. Rules in its folder `rules` are taken in when they change.
    """
    from wardwatch.cli import DONE, PARTLY  # noqa: PLC0415
    from wardwatch.runtime.settings import load  # noqa: PLC0415
    from wardwatch.runtime.stopping import Stopping  # noqa: PLC0415
    from wardwatch.runtime.watching import watch  # noqa: PLC0415

    stop = Stopping()
    with _rows.growing(json_to) as take:

        def hand(alerts: "list[Alert]") -> None:
            _hand(alerts, take)

        stop.on_signals()
        watching = watch(load(), stop, rules=rules, lists=lists, on_alerts=hand, ready=_ready, until_empty=until_empty)
    events, alerts, rejected = watching.totals()
    print(f"{events:,} events, {alerts:,} alerts, {rejected:,} not understood", file=sys.stderr)
    return PARTLY if until_empty and (rejected or watching.troubled) else DONE


def _ready() -> None:
    print("watching", file=sys.stderr, flush=True)


def _hand(alerts: "list[Alert]", take: _rows.Take) -> None:
    """Hand new alerts to programs at once."""
    import orjson  # noqa: PLC0415

    from wardwatch.events.alert_lines import line  # noqa: PLC0415

    for alert in alerts:
        take(orjson.loads(line(alert)))
