"""Find and read YAML files in folders, files and zip archives, safely and within limits."""

import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import IO, Any

import yaml

from wardwatch.kernel.errors import ContentError, InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDINGS = (".yml", ".yaml")
MAX_FILE = 2 * 1024 * 1024  # bytes of one content file
MAX_FILES = 100_000
MAX_NODES = 100_000  # of one YAML document, what aliases stand for included
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class ContentFile:
    """One file's name (as shown to people) and bytes: `MAX_FILE` and one more at most.

    `problem` says why it could not be read; `documents` then raises it.
    """

    path: str
    text: bytes
    problem: str = ""


def shipped(folder: str) -> Path:
    """Return the folder of the content that Wardwatch ships, such as `rules`."""
    return Path(str(resources.files("wardwatch") / "content" / folder))


def find(paths: Iterable[Path]) -> Iterator[ContentFile]:
    """Yield the YAML files in `paths` (folders, files, zip archives), in the order of their names.

    Raises `InputError` for a path that is not there.
    """
    for path in _named(paths):
        if path.suffix not in _ENDINGS and zipfile.is_zipfile(path):
            yield from _zipped(path)
        else:
            yield _file(path)


def stamps(paths: Iterable[Path]) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield (path, bytes, change of content, change of the file in ns, inode) of every file that `find` would read.

    Where these are as they were, so is the content: they tell in milliseconds what reading tells in a second.
    """
    for path in _named(paths):
        try:
            found = path.stat()
        except OSError:
            yield str(path), -1, -1, -1, -1
        else:
            yield str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _named(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files that are named or lie in a named folder, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from _within(path)
        elif path.is_file():
            yield path
        else:
            raise InputError("no such file or folder", where=str(path), hint="check the path for typing errors")


def _within(folder: Path) -> list[Path]:
    found = [path.split(os.sep) for path in _walked(str(folder))]  # noqa: PTH206
    return [Path(os.sep.join(parts)) for parts in sorted(found)[:MAX_FILES]]  # noqa: PTH118


def _walked(folder: str) -> Iterator[str]:
    """Yield the YAML files below a folder (plain strings: there are thousands)."""
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.name.endswith(_ENDINGS) and entry.is_file():
                        yield entry.path
        except OSError:  # a folder that may not be looked into
            continue


def holds_any(path: Path) -> bool:
    """Say whether `find` would find anything in a path."""
    return next(_walked(str(path)), None) is not None if path.is_dir() else next(find([path]), None) is not None


def _file(path: Path) -> ContentFile:
    return _read(str(path), lambda: path.open("rb"))


def _read(path: str, opened: Callable[[], IO[bytes]]) -> ContentFile:
    """Read one file; of a large one no more than shows that it is too large."""
    try:
        with opened() as stream:
            return ContentFile(path, stream.read(MAX_FILE + 1))
    except _DAMAGED as error:  # `RuntimeError` is how zipfile refuses what is encrypted or packed in another way
        encrypted = isinstance(error, RuntimeError) and "password" in str(error)
        reason = (
            "encrypted" if encrypted else getattr(error, "strerror", None) or "damaged, or packed in an unknown way"
        )
        return ContentFile(path, b"", f"cannot be read: {reason}")


def _zipped(path: Path) -> Iterator[ContentFile]:
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED:
        yield ContentFile(str(path), b"", "not a readable zip archive")
        return
    with archive:
        members = [info for info in archive.infolist() if info.filename.endswith(_ENDINGS) and not info.is_dir()]
        for info in sorted(members, key=lambda one: one.filename)[:MAX_FILES]:
            yield _read(f"{path}!{info.filename}", partial(archive.open, info))


def documents(file: ContentFile) -> list[dict[str, Any]]:
    """Parse a file's YAML documents; raises `ContentError` with file and line where it is no YAML of mappings."""
    if file.problem:
        raise ContentError(file.problem, where=file.path)
    if len(file.text) > MAX_FILE:
        raise ContentError(f"larger than {MAX_FILE} bytes", where=file.path)
    try:
        found = [document for document in _documents(file) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ContentError(f"not valid YAML: {problem}", where=f"{file.path}{line}") from None
    if not all(isinstance(document, dict) for document in found):
        raise ContentError("a YAML document that is not a mapping", where=file.path)
    return found


def _documents(file: ContentFile) -> Iterator[Any]:
    """Build the documents one by one, after a look at their size: aliases can make gigabytes of a few lines."""
    loader = _LOADER(file.text)
    try:
        while loader.check_node():
            node: Any = loader.get_node()
            if _size(node, {}) > MAX_NODES:
                line = node.start_mark.line + 1
                raise ContentError(f"a YAML document of more than {MAX_NODES} values", where=f"{file.path}:{line}")
            yield loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Count the nodes, those behind aliases as often as they are used; a node in itself has no end."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = MAX_NODES + 1  # until it is known: met again before that, it is in itself
        inner = node.value if isinstance(node, yaml.SequenceNode) else chain.from_iterable(node.value)
        sizes[id(node)] = 1 + sum(_size(one, sizes) for one in inner)
    return sizes[id(node)]
