"""`wardwatch replay`: the events that are kept, through the rules of today."""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from wardwatch.cli._outputs import Sinks
from wardwatch.cli._rules import rule_paths, say, warn
from wardwatch.cli._telling import Asked, tell
from wardwatch.cli._tenants import kept
from wardwatch.cli._times import moment
from wardwatch.cli.scan import FOLDER, LEVELS, PATH, outputs, stated_outputs
from wardwatch.kernel import stamps
from wardwatch.kernel.severity import Level
from wardwatch.runtime.settings import home


@click.command("replay")
@click.option("--tenant", multiple=True, help="Only this hospital; may be repeated.  [default: all that are kept here]")
@click.option("--since", callback=moment, metavar="TIME|SPAN", help="Only events from then on (2026-11-23T02:00, 90d).")
@click.option("--until", callback=moment, metavar="TIME|SPAN", help="Only events up to then.")
@click.option("--rules", multiple=True, type=PATH, metavar="DIR|ZIP", help="More rules.")
@click.option("--lists", multiple=True, type=FOLDER, metavar="DIR", help="Folders of lists that rules read.")
@click.option("--no-own-rules", is_flag=True, help="Leave out the rules that come with Wardwatch.")
@click.option("--no-tunings", is_flag=True, help="Tell what tunings withhold, too.")
@click.option("--level", type=click.Choice(LEVELS), default="medium", show_default=True, help="Lowest level shown.")
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit with 1 if there is an alert of this level or above.")
@click.option(
    "--lang", "language", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Of reports."
)
@outputs
def command(**given: Any) -> int:  # noqa: ANN401  (what click has checked)
    """Run the events that are kept through rules, as if they came now (retro-hunt).

    Nothing that is live is touched: no alert log, no state. Reports are those of `wardwatch scan`.
    """
    return _run(given)


def _run(given: Mapping[str, Any]) -> int:
    from wardwatch.pipeline import ruleset  # noqa: PLC0415
    from wardwatch.pipeline.lake import Lake  # noqa: PLC0415
    from wardwatch.pipeline.retro import Replay  # noqa: PLC0415
    from wardwatch.pipeline.tasks import Settings  # noqa: PLC0415

    asked_outputs = stated_outputs(given)
    lake = Lake(home() / "lake")
    tenants = kept(given["tenant"])
    paths = rule_paths(given["rules"], given["lists"], own_rules=not given["no_own_rules"])
    rules = ruleset.load(paths if given["no_tunings"] else replace(paths, tunings=home() / "tuning"))
    warn(rules, given["rules"])
    for error in rules.tunings.errors:
        say(f"warning: a tuning withholds nothing: {error.what} ({error.where})", file=sys.stderr)
    settings = Settings(
        tenant="",
        received_at=stamps.micros(datetime.now(UTC)),
        level=Level.parse(given["level"]),
        since=given["since"],
        until=given["until"],
        needs=tuple(rules.correlations.needs.items()),
        silenced=rules.correlations.silenced,
    )
    sinks = Sinks(asked_outputs)
    fail_on = Level.parse(given["fail_on"]) if given["fail_on"] else None
    try:
        with tempfile.TemporaryDirectory(prefix="wardwatch-") as spool:
            replay = Replay(rules, lake, Path(spool))
            alerts = replay.run(tenants, settings)
            code = tell(alerts, replay.summary, rules, sinks, Asked(settings, given["language"], fail_on))
            if withheld := replay.summary.withheld.total():
                many = f"{withheld:,} alert{'' if withheld == 1 else 's'}"
                say(f"tunings withheld {many} more: --no-tunings tells them, too", file=sys.stderr)
            return code
    finally:
        sinks.close()
