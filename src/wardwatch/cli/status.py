"""`wardwatch status`: what runs, its figures, and how each sensor is."""

import time
from typing import TYPE_CHECKING, Any

import click

from wardwatch.cli import _rows
from wardwatch.cli._rules import say
from wardwatch.kernel import stamps

if TYPE_CHECKING:
    from wardwatch.pipeline.figures import Figure, Published
    from wardwatch.pipeline.sensor_states import SensorState


PER_SOURCE = (
    "wardwatch_pipeline_source_",
    "wardwatch_pipeline_rejected_",
    "wardwatch_pipeline_clock_",
)  # told by sensor


@click.command("status")
@click.option("--tenant", help="Only figures of this hospital.")
@_rows.option
def command(tenant: str | None, json_to: str | None) -> int:
    """Show what runs, what it took, what waits and what was lost. Exits with 1 if a process has stopped."""
    from wardwatch.pipeline import figures, sensor_states  # noqa: PLC0415
    from wardwatch.runtime import settings  # noqa: PLC0415

    now = time.time_ns() // 1_000
    found = list(figures.read_all(settings.home() / "state"))
    with _rows.rows(json_to) as take:
        for one in found:
            take(_row(one, tenant, now))
        sensors = [one for process in found for one in sensor_states.states(_chosen(process, tenant))]
        for sensor in sensors:
            take(sensor.row())
    if json_to != "-":
        for one in found:
            _show(one, tenant, now)
        for sensor in sensors:
            _tell(sensor, now)
        if not found:
            print("nothing has run in this Wardwatch home yet")
    return 0 if all(one.running(now) for one in found) else 1


def _tell(sensor: "SensorState", now: int) -> None:
    """Say how a sensor is."""
    lane = sensor.lane
    behind = f"lag {lane.get('lag_seconds', 0):,.0f} s, backlog {lane.get('backlog_frames', 0):,.0f} frames"
    say(f"{sensor.tenant} {sensor.sensor}: {behind}")
    for source, found in sensor.sources.items():
        ago = max(0, now // 1_000_000 - round(found["last_seconds"]))
        learned = found["learned_hours"]
        state = ", ".join(sensor.troubles.get(source, ())) or ("normal" if learned >= _WEEK else "learning")
        say(f"  {source:16} last event {ago:,} s ago, {found['rate']:,.1f}/s, {state}")
    for (source, reason), count in sensor.rejects.most_common(_SHOWN):
        say(f"  {source:16} not understood: {count:,} {reason}")
    for host, seconds in sorted(sensor.clocks.items(), key=lambda one: -abs(one[1]))[:_SHOWN]:
        side = "behind, or sent late" if seconds > 0 else "ahead"
        say(f"  {host:16} clock {abs(seconds):,.0f} s {side}")


_WEEK = 168  # hours
_SHOWN = 5


def _row(one: "Published", tenant: str | None, now: int) -> dict[str, Any]:
    return {
        "format": "wardwatch/process/1",
        "process": one.process,
        "running": one.running(now),
        "pid": one.pid,
        "started_at": one.started_at,
        "published_at": one.published_at,
        "figures": [
            {"name": figure.name, "labels": figure.labels, "value": figure.value, **_moment(figure)}
            for figure in _chosen(one, tenant)
        ],
    }


def _chosen(one: "Published", tenant: str | None) -> "list[Figure]":
    return [figure for figure in one.figures if tenant is None or figure.labels.get("tenant") == tenant]


def _show(one: "Published", tenant: str | None, now: int) -> None:
    ago = max(0, now - one.published_at) // 1_000_000
    state = f"running, process {one.pid}" if one.running(now) else f"stopped, last heard of {ago:,} s ago"
    print(f"{one.process}: {state}")
    for figure in _chosen(one, tenant):
        if figure.name.startswith(PER_SOURCE):
            continue  # told by sensor
        labels = " ".join(f"{name}={value}" for name, value in figure.labels.items())
        name = figure.name.removeprefix("wardwatch_").removeprefix(f"{one.process}_")
        if figure.value:
            value = _moment(figure).get("at") or f"{figure.value:,.0f}"
            print(f"  {name.removesuffix('_seconds') if _moment(figure) else name:36} {value:>27}  {labels}")


def _moment(figure: "Figure") -> dict[str, str]:
    """The time of a figure that is one, as people read it."""
    is_moment = figure.name.endswith(("_at_seconds", "_last_seconds")) and figure.value
    return {"at": stamps.iso_text(round(figure.value * 1e6))} if is_moment else {}
