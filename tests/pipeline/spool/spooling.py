"""What tests of the spool share: a clock that is set by hand, and short ways to append and read."""

from pathlib import Path

from wardwatch.frames.frame import Unnumbered
from wardwatch.kernel.disk import Disk
from wardwatch.pipeline.spool import Keys, Lane, Limits, Position, Spool

NOON = 1_795_521_600_000_000


class Clock:
    """Microseconds UTC; every look moves it on a little, as a real one would."""

    def __init__(self, now: int = NOON) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 10
        return self.now


def spool(home: Path, disk: Disk | None = None, clock: Clock | None = None, **limits: int) -> Spool:
    disk = disk or Disk()
    small = Limits(**({"reserve": 0} | limits))
    return Spool(home / "spool", Keys(home / "keys", disk), disk, small, clock=clock or Clock())


def arrived(*bodies: bytes, sensor: str = "fw1", hint: str | None = None, at: int = NOON) -> list[Unnumbered]:
    return [Unnumbered(sensor, hint, at, bodies)]


def append(lane: Lane, *bodies: bytes) -> int:
    return lane.append(arrived(*bodies)).result(10)


def bodies(lane: Lane, position: Position | None = None) -> list[bytes]:
    return [body for chunk in lane.read(position) for body in chunk.batch.column("body").to_pylist()]


def segments(home: Path, tenant: str) -> list[Path]:
    return sorted((home / "spool" / tenant).glob("*.seg"))
