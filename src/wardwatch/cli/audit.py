"""`wardwatch audit`: whether the audit log is whole, and the log itself."""

import sys

import click

from wardwatch.cli import _records, _rows


@click.group("audit")
def command() -> None:
    """Check and export the log of who did or looked at what."""


@command.command("verify")
@click.option(
    "--last", metavar="HASH", help="The hash that the log ended with when it was noted elsewhere: must be in it."
)
@_rows.option
def verify(last: str | None, json_to: str | None) -> int:
    """Read the whole chain; exits with 1 where an entry was changed, removed or put in."""
    _records.ready(migrates=False)
    from wardwatch.records import chain  # noqa: PLC0415
    from wardwatch.records.models import AuditRow  # noqa: PLC0415

    verdict = chain.verify()
    known = last is None or last == chain.FIRST or AuditRow.objects.filter(hash=last).exists()
    with _rows.rows(json_to) as take:
        take(
            {
                "format": "wardwatch/audit-verdict/1",
                "entries": verdict.entries,
                "last": verdict.last,
                "broken_at": verdict.broken_at,
                "why": verdict.why or ("" if known else "the noted hash is not in the log"),
            }
        )
    if verdict.broken_at is not None:
        print(f"broken at entry {verdict.broken_at}: {verdict.why}", file=sys.stderr)
        return 1
    if not known:
        print("the noted hash is not in the log: entries at its end were replaced", file=sys.stderr)
        return 1
    print(f"whole: {verdict.entries:,} entries; the last hash is {verdict.last}", file=sys.stderr)
    return 0


@command.command("export")
@click.option("--tenant", default="", help="Only entries of this hospital.")
@click.option("--json", "json_to", metavar="FILE|-", default="-", show_default=True, help="Where the lines go.")
def export(tenant: str, json_to: str) -> int:
    """Write the log as JSON Lines, each entry with its hash and the hash before it."""
    _records.ready(migrates=False)
    from wardwatch.records import chain  # noqa: PLC0415

    count = 0
    with _rows.rows(json_to) as take:
        for row in chain.entries_after(0):
            if tenant and row.tenant != tenant:
                continue
            count += 1
            take(
                {
                    "format": "wardwatch/audit/1",
                    "number": row.number,
                    "at": row.at,
                    "tenant": row.tenant,
                    "actor": row.actor,
                    "actor_name": row.actor_name,
                    "action": row.action,
                    "subject": row.subject,
                    "detail": row.detail,
                    "previous": row.previous,
                    "hash": row.hash,
                }
            )
    print(f"{count:,} entries", file=sys.stderr)
    return 0
