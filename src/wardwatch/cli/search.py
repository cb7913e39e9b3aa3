"""`wardwatch search`: ask the events that are kept."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from wardwatch.cli import DONE, _rows, _tenants
from wardwatch.cli._rules import say
from wardwatch.cli._times import moment, now, span
from wardwatch.kernel.errors import InputError
from wardwatch.runtime.settings import home

if TYPE_CHECKING:
    from wardwatch.pipeline.search.database import Limits
    from wardwatch.pipeline.search.searching import Asked, Search

_LEVELS = ["informational", "low", "medium", "high", "critical"]
_PROVED = 1_000  # found events on which a saved rule is tried


@dataclass(frozen=True, slots=True)
class Ways:
    """Where results go: files or `-`."""

    json: str | None
    csv: str | None

    @property
    def people(self) -> bool:
        """Whether the result is printed for people."""
        return "-" not in (self.json, self.csv)

    def write(self, rows: Sequence[dict[str, Any]], columns: Sequence[str] = ()) -> None:
        """Write rows where it was asked."""
        from wardwatch.cli import _found  # noqa: PLC0415

        if self.json:
            _found.write_json(rows, self.json)
        if self.csv:
            _found.write_csv(rows, self.csv, columns)


@click.command("search")
@click.argument("query", required=False, default="")
@click.option("--tenant", multiple=True, help="Only this hospital; may be repeated.  [default: all that are kept here]")
@click.option("--since", callback=moment, metavar="TIME|SPAN", help="Only events from then on (2026-11-23T02:00, 7d).")
@click.option("--until", callback=moment, metavar="TIME|SPAN", help="Only events up to then.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Most events shown.")
@click.option("--oldest", is_flag=True, help="The oldest events first, not the newest.")
@click.option("--count", is_flag=True, help="Only say how many there are.")
@click.option("--histogram", is_flag=True, help="Show how many there are over time.")
@click.option("--step", callback=span, metavar="SPAN", help="Width of the histogram's bars.")
@click.option("--top", metavar="FIELD", help="Show the most frequent values of a field.")
@click.option("--around", callback=moment, metavar="TIME", help="What happened around this time on --host.")
@click.option("--alert", metavar="ID", help="What happened around this alert on its host.")
@click.option("--host", help="The host of --around.")
@click.option("--span", "within", callback=span, default="5m", show_default=True, help="How far around.")
@click.option("--save", metavar="FILE|-", help="Save the search as a Sigma rule, and try it on what was found.")
@click.option("--title", help="Title of the saved rule.")
@click.option(
    "--level", type=click.Choice(_LEVELS), default="medium", show_default=True, help="Level of the saved rule."
)
@click.option("--sql", is_flag=True, help="QUERY is one SELECT from the table `events`.")
@click.option("--memory", default="1GB", show_default=True, help="Most memory that a search takes.")
@click.option(
    "--seconds", type=click.FloatRange(0.001, 3600), default=60, show_default=True, help="Most time it takes."
)
@click.option("--json", metavar="FILE|-", help="Events as JSON Lines.")
@click.option("--csv", metavar="FILE|-", help="Events as CSV.")
def command(query: str, **given: Any) -> int:  # noqa: ANN401  (what click has checked)
    """Search the events that are kept.

    QUERY is field:value with * and ?, "quotes", AND, OR, NOT, parentheses, field:[1 TO 9], field:>5, ip:10.0.0.0/8,
    or words that any field may contain (docs/reference/search.md).
    """
    ways = Ways(given["json"], given["csv"])
    tenants = _tenants.kept(given["tenant"])
    if given["sql"]:
        return _sql(query, given, tenants, ways)
    from wardwatch.pipeline.search.query import parse  # noqa: PLC0415
    from wardwatch.pipeline.search.searching import Asked, Scope, Search  # noqa: PLC0415

    asked = Asked(parse(query), given["since"], given["until"])
    search = Search(home() / "lake", Scope(frozenset(tenants)), _limits(given), _tokens(tenants))
    with closing(search):
        if given["around"] is not None or given["alert"]:
            return _around(search, given, asked, ways)
        if given["save"]:
            return _save(search, asked, given, tenants)
        if given["count"]:
            return _counted(search.count(asked), ways)
        if given["histogram"]:
            return _histogram(search, asked, given["step"], ways)
        if given["top"]:
            return _top(search, asked, given["top"], given["limit"], ways)
        return _events(search, asked, given, ways)


def _limits(given: Mapping[str, Any]) -> "Limits":
    from wardwatch.pipeline.search.database import Limits  # noqa: PLC0415

    return Limits(given["memory"], seconds=given["seconds"])


def _tokens(tenants: Sequence[str]) -> Any:  # noqa: ANN401  (a function)
    from wardwatch.pipeline.privacy import Privacy  # noqa: PLC0415

    privacies = [Privacy(home() / "keys", tenant) for tenant in tenants]
    return lambda value: [token for one in privacies for token in one.tokens(value)]


def _events(search: "Search", asked: "Asked", given: Mapping[str, Any], ways: Ways, *, oldest: bool = False) -> int:
    from wardwatch.cli import _found  # noqa: PLC0415

    limit = given["limit"]
    found = search.events(asked, limit, oldest_first=oldest or given["oldest"])
    ways.write(_found.rows_of(found))
    if ways.people:
        _found.show(found, tenants=len(search.scope.tenants) > 1)
    more = f"; there may be more: --limit {limit * 10}, or --count" if len(found) == limit else ""
    print(f"{len(found):,} event{'' if len(found) == 1 else 's'}{more}", file=sys.stderr)
    return DONE


def _counted(count: int, ways: Ways) -> int:
    ways.write([{"count": count}])
    if ways.people:
        say(f"{count}")
    return DONE


def _histogram(search: "Search", asked: "Asked", step: int | None, ways: Ways) -> int:
    from wardwatch.cli import _found  # noqa: PLC0415
    from wardwatch.kernel import stamps  # noqa: PLC0415

    bars = search.histogram(asked, None if step is None else max(1, step // 1_000_000))
    ways.write([{"time": stamps.iso_text(begin), "count": count} for begin, count in bars])
    if ways.people:
        _found.show_bars(bars)
    print(f"{sum(count for _, count in bars):,} events", file=sys.stderr)
    return DONE


def _top(search: "Search", asked: "Asked", name: str, limit: int, ways: Ways) -> int:
    found = search.top(asked, name, limit)
    ways.write([{"value": value, "count": count} for value, count in found])
    if ways.people:
        for value, count in found:
            say(f"{count:>12,}  {'(absent)' if value is None else value}")
    return DONE


def _around(search: "Search", given: Mapping[str, Any], asked: "Asked", ways: Ways) -> int:
    from wardwatch.pipeline.search.query import All  # noqa: PLC0415
    from wardwatch.pipeline.search.searching import Asked, around  # noqa: PLC0415

    host, at = given["host"], given["around"]
    if given["alert"]:
        alert = _alert(given["alert"], search.scope.tenants)
        host, at = host or alert["host"], alert["occurred_at"]
    if not host:
        raise InputError("no host to look around on", where="--around", hint="name one: --host SRV-PACS01")
    near = around(host, at, given["within"], given["within"])
    both = Asked(All((near.node, asked.node)), near.since, near.until)
    return _events(search, both, given, ways, oldest=True)


def _alert(wanted: str, tenants: frozenset[str]) -> dict[str, Any]:
    """Find an alert among those that are kept, the last revision of it."""
    import orjson  # noqa: PLC0415

    from wardwatch.kernel import stamps  # noqa: PLC0415

    found: dict[str, Any] | None = None
    for tenant in sorted(tenants):
        for path in sorted((home() / "alerts" / tenant).rglob("*.jsonl")):
            with path.open("rb") as lines:
                for line in lines:
                    if wanted.encode() in line:
                        alert = orjson.loads(line)
                        found = alert if alert.get("id") == wanted else found
    if found is None:
        hint = "an alert's id is 32 hexadecimal digits"
        raise InputError(f"no alert {wanted[:40]!r} is kept here", where="--alert", hint=hint)
    return {"host": found["host"], "occurred_at": stamps.iso(found["occurred_at"])[0]}


def _save(search: "Search", asked: "Asked", given: Mapping[str, Any], tenants: Sequence[str]) -> int:
    from wardwatch.kernel import stamps  # noqa: PLC0415
    from wardwatch.pipeline.search import proving, saving  # noqa: PLC0415

    if not given["title"]:
        raise InputError("a saved rule has a title", where="--save", hint="--title 'Shells started by the web server'")
    found = search.events(asked, _PROVED)
    date = stamps.iso_text(now())[:10]
    named = saving.Named(given["title"], given["level"], date=date)
    text = saving.rule(asked.node, named, [event.logsource for event in found], _tokens(tenants))
    fired = sum(proving.fires(text, found))
    with _rows.written(given["save"]) as stream:
        stream.write(text)
    newest = f"the newest {len(found):,} events" if len(found) == _PROVED else f"{len(found):,} events"
    print(f"the rule fires on {fired:,} of {newest} that the search found", file=sys.stderr)
    return DONE


def _sql(query: str, given: Mapping[str, Any], tenants: Sequence[str], ways: Ways) -> int:
    from wardwatch.cli import _found  # noqa: PLC0415
    from wardwatch.pipeline.search import expert  # noqa: PLC0415
    from wardwatch.pipeline.search.searching import Asked, Scope, Search  # noqa: PLC0415

    with closing(Search(home() / "lake", Scope(frozenset(tenants)))) as search:
        files = [path for path, _ in search.paths(Asked(since=given["since"], until=given["until"]))]
    table = expert.run(query, files, _limits(given))
    ways.write([dict(zip(table.columns, row, strict=True)) for row in table.rows], table.columns)
    if ways.people:
        _found.show_table(table.columns, table.rows)
    print(f"{len(table.rows):,} rows{', and more' if table.cut else ''}", file=sys.stderr)
    return DONE
