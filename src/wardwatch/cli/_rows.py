"""`--json FILE|-`: what a verb says, as JSON Lines for programs. Each line names its format.

Without `-` the text for people goes to stdout as always.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

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

    def plain(value: object) -> str:
        return str(value)

    with written(target) as stream:
        options = orjson.OPT_NON_STR_KEYS
        yield lambda row: stream.write(orjson.dumps(row, default=plain, option=options).decode() + "\n")


@contextmanager
def written(target: str) -> Iterator[TextIO]:
    """Open a file, or stdout for `-`; a file is there when all of it is."""
    files = Files()
    try:
        yield files.opened(target)
        files.finish()
    finally:
        files.close()
