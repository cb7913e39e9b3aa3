"""`wardwatch lake`: what is kept, and for how long."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from wardwatch.cli import DONE, PARTLY, _rows
from wardwatch.cli._rules import say
from wardwatch.cli._times import moment, now
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import InputError
from wardwatch.runtime.settings import home

if TYPE_CHECKING:
    from wardwatch.pipeline.lake.tenant import TenantLake

_TENANT = click.option("--tenant", multiple=True, help="Only this hospital; may be repeated.  [default: all]")


@click.group("lake")
def command() -> None:
    """Show, tidy up, expire and hold the events that are kept."""


def _lakes(stated: Sequence[str]) -> Iterator["TenantLake"]:
    from wardwatch.pipeline.lake import Lake  # noqa: PLC0415

    lake = Lake(home() / "lake")
    for tenant in stated or lake.tenants():
        if tenant not in lake.tenants():
            hint = f"one of: {', '.join(lake.tenants()) or 'none is kept here yet'}"
            raise InputError(f"no events of {tenant!r} are kept here", where="--tenant", hint=hint)
        with closing(lake.tenant(tenant)) as found:
            yield found


@command.command("status")
@_TENANT
@click.option("--verify", is_flag=True, help="Read all files, and name those that are no more what was written.")
@_rows.option
def status(tenant: tuple[str, ...], verify: bool, json_to: str | None) -> int:  # noqa: FBT001  (click passes flags by name)
    """Show what is kept of each hospital and source, and what is held. Exits with 3 if a file is damaged."""
    broken = 0
    with _rows.rows(json_to) as take:
        for lake in _lakes(tenant):
            row = _status(lake)
            damaged = [file.path for file in lake.damaged()] if verify else []
            broken += len(damaged)
            take({"format": "wardwatch/lake-status/1"} | row | {"damaged": damaged})
            if json_to != "-":
                _show(row, damaged)
    return PARTLY if broken else DONE


def _show(row: dict[str, Any], damaged: Sequence[str]) -> None:
    say(f"{row['tenant']}: {row['events']:,} events in {row['files']:,} files, {row['bytes']:,} bytes")
    for source, (events, size, days) in sorted(row["sources"].items()):
        say(f"  {source:18} {events:>14,} events {size:>16,} bytes {days:>5} days")
    for hold in row["holds"]:
        say(f"  held: {hold['name']} by {hold['by']}: {hold['reason']}")
    for path in damaged:
        say(f"  damaged: {path}")


def _status(lake: "TenantLake") -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415

    state = lake.state()
    files = list(state.files.values())
    rows: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    days: dict[str, set[str]] = {}
    for file in files:
        rows[file.source] += file.rows
        sizes[file.source] += file.bytes
        days.setdefault(file.source, set()).add(file.day)
    return {
        "tenant": lake.tenant,
        "files": len(files),
        "events": sum(rows.values()),
        "bytes": sum(sizes.values()),
        "sources": {source: (rows[source], sizes[source], len(days[source])) for source in rows},
        "holds": [asdict(hold) for hold in state.holds.values()],
    }


@command.command("compact")
@_TENANT
@click.option("--all", "everything", is_flag=True, help="Also the files of today, however few.")
@_rows.option
def compact(tenant: tuple[str, ...], everything: bool, json_to: str | None) -> int:  # noqa: FBT001  (click passes flags by name)
    """Merge small files into large ones, of every day; days that are over wholly."""
    today = stamps.moment(now()).date().isoformat()
    with _rows.rows(json_to) as take:
        for lake in _lakes(tenant):
            before = after = 0
            for day in sorted({file.day for file in lake.files()}):
                done = lake.compact(day, final=everything or day < today)
                before, after = before + done.files_before, after + done.files_after
            lake.sweep(now())
            take({"format": "wardwatch/lake-compaction/1", "tenant": lake.tenant, "before": before, "after": after})
            print(f"{lake.tenant}: {before:,} files became {after:,}", file=sys.stderr)
    return DONE


def _by_source(_: click.Context, __: click.Parameter, stated: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for one in stated:
        name, mark, days = one.partition("=")
        if not mark or not days.isdigit():
            raise click.BadParameter("write a source and days, such as zeek=90")
        found[name] = int(days)
    return found


@command.command("expire")
@_TENANT
@click.option("--days", type=click.IntRange(1), help="Days that events are kept; if not given, as settings say.")
@click.option("--source", multiple=True, callback=_by_source, metavar="NAME=DAYS", help="Other days for a source.")
@click.option("--execute", is_flag=True, help="Remove; without it, only say what would be removed.")
@_rows.option
def expire(
    tenant: tuple[str, ...],
    days: int | None,
    source: dict[str, int],
    execute: bool,  # noqa: FBT001
    json_to: str | None,
) -> int:
    """Remove events that were kept long enough, but for those under a legal hold."""
    from wardwatch.pipeline.lake import retention  # noqa: PLC0415
    from wardwatch.runtime import settings, upkeep  # noqa: PLC0415

    stated = settings.load().lake
    with _rows.rows(json_to) as take:
        for lake in _lakes(tenant):
            kept = upkeep.retention(stated, lake.tenant) if days is None else retention.Retention(days)
            policy = replace(kept, by_source={**kept.by_source, **source})
            state = lake.state()
            due = retention.expired(state, policy, now())
            held = [file for file in due if state.held(file)]
            gone = lake.expire(policy, now()).removed if execute else [file for file in due if file not in held]
            rows, size = sum(file.rows for file in gone), sum(file.bytes for file in gone)
            row = {"tenant": lake.tenant, "removed": execute, "events": rows, "bytes": size, "held": len(held)}
            take({"format": "wardwatch/lake-expiry/1"} | row)
            if json_to != "-":
                act = "removed" if execute else "would remove"
                say(f"{lake.tenant}: {act} {rows:,} events, {size:,} bytes; {len(held):,} files are due and held")
    return DONE


@command.command("hold")
@click.argument("name")
@click.option("--tenant", required=True, help="The hospital.")
@click.option("--reason", help="Why: which case it is for.")
@click.option("--by", help="Who asks for it.")
@click.option("--since", callback=moment, metavar="TIME|SPAN", help="Only what arrived from then on.")
@click.option("--until", callback=moment, metavar="TIME|SPAN", help="Only what arrived up to then.")
@click.option("--source", help="Only events of this source.")
@click.option("--lift", is_flag=True, help="Lift the hold of this name.")
@_rows.option
def hold(name: str, lift: bool, tenant: str, **given: Any) -> int:  # noqa: ANN401, FBT001
    """Place or lift a legal hold: what it covers is neither removed nor rewritten."""
    from wardwatch.pipeline.lake.manifest import Hold  # noqa: PLC0415

    (lake,) = _lakes([tenant])
    if lift:
        lake.lift(name)
        with _rows.rows(given["json_to"]) as take:
            take({"format": "wardwatch/lake-hold/1", "tenant": tenant, "name": name, "lifted": True})
        print(f"{tenant}: hold {name} is lifted", file=sys.stderr)
        return DONE
    if not given["by"]:
        raise InputError("a hold says who asks for it", where="--by", hint="--by 'legal department'")
    placed = Hold(name, given["reason"] or "", given["by"], now(), given["since"], given["until"], given["source"])
    lake.hold(placed)
    files = [file for file in lake.files() if placed.covers(file)]
    with _rows.rows(given["json_to"]) as take:
        row = {"tenant": tenant, "name": name, "lifted": False, "files": len(files)}
        take({"format": "wardwatch/lake-hold/1"} | row)
    print(f"{tenant}: {len(files):,} files, {sum(file.rows for file in files):,} events are held", file=sys.stderr)
    return DONE
