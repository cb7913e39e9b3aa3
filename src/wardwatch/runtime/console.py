"""The process in which people work: the console and its API, served by uvicorn over Django."""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import ContentError, InputError
from wardwatch.pipeline import figures
from wardwatch.records.configuration import Configuration, SingleSignOn
from wardwatch.runtime.kinds import is_loopback, split_address
from wardwatch.runtime.settings import Settings
from wardwatch.usecases.roles import ROLES

PROCESS = "console"
_EVERY = 1.0
_GRACE = 5  # seconds that a page in work may take when the console stops


def configuration(settings: Settings, *, demo: bool = False) -> Configuration:
    """Return what the console needs of the settings.

    Raises `InputError` where a secret's file is missing, and `ContentError` for a role that is none and for a provider
    without TLS.
    """
    console = settings.console
    return Configuration(
        home=settings.home,
        database=console.database,
        hosts=console.hosts,
        https=bool(console.certificate),
        zone=console.zone,
        session_hours=max(1, console.session // 3_600_000_000),
        proxies=console.proxies,
        sign_on=tuple(_sign_on(settings, one["name"], one) for one in console.sign_on),
        demo=demo or (settings.home / "state" / "demo.json").is_file(),
        second_factor=_roles(settings),
    )


def _roles(settings: Settings) -> frozenset[str]:
    """The roles that need a second factor. Raises `ContentError` for one that is none: a typing error opens a door."""
    found = frozenset(settings.console.second_factor)
    if unknown := sorted(found - ROLES.keys()):
        where = settings.origins.get("console.second_factor", "console.second_factor")
        raise ContentError(f"no role {', '.join(unknown)}", where=where, hint=f"roles are: {', '.join(sorted(ROLES))}")
    return found


def _sign_on(settings: Settings, name: str, given: Mapping[str, str]) -> SingleSignOn:
    server = urlsplit(given["server"])
    if server.scheme != "https" and not (server.scheme == "http" and is_loopback(server.hostname or "")):
        raise ContentError(
            f"the provider {name!r} is not over TLS: {given['server']}",
            where=settings.origins.get("console.sign_on", "console.sign_on"),
            hint="https://…; only its certificate vouches for what it says",
        )
    path = settings.below(given["secret_file"])
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"no secret of the provider {name!r}: {error.strerror}", where=str(path)) from None
    return SingleSignOn(name, given["server"], given["client"], secret)


def boot(settings: Settings, *, demo: bool = False) -> None:
    """Make the database ready for a verb of the command line."""
    from wardwatch.records import boot as records  # noqa: PLC0415

    records.setup(configuration(settings, demo=demo), Disk())


async def serve(settings: Settings, stopping: asyncio.Event) -> None:
    """Answer browsers and programs until `stopping` is set. The database must be ready (`boot`, `migrate`)."""
    import uvicorn  # noqa: PLC0415

    from wardwatch.web.app import application  # noqa: PLC0415

    console = settings.console
    host, port = split_address(console.address)
    server = uvicorn.Server(
        uvicorn.Config(
            application(),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=_file(settings, console.certificate),
            ssl_keyfile=_file(settings, console.key) if console.certificate else None,
            proxy_headers=console.proxies > 0,
            timeout_graceful_shutdown=_GRACE,
            limit_concurrency=2_000,
            lifespan="off",
        )
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    answering = asyncio.create_task(server.serve())
    publishing = asyncio.create_task(_publish(settings, stopping))
    await asyncio.wait({answering, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.set()
    await answering
    await publishing


async def _publish(settings: Settings, stopping: asyncio.Event) -> None:
    started = time.time_ns() // 1_000
    while not stopping.is_set():
        now = time.time_ns() // 1_000
        figures.publish(settings.below("state"), figures.of(PROCESS, started, now, ()))
        try:
            await asyncio.wait_for(stopping.wait(), _EVERY)
        except TimeoutError:
            continue


def _file(settings: Settings, name: str) -> Path | None:
    return settings.below(name) if name else None
