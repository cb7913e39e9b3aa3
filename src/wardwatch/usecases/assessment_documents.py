"""An assessment and the guidelines as files for people and programs: PDF, Word, HTML, CSV, JSON, OSCAL, workbook."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime

from wardwatch.assessment import interchange, loading, oscal, spreadsheet
from wardwatch.kernel.errors import AccessError
from wardwatch.reports import assessment as report
from wardwatch.reports import guidelines
from wardwatch.usecases import assessment, audit
from wardwatch.usecases.access import Actor
from wardwatch.usecases.assessment import Opened
from wardwatch.usecases.papers import PAPER, WRITE, Form

FORMS: Mapping[str, Form] = {
    **PAPER,
    "csv": Form("csv", "text/csv; charset=utf-8"),
    "json": Form("json", "application/json"),
    "oscal-results": Form("oscal-results.json", "application/json"),
    "oscal-poam": Form("oscal-poam.json", "application/json"),
}
BOOK = ("pdf", "docx", "html")  # a book has no tables


def export(actor: Actor, id_: str, form: str, language: str, now: datetime) -> bytes:
    """An assessment in a form of `FORMS`; noted. Raises `AccessError`, and `InputError` where no PDF can be made."""
    found = assessment.opened(actor, id_)
    if form not in FORMS:
        raise AccessError("not found, or not yours")
    made = _made(actor, found, form, language, now)
    audit.note(actor, "assessment.exported", id_, now=now, tenant=found.listed.tenant, detail={"form": form})
    return made


def _made(actor: Actor, found: Opened, form: str, language: str, now: datetime) -> bytes:
    framework, one, hospital = found.framework, found.value, found.listed.hospital
    match form:
        case "xlsx":
            return spreadsheet.write(framework, one, language)
        case "csv":
            lines = io.StringIO(newline="")
            csv.writer(lines).writerows([report.COLUMNS, *report.csv_rows(framework, one, language)])
            return lines.getvalue().encode("utf-8-sig")
        case "json":
            return _json(interchange.plain(one))
        case "oscal-results":
            return _json(oscal.results(framework, one, hospital, language))
        case "oscal-poam":
            return _json(oscal.plan(framework, one, hospital, language))
    before = next(iter(assessment.earlier(actor, found)), None)
    earlier = (before.campaign_name, assessment.opened(actor, before.id).value) if before else None
    seen = assessment.evidence(found, now)
    return WRITE[form](report.document(framework, one, hospital, language, evidence=seen, earlier=earlier))


def _json(plain: Mapping[str, object]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, indent=1).encode() + b"\n"


def book(framework: str, form: str, language: str) -> bytes:
    """The guidelines of a framework in a form of `BOOK`. Raises `AccessError` for one that is not there."""
    found = loading.shipped().get(framework)
    if found is None or form not in BOOK:
        raise AccessError("not found, or not yours")
    return WRITE[form](guidelines.document(found, language))
