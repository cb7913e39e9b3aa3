"""Files that verbs write: beside their place, and moved there when they are whole.

So no verb leaves half a file, and no file that is no output of ours is ever overwritten: it may be evidence.
"""

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from wardwatch.kernel.errors import InputError

_HEAD = 65_536
_OURS = (b"wardwatch", b"message,datetime,timestamp_desc,level,rule")  # what all our outputs begin with, in lower case


class Files:
    """The files of one run; `-` is stdout."""

    def __init__(self) -> None:
        self._open: list[tuple[TextIO, str]] = []  # what is written, and where it goes at the end

    @property
    def paths(self) -> frozenset[str]:
        """The real paths of what is written, which are no logs."""
        return frozenset(os.path.realpath(path) for stream, target in self._open for path in (stream.name, target))

    def opened(self, target: str) -> TextIO:
        """Open a file to write, or return stdout; raises `InputError` where that cannot or must not be."""
        if target == "-":
            return sys.stdout
        path = Path(target)
        try:
            if path.exists() and not path.is_file():  # a device or a pipe
                stream: TextIO = path.open("w", encoding="utf-8", newline="")
                self._open.append((stream, ""))
                return stream
            _refuse_foreign(path)
            descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
            os.close(descriptor)
            stream = Path(name).open("w", encoding="utf-8", newline="")  # noqa: SIM115  (closed by `finish`)
        except OSError as error:
            hint = "name a file in a folder that exists and can be written"
            raise InputError(f"cannot write: {error.strerror}", where=target, hint=hint) from None
        self._open.append((stream, target))
        return stream

    def finish(self) -> None:
        """Move every file to its place."""
        for stream, target in self._open:
            stream.close()
            if target:
                Path(stream.name).replace(target)
        self._open = []

    def close(self) -> None:
        """Remove what was not finished."""
        for stream, target in self._open:
            with contextlib.suppress(OSError):
                stream.close()
                if target:
                    Path(stream.name).unlink(missing_ok=True)


def _refuse_foreign(path: Path) -> None:
    """Raise `InputError` where a file would be overwritten that is no output of ours."""
    if not path.exists():
        return
    with path.open("rb") as file:
        head = file.read(_HEAD).lower()
    if head and not any(mark in head for mark in _OURS):
        hint = "name another file, or move it away: it may be evidence"
        raise InputError("there is a file that is no report of Wardwatch", where=str(path), hint=hint)
