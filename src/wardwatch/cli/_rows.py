"""`--json FILE|-`: what a verb says, as JSON Lines for programs. Each line names its format.

Without `-` the text for people goes to stdout as always.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from wardwatch.cli._files import Files
from wardwatch.kernel.errors import InputError

Take = Callable[[Mapping[str, Any]], object]

option = click.option("--json", "json_to", metavar="FILE|-", help="The same as JSON Lines.")


@contextmanager
def rows(target: str | None) -> Iterator[Take]:
    """Give a function that writes a row to `target` (a file, `-` for stdout, or `None`: nowhere)."""
    if target is None:
        yield lambda _: None
        return
    with written(target) as stream:
        yield lambda row: stream.write(_line(row))


@contextmanager
def growing(target: str | None) -> Iterator[Take]:
    """Give a function that writes a row at once, behind what a file holds already; for what runs without end."""
    if target is None or target == "-":
        with rows(target) as take:
            yield lambda row: _now(take(row), sys.stdout)
        return
    with ExitStack() as opened:
        try:
            stream = opened.enter_context(Path(target).open("a", encoding="utf-8"))
        except OSError as error:
            raise InputError(f"cannot write here: {error.strerror}", where=target) from None
        yield lambda row: _now(stream.write(_line(row)), stream)


def _now(_: object, stream: TextIO) -> None:
    """What was written reaches its readers now."""
    stream.flush()


def _line(row: Mapping[str, Any]) -> str:
    import orjson  # noqa: PLC0415

    return orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n"


@contextmanager
def written(target: str) -> Iterator[TextIO]:
    """Open a file, or stdout for `-`; a file is there when all of it is."""
    files = Files()
    try:
        yield files.opened(target)
        files.finish()
    finally:
        files.close()
