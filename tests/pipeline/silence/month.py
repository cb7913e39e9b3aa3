"""A small hospital as Wardwatch hears it: sources with days, nights, weekends and jobs, minute by minute, from a seed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from wardwatch.events.alert import Alert
from wardwatch.events.logsource import LogSource
from wardwatch.kernel import stamps
from wardwatch.pipeline.assembling import Who
from wardwatch.pipeline.silence import Heard, Silence
from wardwatch.pipeline.silence.usual import Slot, plain_week

PARIS = ZoneInfo("Europe/Paris")
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
FIRST = stamps.iso("2026-10-01T00:00:00+02:00")[0]  # summer time ends within the month
DC, PACS, HL7, VEEAM, FIREWALL, DESK = (
    ("dc01", "windows_json"),
    ("pacs", "orthanc"),
    ("mirth", "hl7"),
    ("backup", "veeam"),
    ("fw1", "fortigate"),
    ("desk", "openldap"),
)


def _day(at: datetime) -> bool:
    return at.weekday() < 5 and 430 <= at.hour * 60 + at.minute < 1140


def rate(who: Who, at: datetime) -> float:
    """Events an hour at a local time."""
    weekend = at.weekday() >= 5
    return {
        DC: 5_000.0 if _day(at) else 900.0,
        PACS: 90.0 if _day(at) else 6.0 if 8 <= at.hour < 20 else 0.4,
        HL7: 300.0 if _day(at) else 30.0,
        VEEAM: 1_200.0 if at.hour == 2 and at.minute < 10 else 0.0,
        FIREWALL: 3_600.0,
        DESK: 120.0 if not weekend and 8 <= at.hour < 17 else 0.0,
    }[who]


SOURCES = (DC, PACS, HL7, VEEAM, FIREWALL, DESK)
Out = Callable[[Who, datetime], bool]


@dataclass
class Month:
    """Runs a month through the watcher; `out` says when a source is cut off, `down` when Wardwatch itself is."""

    seed: int
    out: Out = lambda _, __: False
    down: Callable[[datetime], bool] = lambda _: False
    slot: Slot = plain_week

    def __post_init__(self) -> None:
        self.silence = Silence("nord", PARIS, slot=self.slot)

    def run(self, days: int) -> Iterator[tuple[datetime, Alert]]:
        """Yield what is told, and when."""
        random = np.random.default_rng(self.seed)
        counts = {who: random.poisson(rates).tolist() for who, rates in _rates().items()}
        early = random.integers(0, MINUTE, 31 * 1440).tolist()
        for minute, local in enumerate(_times()[: days * 1440]):
            now = FIRST + minute * MINUTE
            heard = Heard()
            for who in SOURCES:
                if counts[who][minute] and not self.out(who, local):
                    heard.events[who] = counts[who][minute]
                    heard.newest[who] = now - early[minute]
            if not self.down(local):
                yield from ((local, one) for one in self.silence.look(heard, now, now, asks_nothing))


@cache
def _times() -> list[datetime]:
    return [stamps.moment(FIRST + minute * MINUTE).astimezone(PARIS) for minute in range(31 * 1440)]


@cache
def _rates() -> dict[Who, np.ndarray]:
    """Events of each minute, on average."""
    return {who: np.array([rate(who, at) / 60 for at in _times()]) for who in SOURCES}


def asks_nothing(_: LogSource) -> frozenset[str]:
    return frozenset()
