"""Tables as CSV (RFC 4180) that a spreadsheet opens without running anything in it."""

import csv
import io

from django.http import HttpResponse

from wardwatch.reports.parts.cells import cell as defused
from wardwatch.web.screen import Table


def csv_file(table: Table, name: str) -> HttpResponse:
    """Return a download; UTF-8 with a mark, as spreadsheets expect."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows([defused("" if value is None else str(value)) for value in row] for row in table.rows)
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
