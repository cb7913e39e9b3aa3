"""Where a scan's alerts and reports go: streams as alerts come, documents at the end."""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from wardwatch import __version__
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import InputError

if TYPE_CHECKING:
    from wardwatch.detection.rules import Rule
    from wardwatch.events.alert import Alert
    from wardwatch.pipeline.scan import Summary
    from wardwatch.pipeline.story import Story

_STREAMED = ("json", "csv", "ocsf")


class Sinks:
    """The outputs of one scan: (format, path or `-`) pairs. Without one to stdout, the report goes there."""

    def __init__(
        self,
        outputs: Sequence[tuple[str, str]],
        language: str,
        rules: "Mapping[str, Rule]",
        stack: contextlib.ExitStack,
    ) -> None:
        self._language = language
        self._rules = rules
        self._targets = [(kind, _opened(target, stack)) for kind, target in outputs]
        self._report = all(target != "-" for _, target in outputs)
        self._takers = [self._taker(kind, stream) for kind, stream in self._targets if kind in _STREAMED]

    def _taker(self, kind: str, stream: TextIO) -> "Callable[[Alert], object]":
        from wardwatch.reports import alerts_csv, alerts_jsonl, alerts_ocsf  # noqa: PLC0415

        if kind == "json":
            return lambda alert: alerts_jsonl.write([alert], stream)
        if kind == "ocsf":
            return lambda alert: alerts_ocsf.write([alert], self._rules, stream, __version__)
        alerts_csv.write([], stream)
        return lambda alert: alerts_csv.write([alert], stream, heading=False)

    def take(self, alert: "Alert") -> None:
        """Write an alert to every output that is a stream of them."""
        for taker in self._takers:
            taker(alert)

    def finish(self, story: "Story", summary: "Summary") -> None:
        """Write the documents that tell the whole scan."""
        from wardwatch.reports import Findings, attack_navigator, scan_html, scan_text  # noqa: PLC0415

        now = stamps.micros(datetime.now(UTC))
        findings = Findings(story, summary, self._rules, self._language, now, __version__)
        for kind, stream in self._targets:
            if kind == "html":
                scan_html.write(findings, stream)
            elif kind == "navigator":
                stream.write(attack_navigator.of_story(findings))
        if self._report:
            scan_text.write(findings, sys.stdout, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
        for _, stream in self._targets:
            stream.flush()


def _opened(target: str, stack: contextlib.ExitStack) -> TextIO:
    if target == "-":
        return sys.stdout
    try:
        return stack.enter_context(Path(target).open("w", encoding="utf-8", newline=""))
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror}", where=target, hint="name a file in a folder that exists"
        ) from None
