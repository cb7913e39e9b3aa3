"""How far files were taken in: written durably after each acknowledgement, read again after a restart.

A crash between an acknowledgement and its mark makes the last part come twice; none is ever lost.
"""

import json
from pathlib import Path
from typing import Any

from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import ContentError

Mark = dict[str, Any]


class Marks:
    """Marks by the path of a file, in one file of JSON (`state/…`); one reader of files uses it."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk
        self._marks: dict[str, Mark] = {}
        try:
            self._marks = dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass
        except (ValueError, TypeError):
            hint = "remove it to take the files in from their beginning"
            raise ContentError("damaged", where=str(path), hint=hint) from None

    def get(self, path: Path) -> Mark | None:
        """Return the mark of a file."""
        return self._marks.get(str(path))

    def put(self, path: Path, mark: Mark | None) -> None:
        """Keep a mark, or forget it."""
        if mark is None:
            self._marks.pop(str(path), None)
        else:
            self._marks[str(path)] = mark
        self._disk.make_folder(self._path.parent)
        atomic_write(self._disk, self._path, json.dumps(self._marks).encode())
