"""`wardwatch scan`: logs in, the story of the attack out."""

import contextlib
import glob
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from wardwatch.cli._outputs import FORMATS, Sinks
from wardwatch.cli._rules import rule_paths, warn
from wardwatch.cli._telling import Asked, progress, tell
from wardwatch.cli._times import moment, now
from wardwatch.kernel.errors import InputError, WardwatchError
from wardwatch.kernel.severity import Level

if TYPE_CHECKING:
    from wardwatch.pipeline.ruleset import RulePaths, RuleSet
    from wardwatch.pipeline.scan import Engine
    from wardwatch.pipeline.tasks import Settings

_TENANT = re.compile(r"[a-z0-9-]{1,64}")
LEVELS = [level.word for level in Level]
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


def outputs(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command an option for each format that a scan writes."""
    for name, text in reversed(FORMATS.items()):
        function = click.option(f"--{name}", metavar="FILE|-", help=text)(function)
    return function


PATH = click.Path(path_type=Path, exists=True)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("scan")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS…")
@click.option(
    "--rules",
    multiple=True,
    type=PATH,
    metavar="DIR|ZIP",
    help="More rules: Sigma files, folders or zip archives.",
)
@click.option("--lists", multiple=True, type=FOLDER, metavar="DIR", help="Folders of lists that rules read (NAME.txt).")
@click.option("--no-own-rules", is_flag=True, help="Leave out the rules that come with Wardwatch.")
@click.option("--since", callback=moment, metavar="TIME|SPAN", help="Only events from then on (2026-11-23T02:00, 7d).")
@click.option("--until", callback=moment, metavar="TIME|SPAN", help="Only events up to then.")
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="medium",
    show_default=True,
    help="Lowest level that is shown.",
)
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit with 1 if there is an alert of this level or above.")
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
@outputs
def command(**given: Any) -> int:  # noqa: ANN401  (what click has checked)
    """Scan logs for an attack and say what to do first.

    PATHS are files, folders, globs, archives (zip, tar, gzip, zstd, bzip2, xz), or - for stdin. Formats are
    recognised by their content. Nothing is changed and nothing leaves this computer.
    """
    return run(_options(given))


def stated_outputs(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the outputs that were asked: (format, path or -). Raises `UsageError` where two go to the same place."""
    found = tuple((name, str(given[name])) for name in FORMATS if given[name] is not None)
    targets = [target for _, target in found]
    if "" in targets or len(set(targets)) < len(targets):
        raise click.UsageError("every output needs a file of its own, and only one can go to stdout")
    return found


def _options(given: Mapping[str, Any]) -> Options:
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
        outputs=stated_outputs(given),
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
        alerts = scan.run(options.paths, settings, progress())
        return tell(alerts, scan.summary, rules, sinks, Asked(settings, options.language, options.fail_on))


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
