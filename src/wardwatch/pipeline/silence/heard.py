"""What a lane heard, gathered between two looks: how much of whom, how late, in what shape, what was not understood."""

from collections import Counter
from dataclasses import dataclass, field

from wardwatch.events.logsource import LogSource
from wardwatch.pipeline.assembling import Who
from wardwatch.pipeline.detecting import Detected

_MAX_SKEWS = 200  # measurements of one host between two looks
_MAX_HOSTS = 2_000
_MAX_SHAPES = 2_000


@dataclass(slots=True)
class Heard:
    """What came since the last look; times are µs UTC."""

    events: Counter[Who] = field(default_factory=Counter)
    newest: dict[Who, int] = field(default_factory=dict)  # when the newest arrived
    rejects: Counter[str] = field(default_factory=Counter)  # by sensor
    skews: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)  # sensor, source, host
    shapes: dict[tuple[str, str, LogSource], tuple[int, set[str]]] = field(default_factory=dict)  # events, fields

    def take_in(self, found: Detected) -> None:
        """Note what came of a piece of work."""
        for (sensor, _, _), count in found.outcome.rejects.items():
            self.rejects[sensor] += count
        for who, seen in found.outcome.seen.items():
            if not seen.events:
                continue
            self.events[who] += seen.events
            self.newest[who] = max(seen.received_at, self.newest.get(who, 0))
            for host, late in seen.skews.items():
                key = (*who, host)
                if key in self.skews or len(self.skews) < _MAX_HOSTS:
                    known = self.skews.setdefault(key, [])
                    known += late[: _MAX_SKEWS - len(known)]
            for logsource, (count, names) in seen.shapes.items():
                shape = (*who, logsource)
                if shape in self.shapes or len(self.shapes) < _MAX_SHAPES:
                    before, fields = self.shapes.get(shape, (0, set()))
                    self.shapes[shape] = (before + count, fields | names)
