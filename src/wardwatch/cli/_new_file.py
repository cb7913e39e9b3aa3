"""New files of any kind, for people: one that is there is not replaced."""

import sys
from pathlib import Path

from wardwatch.kernel.errors import InputError


def put(file: Path, made: bytes) -> None:
    """Write a new file; `-` is stdout. One that is there is not replaced."""
    if str(file) == "-":
        sys.stdout.buffer.write(made)
        return
    try:
        with file.open("xb") as stream:
            stream.write(made)
    except FileExistsError:
        raise InputError("there is a file", where=str(file), hint="name another one") from None
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", where=str(file)) from None
    print(f"{file}: {len(made):,} bytes", file=sys.stderr)
