"""`wardwatch scan`: logs in, the story of the attack out."""

import contextlib
import dataclasses
import glob
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from wardwatch import __version__
from wardwatch.cli import DONE, FINDINGS, INTERRUPTED, PARTLY
from wardwatch.cli._outputs import FORMATS, Sinks
from wardwatch.cli._rules import rule_paths, warn
from wardwatch.cli._times import moment, now
from wardwatch.kernel.errors import InputError, WardwatchError
from wardwatch.kernel.severity import Level

if TYPE_CHECKING:
    from wardwatch.pipeline.ruleset import RulePaths, RuleSet
    from wardwatch.pipeline.scan import Engine, Scan, Summary
    from wardwatch.pipeline.tasks import Settings
    from wardwatch.reports import Findings

_TENANT = re.compile(r"[a-z0-9-]{1,64}")
_LEVELS = [level.word for level in Level]
_SMALL = 48 * 1024 * 1024  # bytes of logs for which more processes cost more than they gain
_PACKED_ENDINGS = (".gz", ".zst", ".bz2", ".xz", ".zip", ".tgz")
_PACKED = 10  # times that logs are commonly packed
_PROGRESS_AFTER = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked on the command line, parsed."""

    paths: tuple[str, ...]
    rules: tuple[Path, ...]
    lists: tuple[Path, ...]
    own_rules: bool
    since: int | None
    until: int | None
    level: Level
    fail_on: Level | None
    source: str | None
    zone: tzinfo
    jobs: int
    tenant: str
    language: str
    outputs: tuple[tuple[str, str], ...]  # (format, path or -)


def _zone(_: click.Context, __: click.Parameter, name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(f"{name!r} is no time zone; write one such as Europe/Paris") from None


def _outputs(function: Callable[..., int]) -> Callable[..., int]:
    for name, text in reversed(FORMATS.items()):
        function = click.option(f"--{name}", metavar="FILE|-", help=text)(function)
    return function


_PATH = click.Path(path_type=Path, exists=True)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("scan")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS…")
@click.option(
    "--rules",
    multiple=True,
    type=_PATH,
    metavar="DIR|ZIP",
    help="More rules: Sigma files, folders or zip archives.",
)
@click.option(
    "--lists", multiple=True, type=_FOLDER, metavar="DIR", help="Folders of lists that rules read (NAME.txt)."
)
@click.option("--no-own-rules", is_flag=True, help="Leave out the rules that come with Wardwatch.")
@click.option("--since", callback=moment, metavar="TIME|SPAN", help="Only events from then on (2026-11-23T02:00, 7d).")
@click.option("--until", callback=moment, metavar="TIME|SPAN", help="Only events up to then.")
@click.option(
    "--level",
    type=click.Choice(_LEVELS),
    default="medium",
    show_default=True,
    help="Lowest level that is shown.",
)
@click.option("--fail-on", type=click.Choice(_LEVELS), help="Exit with 1 if there is an alert of this level or above.")
@click.option("--source", help="Read every file as this format (see `wardwatch sources`).")
@click.option(
    "--timezone",
    "zone",
    default="UTC",
    callback=_zone,
    show_default=True,
    help="Zone of times that state none.",
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes.  [default: one for each core]")
@click.option("--tenant", default="local", show_default=True, help="Name of the hospital, part of the ids of alerts.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "fr"]),
    default="en",
    show_default=True,
    help="Language of reports.",
)
@_outputs
def command(**given: Any) -> int:  # noqa: ANN401  (what click has checked)
    """Scan logs for an attack and say what to do first.

    PATHS are files, folders, globs, archives (zip, tar, gzip, zstd, bzip2, xz), or - for stdin. Formats are
    recognised by their content. Nothing is changed and nothing leaves this computer.
    """
    return run(_options(given))


def _options(given: Mapping[str, Any]) -> Options:
    outputs = tuple((name, str(given[name])) for name in FORMATS if given[name] is not None)
    targets = [target for _, target in outputs]
    if "" in targets or len(set(targets)) < len(targets):
        raise click.UsageError("every output needs a file of its own, and only one can go to stdout")
    if given["since"] is not None and given["until"] is not None and given["since"] > given["until"]:
        raise click.UsageError("--since is later than --until: no event can lie between them")
    if not _TENANT.fullmatch(given["tenant"]):
        raise click.UsageError("--tenant is a slug: lower-case letters, digits and hyphens")
    values = {
        name: given[name]
        for name in ("paths", "rules", "lists", "since", "until", "source", "zone", "tenant", "language")
    }
    return Options(
        **values,
        own_rules=not given["no_own_rules"],
        level=Level.parse(str(given["level"])),
        fail_on=Level.parse(str(given["fail_on"])) if given["fail_on"] else None,
        jobs=int(str(given["jobs"] or os.cpu_count() or 1)),
        outputs=outputs,
    )


def run(options: Options) -> int:
    """Run a scan and write its reports; returns the exit code."""
    from wardwatch import sources  # noqa: PLC0415
    from wardwatch.pipeline import ruleset  # noqa: PLC0415
    from wardwatch.pipeline.scan import Scan  # noqa: PLC0415

    if options.source is not None and options.source not in sources.every():
        hint = f"one of: {', '.join(sources.every())}"
        raise WardwatchError(f"no source {options.source!r}", where="--source", hint=hint)
    _refuse_missing(options.paths)
    paths = rule_paths(options.rules, options.lists, own_rules=options.own_rules)
    rules = ruleset.load(paths)
    warn(rules, options.rules)
    sinks = Sinks(options.outputs)
    with contextlib.ExitStack() as stack:
        stack.callback(sinks.close)
        spool = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wardwatch-")))
        settings = _settings(options, rules)
        engine = _engine(options, paths, rules, settings)
        stack.callback(engine.close)
        scan = Scan(engine, rules.correlations, spool, source=options.source, leave_out=sinks.paths)
        return _told(options, rules, scan, sinks, settings)


def _told(options: Options, rules: "RuleSet", scan: "Scan", sinks: Sinks, settings: "Settings") -> int:
    """Run the scan, and tell it even if it was stopped or broke off."""
    from wardwatch.pipeline.story import Story  # noqa: PLC0415
    from wardwatch.reports import Findings  # noqa: PLC0415

    findings = Findings(
        Story(),
        scan.summary,
        rules.rules.by_id(),
        options.language,
        settings.received_at,
        __version__,
        since=options.since,
        until=options.until,
        off=tuple(rule for rule in rules.rules.others if rule.reason),
    )
    sinks.begin(findings)
    broken: WardwatchError | None = None
    try:
        for alert in scan.run(options.paths, settings, _progress()):
            findings.story.add(alert)
            sinks.take(alert)
    except KeyboardInterrupt:
        # From here on the little that is left is written, whoever presses what.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        findings = dataclasses.replace(findings, interrupted=True)
    except WardwatchError as error:
        broken = error
        findings = dataclasses.replace(findings, interrupted=True)
    sinks.finish(findings)
    code = _code(options, findings)
    if broken is not None:
        raise broken
    return code


def _refuse_missing(paths: tuple[str, ...]) -> None:
    """Raise `InputError` where nothing that was named is there; one that is missing among others is reported."""
    if all(path != "-" and (not path or not Path(path).exists()) and not glob.glob(path) for path in paths):  # noqa: PTH207
        raise InputError("no such file or folder", where=", ".join(paths), hint="check the path for typing errors")


def _settings(options: Options, rules: "RuleSet") -> "Settings":
    from wardwatch.pipeline.tasks import Settings  # noqa: PLC0415

    return Settings(
        tenant=options.tenant,
        received_at=now(),
        level=options.level,
        since=options.since,
        until=options.until,
        zone=options.zone,
        needs=tuple(rules.correlations.needs.items()),
        silenced=rules.correlations.silenced,
    )


def _engine(options: Options, paths: "RulePaths", rules: "RuleSet", settings: "Settings") -> "Engine":
    from wardwatch.engines.local import InProcess, Pool  # noqa: PLC0415

    jobs = options.jobs if _size(options.paths) > _SMALL else 1
    return Pool(paths, settings, jobs) if jobs > 1 else InProcess(rules, settings)


def _size(paths: tuple[str, ...]) -> int:
    """Bytes of the named files and folders, as far as that is known before they are opened."""
    total = 0
    for path in map(Path, paths):
        files = path.rglob("*") if path.is_dir() else [path]
        for file in files:
            with contextlib.suppress(OSError):
                total += file.stat().st_size * (_PACKED if file.suffix in _PACKED_ENDINGS else 1)
            if total > _SMALL:
                return total
    return total


def _progress() -> "Callable[[Summary], None] | None":
    """One line on a terminal, from the first second on."""
    if not sys.stderr.isatty():
        return None
    began = time.monotonic()

    def show(summary: "Summary") -> None:
        passed = time.monotonic() - began
        if passed > _PROGRESS_AFTER:
            rate = summary.total_events / passed
            line = f"{summary.total_events:,} events, {sum(summary.alerts.values()):,} alerts, {rate:,.0f} events/s"
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    return show


def _code(options: Options, findings: "Findings") -> int:
    story, summary = findings.story, findings.summary
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    last = "interrupted: what was found until then is kept. " if findings.interrupted else ""
    counts = ((summary.files, "log"), (summary.total_events, "event"), (story.count, "alert"))
    words = [f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts]
    print(f"{last}{', '.join(words)}, {summary.total_rejects:,} not understood", file=sys.stderr)
    if findings.interrupted:
        return INTERRUPTED
    if options.fail_on is not None and story.level is not None and story.level >= options.fail_on:
        return FINDINGS
    blind = not summary.total_events or (not story.count and not findings.watched)
    return PARTLY if summary.total_rejects or blind else DONE
