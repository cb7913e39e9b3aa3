"""How each sensor of each hospital is, as the pipeline's figures tell of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wardwatch.kernel import stamps
from wardwatch.pipeline.figures import Figure

_PER_SOURCE = ("wardwatch_pipeline_source_", "wardwatch_pipeline_rejected_", "wardwatch_pipeline_clock_")
_PIPELINE = "wardwatch_pipeline_"


@dataclass(slots=True)
class SensorState:
    """One sensor of one hospital, as the pipeline's figures tell of it."""

    tenant: str
    sensor: str
    sources: dict[str, dict[str, float]] = field(default_factory=dict)  # source → figure → value
    troubles: dict[str, list[str]] = field(default_factory=dict)  # source → signals
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)  # source, reason
    clocks: dict[str, float] = field(default_factory=dict)  # host → s
    lane: dict[str, float] = field(default_factory=dict)  # of the hospital: lag, backlog

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "format": "wardwatch/sensor-state/1",
            "tenant": self.tenant,
            "sensor": self.sensor,
            "sources": [
                {
                    "source": source,
                    "last_at": stamps.iso_text(round(found["last_seconds"] * 1e6)),
                    "rate": found["rate"],
                    "learned_hours": found["learned_hours"],
                    "troubles": self.troubles.get(source, []),
                }
                for source, found in self.sources.items()
            ],
            "rejects": [
                {"source": source, "reason": reason, "count": count}
                for (source, reason), count in self.rejects.most_common()
            ],
            "clock_skew_seconds": self.clocks,
            **self.lane,
        }


_LANE = ("lag_seconds", "backlog_frames", "backlog_bytes")


def states(figures: Iterable[Figure]) -> list[SensorState]:
    """Gather what the figures say of each sensor."""
    found: dict[tuple[str, str], SensorState] = {}
    lanes: dict[str, dict[str, float]] = {}
    for one in figures:
        if not one.name.startswith(_PIPELINE):
            continue
        name, by = one.name.removeprefix(_PIPELINE), one.labels
        if name in _LANE:
            lanes.setdefault(by["tenant"], {})[name] = one.value
        if not one.name.startswith(_PER_SOURCE):
            continue
        sensor = found.setdefault((by["tenant"], by["sensor"]), SensorState(by["tenant"], by["sensor"]))
        if name == "rejected_total":
            sensor.rejects[by["source"], by["reason"]] += int(one.value)
        elif name == "clock_skew_seconds":
            sensor.clocks[by["host"]] = one.value
        elif name == "source_trouble":
            sensor.troubles.setdefault(by["source"], []).append(by["signal"])
        else:
            sensor.sources.setdefault(by["source"], {})[name.removeprefix("source_")] = one.value
    for (tenant, _), sensor in found.items():
        sensor.lane = lanes.get(tenant, {})
    return [found[key] for key in sorted(found)]
