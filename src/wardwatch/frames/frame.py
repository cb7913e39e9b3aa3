"""Frame v1: one body as it arrived, in spool, Kafka and Spark alike. Parsing happens behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
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


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """Bodies of one sensor that arrived together, before a segment numbered them; each becomes a frame.

    `received_at` is in microseconds UTC.
    """

    sensor: str
    source_hint: str | None
    received_at: int
    bodies: Sequence[bytes]


def frames(tenant: str, arrived: Iterable[Unnumbered], first_seq: int) -> pa.RecordBatch:
    """Make a Frame v1 batch of what arrived, numbered from `first_seq` on in the order given."""
    sensors: list[str] = []
    hints: list[str | None] = []
    times: list[int] = []
    bodies: list[bytes] = []
    for one in arrived:
        count = len(one.bodies)
        sensors.extend([one.sensor] * count)
        hints.extend([one.source_hint] * count)
        times.extend([one.received_at] * count)
        bodies.extend(one.bodies)
    columns = [
        pa.repeat(tenant, len(bodies)),
        pa.array(sensors, pa.string()),
        pa.array(hints, pa.string()),
        pa.array(times, SCHEMA.field("received_at").type),
        pa.array(np.arange(first_seq, first_seq + len(bodies), dtype=np.uint64)),
        pa.array(bodies, pa.binary()),
    ]
    return pa.record_batch(columns, schema=SCHEMA)
