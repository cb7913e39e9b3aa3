"""Plug-ins are found, not registered: one file is one extension (DESIGN section 5)."""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Yield the modules directly inside `package`, by name."""
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        yield importlib.import_module(f"{package.__name__}.{info.name}")


def plugins(package: ModuleType, attribute: str, kind: type[T]) -> Iterator[T]:
    """Yield every `attribute` of type `kind` in the modules of `package`, then those of third parties.

    Third parties publish theirs under the entry-point group that bears the package's name.
    """
    for module in modules(package):
        found = getattr(module, attribute, None)
        if isinstance(found, kind):
            yield found
    for entry in entry_points(group=package.__name__):
        found = entry.load()
        if isinstance(found, kind):
            yield found
