"""Frame v1: one body as it arrived, in spool, Kafka and Spark alike. Parsing happens behind it."""

from dataclasses import dataclass

import pyarrow as pa

FORMAT = "wardwatch/frame/1"

SCHEMA = pa.schema(
    [
        pa.field("tenant", pa.string(), nullable=False),
        pa.field("sensor", pa.string(), nullable=False),
        pa.field("source_hint", pa.string()),
        pa.field("received_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("seq", pa.uint64(), nullable=False),
        pa.field("body", pa.binary(), nullable=False),
    ],
    metadata={b"format": FORMAT.encode()},
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One body.

    `tenant` is the hospital's slug, `sensor` who sent it, `source_hint` the name of a source if the sender knows it,
    `received_at` microseconds UTC, `seq` counts up within a segment, `body` is what a source's `read` takes.
    """

    tenant: str
    sensor: str
    source_hint: str | None
    received_at: int
    seq: int
    body: bytes
