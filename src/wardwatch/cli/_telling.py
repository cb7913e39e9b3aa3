"""Tell what a scan of logs, or of events that are kept, found: reports as it goes, the last line, the exit code."""

import dataclasses
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wardwatch import __version__
from wardwatch.cli import DONE, FINDINGS, INTERRUPTED, PARTLY
from wardwatch.cli._outputs import Sinks
from wardwatch.kernel.errors import WardwatchError
from wardwatch.kernel.severity import Level

if TYPE_CHECKING:
    from wardwatch.events.alert import Alert
    from wardwatch.pipeline.ruleset import RuleSet
    from wardwatch.pipeline.scan import Summary
    from wardwatch.pipeline.tasks import Settings
    from wardwatch.reports import Findings

_PROGRESS_AFTER = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """How to tell it: the settings of the scan, the language, and from which level on it exits with findings."""

    settings: "Settings"
    language: str
    fail_on: Level | None


def tell(alerts: "Iterable[Alert]", summary: "Summary", rules: "RuleSet", sinks: Sinks, asked: Asked) -> int:
    """Take the alerts as they come, and tell them even if that was stopped or broke off; returns the exit code."""
    from wardwatch.pipeline.story import Story  # noqa: PLC0415
    from wardwatch.reports import Findings  # noqa: PLC0415

    findings = Findings(
        Story(),
        summary,
        rules.rules.by_id(),
        asked.language,
        asked.settings.received_at,
        __version__,
        since=asked.settings.since,
        until=asked.settings.until,
        off=tuple(rule for rule in rules.rules.others if rule.reason),
    )
    sinks.begin(findings)
    broken: WardwatchError | None = None
    try:
        for alert in alerts:
            with _whole():  # an alert is in every output, or in none
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
    code = _code(asked.fail_on, findings)
    if broken is not None:
        raise broken
    return code


@contextmanager
def _whole() -> Iterator[None]:
    """Let Ctrl-C wait until a step is done."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def progress() -> "Callable[[Summary], None] | None":
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


def _code(fail_on: Level | None, findings: "Findings") -> int:
    story, summary = findings.story, findings.summary
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    last = "interrupted: what was found until then is kept. " if findings.interrupted else ""
    counts = ((summary.files, "log"), (summary.total_events, "event"), (story.count, "alert"))
    words = [f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts]
    print(f"{last}{', '.join(words)}, {summary.total_rejects:,} not understood", file=sys.stderr)
    if findings.interrupted:
        return INTERRUPTED
    if fail_on is not None and story.level is not None and story.level >= fail_on:
        return FINDINGS
    seen = summary.total_events - summary.outside
    blind = not seen or (not story.count and not findings.watched)
    return PARTLY if summary.total_rejects or blind else DONE
