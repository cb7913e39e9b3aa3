"""Install a service: account, program, settings, certificate, units. What is there already is left as it is."""

import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError
from wardwatch.listeners.tls import Authority
from wardwatch.runtime.service import (
    BACKUPS,
    HOME,
    SERVICE,
    SETTINGS,
    SYSUSERS,
    UNITS,
    Layout,
    Step,
    machine,
    programs,
    units,
)
from wardwatch.runtime.service.units import Chosen

KEEP = 7  # nightly backups


def names(stated: tuple[str, ...]) -> tuple[str, ...]:
    """How this machine is called: as stated, or by its own name."""
    return stated or (socket.getfqdn(),)


def install(layout: Layout, wheels: Path, chosen: Chosen, pair: tuple[Path, Path] | None) -> Iterator[Step]:
    """The steps, in order. `pair`: certificate with its chain, and key; without them a local authority makes some."""
    version, _ = programs.wheel_in(wheels)
    if layout.version() is not None:
        raise InputError(
            f"{layout.version()} is installed", where=str(layout.current), hint="wardwatch service upgrade --from …"
        )
    home, config = layout.at(HOME), layout.at(SETTINGS)
    yield Step(f"write {layout.at(SYSUSERS)} and make the account", lambda: _account(layout))
    yield Step(f"make the program {layout.program(version)}", lambda: programs.make(layout, wheels))
    yield Step(f"make {home}, its owner's alone", lambda: _folder(home, 0o700))
    yield Step(f"make {layout.at(BACKUPS)}, for nightly backups", lambda: _folder(layout.at(BACKUPS), 0o700))
    if config.exists():
        yield Step(f"leave {config} as it is", lambda: None)
    else:
        yield Step(f"write {config}", lambda: _written(config, units.settings(chosen), 0o644))
    yield Step(
        f"copy the certificate {pair[0]}" if pair else f"make a certificate for {', '.join(chosen.names)}",
        lambda: _certificate(home / "keys" / "tls", chosen, pair),
    )
    folder = layout.at(UNITS)
    yield Step(f"write {folder}/{SERVICE}.service and {SERVICE}-backup.timer", lambda: _units(folder, chosen))
    yield Step(f"let {version} be current", lambda: programs.point(layout.current, layout.program(version)))
    yield Step("hand the data to the account", lambda: _given(layout))
    yield Step("start the service, now and with the machine", lambda: _enable(layout))


def _given(layout: Layout) -> None:
    for path in (HOME, BACKUPS):
        machine.give(layout, layout.at(path))


def _account(layout: Layout) -> None:
    _written(layout.at(SYSUSERS), units.sysusers(), 0o644)
    machine.make_account(layout)


def _folder(path: Path, mode: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)


def _written(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _units(folder: Path, chosen: Chosen) -> None:
    _written(folder / f"{SERVICE}.service", units.service(chosen.ports), 0o644)
    _written(folder / f"{SERVICE}-backup.service", units.backup(KEEP), 0o644)
    _written(folder / f"{SERVICE}-backup.timer", units.timer(), 0o644)


def _certificate(folder: Path, chosen: Chosen, pair: tuple[Path, Path] | None) -> None:
    if pair is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for source, name in zip(pair, ("server.crt", "server.key"), strict=True):
            shutil.copyfile(source, folder / name)
            (folder / name).chmod(0o600)
        return
    authority, now = Authority(folder, Disk()), datetime.now(UTC)
    if not authority.exists:
        authority.create(now)
    authority.server((*chosen.names, "localhost", "127.0.0.1"), now)


def _enable(layout: Layout) -> None:
    machine.systemctl(layout, "daemon-reload")
    machine.systemctl(layout, "enable", "--now", f"{SERVICE}.service", f"{SERVICE}-backup.timer")
