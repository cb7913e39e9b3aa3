"""Lake v1: the columns of its Parquet files (docs/reference/formats.md). Frozen: a change needs a v2."""

import re

import pyarrow as pa

from wardwatch.events.batch import STAMP

FORMAT = "wardwatch/lake/1"
VERSION = "v1"

# Fields with a column of their own: what Sigma rules and people ask most. All others are in `fields`. No two are alike
# but for upper and lower case: DuckDB and Spark would take them for one.
PROMOTED = (
    "EventID", "Channel", "Provider_Name", "Image", "OriginalFileName", "CommandLine", "ParentImage",
    "ParentCommandLine", "User", "Hashes", "TargetFilename", "TargetObject", "Details", "ImageLoaded", "SourceImage",
    "TargetImage", "GrantedAccess", "PipeName", "QueryName", "SourceIp", "DestinationIp", "DestinationPort",
    "DestinationHostname", "ScriptBlockText", "ServiceName", "ImagePath", "TargetUserName", "SubjectUserName",
    "IpAddress", "LogonType", "Status", "ShareName", "ObjectName",
    "Command", "Message", "exe", "type",
    "src_ip", "dst_ip", "dst_port", "id.orig_h", "id.resp_h", "id.resp_p",
    "c-ip", "cs-method", "cs-host", "cs-uri-stem", "cs-uri-query", "c-useragent", "sc-status",
    "Operation", "Result", "Path", "ClientAddress", "EventName", "EventCode", "PatientID", "UserID",
    "RequestorUserID", "RemoteAET",
)  # fmt: skip


def column_of(field: str) -> str:
    """The column of a promoted field: `f_` and its name, with `_` for what is neither letter nor digit."""
    return "f_" + re.sub(r"[^A-Za-z0-9_]", "_", field)


COLUMNS = {field: column_of(field) for field in PROMOTED}  # promoted field → column

WORDS = pa.list_(pa.field("element", pa.string()))
LOGSOURCE = ("product", "category", "service")

# Tenant, day and source are in the path, as Hive has it.
SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.binary(16), nullable=False),
        pa.field("occurred_at", STAMP, nullable=False),
        pa.field("received_at", STAMP, nullable=False),
        pa.field("host", pa.string()),
        pa.field("user", pa.string()),
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("time_quality", pa.string(), nullable=False),
        *(pa.field(term, pa.string()) for term in LOGSOURCE),
        *(pa.field(column, pa.string()) for column in COLUMNS.values()),
        pa.field("fields", pa.map_(pa.string(), pa.string()), nullable=False),
        pa.field("lists", WORDS),
        pa.field("nulls", WORDS),
    ],
    metadata={b"format": FORMAT.encode()},
)

_SOURCE = re.compile(r"[a-z0-9_-]{1,64}")


def is_source(name: str) -> bool:
    """Say whether a text is a source's name, which alone may be part of a path."""
    return _SOURCE.fullmatch(name) is not None
