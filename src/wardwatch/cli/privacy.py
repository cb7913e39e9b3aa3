"""`wardwatch privacy`: who may learn which patient a token stands for."""

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wardwatch.cli import DONE, _rows
from wardwatch.cli._rules import say
from wardwatch.cli._times import now
from wardwatch.kernel.errors import InputError
from wardwatch.runtime.settings import home

if TYPE_CHECKING:
    from wardwatch.pipeline.privacy.sealed import SealedStore

_TENANT = click.option("--tenant", required=True, help="The hospital.")


@click.group("privacy")
def command() -> None:
    """Name who may learn which patient a token stands for, and open it together."""


@command.command("init")
@_TENANT
@click.option("--custodian", multiple=True, required=True, help="Name of a custodian; two or more.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False, exists=True), help="Folder for their keys."
)
@_rows.option
def init(tenant: str, custodian: Sequence[str], out: Path, json_to: str | None) -> int:
    """Make a key for each custodian, and the sealed store that any two of them open.

    Each types a passphrase of their own and takes the key file away: it must not stay on this computer.
    """
    from wardwatch.pipeline.privacy.sealed import new_custodian  # noqa: PLC0415

    store = _store(tenant)
    if store.is_ready():
        raise InputError("this tenant has custodians already", where=tenant, hint="they are named once, for ever")
    if len(set(custodian)) != len(custodian) or len(custodian) < 2:  # noqa: PLR2004
        raise InputError("a sealed store needs two custodians or more, of different names", where="--custodian")
    if bad := [name for name in custodian if not name.isidentifier()]:
        raise InputError(f"not a plain name: {bad[0][:40]!r}", where="--custodian", hint="letters, digits and _")
    made = {name: new_custodian(_passphrase(name, confirm=True)) for name in custodian}
    for name, (private, _) in made.items():
        _write_private(out / f"{name}.key", private)
    store.begin({name: public for name, (_, public) in made.items()})
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/sealed-store/1", "tenant": tenant, "custodians": list(custodian)})
    print(f"{tenant}: sealed store for {', '.join(custodian)}; hand each their key file in {out}", file=sys.stderr)
    return DONE


@command.command("open")
@_TENANT
@click.argument("tokens", nargs=-1, required=True)
@click.option(
    "--key", "keys", multiple=True, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Key file of a custodian (NAME.key); two of them.",
)  # fmt: skip
@click.option("--reason", required=True, help="Why: which case it is for. It is written into the log of openings.")
@_rows.option
def open_(tenant: str, tokens: Sequence[str], keys: Sequence[Path], reason: str, json_to: str | None) -> int:
    """Say which patients tokens stand for. Two custodians do it together, and it is logged for ever."""
    from wardwatch.pipeline.privacy.epochs import TOKEN  # noqa: PLC0415
    from wardwatch.pipeline.privacy.sealed import custodian  # noqa: PLC0415

    if bad := [token for token in tokens if not TOKEN.fullmatch(token)]:
        raise InputError(f"not a token: {bad[0][:60]!r}", where="TOKENS", hint="a token is p:<epoch>:<32 digits>")
    opened = {path.stem: custodian(path.read_bytes(), _passphrase(path.stem), str(path)) for path in keys}
    found = _store(tenant).open(tokens, opened, reason, now())
    with _rows.rows(json_to) as take:
        for token, value in found.items():
            take({"format": "wardwatch/opened-token/1", "tenant": tenant, "token": token, "value": value})
            if json_to != "-":
                say(f"{token}\t{'(not in the store)' if value is None else value}")
    return DONE


@command.command("log")
@_TENANT
@_rows.option
def log(tenant: str, json_to: str | None) -> int:
    """Show every opening, and check that the log was not changed."""
    with _rows.rows(json_to) as take:
        for opening in _store(tenant).openings():
            take({"format": "wardwatch/opening/1", "tenant": tenant} | asdict(opening))
            if json_to != "-":
                say(f"{opening.number} {opening.at} {' and '.join(opening.persons)}: {opening.reason}")
                for token in opening.tokens:
                    say(f"  {token}")
    return DONE


def _store(tenant: str) -> "SealedStore":
    from wardwatch.kernel.disk import Disk  # noqa: PLC0415
    from wardwatch.kernel.tenants import checked  # noqa: PLC0415
    from wardwatch.pipeline.privacy.sealed import SealedStore  # noqa: PLC0415

    return SealedStore(home() / "keys" / "privacy" / checked(tenant), Disk())


def _passphrase(name: str, *, confirm: bool = False) -> str:
    return str(click.prompt(f"Passphrase of {name}", hide_input=True, confirmation_prompt=confirm, err=True))


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
