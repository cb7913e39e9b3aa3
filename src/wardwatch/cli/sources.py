"""`wardwatch sources`: the log formats that can be read."""

import sys

import click


@click.command("sources")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--samples", is_flag=True, help="Print the folder of the sample logs that come with Wardwatch.")
def command(as_json: bool, samples: bool) -> int:  # noqa: FBT001  (click passes flags by name)
    """List the log formats that can be read; `scan` recognises them by their content."""
    from wardwatch import sources  # noqa: PLC0415
    from wardwatch.catalogue import files  # noqa: PLC0415

    if samples:
        print(files.shipped("samples"))
        return 0
    found = [source for _, source in sorted(sources.every().items())]
    if as_json:
        import orjson  # noqa: PLC0415

        rows = [{"name": one.name, "title": one.title} for one in found]
        sys.stdout.buffer.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    for one in found:
        print(f"{one.name:18} {one.title}")
    return 0
