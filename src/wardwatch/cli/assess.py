"""`wardwatch assess`: what can be measured by, where hospitals stand, and the form to fill in without a network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wardwatch.cli import PARTLY, _new_file, _records, _rows

if TYPE_CHECKING:
    from wardwatch.usecases.access import Actor

_LANGUAGE = click.option(
    "--language", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Of questions and answers."
)


@click.group("assess")
def command() -> None:
    """Show where hospitals stand; give out and take in the form."""


@command.command("frameworks")
@_LANGUAGE
@_rows.option
def frameworks(language: str, json_to: str | None) -> int:
    """List what can be measured by."""
    from wardwatch.assessment import loading  # noqa: PLC0415
    from wardwatch.assessment.framework import Tier  # noqa: PLC0415

    with _rows.rows(json_to) as take:
        for one in loading.shipped().values():
            first = len(one.at(Tier.FIRST))
            take(
                {
                    "format": "wardwatch/assess-framework/1",
                    "id": one.id,
                    "version": one.version,
                    "name": one.name.in_(language),
                    "first": first,
                    "questions": len(one.questions),
                    "domains": [domain.id for domain in one.domains],
                }
            )
            if json_to != "-":
                print(f"{one.id:22} {first:3} first, {len(one.questions):3} in all  {one.name.in_(language)}")
    return 0


def _operator() -> "Actor":
    _records.ready(migrates=False)
    from wardwatch.usecases.operator import operator  # noqa: PLC0415
    from wardwatch.usecases.roles import Permission  # noqa: PLC0415

    return operator(Permission.SEE_ASSESSMENT, Permission.ANSWER)


@command.command("list")
@click.option("--tenant", default="", help="Only of this hospital.")
@_rows.option
def listed(tenant: str, json_to: str | None) -> int:
    """List assessments, the newest campaign first."""
    actor = _operator()
    from wardwatch.usecases import assessment  # noqa: PLC0415

    with _rows.rows(json_to) as take:
        for one in assessment.listed(actor):
            if tenant and one.tenant != tenant:
                continue
            figures = one.figures
            take(
                {
                    "format": "wardwatch/assess-listed/1",
                    "id": one.id,
                    "tenant": one.tenant,
                    "campaign": one.campaign_name,
                    "framework": one.framework,
                    "depth": one.depth,
                    **{name: figures[name] for name in ("points", "most", "asked", "answered", "unknown")},
                }
            )
            if json_to != "-":
                points = f"{figures['points']:>3} of {figures['most']}"
                answered = f"{figures['answered']}/{figures['asked']} answered"
                print(f"{one.id}  {one.tenant:24} {one.campaign_name:12} {points} points, {answered}")
    return 0


@command.command("show")
@click.argument("assessment_id", metavar="ID")
@_LANGUAGE
@_rows.option
def show(assessment_id: str, language: str, json_to: str | None) -> int:
    """Show points by domain, and each answer with who gave it."""
    actor = _operator()
    from wardwatch.usecases import assessment  # noqa: PLC0415

    found = assessment.opened(actor, assessment_id)
    result = found.result
    with _rows.rows(json_to) as take:
        for domain in found.framework.domains:
            score = result.domains.get(domain.id)
            if score is None:
                continue
            take(
                {
                    "format": "wardwatch/assess-domain/1",
                    "domain": domain.id,
                    "points": score.points,
                    "most": score.most,
                    "answered": score.answered,
                    "unknown": score.unknown,
                }
            )
            if json_to != "-":
                print(f"{score.points:>3} of {score.most:<3} {domain.name.in_(language)}")
        for question in found.questions:
            answer = found.value.answers.get(question.id)
            take(
                {
                    "format": "wardwatch/assess-answer/1",
                    "question": question.id,
                    "kind": answer.kind.value if answer else "",
                    "step": answer.step if answer else None,
                    "reason": answer.reason if answer else "",
                    "note": answer.note if answer else "",
                    "by": answer.by_name if answer else "",
                    "at": answer.at if answer else None,
                }
            )
    overall = result.overall
    print(
        f"{found.listed.hospital}, {found.listed.campaign_name}: {overall.points} of {overall.most} points,"
        f" {overall.answered} of {overall.asked} answered, {overall.unknown} unknown",
        file=sys.stderr,
    )
    return 0


@command.command("form")
@click.argument("assessment_id", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_LANGUAGE
@_rows.option
def form(assessment_id: str, file: Path, language: str, json_to: str | None) -> int:
    """Write the form to FILE, an Excel workbook with the answers so far. A file that is there is not replaced."""
    actor = _operator()
    from wardwatch.usecases import assessment_documents, clock  # noqa: PLC0415

    made = assessment_documents.export(actor, assessment_id, "xlsx", language, clock.now())
    _new_file.put(file, made)
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/assess-form/1", "file": str(file), "bytes": len(made)})
    return 0


_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@command.command("report")
@click.argument("assessment_id", metavar="ID")
@click.option("--pdf", type=_FILE, help="For people.")
@click.option("--docx", type=_FILE, help="For people, to write on in Word.")
@click.option("--html", type=_FILE, help="For people, one page that loads nothing.")
@click.option("--csv", type=_FILE, help="A row for each answer.")
@click.option("--oscal-results", type=_FILE, help="OSCAL assessment results.")
@click.option("--oscal-poam", type=_FILE, help="OSCAL plan of action and milestones.")
@_LANGUAGE
@_rows.option
def report(assessment_id: str, language: str, json_to: str | None, **files: Path | None) -> int:
    """Write an assessment in one form or several; FILE may be -. JSON is without loss."""
    import json  # noqa: PLC0415

    from wardwatch.kernel.errors import InputError  # noqa: PLC0415

    wanted = {form.replace("_", "-"): file for form, file in files.items() if file is not None}
    if not wanted and json_to is None:
        raise InputError("say in which form", where="report", hint="such as --pdf FILE")
    actor = _operator()
    from wardwatch.usecases import assessment_documents, clock  # noqa: PLC0415

    for form, file in wanted.items():
        _new_file.put(file, assessment_documents.export(actor, assessment_id, form, language, clock.now()))
    if json_to is not None:
        made = assessment_documents.export(actor, assessment_id, "json", language, clock.now())
        with _rows.rows(json_to) as take:
            take(json.loads(made))
    return 0


@command.command("guidelines")
@click.argument("framework")
@click.option("--pdf", type=_FILE, help="A book.")
@click.option("--docx", type=_FILE, help="A book, to write on in Word.")
@click.option("--html", type=_FILE, help="One page that loads nothing.")
@_LANGUAGE
@_rows.option
def guidelines(framework: str, language: str, json_to: str | None, **files: Path | None) -> int:
    """Write the guidelines of a FRAMEWORK; FILE may be -. A file that is there is not replaced."""
    from wardwatch.kernel.errors import AccessError, InputError  # noqa: PLC0415
    from wardwatch.usecases import assessment_documents  # noqa: PLC0415

    wanted = {form: file for form, file in files.items() if file is not None}
    if not wanted:
        raise InputError("say in which form", where="guidelines", hint="such as --pdf FILE")
    with _rows.rows(json_to) as take:
        for form, file in wanted.items():
            try:
                made = assessment_documents.book(framework, form, language)
            except AccessError:
                raise InputError(
                    "no such framework", where=framework, hint="see: wardwatch assess frameworks"
                ) from None
            _new_file.put(file, made)
            take({"format": "wardwatch/assess-guidelines/1", "file": str(file), "bytes": len(made)})
    return 0


@command.command("take")
@click.argument("assessment_id", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_rows.option
def take_in(assessment_id: str, file: Path, json_to: str | None) -> int:
    """Take answers out of FILE (workbook, JSON, OSCAL); rows that are wrong are listed, and the exit code is 3."""
    actor = _operator()
    from wardwatch.usecases import assessment, clock  # noqa: PLC0415

    taken, new = assessment.take(actor, assessment_id, file.read_bytes(), clock.now())
    with _rows.rows(json_to) as take:
        for one in taken.problems:
            take(
                {
                    "format": "wardwatch/assess-problem/1",
                    "row": one.row,
                    "question": one.question,
                    "what": one.what.en,
                }
            )
            print(f"row {one.row}: {one.question or '(no question)'}: {one.what.en}", file=sys.stderr)
    print(f"{len(taken.filled)} answers read, {new} new, {len(taken.problems)} rows left out", file=sys.stderr)
    return PARTLY if taken.problems else 0
