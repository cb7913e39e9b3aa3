"""Splunk's HTTP Event Collector: `/services/collector/event`, `/raw`, `/health`, `/ack`.

Source: Splunk's documentation "Format events for HTTP Event Collector", "About HTTP Event Collector Indexer
Acknowledgment", and the error codes in "Troubleshoot HTTP Event Collector". An event that is a text becomes a frame
with that text, one that is an object a frame with its JSON, each with what is said beside it: `time`, `host` and
`fields`; `source`, `sourcetype` and `index` are fields that begin with `hec.`. An answer is given when the events are
on disk, so an `ackId` stands for events that are: asking for it later says true.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wardwatch.frames.described import Description, described
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.ndjson import lines
from wardwatch.listeners.requests import TOO_LONG, Handler, Received, answering, authorised, received

NAME = "hec"
_BAD = "not an event"
_CODES = {401: 4, 413: 27, 415: 6, 429: 9, 503: 9}  # what others are: 6, invalid data format
_CHANNEL = re.compile(r"[0-9A-Za-z-]{1,64}")
_CHANNELS = 10_000
_NAMED = ("source", "sourcetype", "index")
_LATEST = 10**10  # seconds since 1970: beyond every clock
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class _Acknowledgements:
    """Numbers of requests by sensor and channel."""

    def __init__(self) -> None:
        self._next: OrderedDict[tuple[str, str], int] = OrderedDict()

    def new(self, sensor: str, channel: str) -> int:
        """Number a request whose events are on disk."""
        number = self._next.pop((sensor, channel), 0)
        self._next[sensor, channel] = number + 1
        if len(self._next) > _CHANNELS:
            self._next.popitem(last=False)
        return number

    def known(self, sensor: str, channel: str, number: object) -> bool:
        """Say whether a number was given out since the process began."""
        return isinstance(number, int) and 0 <= number < self._next.get((sensor, channel), 0)


class _Collector:
    """The endpoints."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._acknowledgements = _Acknowledgements()

    async def event(self, request: Request) -> Response:
        """Take events with their envelope."""
        async with received(self._intake, request, NAME) as got:
            bodies: list[bytes] = []
            try:
                objects = _objects(got.body)
                bodies.extend(map(_body, objects))
            except _BadEventError as error:
                self._intake.reject(NAME, got.sensor, _BAD)
                return _answer(400, str(error), error.code, **{"invalid-event-number": len(bodies)})
            hints = {str(one.get("sourcetype") or "") for one in objects}
            return await self._done(request, got, bodies, hints.pop() if len(hints) == 1 else None)

    async def raw(self, request: Request) -> Response:
        """Take lines."""
        async with received(self._intake, request, NAME) as got:
            asked = request.query_params
            said = _said({name: asked[name] for name in ("time", "host", *_NAMED) if name in asked})
            bodies = [described(line, said) for line in lines(got.body)]
            return await self._done(request, got, bodies, asked.get("sourcetype"))

    async def ack(self, request: Request) -> Response:
        """Say which requests are on disk."""
        async with received(self._intake, request, NAME) as got:
            channel = _channel(request)
            if not channel:
                return _answer(400, "Data channel is missing", 10)
            try:
                numbers = orjson.loads(got.body)["acks"]
                known = {str(one): self._acknowledgements.known(got.sensor.name, channel, one) for one in numbers}
            except (ValueError, TypeError, KeyError):
                return _answer(400, "Invalid data format", 6)
            return JSONResponse({"acks": known})

    async def health(self, request: Request) -> Response:
        """Say whether events are taken; load balancers ask without a token."""
        if request.headers.get("authorization"):
            authorised(self._intake, request, NAME)
        if self._intake.stopping.is_set():
            return _answer(503, "Server is shutting down", 23)
        return _answer(200, "HEC is healthy", 17)

    async def _done(self, request: Request, got: Received, bodies: list[bytes], hint: str | None) -> Response:
        if not bodies:
            return _answer(400, "No data", 5)
        if any(len(body) > self._intake.limits.body for body in bodies):
            self._intake.reject(NAME, got.sensor, TOO_LONG, len(bodies))
            return _answer(413, "An event is too large", 27)
        await self._intake.take(NAME, got.sensor, bodies, hint)
        channel = _channel(request)
        if not channel:
            return _answer(200, "Success", 0)
        return _answer(200, "Success", 0, ackId=self._acknowledgements.new(got.sensor.name, channel))


def routes(intake: Intake) -> list[BaseRoute]:
    """Return the paths of this protocol."""
    at = _Collector(intake)
    sent: dict[str, Handler] = dict.fromkeys(("", "/event", "/event/1.0"), at.event)
    sent |= {"/raw": at.raw, "/raw/1.0": at.raw, "/ack": at.ack}
    asked: dict[str, Handler] = {"/health": at.health, "/health/1.0": at.health}
    return [
        Route(f"/services/collector{path}", answering(handler, says), methods=methods)
        for handlers, methods in ((sent, ["POST"]), (asked, ["GET"]))
        for path, handler in handlers.items()
    ]


def says(status: int, text: str) -> Response:
    """Word a refusal; clients look at the code."""
    return _answer(status, text, _CODES.get(status, 6))


def _answer(status: int, text: str, code: int, **more: object) -> Response:
    return JSONResponse({"text": text, "code": code, **more}, status)


def _channel(request: Request) -> str:
    found = request.headers.get("x-splunk-request-channel") or request.query_params.get("channel") or ""
    return found if _CHANNEL.fullmatch(found) else ""


class _BadEventError(ValueError):
    """An event that is none; `code` is Splunk's."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def _objects(body: bytes) -> list[dict[str, Any]]:
    """Return the JSON objects of a body: they follow each other with or without line ends, or stand in an array."""
    try:
        return [one for line in body.split(b"\n") if line.strip() for one in _flat(orjson.loads(line))]
    except orjson.JSONDecodeError:  # objects that end within a line, or span several
        pass
    try:
        text = body.decode()
        found: list[dict[str, Any]] = []
        at = _after_space(text, 0)
        while at < len(text):
            value, at = _DECODER.raw_decode(text, at)
            found += _flat(value)
            at = _after_space(text, at)
    except (ValueError, RecursionError):
        raise _BadEventError("Invalid data format", 6) from None
    return found


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _flat(found: object) -> list[dict[str, Any]]:
    objects: list[Any] = found if isinstance(found, list) else [found]
    if not all(isinstance(one, dict) for one in objects):
        raise _BadEventError("Invalid data format", 6)
    return objects


def _body(found: dict[str, Any]) -> bytes:
    """Return the frame's body of one event."""
    event = found.get("event")
    if event is None:
        raise _BadEventError("Event field is required", 12)
    if isinstance(event, str) and not event.strip():
        raise _BadEventError("Event field cannot be blank", 13)
    try:
        body = event.encode("utf-8", "surrogatepass") if isinstance(event, str) else orjson.dumps(event)
        return described(body, _said(found))
    except TypeError:  # what JSON allows, and no event has: numbers of more than 64 bits, half characters
        raise _BadEventError("Invalid data format", 6) from None


def _said(found: Mapping[str, Any]) -> Description:
    """Return what is said beside an event, by its envelope or by the parameters of a request."""
    more = found.get("fields", {})
    if not isinstance(more, dict):
        raise _BadEventError("Error in handling indexed fields", 15)
    fields = {f"hec.{name}": found[name] for name in _NAMED if isinstance(found.get(name), str)}
    host = found.get("host")
    return Description(_time(found.get("time")), host if isinstance(host, str) else None, {**fields, **more})


def _time(stated: object) -> int | None:
    """Return seconds since 1970, as a number or a text, in µs; `None` for what is no time."""
    try:
        seconds = Decimal(str(stated)) if isinstance(stated, str | int | float) else Decimal("NaN")
    except InvalidOperation:
        return None
    return int(seconds * 1_000_000) if seconds.is_finite() and 0 < seconds < _LATEST else None
