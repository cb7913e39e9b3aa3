"""What processes publish about themselves: `state/figures-<process>.json`, every second, read by whoever asks.

`/metrics` (Prometheus text exposition format 0.0.4) and `wardwatch status` show the same figures.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

SCHEMA = "wardwatch/figures/1"
STALE = 5_000_000  # µs after which a process that published nothing counts as not running


@dataclass(frozen=True, slots=True)
class Figure:
    """One value. Names follow Prometheus: `wardwatch_<process>_<what>_<unit>`, counters end in `_total`."""

    name: str
    kind: Literal["counter", "gauge"]
    what: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """The figures of one process; times in µs UTC."""

    process: str
    pid: int
    started_at: int
    published_at: int
    figures: tuple[Figure, ...]

    def running(self, now: int) -> bool:
        """Whether the process published lately."""
        return now - self.published_at < STALE


def publish(state: Path, published: Published) -> None:
    """Write the figures of a process so that a reader sees them whole. They need not survive a power cut."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _path(state, published.process)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"schema": SCHEMA, **asdict(published)}), encoding="utf-8")
    part.replace(path)


def of(process: str, started_at: int, now: int, figures: Iterable[Figure]) -> Published:
    """Return the figures of this process."""
    return Published(process, os.getpid(), started_at, now, tuple(figures))


def read_all(state: Path) -> Iterator[Published]:
    """Yield what every process published last, by name; a file that cannot be read is passed over."""
    for path in sorted(state.glob("figures-*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document.pop("schema") == SCHEMA:
                figures = tuple(Figure(**one) for one in document.pop("figures"))
                yield Published(**document, figures=figures)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue


def prometheus(published: Iterable[Published], now: int) -> bytes:
    """Write figures as Prometheus reads them; a process that is not running has only `wardwatch_up` 0."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric  # noqa: PLC0415
    from prometheus_client.registry import Collector  # noqa: PLC0415

    families: dict[str, Metric] = {}

    def add(one: Figure) -> None:
        kind = CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily
        family = families.setdefault(one.name, kind(one.name, one.what, labels=()))
        family.add_sample(one.name, dict(one.labels), one.value)

    for process in published:
        up = process.running(now)
        add(Figure("wardwatch_up", "gauge", "Whether the process runs.", float(up), {"process": process.process}))
        for figure in process.figures if up else ():
            add(figure)

    class Ours(Collector):
        def collect(self) -> Iterable[Metric]:
            return families.values()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Ours())
    return generate_latest(registry)


def _path(state: Path, process: str) -> Path:
    return state / f"figures-{process}.json"
