"""The HTTP server of the listeners: one application with all protocols, on every address.

Connections are counted, heads are bounded, and a request that does not arrive in time loses its connection: a few slow
senders, or thousands of idle ones, do not keep the others from being served.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wardwatch.kernel.errors import InputError
from wardwatch.listeners import elastic, hec, ndjson, otlp
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.tls import peer_certificate

_HEAD = 64 * 1024  # bytes of a request's first line and headers
_SLOWEST = 32 * 1024  # bytes in each span of `request_time`, below which a sender is given up
_BACKLOG = 2_048


def application(intake: Intake) -> Starlette:
    """Return the application: HEC, OTLP and NDJSON at their paths, and Elasticsearch everywhere else."""
    routes: Sequence[BaseRoute] = [
        *hec.routes(intake),
        *otlp.routes(intake),
        *ndjson.routes(intake),
        *elastic.routes(intake),
    ]
    return Starlette(routes=routes)


class _Guarded(HttpToolsProtocol):
    """uvicorn's protocol with limits on connections, on heads, and on the time that a request takes to arrive."""

    def __init__(self, intake: Intake, **given: Any) -> None:  # noqa: ANN401  (what uvicorn passes)
        super().__init__(**given)
        self._intake = intake
        self._address: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._certificate: bytes | None = None
        self._head = 0  # bytes of a head that is not complete
        self._in_head = True
        self._moved = 0  # bytes since the timer was set

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection in, or close it."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not self._intake.connections.enter(address):
            transport.abort()
            return
        self._address = address
        self._certificate = peer_certificate(transport.get_extra_info("ssl_object"))
        self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it out."""
        self._unset_timer()
        if self._address is not None:
            self._intake.connections.leave(self._address)
            self._address = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a head without end is refused."""
        self._moved += len(data)
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > _HEAD and self.transport is not None and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request: its time runs."""
        super().on_message_begin()
        state: dict[str, Any] = self.scope["state"]
        state["certificate"] = self._certificate
        self._in_head = True
        if self._timer is None:
            self._set_timer()

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._in_head, self._head = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock: from here on it is we who take time."""
        self._unset_timer()
        self._in_head = True
        super().on_message_complete()

    def _set_timer(self) -> None:
        self._moved = 0
        self._timer = self.loop.call_later(self._intake.limits.request_time / 1e6, self._expired)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        if self._moved >= _SLOWEST and not self._in_head:  # slow, but on its way
            self._set_timer()
            return
        self._timer = None
        self.transport.abort()


class Http:
    """One address of the HTTP listener."""

    def __init__(self, intake: Intake, application_: Starlette) -> None:
        self._intake = intake
        self._application = application_
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int, context: ssl.SSLContext | None) -> tuple[str, int]:
        """Listen; returns the address. Raises `InputError` if it is taken."""
        intake = self._intake

        class Guarded(_Guarded):
            def __init__(self, **given: Any) -> None:  # noqa: ANN401
                super().__init__(intake, **given)

        config = Config(
            self._application,
            http=Guarded,
            ws="none",
            lifespan="off",
            loop="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_keep_alive=max(1, intake.limits.request_time // 1_000_000),
            timeout_graceful_shutdown=10,
        )
        config.load()
        config.ssl = context
        found = _bound(host, port)
        # Not `serve`, which takes signals for itself: the process has one handler for all listeners.
        self._server = Server(config)
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[found])
        self._task = asyncio.create_task(self._server.main_loop())
        address: tuple[str, int] = found.getsockname()[:2]
        return address

    async def stop(self) -> None:
        """Answer what was received, and close."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
            await self._server.shutdown()


def _bound(host: str, port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(_BACKLOG)
        found.setblocking(False)
    except OSError as error:
        found.close()
        raise InputError(f"cannot listen: {error.strerror}", where=f"http {host}:{port}") from None
    return found
