"""`wardwatch status`: what runs, and its figures."""

import time
from typing import TYPE_CHECKING, Any

import click

from wardwatch.cli import _rows

if TYPE_CHECKING:
    from wardwatch.runtime.figures import Figure, Published


@click.command("status")
@click.option("--tenant", help="Only figures of this hospital.")
@_rows.option
def command(tenant: str | None, json_to: str | None) -> int:
    """Show what runs, what it took, what waits and what was lost. Exits with 1 if a process has stopped."""
    from wardwatch.runtime import figures, settings  # noqa: PLC0415

    now = time.time_ns() // 1_000
    found = list(figures.read_all(settings.home() / "state"))
    with _rows.rows(json_to) as take:
        for one in found:
            take(_row(one, tenant, now))
    if json_to != "-":
        for one in found:
            _show(one, tenant, now)
        if not found:
            print("nothing has run in this Wardwatch home yet")
    return 0 if all(one.running(now) for one in found) else 1


def _row(one: "Published", tenant: str | None, now: int) -> dict[str, Any]:
    return {
        "format": "wardwatch/process/1",
        "process": one.process,
        "running": one.running(now),
        "pid": one.pid,
        "started_at": one.started_at,
        "published_at": one.published_at,
        "figures": [
            {"name": figure.name, "labels": figure.labels, "value": figure.value} for figure in _chosen(one, tenant)
        ],
    }


def _chosen(one: "Published", tenant: str | None) -> "list[Figure]":
    return [figure for figure in one.figures if tenant is None or figure.labels.get("tenant") == tenant]


def _show(one: "Published", tenant: str | None, now: int) -> None:
    ago = max(0, now - one.published_at) // 1_000_000
    state = f"running, process {one.pid}" if one.running(now) else f"stopped, last heard of {ago:,} s ago"
    print(f"{one.process}: {state}")
    for figure in _chosen(one, tenant):
        labels = " ".join(f"{name}={value}" for name, value in figure.labels.items())
        name = figure.name.removeprefix("wardwatch_").removeprefix(f"{one.process}_")
        if figure.value:
            print(f"  {name:36} {figure.value:>18,.0f}  {labels}")
