"""How search results are written: lines for people, JSON Lines, CSV."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from wardwatch.cli import _rows
from wardwatch.cli._rules import say
from wardwatch.kernel import stamps
from wardwatch.reports.parts.cells import cell

if TYPE_CHECKING:
    from wardwatch.pipeline.search.searching import Event

_WIDTH = 240  # characters of an event's line
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_BAR = 50  # characters of the longest bar


def rows_of(events: "Iterable[Event]") -> list[dict[str, Any]]:
    """Events as JSON has them: times as ISO 8601, the log source in three terms."""
    rows = []
    for event in events:
        row = asdict(event)
        row["occurred_at"], row["received_at"] = stamps.iso_text(event.occurred_at), stamps.iso_text(event.received_at)
        row |= dict(zip(("product", "category", "service"), row.pop("logsource"), strict=True))
        fields = row.pop("fields")
        rows.append(row | {"fields": fields})
    return rows


def write_json(rows: Iterable[dict[str, Any]], target: str) -> None:
    """Write JSON Lines."""
    with _rows.rows(target) as take:
        for row in rows:
            take({"format": "wardwatch/found/1"} | row)


def write_csv(rows: Sequence[dict[str, Any]], target: str, columns: Sequence[str] = ()) -> None:
    """Write CSV; every field that any event has is a column. Cells that a spreadsheet would run are quoted."""
    flat = [{**row, **row.get("fields", {})} if isinstance(row.get("fields"), dict) else row for row in rows]
    names = list(columns) or list(dict.fromkeys(name for row in flat for name in row if name != "fields"))
    with _rows.written(target) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(map(_cell, names))
        writer.writerows([_cell(row.get(name)) for name in names] for row in flat)


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if _NUMBER.fullmatch(text) else cell(text)


def show(events: "Sequence[Event]", *, tenants: bool) -> None:
    """Print one line for each event."""
    for event in events:
        fields = " ".join(f"{name}={_short(value)}" for name, value in event.fields.items())
        whose = f"{event.tenant} " if tenants else ""
        line = f"{stamps.iso_text(event.occurred_at)} {whose}{event.host or '-'} {event.source} {fields}"
        say(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…")


def _short(value: object) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f'"{text}"' if " " in text else text


def show_bars(bars: Sequence[tuple[int, int]]) -> None:
    """Print a histogram."""
    most = max((count for _, count in bars), default=1)
    for begin, count in bars:
        say(f"{stamps.iso_text(begin)} {count:>12,} {'█' * round(count * _BAR / most)}")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print an answer of SQL, columns apart by tabs."""
    say("\t".join(columns))
    for row in rows:
        say("\t".join("" if cell is None else str(cell).replace("\t", " ") for cell in row))
