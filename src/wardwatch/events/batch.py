"""EventBatch v1: the events of one log source as an Arrow record batch (docs/reference/formats.md)."""

import pyarrow as pa

from wardwatch.events.logsource import LogSource

FORMAT = "wardwatch/event-batch/1"

# A field's column is named with this prefix, so that fields and envelope cannot collide.
FIELD_PREFIX = "f."

# An explicit null; Arrow null means that the field is absent. (A text that happens to be this is read as a null.)
NULL = "\x00null"

STAMP = pa.timestamp("us", tz="UTC")
WORD = pa.dictionary(pa.int32(), pa.string())
WORDS = pa.list_(pa.string())

ENVELOPE = pa.schema(
    [
        pa.field("event_id", pa.binary(16), nullable=False),
        pa.field("tenant", WORD, nullable=False),
        pa.field("occurred_at", STAMP, nullable=False),
        pa.field("received_at", STAMP, nullable=False),
        pa.field("host", WORD),
        pa.field("user", WORD),
        pa.field("source", WORD, nullable=False),
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("time_quality", WORD, nullable=False),
    ]
)


def metadata(logsource: LogSource) -> dict[bytes, bytes]:
    """Schema metadata of a batch: its format and its log source (terms that do not apply are left out)."""
    terms = {"product": logsource.product, "category": logsource.category, "service": logsource.service}
    return {b"format": FORMAT.encode()} | {k.encode(): v.encode() for k, v in terms.items() if v is not None}


def logsource(schema: pa.Schema) -> LogSource:
    """Return the log source that a batch's schema states; raises `ValueError` for another format."""
    stated = schema.metadata or {}
    if stated.get(b"format") != FORMAT.encode():
        raise ValueError(f"not an {FORMAT}: {stated.get(b'format')!r}")
    return LogSource(*(stated[k].decode() if k in stated else None for k in (b"product", b"category", b"service")))


def field_names(schema: pa.Schema) -> list[str]:
    """The names of the fields (not of the envelope) in a batch."""
    return [name[len(FIELD_PREFIX) :] for name in schema.names if name.startswith(FIELD_PREFIX)]
