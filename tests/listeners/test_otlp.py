"""OpenTelemetry logs over HTTP, protobuf and JSON alike."""

import gzip
import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from tests.listeners.receiving import running

from wardwatch.frames.described import Description

PROTOBUF, JSON = {"Content-Type": "application/x-protobuf"}, {"Content-Type": "application/json; charset=utf-8"}
EXPECTED = [b"<13>a line", b'{"a":1,"b":[true,1.5,"AP8="],"c":null}', b'{"k":"v"}']


def request() -> ExportLogsServiceRequest:
    values = KeyValueList(
        values=[
            KeyValue(key="a", value=AnyValue(int_value=1)),
            KeyValue(
                key="b",
                value=AnyValue(
                    array_value=ArrayValue(
                        values=[AnyValue(bool_value=True), AnyValue(double_value=1.5), AnyValue(bytes_value=b"\0\xff")]
                    )
                ),
            ),
            KeyValue(key="c"),
        ]
    )
    records = [
        LogRecord(body=AnyValue(string_value="<13>a line")),
        LogRecord(body=AnyValue(kvlist_value=values)),
        LogRecord(attributes=[KeyValue(key="k", value=AnyValue(string_value="v"))]),
    ]
    return ExportLogsServiceRequest(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])])


AS_JSON = {
    "resourceLogs": [
        {
            "scopeLogs": [
                {
                    "logRecords": [
                        {"body": {"stringValue": "<13>a line"}, "traceId": "5b8efff798038103d269b633813fc60c"},
                        {
                            "body": {
                                "kvlistValue": {
                                    "values": [
                                        {"key": "a", "value": {"intValue": "1"}},
                                        {
                                            "key": "b",
                                            "value": {
                                                "arrayValue": {
                                                    "values": [
                                                        {"boolValue": True},
                                                        {"doubleValue": 1.5},
                                                        {"bytesValue": "AP8="},
                                                    ]
                                                }
                                            },
                                        },
                                        {"key": "c", "value": {}},
                                    ]
                                }
                            }
                        },
                        {"attributes": [{"key": "k", "value": {"stringValue": "v"}}]},
                    ]
                }
            ]
        }
    ]
}


def test_protobuf(tmp_path: Path) -> None:
    packed = gzip.compress(request().SerializeToString())
    with running(tmp_path) as here:
        answer = here.post("/v1/logs", packed, PROTOBUF | {"Content-Encoding": "gzip"})
        assert (answer.status, answer.headers["content-type"]) == (200, "application/x-protobuf")
        assert not ExportLogsServiceResponse.FromString(answer.body).HasField("partial_success")
        assert here.bodies() == EXPECTED


def test_json(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        answer = here.post("/v1/logs", json.dumps(AS_JSON).encode(), JSON)
        assert (answer.status, answer.json, here.bodies()) == (200, {}, EXPECTED)


BESIDE = Description(
    1_795_521_600_000_001, "web1", {"host.name": "web1", "service.name": "pacs", "k": 5, "severity_text": "WARN"}
)


def test_what_stands_beside_a_record_is_kept(tmp_path: Path) -> None:
    nano = 1_795_521_600_000_001_500
    sent = request()
    record = sent.resource_logs[0].scope_logs[0].log_records[0]
    record.time_unix_nano, record.observed_time_unix_nano, record.severity_text = nano, 7_000, "WARN"
    record.attributes.append(KeyValue(key="k", value=AnyValue(int_value=5)))
    around = {"host.name": "web1", "service.name": "pacs"}
    sent.resource_logs[0].resource.attributes.extend(
        KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in around.items()
    )
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in around.items()]
    plain = {
        "timeUnixNano": str(nano),
        "severityText": "WARN",
        "attributes": [{"key": "k", "value": {"intValue": "5"}}],
    }
    logs = [
        {"body": {"stringValue": "<13>a line"}, **plain},
        {"observedTimeUnixNano": "7000", **plain, "timeUnixNano": "0"},
    ]
    as_json = {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": logs}]}]}
    with running(tmp_path) as here:
        assert here.post("/v1/logs", sent.SerializeToString(), PROTOBUF).status == 200
        assert (here.plain(), here.said()[0]) == (EXPECTED, BESIDE)
        assert [said and said.host for said in here.said()] == ["web1"] * 3
        assert here.post("/v1/logs", json.dumps(as_json).encode(), JSON).status == 200
        assert (here.plain()[3:], here.said()[3]) == ([EXPECTED[0], b'{"k":5}'], BESIDE)
        assert here.said()[4] == Description(7, "web1", {**around, "severity_text": "WARN"})


def test_what_is_too_large_is_told(tmp_path: Path) -> None:
    with running(tmp_path, body=20) as here:
        answer = here.post("/v1/logs", request().SerializeToString(), PROTOBUF)
        partial = ExportLogsServiceResponse.FromString(answer.body).partial_success
        assert (partial.rejected_log_records, partial.error_message) == (1, "event too large")
        assert here.post("/v1/logs", json.dumps(AS_JSON).encode(), JSON).json == {
            "partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "event too large"}
        }
        assert here.bodies() == [EXPECTED[0], EXPECTED[2]] * 2


def nested(depth: int) -> bytes:
    value = AnyValue(string_value="x")
    for _ in range(depth):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    record = LogRecord(body=value)
    return ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=[record])])]
    ).SerializeToString()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\xff\xff", PROTOBUF),
        (nested(40), PROTOBUF),
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"resourceLogs":5}', JSON),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"intValue":"x"}}]}]}]}', JSON),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":5}}]}]}]}', JSON),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, body: bytes, headers: dict[str, str]) -> None:
    with running(tmp_path) as here:
        answer = here.post("/v1/logs", body, headers)
        assert (answer.status, here.bodies(), here.rejected()) == (400, [], {"not an export of logs": 1})
        assert b"not an export of logs" in answer.body


def test_other_content_and_unknown_senders(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        assert here.post("/v1/logs", b"x", {"Content-Type": "text/plain"}).status == 415
        assert here.post("/v1/logs", b"", PROTOBUF | {"Authorization": "Bearer x"}).status == 401
        assert here.post("/v1/logs", b"{}", JSON | {"Authorization": "Bearer x"}).json["message"].startswith("a token")
