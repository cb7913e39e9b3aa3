"""`wardwatch sources`: the log formats that can be read."""

import click

from wardwatch.cli import _rows


@click.command("sources")
@_rows.option
@click.option("--samples", is_flag=True, help="Print the folder of the sample logs that come with Wardwatch.")
def command(json_to: str | None, samples: bool) -> int:  # noqa: FBT001  (click passes flags by name)
    """List the log formats that can be read; `scan` recognises them by their content."""
    from wardwatch import sources  # noqa: PLC0415
    from wardwatch.catalogue import files  # noqa: PLC0415

    with _rows.rows(json_to) as take:
        if samples:
            take({"format": "wardwatch/samples/1", "path": str(files.shipped("samples"))})
            lines = [str(files.shipped("samples"))]
        else:
            found = [source for _, source in sorted(sources.every().items())]
            for one in found:
                take({"format": "wardwatch/source/1", "name": one.name, "title": one.title})
            lines = [f"{one.name:18} {one.title}" for one in found]
    if json_to != "-":
        print("\n".join(lines))
    return 0
