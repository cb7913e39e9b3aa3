"""Times as people write them on the command line."""

import contextlib
from datetime import UTC, datetime

import click

from wardwatch.kernel import stamps


def now() -> int:
    """The time, in µs UTC: the command line is where it comes in."""
    return stamps.micros(datetime.now(UTC))


def moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Read `2026-11-23T02:00` (UTC), or a span such as `7d` before now, as µs UTC."""
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        return now() - stamps.duration(text)
    try:
        return stamps.iso(text)[0]
    except ValueError:
        raise click.BadParameter("write a time such as 2026-11-23T02:00 (UTC) or a span such as 7d") from None


def span(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Read a span such as `5m` as µs."""
    if text is None:
        return None
    try:
        return stamps.duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
