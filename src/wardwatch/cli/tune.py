"""`wardwatch tune`: what a rule no longer says in one hospital, with proof, an owner, a reason and an end."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wardwatch.cli import DONE, PARTLY, _rows
from wardwatch.cli._rules import rule_paths, say
from wardwatch.cli._times import moment, now, span
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import InputError
from wardwatch.runtime.settings import home

if TYPE_CHECKING:
    from wardwatch.events.alert import Alert
    from wardwatch.pipeline.ruleset import RulePaths, RuleSet
    from wardwatch.pipeline.tuning.document import Tuning
    from wardwatch.pipeline.tuning.proposing import Proposal
    from wardwatch.pipeline.tuning.proving import Silenced, Simulation

_SINCE = click.option(
    "--since",
    callback=moment,
    default="90d",
    show_default=True,
    metavar="TIME|SPAN",
    help="Try it on stored events from then on.",
)
_RULES = click.option(
    "--rules", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="DIR|ZIP", help="More rules."
)


@click.group("tune")
def command() -> None:
    """Withhold what a rule says wrongly: proposed from an alert, proved on what is stored, until a stated day."""


def _folder() -> Path:
    return home() / "tuning"


@command.command("propose")
@click.argument("alert_id", metavar="ALERT-ID")
@click.option("--owner", default="", help="Who answers for it.")
@click.option("--reason", default="", help="Why the alert is false.")
@click.option("--for", "lasting", callback=span, default="90d", show_default=True, help="How long it shall hold.")
@click.option("--save", metavar="FILE|-", help="Write the tuning, to be read, mended and added.")
@_SINCE
@_RULES
@_rows.option
def propose(alert_id: str, json_to: str | None, **given: Any) -> int:  # noqa: ANN401
    """Propose a tuning from a false alert, and say what would have gone quiet."""
    from wardwatch.pipeline.tuning import document  # noqa: PLC0415
    from wardwatch.pipeline.tuning.document import Tuning  # noqa: PLC0415

    alert, others = _alert(alert_id)
    rules, paths = _loaded(given["rules"])
    proposal = _proposal(alert, others, rules)
    moment_ = now()
    tuning = Tuning(
        document.slug_of(alert.rule_title, alert.id),
        alert.tenant,
        alert.rule_id,
        dict(proposal.detection),
        owner=given["owner"],
        reason=given["reason"],
        created_at=moment_,
        expires_at=moment_ + given["lasting"],
    )
    found, silenced = _proved(tuning, rules, paths, given["since"])
    if given["save"]:
        with _rows.written(given["save"]) as stream:
            stream.write(document.text(tuning))
    with _rows.rows(json_to) as take:
        take(_proof(tuning, found, silenced) | {"left_out": dict(proposal.left_out)})
    if "-" not in (given["save"], json_to):
        say(document.text(tuning))
        for name, why in proposal.left_out.items():
            say(f"left out: {name} ({why})")
        _show(found, silenced)
    return _refused(silenced)


def _alert(wanted: str) -> "tuple[Alert, list[Alert]]":
    """Find an alert among those that are kept, and the others of its rule."""
    from wardwatch.pipeline.tuning import proving  # noqa: PLC0415

    folder = home() / "alerts"
    for tenant in sorted(path.name for path in folder.glob("*/")):
        found = proving.kept_alerts(folder, tenant)
        if wanted in found:
            alert = found[wanted]
            return alert, [one for one in found.values() if one.rule_id == alert.rule_id and one.id != alert.id]
    raise InputError(
        f"no alert {wanted[:40]!r} is kept here", where="ALERT-ID", hint="an alert's id is 32 hexadecimal digits"
    )


def _loaded(more: Sequence[Path]) -> "tuple[RuleSet, RulePaths]":
    from wardwatch.pipeline import ruleset  # noqa: PLC0415

    paths = rule_paths(more, [])
    return ruleset.load(paths), paths


def _proposal(alert: "Alert", others: "list[Alert]", rules: "RuleSet") -> "Proposal":
    from wardwatch.pipeline.lake import Lake  # noqa: PLC0415
    from wardwatch.pipeline.tuning import trying  # noqa: PLC0415

    with closing(Lake(home() / "lake").tenant(alert.tenant)) as lake:
        return trying.proposal(alert, others, rules, lake)


def _proved(
    tuning: "Tuning", rules: "RuleSet", paths: "RulePaths", since: int
) -> "tuple[Simulation, Sequence[Silenced]]":
    from wardwatch.pipeline.lake import Lake  # noqa: PLC0415
    from wardwatch.pipeline.tuning import trying  # noqa: PLC0415

    with closing(Lake(home() / "lake").tenant(tuning.tenant)) as lake:
        proof = trying.proved(tuning, rules, paths, lake, (since, now()))
    return proof.simulation, proof.silenced


def _proof(tuning: "Tuning", found: "Simulation", silenced: "Sequence[Silenced]") -> dict[str, Any]:
    return {
        "format": "wardwatch/tuning-proof/1",
        **_row(tuning),
        "events": found.events,
        "before": dict(found.before),
        "quiet": [
            {"rule": rule, "host": host, "day": day, "alerts": count}
            for (rule, host, day), count in sorted(found.quiet.items())
        ],
        "examples": [one.id for one in found.examples],
        "must_fire": [str(one) for one in silenced],
    }


def _show(found: "Simulation", silenced: "Sequence[Silenced]") -> None:
    for rule, count in sorted(found.by_rule().items()):
        say(f"would have gone quiet: {count:,} of {found.before[rule]:,} alerts of {rule}")
    for (_, host, day), count in sorted(found.quiet.items(), key=lambda one: -one[1])[:20]:
        say(f"  {day}  {host}  {count:,}")
    for alert in found.examples:
        fields = " ".join(f"{name}={value}" for name, value in alert.fields.items() if "wardwatch." not in name)
        say(f"  {stamps.iso_text(alert.occurred_at)} {alert.id} {fields}"[:200])
    for one in silenced:
        say(f"MUST FIRE, AND WOULD NOT: {one}")
    print(f"{found.events:,} stored events looked at", file=sys.stderr)


def _refused(silenced: "Sequence[Silenced]") -> int:
    """Raise where something that must fire would go quiet."""
    if silenced:
        hint = "name more of what makes the false alert special: user, host, path"
        raise InputError("something that must fire would go quiet", where=str(silenced[0]), hint=hint)
    return DONE


@command.command("add")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", help="Name of the tuning.  [default: that of the file]")
@_SINCE
@_RULES
@_rows.option
def add(file: Path, name: str | None, json_to: str | None, **given: Any) -> int:  # noqa: ANN401
    """Add the tuning in FILE. It is proved first, and refused where something that must fire would go quiet.

    The running pipeline takes it in within seconds.
    """
    from wardwatch.catalogue import files  # noqa: PLC0415
    from wardwatch.kernel.disk import Disk  # noqa: PLC0415
    from wardwatch.pipeline.tuning import document  # noqa: PLC0415

    (content,) = files.find([file])
    tuning = document.parse(content, name or file.stem)
    if not tuning.holds(now()):
        raise InputError("it has expired", where=str(file), hint="state a later expires_at")
    rules, paths = _loaded(given["rules"])
    found, silenced = _proved(tuning, rules, paths, given["since"])
    if json_to != "-":
        _show(found, silenced)
    _refused(silenced)
    path = document.add(_folder(), tuning, Disk())
    with _rows.rows(json_to) as take:
        take(_proof(tuning, found, silenced) | {"path": str(path)})
    print(f"added: {path}", file=sys.stderr)
    return DONE


@command.command("list")
@click.option("--tenant", help="Only of this hospital.")
@_rows.option
def list_(tenant: str | None, json_to: str | None) -> int:
    """List all tunings, those that expired too, with what each withheld. Exits with 3 if a file is broken."""
    from collections import Counter  # noqa: PLC0415

    from wardwatch.pipeline.tuning import document  # noqa: PLC0415

    tunings, errors = document.read(_folder())
    counts = Counter((alert.tenant, alert.fields.get("wardwatch.tuning")) for alert in _withheld(tenant))
    moment_ = now()
    with _rows.rows(json_to) as take:
        for one in tunings:
            if tenant not in (None, one.tenant):
                continue
            count = counts[one.tenant, one.slug]
            state = "active" if one.holds(moment_) else "expired"
            take({"format": "wardwatch/tuning-state/1", **_row(one), "state": state, "withheld": count})
            if json_to != "-":
                until = stamps.iso_text(one.expires_at)[:16]
                say(f"{state:8} {one.tenant} {one.slug}  until {until}  {count:,} withheld  {one.owner}: {one.reason}")
    for error in errors:
        say(f"warning: {error.what} ({error.where}): it withholds nothing", file=sys.stderr)
    return PARTLY if errors else DONE


def _row(tuning: "Tuning") -> dict[str, Any]:
    return {
        "name": tuning.slug,
        "tenant": tuning.tenant,
        "rule": tuning.rule,
        "owner": tuning.owner,
        "reason": tuning.reason,
        "created_at": stamps.iso_text(tuning.created_at),
        "expires_at": stamps.iso_text(tuning.expires_at),
        "detection": dict(tuning.detection),
    }


@command.command("expire")
@click.argument("name")
@click.option("--tenant", required=True, help="Whose it is.")
@_rows.option
def expire(name: str, tenant: str, json_to: str | None) -> int:
    """Let a tuning end now. Its file stays, so that it can be told later why something was quiet."""
    from wardwatch.kernel.disk import Disk  # noqa: PLC0415
    from wardwatch.pipeline.tuning import document  # noqa: PLC0415

    ended = document.expire(_folder(), tenant, name, now(), Disk())
    with _rows.rows(json_to) as take:
        row = {"tenant": tenant, "name": name, "expires_at": stamps.iso_text(ended.expires_at)}
        take({"format": "wardwatch/tuning-end/1"} | row)
    print(f"{name} of {tenant} ended at {stamps.iso_text(ended.expires_at)}", file=sys.stderr)
    return DONE


@command.command("suppressed")
@click.option("--tenant", help="Only of this hospital.")
@click.option("--since", callback=moment, metavar="TIME|SPAN", help="Only what happened from then on.")
@_rows.option
def suppressed(tenant: str | None, since: int | None, json_to: str | None) -> int:
    """List the alerts that were withheld, each with the tuning, its owner and its reason."""
    from wardwatch.events import alert_lines  # noqa: PLC0415

    count = 0
    with _rows.rows(json_to) as take:
        for alert in _withheld(tenant):
            if since is not None and alert.last_at < since:
                continue
            count += 1
            take(alert_lines.document(alert))
            if json_to != "-":
                say(_told(alert, alert.fields))
    print(f"{count:,} withheld", file=sys.stderr)
    return DONE


def _told(alert: "Alert", fields: Mapping[str, Any]) -> str:
    why = f"{fields.get('wardwatch.tuning')} ({fields.get('wardwatch.tuning.owner')})"
    head = f"{stamps.iso_text(alert.occurred_at)} {alert.tenant} {alert.id} {alert.level.word}"
    return f"{head} {alert.host or '-'} {alert.rule_title} | {why}: {fields.get('wardwatch.tuning.reason')}"


def _withheld(tenant: str | None) -> "Iterator[Alert]":
    from wardwatch.pipeline import alert_log  # noqa: PLC0415
    from wardwatch.pipeline.live import WITHHELD  # noqa: PLC0415

    folder = home() / "alerts"
    for path in sorted(folder.glob("*/")):
        if tenant in (None, path.name):
            yield from alert_log.final(alert_log.read(path, WITHHELD)).values()
