"""`wardwatch service`: installed for good on a machine, to another version and back."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wardwatch.cli import DONE, _rows

if TYPE_CHECKING:
    from wardwatch.runtime.service import Step

_PORT = click.IntRange(0, 65_535)
_root = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default="/",
    show_default=True,
    help="Work below another folder: prepare a machine, or try it. No account is made, no service started.",
)
_execute = click.option("--execute", is_flag=True, help="Do it. Without this, it is only told.")
_wheels = click.option(
    "--from",
    "wheels",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder of wheels that `make wheels` made. No network is used.",
)


@click.group("service")
def command() -> None:
    """Install Wardwatch as a service of this machine, go to another version, and back."""


def _followed(steps: "Iterable[Step]", root: Path, json_to: str | None, *, execute: bool) -> int:
    from wardwatch.runtime import service  # noqa: PLC0415
    from wardwatch.runtime.service import machine  # noqa: PLC0415

    if execute:
        machine.need_root(service.Layout(root))
    with _rows.rows(json_to) as take:

        def say(what: str) -> None:
            take({"format": "wardwatch/step/1", "what": what, "done": execute})
            if json_to != "-":
                print(what, flush=True)

        service.follow(steps, say, execute=execute)
    if not execute:
        print("nothing was changed: --execute does it", file=sys.stderr)
    return DONE


def _options(*options: Callable[..., Any]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    def decorated(function: Callable[..., int]) -> Callable[..., int]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


@command.command("install")
@_options(
    _wheels,
    click.option(
        "--name", "names", multiple=True, help="What browsers and senders call it.  [default: this host's name]"
    ),
    click.option("--address", default="0.0.0.0", show_default=True, help="Where it listens."),  # noqa: S104
    click.option("--console", type=_PORT, default=8443, show_default=True, help="Port of the console."),
    click.option("--syslog-tls", type=_PORT, default=6514, show_default=True, help="Port of syslog over TLS; 0: none."),
    click.option("--https", type=_PORT, default=9443, show_default=True, help="Port of `_bulk`, HEC, OTLP; 0: none."),
    click.option(
        "--syslog-plain", type=_PORT, default=0, help="Port of syslog without TLS, for devices that have none."
    ),
    click.option("--zone", default="Europe/Paris", show_default=True, help="Time zone of the hospital."),
    click.option(
        "--certificate", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Given: with its chain."
    ),
    click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The certificate's key."),
    _root,
    _execute,
    _rows.option,
)
def install(wheels: Path, root: Path, json_to: str | None, *, execute: bool, **given: Any) -> int:  # noqa: ANN401
    """Install it: own account, data folder, certificate, settings, systemd units, nightly backups."""
    from wardwatch.runtime.service import Layout, installing  # noqa: PLC0415
    from wardwatch.runtime.service.units import Chosen  # noqa: PLC0415

    certificate, key = given.pop("certificate"), given.pop("key")
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key go together")
    chosen = Chosen(installing.names(given.pop("names")), **given)
    steps = installing.install(Layout(root), wheels.resolve(), chosen, (certificate, key) if certificate else None)
    code = _followed(steps, root, json_to, execute=execute)
    where = f"https://{chosen.names[0]}:{chosen.console}/setup"
    print(f"then open {where} and make the first account", file=sys.stderr)
    return code


@command.command("upgrade")
@click.option(
    "--database-is-saved", "saved", is_flag=True, help="For PostgreSQL: you have saved it with its own tools."
)
@_options(_wheels, _root, _execute, _rows.option)
def upgrade(wheels: Path, root: Path, json_to: str | None, *, saved: bool, execute: bool) -> int:
    """Go to another version. It is tried on the real database first; if it fails, everything is as before."""
    from wardwatch.runtime.service import Layout, upgrading  # noqa: PLC0415

    steps = upgrading.upgrade(Layout(root), wheels.resolve(), saved=saved)
    return _followed(steps, root, json_to, execute=execute)


@command.command("rollback")
@_options(_root, _execute, _rows.option)
def rollback(root: Path, json_to: str | None, *, execute: bool) -> int:
    """Go back to the version before the last upgrade, with its database. What people did since then is lost."""
    from wardwatch.runtime.service import Layout, upgrading  # noqa: PLC0415

    return _followed(upgrading.rollback(Layout(root)), root, json_to, execute=execute)


@command.command("status")
@_options(_root, _rows.option)
def status(root: Path, json_to: str | None) -> int:
    """Say which version is installed, which ran before, and where everything is."""
    from wardwatch.runtime.service import HOME, SETTINGS, Layout  # noqa: PLC0415

    layout = Layout(root)
    before = layout.previous.readlink().name if layout.previous.is_symlink() else None
    row = {"version": layout.version(), "previous": before, "home": str(layout.at(HOME))}
    row["settings"] = str(layout.at(SETTINGS))
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/service/1", **row})
    if json_to != "-":
        for name, value in row.items():
            print(f"{name:9} {value or '–'}")
    return DONE
