"""Where a scan's alerts and reports go: streams as alerts come, documents at the end.

A file is written beside its place and moved there when it is whole, so that a scan never leaves half a report, and
no file that is not a report of ours is ever overwritten: it may be evidence.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from wardwatch import __version__
from wardwatch.kernel.errors import InputError

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
_HEAD = 65_536
_OURS = (b"wardwatch", b"message,datetime,timestamp_desc,level,rule")  # what all our reports begin with, in lower case


class Sinks:
    """The outputs of one scan: (format, path or `-`) pairs. Without one to stdout, the report goes there."""

    def __init__(self, outputs: Sequence[tuple[str, str]]) -> None:
        self._files: list[tuple[TextIO, str]] = []  # what is written, and where it goes at the end
        self._report = all(target != "-" for _, target in outputs)
        self._targets = [(kind, self._opened(target)) for kind, target in outputs]
        self._takers: list[Callable[[Alert], object]] | None = None

    @property
    def paths(self) -> frozenset[str]:
        """The real paths of what is written, which are no logs."""
        return frozenset(os.path.realpath(path) for stream, target in self._files for path in (stream.name, target))

    def _opened(self, target: str) -> TextIO:
        if target == "-":
            return sys.stdout
        path = Path(target)
        try:
            if path.exists() and not path.is_file():  # a device or a pipe
                stream: TextIO = path.open("w", encoding="utf-8", newline="")
                self._files.append((stream, ""))
                return stream
            _refuse_foreign(path)
            descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
            os.close(descriptor)
            stream = Path(name).open("w", encoding="utf-8", newline="")  # noqa: SIM115  (closed by `finish`)
        except OSError as error:
            hint = "name a file in a folder that exists and can be written"
            raise InputError(f"cannot write: {error.strerror}", where=target, hint=hint) from None
        self._files.append((stream, target))
        return stream

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
        for stream, target in self._files:
            stream.close()
            if target:
                Path(stream.name).replace(target)
        self._files = []
        if self._report:
            from wardwatch.reports import scan_text  # noqa: PLC0415

            scan_text.write(findings, sys.stdout, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
        sys.stdout.flush()

    def close(self) -> None:
        """Remove what was not finished."""
        for stream, target in self._files:
            with contextlib.suppress(OSError):
                stream.close()
                if target:
                    Path(stream.name).unlink(missing_ok=True)


def _refuse_foreign(path: Path) -> None:
    """Raise `InputError` where a file would be overwritten that is no report of ours."""
    if not path.exists():
        return
    with path.open("rb") as file:
        head = file.read(_HEAD).lower()
    if head and not any(mark in head for mark in _OURS):
        hint = "name another file, or move it away: it may be evidence"
        raise InputError("there is a file that is no report of Wardwatch", where=str(path), hint=hint)
