"""Where a scan's alerts and reports go: streams as alerts come, documents at the end."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from wardwatch import __version__
from wardwatch.cli._files import Files

if TYPE_CHECKING:
    from wardwatch.events.alert import Alert
    from wardwatch.reports import Findings

FORMATS = {
    "json": "Alerts as JSON Lines (Alert v1).",
    "csv": "Alerts as a CSV timeline for Timesketch.",
    "ocsf": "Alerts as OCSF Detection Findings, JSON Lines.",
    "navigator": "A layer for ATT&CK Navigator.",
    "html": "One self-contained HTML report.",
}
_STREAMED = ("json", "csv", "ocsf")


class Sinks:
    """The outputs of one scan: (format, path or `-`) pairs. Without one to stdout, the report goes there."""

    def __init__(self, outputs: Sequence[tuple[str, str]]) -> None:
        self._files = Files()
        self._report = all(target != "-" for _, target in outputs)
        self._targets = [(kind, self._files.opened(target)) for kind, target in outputs]
        self._takers: list[Callable[[Alert], object]] | None = None

    @property
    def paths(self) -> frozenset[str]:
        """The real paths of what is written, which are no logs."""
        return self._files.paths

    def _taker(self, kind: str, stream: TextIO, findings: "Findings") -> "Callable[[Alert], object]":
        from wardwatch.reports import alerts_csv, alerts_jsonl, alerts_ocsf  # noqa: PLC0415

        if kind == "json":
            return lambda alert: alerts_jsonl.write([alert], stream)
        if kind == "ocsf":
            return lambda alert: alerts_ocsf.write([alert], findings.rules, stream, __version__)
        alerts_csv.write([], stream)
        return lambda alert: alerts_csv.write([alert], stream, heading=False)

    def begin(self, findings: "Findings") -> None:
        """Write headings; `findings` grow as the scan goes on."""
        self._takers = [self._taker(kind, stream, findings) for kind, stream in self._targets if kind in _STREAMED]

    def take(self, alert: "Alert") -> None:
        """Write an alert to every output that is a stream of them."""
        for taker in self._takers or ():
            taker(alert)

    def finish(self, findings: "Findings") -> None:
        """Write the documents that tell the whole scan, and move every file to its place."""
        for kind, stream in self._targets:
            if kind == "html":
                from wardwatch.reports import scan_html  # noqa: PLC0415

                scan_html.write(findings, stream)
            elif kind == "navigator":
                from wardwatch.reports import attack_navigator  # noqa: PLC0415

                stream.write(attack_navigator.of_story(findings))
        self._files.finish()
        if self._report:
            from wardwatch.reports import scan_text  # noqa: PLC0415

            scan_text.write(findings, sys.stdout, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
        sys.stdout.flush()

    def close(self) -> None:
        """Remove what was not finished."""
        self._files.close()
