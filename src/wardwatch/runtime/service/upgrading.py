"""Go to another version, and back: the new program is tried on the real database before anything depends on it.

The service is stopped, its database saved, the new program migrates it and must answer. If it does not, the database is
put back and the old program starts again. Spool, lake and alerts are not touched: what senders keep meanwhile arrives
afterwards.
"""

import os
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.error import URLError

from wardwatch.kernel.errors import InputError, WardwatchError
from wardwatch.runtime.service import HOME, SETTINGS, Layout, Step, machine, programs
from wardwatch.runtime.settings import load

ANSWER = 120.0  # seconds that a new program may take to migrate and answer
_DATABASE = "db.sqlite3"
_SAVED = "before-upgrade"  # below the home
_LAST = 600


def environ(layout: Layout) -> dict[str, str]:
    """What the service's programs are started with."""
    return os.environ | {"WARDWATCH_HOME": str(layout.at(HOME)), "WARDWATCH_CONFIG": str(layout.at(SETTINGS))}


def upgrade(layout: Layout, wheels: Path, *, saved: bool) -> Iterator[Step]:
    """The steps to the version in a folder of wheels. `saved`: whoever runs PostgreSQL says that they saved it."""
    version, _ = programs.wheel_in(wheels)
    old = _installed(layout)
    if version == old:
        raise InputError(f"{version} runs already", where=str(layout.current))
    database = _sqlite(layout)
    if database is None and not saved:
        raise InputError(
            "the database is PostgreSQL, which only its own tools save",
            where=str(layout.at(SETTINGS)),
            hint="pg_dump it, and say --database-is-saved",
        )
    yield Step(f"make the program {layout.program(version)}", lambda: programs.make(layout, wheels))
    yield Step("stop the service", lambda: machine.stop(layout))
    if database is not None:
        if _broken_off(layout).exists():
            yield Step("put the database back: an upgrade broke off", lambda: _put_back(layout, database, old))
        yield Step(f"save {database}", lambda: _save(layout, database, old))
    yield Step(f"let {version} migrate the database and answer; else go back to {old}", lambda: _tried(layout, version))
    yield Step(f"let {version} be current", lambda: _switch(layout, version, old))
    yield Step("start the service", lambda: machine.start(layout))


def rollback(layout: Layout) -> Iterator[Step]:
    """The steps back to the version before. What people did since then is lost; no event and no alert is."""
    new = _installed(layout)
    if not layout.previous.is_symlink():
        raise InputError("there is no version before", where=str(layout.previous))
    old = layout.previous.readlink().name
    database = _sqlite(layout)
    if database is not None and not _saved(layout, old).is_file():
        raise InputError(f"no database of {old} was saved", where=str(_saved(layout, old)))
    yield Step("stop the service", lambda: machine.stop(layout))
    if database is not None:
        yield Step(
            f"keep the database of {new} beside, and put that of {old} back", lambda: _back(layout, database, new, old)
        )
    yield Step(f"let {old} be current", lambda: programs.point(layout.current, layout.program(old)))
    yield Step("start the service", lambda: _restarted(layout))


def _installed(layout: Layout) -> str:
    found = layout.version()
    if found is None:
        raise InputError("nothing is installed", where=str(layout.current), hint="wardwatch service install --from …")
    return found


def _sqlite(layout: Layout) -> Path | None:
    """The database's file; `None` where it is PostgreSQL."""
    settings = load(environ(layout))
    return None if settings.console.database else settings.home / _DATABASE


def _copied(source: Path, target: Path) -> None:
    """Copy a database whole, what still stands in its journal included (SQLite's Online Backup API)."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as whole, closing(sqlite3.connect(part)) as copy:
        whole.backup(copy)
    part.chmod(0o600)
    part.replace(target)


def _saved(layout: Layout, version: str) -> Path:
    return layout.at(HOME) / _SAVED / f"{version}.sqlite3"


def _broken_off(layout: Layout) -> Path:
    """A file that is there while a new program may be changing the database."""
    return layout.at(HOME) / _SAVED / "under-way"


def _save(layout: Layout, database: Path, old: str) -> None:
    if database.is_file():
        _copied(database, _saved(layout, old))
        _broken_off(layout).touch()


def _put_back(layout: Layout, database: Path, old: str) -> None:
    for ending in ("-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)
    _copied(_saved(layout, old), database)
    _broken_off(layout).unlink(missing_ok=True)


def _back(layout: Layout, database: Path, new: str, old: str) -> None:
    _copied(database, _saved(layout, new))
    _put_back(layout, database, old)


def _tried(layout: Layout, version: str) -> None:
    """Let the new program migrate and answer; if it fails, everything is as before, and the error says why."""
    try:
        _trial(layout, layout.program(version))
    except WardwatchError as error:
        old = _installed(layout)
        database = _sqlite(layout)
        if database is not None and _saved(layout, old).is_file():
            _put_back(layout, database, old)
        machine.give(layout, layout.at(HOME))
        machine.start(layout)
        raise WardwatchError(
            f"{version} does not work here, {old} runs again: {error.what}",
            where=error.where,
            hint=f"report it; to try anew, remove {layout.program(version)}",
        ) from None


def _trial(layout: Layout, program: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        address = f"127.0.0.1:{one.getsockname()[1]}"
    settings = {"WARDWATCH_CONSOLE_ADDRESS": address, "WARDWATCH_CONSOLE_CERTIFICATE": ""}
    without = [part for verb in ("ingest", "pipeline", "clock") for part in ("--without", verb)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603  (the program that was just made)
            [str(program / "bin" / "wardwatch"), "serve", *without],
            env=environ(layout) | settings,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            answers = _answers(process, f"http://{address}/alive")
        finally:
            process.terminate()
            process.wait()
        if not answers:
            said.seek(0)
            last = said.read().decode("utf-8", "replace").strip()[-_LAST:]
            raise WardwatchError(f"no answer: {last}", where=str(program))
    machine.give(layout, layout.at(HOME))


def _answers(process: "subprocess.Popen[bytes]", address: str) -> bool:
    """Whether it answers in time."""
    until = time.monotonic() + ANSWER
    while process.poll() is None and time.monotonic() < until:
        if _alive(address):
            return True
        time.sleep(0.1)
    return False


def _alive(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  (our own address)
            return bool(answer.status == 200)  # noqa: PLR2004
    except (URLError, OSError):
        return False


def _switch(layout: Layout, version: str, old: str) -> None:
    programs.point(layout.previous, layout.program(old))
    programs.point(layout.current, layout.program(version))
    _broken_off(layout).unlink(missing_ok=True)


def _restarted(layout: Layout) -> None:
    layout.previous.unlink()
    machine.start(layout)
