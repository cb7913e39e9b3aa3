"""Find and read YAML files in folders, files and zip archives, safely and within limits."""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from wardwatch.kernel.errors import ContentError, InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDINGS = (".yml", ".yaml")
MAX_FILE = 2 * 1024 * 1024  # bytes of one content file
MAX_FILES = 100_000


@dataclass(frozen=True, slots=True)
class ContentFile:
    """One file's name (as shown to people) and bytes."""

    path: str
    text: bytes


def shipped(folder: str) -> Path:
    """Return the folder of the content that Wardwatch ships, such as `rules`."""
    return Path(str(resources.files("wardwatch") / "content" / folder))


def find(paths: Iterable[Path]) -> Iterator[ContentFile]:
    """Yield the YAML files in `paths` (folders, files, zip archives), in the order of their names.

    Raises `InputError` for a path that is not there.
    """
    for path in paths:
        if path.is_dir():
            found = sorted(file for ending in _ENDINGS for file in path.rglob(f"*{ending}") if file.is_file())
            yield from (ContentFile(str(file), file.read_bytes()) for file in found[:MAX_FILES])
        elif path.is_file() and zipfile.is_zipfile(path):
            yield from _zipped(path)
        elif path.is_file():
            yield ContentFile(str(path), path.read_bytes())
        else:
            raise InputError("no such file or folder", where=str(path), hint="check the path for typing errors")


def _zipped(path: Path) -> Iterator[ContentFile]:
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(_ENDINGS) and not info.is_dir()]
        for info in sorted(members, key=lambda one: one.filename)[:MAX_FILES]:
            with archive.open(info) as member:
                yield ContentFile(f"{path}!{info.filename}", member.read(MAX_FILE + 1))


def documents(file: ContentFile) -> list[dict[str, Any]]:
    """Parse a file's YAML documents; raises `ContentError` with file and line where it is no YAML of mappings."""
    if len(file.text) > MAX_FILE:
        raise ContentError(f"larger than {MAX_FILE} bytes", where=file.path)
    try:
        found = [document for document in yaml.load_all(file.text, Loader=_LOADER) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ContentError(f"not valid YAML: {problem}", where=f"{file.path}{line}") from None
    if not all(isinstance(document, dict) for document in found):
        raise ContentError("a YAML document that is not a mapping", where=file.path)
    return found
