"""`wardwatch nis2`: the NIS 2 file of a house, and its statement of applicability, on paper."""

import sys
from pathlib import Path

import click

from wardwatch.cli import _new_file, _records, _rows

_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@click.group("nis2")
def command() -> None:
    """Write the NIS 2 file of a hospital, and its statement of applicability."""


@command.command("file")
@click.argument("hospital")
@click.option("--statement", is_flag=True, help="The statement of applicability instead.")
@click.option("--pdf", type=_FILE, help="For people.")
@click.option("--docx", type=_FILE, help="For people, to write on in Word.")
@click.option("--html", type=_FILE, help="One page that loads nothing.")
@click.option("--xlsx", type=_FILE, help="Its tables as a workbook.")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Of texts.")
@_rows.option
def file(hospital: str, language: str, json_to: str | None, *, statement: bool, **files: Path | None) -> int:
    """Write the file of HOSPITAL; FILE may be -. A file that is there is not replaced."""
    _records.ready(migrates=False)
    from wardwatch.reports.nis2_file import gaps  # noqa: PLC0415
    from wardwatch.usecases import clock, nis2  # noqa: PLC0415
    from wardwatch.usecases.operator import operator  # noqa: PLC0415
    from wardwatch.usecases.papers import WRITE  # noqa: PLC0415
    from wardwatch.usecases.roles import Permission  # noqa: PLC0415

    actor = operator(Permission.SEE_ASSESSMENT)
    one = nis2.opened(actor, hospital)
    made = nis2.documents(actor, hospital, language, clock.now())["statement" if statement else "file"]
    for form, target in files.items():
        if target is not None:
            _new_file.put(target, WRITE[form](made))
    missing = gaps(one.answers)
    with _rows.rows(json_to) as take:
        take(
            {
                "format": "wardwatch/nis2/1",
                "tenant": hospital,
                "standing": one.verdict.standing.value,
                "rule": one.verdict.rule,
                "missing": list(one.verdict.missing),
                "suppliers": len(one.suppliers),
                "gaps": [
                    {
                        "question": gap.question.id,
                        "step": gap.step,
                        "due": one.dues[gap.question.id].due.isoformat() if gap.question.id in one.dues else None,
                    }
                    for gap in missing
                ],
            }
        )
    print(f"{hospital}: {one.verdict.standing} ({one.verdict.rule}), {len(missing)} gaps", file=sys.stderr)
    return 0
