"""`wardwatch backup`: everything in one file, while Wardwatch runs."""

import sys
from pathlib import Path

import click

from wardwatch.cli import _records, _rows


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_rows.option
def command(file: Path, json_to: str | None) -> int:
    """Write a backup to FILE: database, lake, spool, alerts, evidence, keys. Keep it apart, and as safe as the keys."""
    settings = _records.ready(migrates=False)
    from wardwatch.runtime import backup  # noqa: PLC0415
    from wardwatch.runtime.restoring import FORMAT  # noqa: PLC0415

    proof = backup.make(settings.home, file)
    with _rows.rows(json_to) as take:
        take(
            {
                "format": FORMAT,
                "file": str(file),
                "rows": proof.rows,
                "events": proof.events,
                "audit": proof.audit,
            }
        )
    rows, events = sum(proof.rows.values()), sum(proof.events.values())
    print(
        f"{file}: {file.stat().st_size:,} bytes, {rows:,} rows, {events:,} events, {proof.audit[0]:,} audit entries",
        file=sys.stderr,
    )
    return 0
