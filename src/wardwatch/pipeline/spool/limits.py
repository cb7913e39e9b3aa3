"""How much a lane may hold."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, spans in microseconds.

    `body`: of one frame. `waiting`: bodies of a lane that wait in memory for their commit. `backlog`: of a lane on
    disk, so that one noisy hospital does not fill it for all. `reserve`: room on the disk that the spool leaves to
    others (alerts, lake). `block`: bodies of one block. `segment`, `segment_age`: when a new segment is begun.
    `committing`: lanes that commit at the same time.
    """

    body: int = 16 * _MIB
    waiting: int = 64 * _MIB
    backlog: int = 16 * 1024 * _MIB
    reserve: int = 512 * _MIB
    block: int = 4 * _MIB
    segment: int = 64 * _MIB
    segment_age: int = 600_000_000
    committing: int = 8
