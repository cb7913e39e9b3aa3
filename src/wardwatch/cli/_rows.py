"""`--json FILE|-`: what a verb says, as JSON Lines for programs. Each line names its format.

Without `-` the text for people goes to stdout as always.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from wardwatch.cli._files import Files

Take = Callable[[Mapping[str, Any]], object]

option = click.option("--json", "json_to", metavar="FILE|-", help="The same as JSON Lines.")


@contextmanager
def rows(target: str | None) -> Iterator[Take]:
    """Give a function that writes a row to `target` (a file, `-` for stdout, or `None`: nowhere)."""
    if target is None:
        yield lambda _: None
        return
    import orjson  # noqa: PLC0415

    files = Files()
    try:
        stream = files.opened(target)
        yield lambda row: stream.write(orjson.dumps(row).decode() + "\n")
        files.finish()
    finally:
        files.close()
