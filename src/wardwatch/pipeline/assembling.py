"""Bodies that do not stand alone, where they arrive one by one: headers are remembered, parts of one event wait.

What must be known from one run of frames to the next is a `Carry`: a value that a checkpoint keeps. What comes of
frames does not depend on how they are cut into runs.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from wardwatch.sources import Source

MAX_HEADER = 64  # lines of a header that are remembered,
MAX_HEADER_LINE = 64 * 1024  # of so many bytes at most
MAX_OPEN = 1_000  # parts that wait, of one sensor and format
MAX_HOSTS = 5_000  # that speak one format alone
GAP = 500_000  # µs without a further part after which an event is whole
WAIT = 1_000_000  # µs by the clock after which it is so even if nothing else arrives

Who = tuple[str, str]  # sensor, and name of the source


@dataclass(frozen=True, slots=True)
class Part:
    """A body with the segment and number of its frame, and when that arrived (µs UTC)."""

    segment: str
    seq: int
    received_at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Carry:
    """What is known of a lane: headers, parts of events that may not be whole, hosts whose lines are of one source."""

    headers: Mapping[Who, tuple[bytes, ...]] = field(default_factory=dict)
    open: Mapping[Who, tuple[Part, ...]] = field(default_factory=dict)
    hosts: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (sensor, host) → source

    def due(self, now: int) -> int | None:
        """Return the newest arrival among parts that waited long enough; a clock that went back ends waiting too."""
        arrivals = (parts[-1].received_at for parts in self.open.values())
        return max((one for one in arrivals if not 0 <= now - one <= WAIT), default=None)

    def plain(self) -> dict[str, Any]:
        """Return the carry as JSON can hold it; see `read`."""
        return {
            "headers": [[*who, [_text(line) for line in lines]] for who, lines in self.headers.items()],
            "open": [
                [*who, [[one.segment, one.seq, one.received_at, _text(one.body)] for one in parts]]
                for who, parts in self.open.items()
            ],
            "hosts": [[*who, source] for who, source in self.hosts.items()],
        }

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """Rebuild what `plain` returned; raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        return cls(
            {(sensor, source): tuple(map(_bytes, lines)) for sensor, source, lines in plain["headers"]},
            {
                (sensor, source): tuple(Part(segment, seq, at, _bytes(body)) for segment, seq, at, body in parts)
                for sensor, source, parts in plain["open"]
            },
            {(sensor, host): source for sensor, host, source in plain["hosts"]},
        )


def _text(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def headed(known: Iterable[bytes], bodies: Iterable[bytes], mark: bytes) -> tuple[bytes, ...]:
    """Add the header lines among `bodies` to those that are known: of each directive the last one counts.

    IIS repeats single lines of its header, Zeek ends a file with one that says nothing of the columns.
    """
    lines = {_directive(line): line for line in known}
    for body in bodies:
        if body.startswith(mark) and len(body) <= MAX_HEADER_LINE:
            directive = _directive(body)
            lines.pop(directive, None)
            lines[directive] = body
    return tuple(lines.values())[-MAX_HEADER:]


def _directive(line: bytes) -> bytes:
    return line.replace(b":", b" ", 1).split(None, 1)[0] if line.strip() else line


def assembled(
    source: Source, waiting: Sequence[Part], arrived: Sequence[Part], due: int | None = None
) -> tuple[list[list[Part]], tuple[Part, ...]]:
    """Put parts together; return the events that are whole, in the order in which they became so, and what waits on.

    An event is whole when its source says so of its last part, when no further part came for `GAP`, when too many
    wait, or when its last part came at `due` or before. `waiting` is what an earlier call left.
    """
    key_of, is_last = source.assemble_key, source.assemble_end
    whole: list[list[Part]] = []
    events: dict[bytes, list[Part]] = {}  # in the order of their last parts
    count = 0
    for part in (*waiting, *arrived):
        while events and part.received_at - (first := next(iter(events.values())))[-1].received_at > GAP:
            count -= len(first)
            whole.append(events.pop(next(iter(events))))
        key = key_of(part.body) if key_of is not None else None
        if key is None:
            whole.append([part])
            continue
        event = events.pop(key, [])
        event.append(part)
        count += 1
        if is_last is not None and is_last(part.body):
            count -= len(event)
            whole.append(event)
            continue
        events[key] = event
        while count > MAX_OPEN:
            first = events.pop(next(iter(events)))
            count -= len(first)
            whole.append(first)
    if due is not None:
        whole += [event for event in events.values() if event[-1].received_at <= due]
        events = {key: event for key, event in events.items() if event[-1].received_at > due}
    left = sorted((part for event in events.values() for part in event), key=lambda part: (part.segment, part.seq))
    return whole, tuple(left)


def runs(events: Iterable[list[Part]], source: Source) -> Iterator[tuple[str, list[Part]]]:
    """Cut whole events into runs that can be read at once: of one segment, and no two events of one key in a run.

    Yields (segment, parts); an event belongs to the segment in which it began. A last part that came behind its event
    joins the run all the same.
    """
    key_of, is_last = source.assemble_key, source.assemble_end
    segment, run, keys = "", list[Part](), set[bytes]()
    for event in events:
        body = event[0].body
        key = key_of(body) if key_of is not None else None
        again = key in keys and not (len(event) == 1 and is_last is not None and is_last(body))
        if run and (again or event[0].segment != segment):
            yield segment, run
            run, keys = [], set()
        segment = event[0].segment
        run.extend(event)
        if key is not None:
            keys.add(key)
    if run:
        yield segment, run
