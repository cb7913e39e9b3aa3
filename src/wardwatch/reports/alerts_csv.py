r"""A timeline of alerts as CSV, which Timesketch and spreadsheets read.

Timesketch asks for the columns `message`, `datetime` (ISO 8601 with offset) and `timestamp_desc`
(https://timesketch.org/guides/user/import-from-json-csv/); ours follow. A correlation is one row, at its
first event. What a spreadsheet would run as a formula begins with an apostrophe (OWASP, CSV injection),
also within a cell: many spreadsheets split at `;` or another character instead of a comma, and then do not
honour quotes in mid-cell. No cell holds a line break. RFC 4180 quoting, lines end with `\\n`.
"""

import csv
from collections.abc import Iterable
from typing import TextIO

from wardwatch.events.alert import Alert
from wardwatch.kernel import stamps
from wardwatch.reports import value_text
from wardwatch.reports.parts.cells import MAX_CELL, cell
from wardwatch.threats import attack

COLUMNS = (
    *("message", "datetime", "timestamp_desc"),
    *("level", "rule", "rule_id", "host", "user", "tactics", "techniques"),
    *("file", "record_id", "alert_id", "count", "last_datetime", "fields"),
)


def write(alerts: Iterable[Alert], stream: TextIO, *, heading: bool = True) -> int:
    """Write the heading, unless more rows are added to a timeline, and a row for each alert; returns how many rows."""
    rows = csv.writer(stream, lineterminator="\n")
    if heading:
        rows.writerow(COLUMNS)
    count = 0
    for alert in alerts:
        rows.writerow([cell(one) for one in _row(alert)])
        count += 1
    return count


def _row(alert: Alert) -> tuple[str, ...]:
    where = f" on {alert.host}" if alert.host else ""
    who = f" by {alert.user}" if alert.user else ""
    return (
        f"{alert.rule_title}{where}{who}",
        _datetime(alert.occurred_at),
        "Episode Start" if alert.kind == "correlation" else "Event Logged",
        alert.level.word,
        alert.rule_title,
        alert.rule_id,
        alert.host or "",
        alert.user or "",
        " ".join(attack.tactics_of(alert.tags)),
        " ".join(attack.techniques_of(alert.tags)),
        alert.file or "",
        alert.record_id or "",
        alert.id,
        str(alert.count),
        _datetime(alert.last_at),
        "; ".join(f"{name}={value_text(value, MAX_CELL)}" for name, value in alert.fields.items()),
    )


def _datetime(stamp: int) -> str:
    return stamps.moment(stamp).isoformat(timespec="microseconds")
