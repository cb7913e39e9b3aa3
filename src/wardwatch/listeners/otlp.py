"""OpenTelemetry logs over HTTP: `POST /v1/logs`, protobuf or JSON.

Source: OpenTelemetry Protocol Specification 1.x, "OTLP/HTTP", and opentelemetry/proto/common/v1/common.proto. A record
whose body is a text becomes a frame with that text; one with a body of values a frame with their JSON; one without a
body a frame with the JSON of its attributes. Beside it stand its time, `host.name`, the severity's text, and the
attributes of its resource and its own.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wardwatch.frames.described import Description, described
from wardwatch.listeners.intake import Intake
from wardwatch.listeners.requests import TOO_LONG, answering, received

NAME = "otlp"
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_BAD = "not an export of logs"
_MAX_DEPTH = 32
_MESSAGE_FIELD = 0x12  # of google.rpc.Status: field 2, a text


def routes(intake: Intake) -> list[BaseRoute]:
    """Return the paths of this protocol."""

    async def take(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in {_PROTOBUF, _JSON}:
            raise HTTPException(415, f"content types are {_PROTOBUF} and {_JSON}")
        async with received(intake, request, NAME) as got:
            try:
                bodies = list(_from_protobuf(got.body) if kind == _PROTOBUF else _from_json(got.body))
            except (DecodeError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                intake.reject(NAME, got.sensor, _BAD)
                raise HTTPException(400, _BAD) from None
            kept = [body for body in bodies if len(body) <= intake.limits.body]
            if len(kept) < len(bodies):
                intake.reject(NAME, got.sensor, TOO_LONG, len(bodies) - len(kept))
            await intake.take(NAME, got.sensor, kept)
        return _accepted(kind, len(bodies) - len(kept))

    async def guarded(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return await answering(take, _says_json if kind == _JSON else _says_protobuf)(request)

    return [Route("/v1/logs", guarded, methods=["POST"])]


def _accepted(kind: str, rejected: int) -> Response:
    if kind == _JSON:
        partial = {"partialSuccess": {"rejectedLogRecords": str(rejected), "errorMessage": TOO_LONG}}
        return JSONResponse(partial if rejected else {})
    answer = ExportLogsServiceResponse()
    if rejected:
        answer.partial_success.CopyFrom(ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=TOO_LONG))
    return Response(answer.SerializeToString(), media_type=_PROTOBUF)


def _says_json(status: int, text: str) -> Response:
    return JSONResponse({"message": text}, status)


def _says_protobuf(status: int, text: str) -> Response:
    """Word a refusal as google.rpc.Status; the text is short, so its length is one byte."""
    message = text.encode()[:127]
    return Response(bytes([_MESSAGE_FIELD, len(message)]) + message, status, media_type=_PROTOBUF)


def _from_protobuf(data: bytes) -> Iterator[bytes]:
    for resource in ExportLogsServiceRequest.FromString(data).resource_logs:
        around = _attributes(resource.resource.attributes)
        for scope in resource.scope_logs:
            for record in scope.log_records:
                at, severity = record.time_unix_nano or record.observed_time_unix_nano, record.severity_text
                own = _attributes(record.attributes)
                if record.body.WhichOneof("value") is None:
                    yield _frame(own, _said(around, {}, at, severity))
                else:
                    yield _frame(_value(record.body), _said(around, own, at, severity))


def _value(found: AnyValue, depth: int = 0) -> object:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    match found.WhichOneof("value"):
        case "kvlist_value":
            return _attributes(found.kvlist_value.values, depth)
        case "array_value":
            return [_value(one, depth + 1) for one in found.array_value.values]
        case "bytes_value":
            return base64.b64encode(found.bytes_value).decode()
        case None:
            return None
        case name:
            plain: object = getattr(found, name)
            return plain


def _attributes(found: Iterable[KeyValue], depth: int = 0) -> dict[str, object]:
    return {one.key: _value(one.value, depth + 1) for one in found}


def _from_json(data: bytes) -> Iterator[bytes]:
    for resource in orjson.loads(data).get("resourceLogs", []):
        around = _json_attributes(resource.get("resource", {}).get("attributes", []))
        for scope in resource.get("scopeLogs", []):
            for record in scope.get("logRecords", []):
                at = int(record.get("timeUnixNano") or 0) or int(record.get("observedTimeUnixNano") or 0)
                own, severity = _json_attributes(record.get("attributes", [])), record.get("severityText", "")
                if record.get("body"):
                    yield _frame(_json_value(record["body"]), _said(around, own, at, severity))
                else:
                    yield _frame(own, _said(around, {}, at, severity))


def _json_value(found: dict[str, Any], depth: int = 0) -> object:
    """Read an AnyValue as JSON has it: one key that names the kind (integers are texts)."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    if "kvlistValue" in found:
        return _json_attributes(found["kvlistValue"].get("values", []), depth)
    if "arrayValue" in found:
        return [_json_value(one, depth + 1) for one in found["arrayValue"].get("values", [])]
    if "intValue" in found:
        return int(found["intValue"])
    for kind in ("stringValue", "boolValue", "doubleValue", "bytesValue"):
        if kind in found:
            plain: object = found[kind]
            return plain
    return None


def _json_attributes(found: Iterable[dict[str, Any]], depth: int = 0) -> dict[str, object]:
    return {str(one["key"]): _json_value(one.get("value", {}), depth + 1) for one in found}


def _said(around: dict[str, object], own: dict[str, object], at: int, severity: object) -> Description:
    """What stands beside a record; `at` in nanoseconds, 0 where it is unknown."""
    fields = {**around, **own, **({"severity_text": severity} if severity else {})}
    host = fields.get("host.name")
    return Description(at // 1_000 or None, host if isinstance(host, str) else None, fields)


def _frame(value: object, said: Description) -> bytes:
    body = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else orjson.dumps(value)
    return described(body, said)
