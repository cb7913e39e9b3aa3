"""HTTP requests of sensors: who sends, the body within limits, and answers that say when to come again."""

import base64
import binascii
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import zstandard
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wardwatch.kernel.errors import NotTakenError
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.sensors import Sensor

_ZSTD_WINDOW = 8 * 1024 * 1024  # RFC 8878, 3.1.1.1.2: what every decoder should support
_ZSTD_STEP = 1_024  # packed bytes at once: they become 32 MiB at most
_TWO_MANY, _UNAVAILABLE, _GONE = 429, 503, 499
UNKNOWN = "unknown sender"
TOO_LARGE = "request too large"
TOO_LONG = "event too large"
BAD_PACKING = "body cannot be unpacked"


@dataclass(frozen=True, slots=True)
class Received:
    """A request that has arrived whole: who sent it, and its body, unpacked."""

    sensor: Sensor
    body: bytes


class Says(Protocol):
    """How a protocol words a refusal: status and a text for people."""

    def __call__(self, status: int, text: str) -> Response:
        """Return the answer."""
        ...


Handler = Callable[[Request], Awaitable[Response]]


def answering(handler: Handler, says: Says) -> Handler:
    """Turn refusals of a handler into answers of its protocol, with Retry-After where that applies."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except HTTPException as error:
            response = says(error.status_code, error.detail)
            response.headers.update(error.headers or {})
        except NotTakenError as error:
            response = says(_TWO_MANY if error.quota else _UNAVAILABLE, error.what)
            response.headers["Retry-After"] = str(error.retry_after)
        except ClientDisconnect:  # nobody hears the answer
            response = Response(status_code=_GONE)
        return response

    return answer


def authorised(intake: Intake, request: Request, listener: str) -> Sensor:
    """Return who sends; raises `HTTPException` 401. A client certificate goes before a token."""
    known = intake.known
    certificate = request.scope["state"].get("certificate")
    if certificate is not None:
        sensor = known.by_certificate(certificate)
    else:
        sensor = known.by_token(token(request.headers.get("authorization", "")))
    if sensor is None:
        intake.reject(listener, None, UNKNOWN)
        challenge = {"WWW-Authenticate": 'Bearer realm="wardwatch", Basic realm="wardwatch", ApiKey'}
        raise HTTPException(401, "a token or a client certificate of a sensor is needed", challenge)
    return sensor


def token(header: str) -> str:
    """Return the token in an Authorization header: `Bearer`, `Splunk`, `ApiKey` (id:key), `Basic` (the password)."""
    scheme, _, value = header.partition(" ")
    value = value.strip()
    if scheme.lower() in {"bearer", "splunk"}:
        return value
    if scheme.lower() in {"basic", "apikey"}:
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


@asynccontextmanager
async def received(intake: Intake, request: Request, listener: str) -> AsyncIterator[Received]:
    """Take in a request; its memory is counted until the block is left.

    Raises `HTTPException` (401, 413, 415, 400) and `NotTakenError` where there is no memory for it.
    """
    sensor = authorised(intake, request, listener)
    held = 0
    parts: list[bytes] = []
    try:
        limit = intake.limits.request
        if int(request.headers.get("content-length") or 0) > limit:
            raise _refused(intake, sensor, listener, TOO_LARGE, 413)
        unpack = _unpacking(request.headers.get("content-encoding", ""))
        async for packed in request.stream():
            try:
                for part in unpack(packed):
                    intake.memory.take(sensor.tenant, len(part))
                    held += len(part)
                    parts.append(part)
                    if held > limit:
                        raise _refused(intake, sensor, listener, TOO_LARGE, 413)
            except (zlib.error, zstandard.ZstdError):
                raise _refused(intake, sensor, listener, BAD_PACKING, 400) from None
        if not unpack.whole:
            raise _refused(intake, sensor, listener, BAD_PACKING, 400)
        yield Received(sensor, b"".join(parts))
    finally:
        intake.memory.give_back(sensor.tenant, held)


def _refused(intake: Intake, sensor: Sensor, listener: str, reason: str, status: int) -> HTTPException:
    intake.reject(listener, sensor, reason)
    return HTTPException(status, reason)


class _Plain:
    """No packing."""

    whole = True

    def __call__(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Zlib:
    """gzip (RFC 1952) and deflate (RFC 1950), some members one after the other."""

    _STEP = 1024 * 1024

    def __init__(self) -> None:
        self._member = zlib.decompressobj(47)  # 32 + 15: either, with the largest window
        self.whole = True

    def __call__(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(47)
            part = self._member.decompress(data, self._STEP)
            data = self._member.unconsumed_tail or self._member.unused_data
            self.whole = self._member.eof
            yield part


class _Zstd:
    """zstd (RFC 8878), some frames one after the other."""

    def __init__(self) -> None:
        self._library = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame = self._library.decompressobj()
        self.whole = True

    def __call__(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_STEP):
            rest = data[start : start + _ZSTD_STEP]
            while rest:
                if self._frame.eof:
                    self._frame = self._library.decompressobj()
                part = self._frame.decompress(rest)
                rest = self._frame.unused_data if self._frame.eof else b""
                self.whole = self._frame.eof
                yield part


def _unpacking(encoding: str) -> _Plain | _Zlib | _Zstd:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip" | "deflate":
            return _Zlib()
        case "zstd":
            return _Zstd()
    raise HTTPException(415, "content encodings are gzip, deflate and zstd")
