"""Programs side by side: each version a virtual environment of its own, made of a folder of wheels, without network."""

import re
import shutil
import venv
from pathlib import Path

from wardwatch.kernel.errors import InputError
from wardwatch.runtime.service import Layout
from wardwatch.runtime.service.machine import run

_WHEEL = re.compile(r"wardwatch-([0-9][0-9A-Za-z.]*(?:\+[0-9A-Za-z.]+)?)-py3-none-any\.whl")
LOCK = "requirements.lock"
_WHOLE = ".whole"  # a file that a program has when all of it is there


def wheel_in(folder: Path) -> tuple[str, Path]:
    """The version and wheel of Wardwatch in a folder (PEP 427). Raises `InputError` unless there is exactly one."""
    found = [(match[1], path) for path in sorted(folder.glob("*.whl")) if (match := _WHEEL.fullmatch(path.name))]
    if len(found) != 1:
        said = "no wheel of Wardwatch" if not found else f"{len(found)} wheels of Wardwatch"
        raise InputError(said, where=str(folder), hint="a folder that `make wheels` made, with one of them")
    return found[0]


def make(layout: Layout, folder: Path) -> Path:
    """Make the program of the wheel in a folder; all else comes from there too, checked against its lock file.

    What was half made is thrown away, also by a later try; one that is there whole is left as it is.
    """
    version, wheel = wheel_in(folder)
    place = layout.program(version)
    if (place / _WHOLE).exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        venv.create(place, symlinks=True, with_pip=True)
        options = ("--quiet", "--disable-pip-version-check", "--no-index", "--find-links", folder)
        pip = (place / "bin" / "python", "-m", "pip", "install", *options)
        if (folder / LOCK).is_file():
            run([*pip, "--no-deps", "--require-hashes", "--requirement", folder / LOCK])
            run([*pip, "--no-deps", wheel])
        else:
            run([*pip, wheel])
        (place / _WHOLE).touch()
    finally:
        if not (place / _WHOLE).exists():
            shutil.rmtree(place, ignore_errors=True)
    return place


def point(link: Path, place: Path) -> None:
    """Let a link lead to a program, from one moment to the next."""
    aside = link.with_name(f".{link.name}.new")
    aside.unlink(missing_ok=True)
    aside.symlink_to(place.name)
    aside.replace(link)
