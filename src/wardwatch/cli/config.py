"""`wardwatch config`: the settings that are in force."""

import click

from wardwatch.cli import _rows


@click.group("config")
def command() -> None:
    """Show the settings that are in force."""


@command.command("show")
@click.option("--origin", is_flag=True, help="Also say where each comes from.")
@_rows.option
def show(origin: bool, json_to: str | None) -> int:  # noqa: FBT001  (click passes flags by name)
    """Print every setting as TOML: from `wardwatch.toml` in the Wardwatch home, then from `WARDWATCH_*`."""
    import tomllib  # noqa: PLC0415

    from wardwatch.runtime import settings  # noqa: PLC0415

    found = settings.load()
    rows = list(settings.shown(found))
    with _rows.rows(json_to) as take:
        for name, value, where in rows:
            plain = tomllib.loads(f"value = {value}")["value"]
            take({"format": "wardwatch/setting/1", "name": name, "value": plain, "origin": where})
    if json_to == "-":
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
