"""`wardwatch serve`: everything under one supervisor."""

import sys

import click

from wardwatch.cli import _records, _rows


@click.command("serve")
@click.option(
    "--without", multiple=True, type=click.Choice(["ingest", "pipeline", "clock", "console"]), help="Leave out."
)
@click.option("--demo", "with_demo", is_flag=True, help="With the demonstration: four made-up houses and an attack.")
@_rows.option
def command(without: tuple[str, ...], with_demo: bool, json_to: str | None) -> int:  # noqa: FBT001  (click)
    """Run listeners, pipeline, console and clock; one that fails is started again. Stops on SIGTERM."""
    from wardwatch.cli import DONE, PARTLY  # noqa: PLC0415
    from wardwatch.runtime import demo  # noqa: PLC0415
    from wardwatch.runtime.settings import load  # noqa: PLC0415
    from wardwatch.runtime.stopping import Stopping  # noqa: PLC0415
    from wardwatch.runtime.supervisor import Supervisor  # noqa: PLC0415

    demo.sweep(load())
    settings = _records.ready(migrates=True, demo=with_demo)
    if with_demo:
        from wardwatch.cli.demo import set_up  # noqa: PLC0415

        set_up(settings)
    stop = Stopping()
    stop.on_signals()
    with _rows.rows(json_to) as take:

        def say(verb: str, what: str) -> None:
            take({"format": "wardwatch/serve/1", "process": verb, "what": what})
            print(f"{verb}: {what}", file=sys.stderr, flush=True)

        supervisor = Supervisor(verbs=_verbs(without, demo=demo.kept(settings) is not None), say=say)
        supervisor.start()
        while not stop.wait(0.5):
            supervisor.look()
        return DONE if supervisor.stop() else PARTLY


def _verbs(without: tuple[str, ...], *, demo: bool) -> tuple[tuple[str, ...], ...]:
    """The command lines of the children."""
    from wardwatch.runtime.supervisor import VERBS  # noqa: PLC0415

    verbs = tuple((verb,) for verb in VERBS if verb not in without)
    return (*verbs, ("demo", "feed")) if demo and "ingest" not in without else verbs
