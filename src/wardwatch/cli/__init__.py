"""The command line: one file per verb, loaded only when it is called (docs/decisions on start-up time).

stdout carries the result, stderr everything else. Exit codes: 0 done, 1 findings at or above `--fail-on`, 2 usage or
failure, 3 partly done (something could not be read), 130 interrupted.
"""

import importlib
import io
import pkgutil
import sys
from typing import ClassVar, Never

import click

from wardwatch import __version__
from wardwatch.kernel.errors import WardwatchError

DONE, FINDINGS, FAILURE, PARTLY, INTERRUPTED = 0, 1, 2, 3, 130


class Verbs(click.Group):
    """A group whose commands are the modules of this package; each offers `command`."""

    # The line that `--help` shows for each verb, so that it need not load the verb's module.
    summaries: ClassVar = {
        "rules": "List, check, test, explain and import detection rules.",
        "scan": "Scan logs for an attack and say what to do first.",
        "sources": "List the log formats that can be read.",
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
def group() -> None:
    """Wardwatch: see an attack on a hospital early, stop it safely, keep care running."""


def main() -> Never:
    """Run the command line and exit; errors are three lines: what, where, hint."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # reports hold more than the ASCII of a bare console
    try:
        code = group.main(standalone_mode=False)
    except WardwatchError as error:
        _fail(error)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        where = f"wardwatch {error.ctx.info_name}" if isinstance(error, click.UsageError) and error.ctx else "wardwatch"
        _fail(WardwatchError(error.format_message(), where=where, hint="add --help to see what can be said"))
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        sys.stderr.close()
        sys.exit(FAILURE)
    sys.exit(code if isinstance(code, int) else DONE)


def _fail(error: WardwatchError) -> Never:
    print(error, file=sys.stderr)
    sys.exit(FAILURE)
