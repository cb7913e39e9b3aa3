"""`wardwatch backup`: everything in one file, while Wardwatch runs."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from wardwatch.cli import _records, _rows

_NAME, _ENDING = "wardwatch-", ".tar.zst"


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Into a folder, named by the time."
)
@click.option("--keep", type=click.IntRange(1, 1000), help="With --into: remove older ones but so many.")
@_rows.option
def command(file: Path | None, into: Path | None, keep: int | None, json_to: str | None) -> int:
    """Write a backup to FILE: database, lake, spool, alerts, evidence, keys. Keep it apart, and as safe as the keys."""
    if (file is None) == (into is None) or (keep and into is None):
        raise click.UsageError("name a FILE, or a folder with --into (and then perhaps --keep)")
    settings = _records.ready(migrates=False)
    if file is None:
        assert into is not None
        file = into / f"{_NAME}{datetime.now(UTC):%Y%m%dT%H%M%SZ}{_ENDING}"
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
    if into is not None and keep:
        for old in sorted(into.glob(f"{_NAME}*{_ENDING}"))[:-keep]:
            old.unlink()
            print(f"removed: {old}", file=sys.stderr)
    rows, events = sum(proof.rows.values()), sum(proof.events.values())
    print(
        f"{file}: {file.stat().st_size:,} bytes, {rows:,} rows, {events:,} events, {proof.audit[0]:,} audit entries",
        file=sys.stderr,
    )
    return 0
