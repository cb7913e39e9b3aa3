"""Elasticsearch's `_bulk`, and what shippers ask for before they use it.

Source: Elasticsearch reference, "Bulk API" and "REST API compatibility". Each document becomes a frame with the bytes
as they came. There are no indices: their names are accepted and answered, templates, policies and pipelines are
acknowledged and not kept. `delete` and `update` are refused, item by item: evidence is only added.
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wardwatch.kernel.errors import NotTakenError
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.requests import TOO_LONG, Handler, Received, answering, authorised, received

NAME = "elastic"
VERSION = "8.17.0"  # whose answers these are; clients of 7 and 8 accept it
_PART_FRAMES, _PART_BYTES = 10_000, 8 * 1024 * 1024  # of a request that are committed together
_ADDING = frozenset({"index", "create"})
_BAD_ACTION, _NOT_ADDED = "not an action of _bulk", "updates and deletes are refused"
_COMPATIBLE = "application/vnd.elasticsearch+json;compatible-with=8"
_CLUSTER = "wardwatch"


@dataclass(slots=True)
class Item:
    """One action of a request: what it is, and what becomes of it."""

    action: str
    index: str
    id: str
    body: bytes
    status: int = 0
    error: str = ""
    reason: str = ""


class _Elastic:
    """The endpoints."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def bulk(self, request: Request) -> Response:
        """Take documents; answer for each."""
        async with received(self._intake, request, NAME) as got:
            try:
                items = list(_items(got.body, request.path_params.get("index", "")))
            except ValueError as error:
                self._intake.reject(NAME, got.sensor, _BAD_ACTION)
                return _error(request, 400, "illegal_argument_exception", str(error))
            await _take(self._intake, got, items, patient="user-agent" not in request.headers)
            return _json(request, _result(items, short="filter_path" in request.query_params))

    async def document(self, request: Request) -> Response:
        """Take one document."""
        async with received(self._intake, request, NAME) as got:
            item = Item("create", request.path_params["index"], request.path_params.get("id") or _new_id(), got.body)
            await _take(self._intake, got, [item])
            if item.error:
                return _error(request, item.status, item.error, item.reason)
            return _json(request, orjson.dumps(_created(item)), 201)

    async def acknowledged(self, request: Request) -> Response:
        """Acknowledge what a client sets up, and say that it is there."""
        if request.method not in {"PUT", "POST"}:
            authorised(self._intake, request, NAME)
            return _json(request, b"{}")
        async with received(self._intake, request, NAME):
            return _json(request, b'{"acknowledged":true}')

    async def told(self, request: Request) -> Response:
        """Answer what a client asks for when it connects."""
        authorised(self._intake, request, NAME)
        return _json(request, orjson.dumps(_TOLD[request.url.path.rstrip("/") or "/"]))


def routes(intake: Intake) -> list[BaseRoute]:
    """Return the paths of this protocol, the general ones last."""
    endpoints = _Elastic(intake)
    adding, asking = ["POST", "PUT"], ["GET"]
    table: list[tuple[Handler, Iterable[str], list[str]]] = [
        (endpoints.bulk, ("/_bulk", "/{index}/_bulk", "/{index}/_doc/_bulk"), adding),
        (endpoints.told, _TOLD, asking),
        (endpoints.document, ("/{index}/_doc", "/{index}/_doc/{id}", "/{index}/_create/{id}"), adding),
        (endpoints.acknowledged, _ACKNOWLEDGED, adding + asking),
    ]
    return [Route(path, _guarded(handler), methods=methods) for handler, paths, methods in table for path in paths]


def _guarded(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        def says(status: int, text: str) -> Response:
            return _error(request, status, _KINDS.get(status, "illegal_argument_exception"), text)

        return await answering(handler, says)(request)

    return answer


async def _take(intake: Intake, got: Received, items: list[Item], *, patient: bool = False) -> None:
    """Commit what is to be added, part by part; what comes after a part that was put off is put off too.

    Raises `NotTakenError` where nothing at all was taken: the whole request is to be sent again. A `patient` client's
    request waits instead: rsyslog's omelasticsearch, which names itself by no User-Agent, gives up what is refused.
    """
    taken = False
    take = intake.take_all if patient else intake.take
    for part in _parts(_fitting(intake, got, items)):
        try:
            await take(NAME, got.sensor, [item.body for item in part])
        except NotTakenError as error:
            if not taken:
                raise
            _put_off([item for item in items if not item.status], error)
            return
        taken = True
        for item in part:
            item.status = 201


def _put_off(items: list[Item], error: NotTakenError) -> None:
    for item in items:
        item.status = 429 if error.quota else 503
        item.error, item.reason = "es_rejected_execution_exception", error.what


def _fitting(intake: Intake, got: Received, items: list[Item]) -> Iterator[Item]:
    """Yield the items that can be added; the others get their error."""
    for item in items:
        if item.action not in _ADDING:
            item.status, item.error, item.reason = 400, "illegal_argument_exception", _NOT_ADDED
        elif len(item.body) > intake.limits.body:
            item.status, item.error, item.reason = 413, "document_parsing_exception", TOO_LONG
        else:
            yield item
        if item.reason:
            intake.reject(NAME, got.sensor, item.reason)


def _parts(items: Iterator[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    size = 0
    for item in items:
        part.append(item)
        size += len(item.body)
        if len(part) >= _PART_FRAMES or size >= _PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _items(body: bytes, default_index: str) -> Iterator[Item]:
    """Read the lines of a request: an action, then, but for `delete`, its document. Raises `ValueError`."""
    known: dict[bytes, tuple[str, str, str]] = {}  # shippers repeat the same action
    prefix, number = _new_id(), 0
    lines = iter(body.split(b"\n"))
    for line in lines:
        if not line or line == b"\r":
            continue
        action = known.get(line)
        if action is None:
            action = _action(line, default_index)
            if not action[2] and len(known) < _PART_FRAMES:
                known[line] = action
        document = b""
        if action[0] != "delete":
            document = next(lines, b"").rstrip(b"\r")
            if not document:
                raise ValueError("an action without a document: the request must end with a line end")
        number += 1
        yield Item(action[0], action[1], action[2] or f"{prefix}{number}", document)


def _action(line: bytes, default_index: str) -> tuple[str, str, str]:
    """Return (action, index, id) of an action line."""
    try:
        ((action, about),) = orjson.loads(line).items()
        index = str(about.get("_index") or default_index)
        return str(action), index, str(about.get("_id") or "")
    except (ValueError, AttributeError, TypeError):
        raise ValueError("malformed action/metadata line") from None


def _result(items: list[Item], *, short: bool) -> bytes:
    """Return the answer; `short` as clients ask for it with `filter_path`: only statuses and errors."""
    errors = any(item.error for item in items)
    if short:
        rows = [{item.action: {"status": item.status, **_failure(item)}} for item in items]
    else:
        rows = [{item.action: _failed(item) if item.error else _created(item)} for item in items]
    return orjson.dumps({"took": 1, "errors": errors, "items": rows})


def _created(item: Item) -> dict[str, object]:
    return {
        "_index": item.index,
        "_id": item.id,
        "_version": 1,
        "result": "created",
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
        "status": 201,
    }


def _failed(item: Item) -> dict[str, object]:
    return {"_index": item.index, "_id": item.id, "status": item.status, **_failure(item)}


def _failure(item: Item) -> dict[str, object]:
    return {"error": {"type": item.error, "reason": item.reason}} if item.error else {}


def _new_id() -> str:
    return secrets.token_urlsafe(12)


def _json(request: Request, body: bytes, status: int = 200) -> Response:
    wanted = request.headers.get("accept", "")
    kind = _COMPATIBLE if "vnd.elasticsearch+json" in wanted else "application/json"
    return Response(body, status, {"X-Elastic-Product": "Elasticsearch", "content-type": kind})


def _error(request: Request, status: int, kind: str, reason: str) -> Response:
    cause = {"type": kind, "reason": reason}
    return _json(request, orjson.dumps({"error": {"root_cause": [cause], **cause}, "status": status}), status)


_KINDS = {
    401: "security_exception",
    413: "content_too_long_exception",
    415: "content_type_exception",
    429: "es_rejected_execution_exception",
    503: "unavailable_shards_exception",
}
_LICENSE = {
    "status": "active",
    "uid": "wardwatch",
    "type": "basic",
    "mode": "basic",
    "max_nodes": 1,
    "issuer": _CLUSTER,
}
_NODE = {"name": _CLUSTER, "version": VERSION, "roles": ["ingest"], "http": {"publish_address": ""}}
# What is asked for when clients connect, and our answers.
_TOLD: dict[str, object] = {
    "/": {
        "name": _CLUSTER,
        "cluster_name": _CLUSTER,
        "cluster_uuid": "wardwatch-0000000000000",
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "tar",
            "build_hash": "0" * 40,
            "build_date": "2026-01-01T00:00:00Z",
            "build_snapshot": False,
            "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    },
    "/_license": {"license": _LICENSE},
    "/_xpack": {"license": _LICENSE, "features": {"ilm": {"available": True, "enabled": True}}},
    "/_cluster/health": {"cluster_name": _CLUSTER, "status": "green", "timed_out": False, "number_of_nodes": 1},
    "/_cat/health": [{"cluster": _CLUSTER, "status": "green"}],
    "/_nodes": {"cluster_name": _CLUSTER, "nodes": {_CLUSTER: _NODE}},
    "/_nodes/http": {"cluster_name": _CLUSTER, "nodes": {_CLUSTER: _NODE}},
    "/_nodes/_all/http": {"cluster_name": _CLUSTER, "nodes": {_CLUSTER: _NODE}},
}
# What clients set up: acknowledged, or found to be there, so that they go on.
_ACKNOWLEDGED = (
    "/_ilm/policy/{name}",
    "/_index_template/{name}",
    "/_component_template/{name}",
    "/_template/{name}",
    "/_ingest/pipeline/{name}",
    "/_data_stream/{name}",
    "/_alias/{name}",
    "/_aliases",
    "/{index}",
    "/{index}/_alias/{name}",
)
