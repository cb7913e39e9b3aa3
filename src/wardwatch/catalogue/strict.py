"""Take values out of a content document strictly: what is missing, unknown or too long is named by its place."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import yaml

from wardwatch.catalogue.files import ContentFile
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import ContentError

LONGEST = 1200  # characters of one text
Place = tuple[str | int, ...]


class Wrong(Exception):  # noqa: N818  (loaders turn it into a `ContentError`, which knows the file)
    """Something at a path within the document."""

    def __init__(self, what: str, at: Place) -> None:
        super().__init__(what, at)
        self.what = what
        self.at = at


def error(file: ContentFile, wrong: Wrong, hint: str) -> ContentError:
    """The same as an error with file and line."""
    path = ".".join(str(one) for one in wrong.at)
    what = f"{path}: {wrong.what}" if path else wrong.what
    return ContentError(what, where=f"{file.path}:{_line(file, wrong.at)}", hint=hint)


def _line(file: ContentFile, path: Place) -> int:
    """The line of the innermost part of a path that is there; the file was read before and is valid YAML."""
    node: Any = yaml.compose(file.text, Loader=yaml.SafeLoader)
    line = 1
    for part in path:
        inner = None
        if isinstance(node, yaml.MappingNode):
            inner = next(((key, value) for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            inner = (node.value[part], node.value[part])
        if inner is None:
            break
        line, node = inner[0].start_mark.line + 1, inner[1]
    return int(line)


def no_more(one: object, keys: Collection[str], at: Place) -> None:
    """Refuse keys that nobody reads."""
    if not isinstance(one, dict):
        raise Wrong("not a mapping", at)
    if unknown := sorted(str(key) for key in one if key not in keys):
        raise Wrong(f"unknown: {', '.join(unknown)}", (*at, unknown[0]))


def items(one: Mapping[str, Any], key: str, at: Place) -> Sequence[Any]:
    """A list with something in it."""
    found = one.get(key)
    if not isinstance(found, list) or not found:
        raise Wrong("not a list, or empty", (*at, key))
    return found


def word(one: object, key: str, at: Place) -> str:
    """A text that is the same in every language: an id, an address."""
    found = one.get(key) if isinstance(one, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise Wrong("missing", (*at, key))
    return found


def among(one: Mapping[str, Any], key: str, at: Place, allowed: Sequence[str]) -> str:
    """One of the words that are allowed."""
    found = word(one, key, at)
    if found not in allowed:
        raise Wrong(f"{found} is not one of {', '.join(allowed)}", (*at, key))
    return found


def whole(one: Mapping[str, Any], key: str, at: Place, between: tuple[int, int]) -> int:
    """A whole number within limits."""
    found = one.get(key)
    if type(found) is not int or not between[0] <= found <= between[1]:
        raise Wrong(f"not a whole number from {between[0]} to {between[1]}", (*at, key))
    return found


def text(one: Mapping[str, Any], key: str, at: Place) -> Text:
    """A text in both languages."""
    return as_text(one.get(key), (*at, key))


def as_text(found: object, at: Place) -> Text:
    """The same, of a value."""
    if not isinstance(found, dict) or set(found) != {"en", "fr"}:
        raise Wrong("not a text in both languages", at)
    for language, said in found.items():
        if not isinstance(said, str) or not said.strip() or len(said) > LONGEST:
            raise Wrong(f"empty, or longer than {LONGEST} characters", (*at, language))
    return Text(found["en"], found["fr"])
