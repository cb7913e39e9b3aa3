"""Bodies that do not stand alone, where they arrive one by one: headers are remembered, parts of one event wait.

What must be known from one run of frames to the next is a `Carry`: a value that a checkpoint keeps.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wardwatch.sources import Body, Source

MAX_HEADER = 64  # lines of a header, and
MAX_HELD = 1_000  # bodies that wait for the rest of their event, of one sensor and format
HOLD = 1_000_000  # µs that they wait

Who = tuple[str, str]  # sensor, and name of the source


@dataclass(frozen=True, slots=True)
class Held:
    """The bodies of an event that may not be whole yet: their segment, and when the last of them arrived (µs UTC)."""

    segment: str
    received_at: int
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Carry:
    """What is known of a lane's formats whose bodies do not stand alone."""

    headers: Mapping[Who, tuple[bytes, ...]] = field(default_factory=dict)
    held: Mapping[Who, Held] = field(default_factory=dict)

    def due(self, now: int) -> bool:
        """Say whether something waited long enough."""
        return any(now - one.received_at > HOLD for one in self.held.values())

    def plain(self) -> dict[str, Any]:
        """Return the carry as JSON can hold it; see `carried`."""
        return {
            "headers": [[*who, [_text(line) for line in lines]] for who, lines in self.headers.items()],
            "held": [
                [*who, one.segment, one.received_at, [[seq, _text(body)] for seq, body in one.bodies]]
                for who, one in self.held.items()
            ],
        }


def carried(plain: Mapping[str, Any]) -> Carry:
    """Rebuild what `Carry.plain` returned; raises `KeyError`, `TypeError` or `ValueError` for anything else."""
    return Carry(
        {(sensor, source): tuple(map(_bytes, lines)) for sensor, source, lines in plain["headers"]},
        {
            (sensor, source): Held(segment, received_at, tuple((seq, _bytes(body)) for seq, body in bodies))
            for sensor, source, segment, received_at, bodies in plain["held"]
        },
    )


def _text(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


@dataclass(frozen=True, slots=True)
class Ready:
    """Bodies that can be read now, in order: headers of before, those of an older segment, those of this one."""

    headers: tuple[bytes, ...]
    older: Held | None
    bodies: Sequence[Body]


def ready(
    carry: Carry, sensor: str, source: Source, bodies: Sequence[Body], *, segment: str, received_at: int
) -> tuple[Ready, Carry]:
    """Take in bodies of one sensor and format; return what can be read, and what is to be known from now on.

    With no `bodies`, what is held becomes ready.
    """
    who = (sensor, source.name)
    before = carry.headers.get(who, ())
    headers = dict(carry.headers)
    held = dict(carry.held)
    if source.header and bodies and (lines := _last_header([body for _, body in bodies], source.header, before)):
        headers[who] = lines
    earlier = held.pop(who, None)
    older = earlier if earlier is not None and earlier.segment != segment else None
    if earlier is not None and older is None:
        bodies = [*earlier.bodies, *bodies] if bodies else list(earlier.bodies)
        waited = not received_at or received_at - earlier.received_at > HOLD
    else:
        waited = False
    if source.assemble_key is not None and bodies and not waited and (key := source.assemble_key(bodies[-1][1])):
        waiting = [body for body in bodies if source.assemble_key(body[1]) == key]
        if len(waiting) <= MAX_HELD:
            bodies = [body for body in bodies if source.assemble_key(body[1]) != key]
            held[who] = Held(segment, received_at, tuple(waiting))
    return Ready(before, older, bodies), replace(carry, headers=headers, held=held)


def _last_header(bodies: Sequence[bytes], mark: bytes, before: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the last run of header lines; a run of one line adds to what was known (IIS repeats single ones)."""
    runs: list[list[bytes]] = []
    within = False
    for body in bodies:
        if body.startswith(mark):
            if not within:
                runs.append([])
            runs[-1].append(body)
        within = body.startswith(mark)
    if not runs:
        return ()
    # A run at the very beginning goes on where the last frames ended.
    lines = [*before, *runs[-1]] if len(runs) == 1 and bodies[0].startswith(mark) else runs[-1]
    return tuple(lines[-MAX_HEADER:])
