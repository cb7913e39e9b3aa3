"""`wardwatch serve`: everything under one supervisor."""

import signal
import sys
import threading

import click

from wardwatch.cli import _rows


@click.command("serve")
@click.option(
    "--without", multiple=True, type=click.Choice(["ingest", "pipeline", "clock", "console"]), help="Leave out."
)
@_rows.option
def command(without: tuple[str, ...], json_to: str | None) -> int:
    """Run listeners, pipeline, console and clock; one that fails is started again. Stops on SIGTERM."""
    from wardwatch.cli import DONE, PARTLY  # noqa: PLC0415
    from wardwatch.runtime import console  # noqa: PLC0415
    from wardwatch.runtime.settings import load  # noqa: PLC0415
    from wardwatch.runtime.supervisor import VERBS, Supervisor  # noqa: PLC0415

    settings = load()
    console.boot(settings)
    from wardwatch.records.boot import migrate  # noqa: PLC0415

    migrate()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    with _rows.rows(json_to) as take:

        def say(verb: str, what: str) -> None:
            take({"format": "wardwatch/serve/1", "process": verb, "what": what})
            print(f"{verb}: {what}", file=sys.stderr, flush=True)

        supervisor = Supervisor(verbs=tuple(verb for verb in VERBS if verb not in without), say=say)
        supervisor.start()
        while not stop.wait(0.5):
            supervisor.look()
        return DONE if supervisor.stop() else PARTLY
