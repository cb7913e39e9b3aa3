"""`wardwatch console`: where people work, alone."""

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import click

from wardwatch.cli import _records, _rows

if TYPE_CHECKING:
    from wardwatch.runtime.settings import Settings


@click.command("console")
@_rows.option
def command(json_to: str | None) -> int:
    """Serve the console and the API. The database is brought to this version first. Stops on SIGTERM."""
    settings = _records.ready(migrates=True)
    scheme = "https" if settings.console.certificate else "http"
    address = f"{scheme}://{settings.console.address}/"
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/console/1", "address": address})
    print(f"console: {address}", file=sys.stderr, flush=True)
    asyncio.run(_serve(settings))
    return 0


async def _serve(settings: "Settings") -> None:
    from wardwatch.runtime import console  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    await console.serve(settings, stop)
