"""The console that a verb works with: `--server`, `WARDWATCH_SERVER`, or the one of this machine; and the key for it.

The key is `WARDWATCH_KEY`, or the one line of the file that `WARDWATCH_KEY_FILE` names. It is never an option: what is
typed on a command line is seen by everybody on the machine, and kept in the shell's history.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wardwatch.cli import DONE, _rows
from wardwatch.kernel.errors import AccessError, InputError

if TYPE_CHECKING:
    from wardwatch.client.client import Client

_MAKE = "make one in the console: Settings → Keys for programs"
_OTHERS = 0o077


@contextmanager
def connected() -> Iterator["Client"]:
    """Give a client of the server that was named."""
    from wardwatch.client.client import Client  # noqa: PLC0415
    from wardwatch.client.connection import Connection  # noqa: PLC0415

    address, ca = _address(), os.environ.get("WARDWATCH_CA")
    with Connection(address, _key(), ca=Path(ca) if ca else None) as connection:
        yield Client(connection)


def _address() -> str:
    named = click.get_current_context().find_root().obj or os.environ.get("WARDWATCH_SERVER")
    if named:
        return str(named)
    from wardwatch.runtime.settings import load  # noqa: PLC0415

    console = load().console
    return f"{'https' if console.certificate else 'http'}://{console.address}"


def _key() -> str:
    key = os.environ.get("WARDWATCH_KEY", "").strip()
    if key:
        return key
    name = os.environ.get("WARDWATCH_KEY_FILE")
    if not name:
        raise AccessError("no key", where="WARDWATCH_KEY, WARDWATCH_KEY_FILE", hint=_MAKE)
    try:
        if Path(name).stat().st_mode & _OTHERS:
            raise AccessError("others can read the key", where=name, hint=f"chmod 600 {name}")
        return Path(name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"no key here: {error}", where=name, hint=_MAKE) from None


def acts(command: click.Group, noun: str) -> Callable[..., None]:
    """Return what adds an act to a verb: `(name, summary, act, *options)`; `act(client, id, **options)` does it."""

    def add(name: str, summary: str, act: Callable[..., None], *options: Callable[..., Any]) -> None:
        def run(json_to: str | None, **given: Any) -> int:  # noqa: ANN401
            id_ = given.pop(noun)
            with connected() as client, _rows.rows(json_to) as take:
                act(client, id_, **given)
                take({"format": "wardwatch/done/1", "act": name, noun: id_})
            print(f"{name}: done", file=sys.stderr)
            return DONE

        run.__doc__ = summary
        decorated: Callable[..., Any] = run
        for option in (_rows.option, *options, click.argument(noun)):
            decorated = option(decorated)
        command.command(name)(decorated)

    return add
