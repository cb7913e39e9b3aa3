"""One server and a key: ask, act once, and say in plain words what went wrong."""

import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from wardwatch.kernel.errors import AccessError, InputError, NotDoneError, WardwatchError

LARGEST = 64 << 20  # bytes of an answer
TIMEOUT = 30.0  # seconds
TRIES = 3
_PAUSE = 0.5  # seconds before the second try; twice as long before the third
_UNAUTHORISED, _NOT_FOUND, _REFUSED, _NOT_VALID, _TOO_MANY, _FAILURE = 401, 404, 409, 422, 429, 500


class Connection:
    """A server's address and the key that is shown to it. `ca`: who signed its certificate, if the system cannot know.

    No redirect is followed and no proxy of the environment is used: the key goes to this server and to nobody else.
    Raises `InputError` for an address that is none, and for plain HTTP to another machine.
    """

    def __init__(
        self,
        address: str,
        key: str,
        *,
        ca: Path | None = None,
        timeout: float = TIMEOUT,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self.address = _checked(address)
        self._pause = pause
        try:
            trusted = ssl.create_default_context(cafile=ca)
        except (OSError, ssl.SSLError) as error:
            raise InputError(f"no certificates here: {error}", where=str(ca)) from None
        self._http = httpx.Client(
            base_url=f"{self.address}/api/v1",
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            timeout=timeout,
            verify=trusted,
            trust_env=False,
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"Connection({self.address!r})"  # without the key

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def get(self, path: str, **asked: str | int) -> Any:  # noqa: ANN401
        """Ask for JSON. Raises `AccessError`, `InputError` or `WardwatchError`."""
        given = {name: str(value) for name, value in asked.items() if value != ""}
        return self._sent("GET", path, params=given)

    def act(self, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Do something, once, even if the connection breaks and it is sent again. Raises `NotDoneError`, too."""
        headers = {"Idempotency-Key": uuid4().hex}
        return self._sent("POST", path, json={} if body is None else dict(body), headers=headers)

    def delete(self, path: str) -> Any:  # noqa: ANN401
        """Remove something."""
        return self._sent("DELETE", path)

    def _sent(self, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401
        for again in range(TRIES):
            try:
                with self._http.stream(method, path, **more) as answer:
                    return self._read(answer, path)
            except httpx.TransportError as error:
                if again + 1 == TRIES or isinstance(error, httpx.UnsupportedProtocol):
                    raise WardwatchError(
                        f"no answer: {error or type(error).__name__}",
                        where=self.address,
                        hint="is the server running, and does its certificate fit its name? (--ca)",
                    ) from None
                self._pause(_PAUSE * 2**again)
        raise AssertionError("not reached")

    def _read(self, answer: httpx.Response, path: str) -> Any:  # noqa: ANN401
        body = bytearray()
        for part in answer.iter_bytes():
            body += part
            if len(body) > LARGEST:
                raise InputError(f"an answer of more than {LARGEST >> 20} MiB", where=f"{self.address}{path}")
        where = f"{self.address}/api/v1{path}"
        try:
            found = httpx.Response(answer.status_code, content=bytes(body)).json()
        except ValueError:
            if answer.is_success:
                raise InputError("not JSON", where=where, hint="is it the address of a Wardwatch console?") from None
            found = {}
        if answer.is_success:
            return found
        raise _error(answer.status_code, found if isinstance(found, dict) else {}, where)


def _checked(address: str) -> str:
    try:
        found = urlsplit(address.rstrip("/"))
        host, right = found.hostname or "", found.scheme in {"http", "https"} and not found.query and not found.username
        _ = found.port
    except ValueError:
        host, right = "", False
    if not host or not right:
        raise InputError("no address of a server", where=address[:200], hint="https://wardwatch.example")
    if found.scheme == "http" and host not in {"127.0.0.1", "::1", "localhost"}:
        raise InputError("a key is not sent over plain HTTP", where=address[:200], hint="https://…")
    return found.geturl()


def _error(status: int, found: Mapping[str, Any], where: str) -> WardwatchError:
    said = str(found.get("error") or found.get("detail") or "")[:500]
    if status == _UNAUTHORISED:
        return AccessError(
            "the key is not known, has ended or was revoked", where=where, hint="make one: Settings → Keys for programs"
        )
    if status == _NOT_FOUND:
        return AccessError("not found, or not yours", where=where, hint="may the key do this? (`wardwatch me`)")
    if status == _REFUSED:
        return NotDoneError(str(found.get("reason") or said or "refused")[:200], where=where)
    if status == _NOT_VALID:
        problems = "; ".join(f"{one.get('where')}: {one.get('what')}" for one in found.get("problems", ())[:5])
        return InputError(problems or said or "not valid", where=where, hint=str(found.get("hint") or ""))
    if status == _TOO_MANY:
        return WardwatchError("too many requests", where=where, hint="wait a little")
    kind = "the server failed" if status >= _FAILURE else f"an answer that is not of ours ({status})"
    return WardwatchError(kind, where=where, hint="see the server's own log")
