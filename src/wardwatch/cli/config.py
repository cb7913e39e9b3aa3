"""`wardwatch config`: the settings that are in force."""

import sys

import click


@click.group("config")
def command() -> None:
    """Show the settings that are in force."""


@command.command("show")
@click.option("--origin", is_flag=True, help="Also say where each comes from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(origin: bool, as_json: bool) -> int:  # noqa: FBT001  (click passes flags by name)
    """Print every setting as TOML: from `wardwatch.toml` in the Wardwatch home, then from `WARDWATCH_*`."""
    from wardwatch.runtime import settings  # noqa: PLC0415

    found = settings.load()
    rows = list(settings.shown(found))
    if as_json:
        import orjson  # noqa: PLC0415

        listed = [{"name": name, "value": value, "origin": where} for name, value, where in rows]
        sys.stdout.buffer.write(orjson.dumps(listed, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    print(f"# home: {found.home}")
    section = ""
    for name, value, where in rows:
        if not name.startswith(f"{section}."):
            section = name.partition(".")[0]
            print(f"[{section}]")
        line = f"{name.partition('.')[2]} = {value}"
        print(f"{line:60}  # {where}" if origin else line)
    return 0
