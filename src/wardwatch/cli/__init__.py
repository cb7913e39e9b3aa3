"""The command line: one file per verb, loaded only when it is called (docs/decisions on start-up time).

stdout carries the result, stderr everything else. Exit codes: 0 done, 1 findings at or above `--fail-on`, 2 usage or
failure, 3 partly done (something could not be read), 4 refused (nothing was changed), 130 interrupted.
"""

import contextlib
import gc
import importlib
import io
import os
import pkgutil
import signal
import sys
from typing import ClassVar, Never

import click

from wardwatch import __version__
from wardwatch.kernel.errors import NotDoneError, WardwatchError

DONE, FINDINGS, FAILURE, PARTLY, REFUSED, INTERRUPTED = 0, 1, 2, 3, 4, 130
# Objects made before Python looks for cycles: starting makes tens of thousands and hardly a cycle (0.05 s of 0.7).
_COLLECT_AFTER = 50_000


# Verbs that work with a console, here or elsewhere, through its API.
REMOTE = frozenset({"alerts", "care", "estate", "incidents", "me"})


class Verbs(click.Group):
    """A group whose commands are the modules of this package; each offers `command`."""

    # The line that `--help` shows for each verb, so that it need not load the verb's module.
    summaries: ClassVar = {
        "alerts": "List and work alerts, through the API of a console.",
        "assess": "Show assessments, give out and take in their form.",
        "audit": "Check and export who did or looked at what.",
        "backup": "Write everything to one file.",
        "care": "Show how care is, through the API of a console.",
        "clock": "Turn alerts into work, let timers ring, send messages.",
        "config": "Show the settings that are in force.",
        "console": "Let people work: the console and its API.",
        "demo": "Set up, feed and remove a demonstration.",
        "estate": "List assets, through the API of a console.",
        "incidents": "List and work incidents, through the API of a console.",
        "ingest": "Receive logs, and say who may send them.",
        "lake": "Show, tidy up, expire and hold the events that are kept.",
        "me": "Say who a key stands for, and what it may do where.",
        "needs": "Run campaigns of groups; show what hospitals have in common.",
        "nis2": "Write the NIS 2 file of a hospital.",
        "people": "Make accounts on the machine itself.",
        "pipeline": "Watch over what was received: detect, correlate, keep.",
        "privacy": "Name who may open what tokens of patients stand for.",
        "replay": "Run the events that are kept through the rules of today.",
        "restore": "Bring everything back from a backup, with proof.",
        "rules": "List, check, test, explain and import detection rules.",
        "scan": "Scan logs for an attack and say what to do first.",
        "search": "Search the events that are kept.",
        "serve": "Run everything: listeners, watch, console, clock.",
        "service": "Install it for good, go to another version, and back.",
        "sources": "List the log formats that can be read.",
        "status": "Show what runs, what it took, what waits and what was lost.",
        "tune": "Withhold what a rule says wrongly, with proof and end.",
    }

    def list_commands(self, _: click.Context) -> list[str]:
        """The verbs, by name."""
        return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load a verb."""
        if name not in self.list_commands(ctx):
            return None
        found = importlib.import_module(f"{__name__}.{name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs without loading them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, self.summaries.get(name, "")) for name in self.list_commands(ctx)])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="wardwatch")
@click.option("--server", metavar="URL", help="Work with the console there: alerts, care, estate, incidents, me.")
@click.pass_context
def group(context: click.Context, server: str | None) -> None:
    """Wardwatch: see an attack on a hospital early, stop it safely, keep care running."""
    context.obj = server
    if server is not None and context.invoked_subcommand not in REMOTE:
        verbs = ", ".join(sorted(REMOTE))
        raise click.UsageError(f"`{context.invoked_subcommand}` works on this machine; with --server go: {verbs}")


def main() -> Never:
    """Run the command line and exit; errors are three lines: what, where, hint."""
    gc.set_threshold(_COLLECT_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # reports hold more than the ASCII of a bare console
    for name in ("SIGTERM", "SIGHUP"):  # to be told to stop is to be interrupted
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        code = group.main(standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        sys.exit(DONE)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001  (the last resort: a failure must never look like a finding)
        _fail(error)
    sys.exit(code if isinstance(code, int) else DONE)


def _fail(error: Exception) -> Never:
    """Print an error as three lines and exit."""
    if isinstance(error, WardwatchError):
        found = error
    elif isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "wardwatch"
        found = WardwatchError(error.format_message(), where=where, hint=f"see `{where} --help`")
    elif isinstance(error, OSError):
        where = str(error.filename or "output")
        found = WardwatchError(error.strerror or str(error), where=where, hint="is there room, and may it be written?")
    else:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        found = WardwatchError(f"{type(error).__name__}: {error}", where=where, hint="this is a bug: please report it")
    where = found.where or f"wardwatch {' '.join(sys.argv[1:2])}".rstrip()
    lines = (f"error: {found.what}", f"where: {where}", f"hint: {found.hint or 'see `wardwatch --help`'}")
    for line in lines:
        print("".join(char if char.isprintable() else "?" for char in line.replace("\n", " ")), file=sys.stderr)
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    # stdout may be what failed; nothing may be written to it again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(REFUSED if isinstance(error, NotDoneError) else FAILURE)
