"""The figures of the pipeline, for `wardwatch status` and `/metrics`."""

from collections.abc import Iterator

from wardwatch.pipeline.figures import Figure
from wardwatch.pipeline.live import LaneWatch


def of_lane(watch: LaneWatch, now: int, *, troubled: bool) -> Iterator[Figure]:
    """Yield what is to be known of one tenant's lane; `now` is in µs UTC."""
    by = {"tenant": watch.tenant}
    counts = watch.counts
    frames, size = watch.backlog()
    lag = max(0, now - counts.received_at) / 1e6 if frames and counts.received_at else 0.0
    yield Figure("wardwatch_pipeline_events_total", "counter", "Events read.", counts.events, by)
    yield Figure("wardwatch_pipeline_alerts_total", "counter", "Alerts written.", counts.alerts, by)
    yield Figure("wardwatch_pipeline_commits_total", "counter", "Commits to the lake.", counts.commits, by)
    yield Figure("wardwatch_pipeline_failures_total", "counter", "Steps that failed.", counts.failures, by)
    yield Figure("wardwatch_pipeline_damages_total", "counter", "Damaged blocks.", counts.damages, by)
    yield Figure("wardwatch_pipeline_backlog_frames", "gauge", "Frames that wait.", frames, by)
    yield Figure("wardwatch_pipeline_backlog_bytes", "gauge", "Bytes that wait.", size, by)
    yield Figure("wardwatch_pipeline_lag_seconds", "gauge", "Age of the newest frame read, if others wait.", lag, by)
    yield troubled_figure(watch.tenant, troubled=troubled)
    for (rule, tuning), count in counts.withheld.items():
        of = by | {"rule": rule, "tuning": tuning}
        yield Figure("wardwatch_pipeline_withheld_total", "counter", "Alerts withheld by tunings.", count, of)
    for (sensor, source, reason), count in counts.rejects.items():
        why = by | {"sensor": sensor, "source": source, "reason": reason}
        yield Figure("wardwatch_pipeline_rejected_total", "counter", "Frames not understood.", count, why)


def troubled_figure(tenant: str, *, troubled: bool) -> Figure:
    """Whether a lane does not go on."""
    by = {"tenant": tenant}
    return Figure("wardwatch_pipeline_troubled", "gauge", "Whether the last step failed.", float(troubled), by)
