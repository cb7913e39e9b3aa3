"""Figures: published whole, read by others, shown as Prometheus reads them."""

from pathlib import Path

from wardwatch.pipeline import figures
from wardwatch.pipeline.figures import STALE, Figure, Published

NOW = 1_795_521_600_000_000
TAKEN = Figure("wardwatch_ingest_frames_total", "counter", "Frames.", 3, {"tenant": 'no"rth'})


def test_what_is_published_is_read(tmp_path: Path) -> None:
    one = figures.of("ingest", NOW - 9, NOW, [TAKEN])
    figures.publish(tmp_path / "state", one)
    figures.publish(tmp_path / "state", one)
    assert list(figures.read_all(tmp_path / "state")) == [one]
    assert [one.running(NOW + STALE - 1), one.running(NOW + STALE)] == [True, False]


def test_damaged_files_are_passed_over(tmp_path: Path) -> None:
    for name, text in {"a": "{", "b": "[]", "c": "{}", "d": '{"schema":"wardwatch/figures/1"}', "e": "\0"}.items():
        (tmp_path / f"figures-{name}.json").write_text(text)
    assert list(figures.read_all(tmp_path)) == []
    assert list(figures.read_all(tmp_path / "none")) == []


def test_prometheus() -> None:
    up = Published("ingest", 1, 0, NOW, (TAKEN, Figure("wardwatch_open", "gauge", "Open.", 1.5)))
    gone = Published("pipeline", 2, 0, NOW - STALE, (Figure("wardwatch_lag", "gauge", "Lag.", 1),))
    assert figures.prometheus([up, gone], NOW).decode().splitlines() == [
        "# HELP wardwatch_up Whether the process runs.",
        "# TYPE wardwatch_up gauge",
        'wardwatch_up{process="ingest"} 1.0',
        'wardwatch_up{process="pipeline"} 0.0',
        "# HELP wardwatch_ingest_frames_total Frames.",
        "# TYPE wardwatch_ingest_frames_total counter",
        'wardwatch_ingest_frames_total{tenant="no\\"rth"} 3.0',
        "# HELP wardwatch_open Open.",
        "# TYPE wardwatch_open gauge",
        "wardwatch_open 1.5",
    ]
