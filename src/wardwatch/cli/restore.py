"""`wardwatch restore`: everything back from one file, with proof."""

import sys
from pathlib import Path

import click

from wardwatch.cli import _records, _rows
from wardwatch.kernel.errors import InputError


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_rows.option
def command(file: Path, json_to: str | None) -> int:
    """Restore a backup into an empty Wardwatch home, and prove it: same rows, same events, same audit chain."""
    from wardwatch.runtime import restoring  # noqa: PLC0415
    from wardwatch.runtime.settings import home  # noqa: PLC0415

    place = home()
    expected = restoring.restore(file, place)
    _records.ready(migrates=True)
    from wardwatch.runtime import backup  # noqa: PLC0415

    found = backup.load(place)
    differs = expected.same(found)
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/restore/1", "rows": found.rows, "events": found.events, "differs": differs})
    if differs:
        raise InputError(f"what was restored differs: {'; '.join(differs)}"[:500], where=str(place))
    rows, events = sum(found.rows.values()), sum(found.events.values())
    print(
        f"{place}: {rows:,} rows, {events:,} events, {found.audit[0]:,} audit entries, all as in the backup",
        file=sys.stderr,
    )
    return 0
