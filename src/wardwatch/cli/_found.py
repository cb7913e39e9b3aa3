"""How search results are written: lines for people, JSON Lines, CSV."""

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import orjson

from wardwatch.cli._rules import say
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import InputError

if TYPE_CHECKING:
    from wardwatch.pipeline.search.searching import Event

_WIDTH = 240  # characters of an event's line
_BAR = 50  # characters of the longest bar
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run it


@contextmanager
def opened(target: str) -> Iterator[TextIO]:
    """Open a new file, or stdout for `-`; raises `InputError` where there is a file already."""
    if target == "-":
        yield sys.stdout
        return
    try:
        with Path(target).open("x", encoding="utf-8", newline="") as stream:
            yield stream
    except FileExistsError:
        raise InputError("there is a file already", where=target, hint="name another one: it may be evidence") from None


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
    with opened(target) as stream:
        for row in rows:
            stream.write(orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")


def write_csv(rows: Sequence[dict[str, Any]], target: str, columns: Sequence[str] = ()) -> None:
    """Write CSV; every field that any event has is a column. Cells that a spreadsheet would run are quoted."""
    flat = [{**row, **row.get("fields", {})} if isinstance(row.get("fields"), dict) else row for row in rows]
    names = list(columns) or list(dict.fromkeys(name for row in flat for name in row if name != "fields"))
    with opened(target) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(map(_cell, names))
        writer.writerows([_cell(row.get(name)) for name in names] for row in flat)


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return f"'{text}" if text.startswith(_DANGEROUS) and not text.lstrip("+-").replace(".", "", 1).isdigit() else text


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
