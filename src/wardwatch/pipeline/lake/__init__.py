"""Lake v1: what was received, for months, as Parquet that any tool reads (docs/reference/formats.md).

`lake/v1/tenant=…/day=…/source=…/….parquet`, where `day` is the day of arrival. A manifest for each tenant says which
files count; a commit takes files in together with the caller's note, all at once, and survives a power cut.
"""

from collections.abc import Callable
from pathlib import Path

from wardwatch.kernel import tenants
from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake.columns import VERSION
from wardwatch.pipeline.lake.reading import GRACE
from wardwatch.pipeline.lake.retention import Retention, Room, to_remove
from wardwatch.pipeline.lake.tenant import TenantLake

_RESERVE = 4 * 1024 * 1024  # bytes held back, so that what frees a full disk can be written down


class Lake:
    """The lakes of all tenants in a folder; one never harms another."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder / VERSION
        self._disk = disk or Disk()

    def tenants(self) -> tuple[str, ...]:
        """The tenants that have a lake."""
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return tuple(sorted(path.name.removeprefix("tenant=") for path in found if path.name.startswith("tenant=")))

    def tenant(self, slug: str) -> TenantLake:
        """Return a tenant's lake, recovered. Raises `InputError` for what is no slug, or whose manifest is corrupt."""
        lake = TenantLake(slug, self.folder / f"tenant={tenants.checked(slug)}", self._disk)
        lake.recover()
        return lake

    def reserve(self) -> None:
        """Hold some bytes back for the day when the disk is full."""
        path = self.folder / "_reserve"
        if not path.exists():
            self._disk.make_folder(self.folder)
            atomic_write(self._disk, path, bytes(_RESERVE))

    def make_room(self, wanted: int, policies: Callable[[str], Retention], now: int) -> Room:
        """Remove what is oldest by policy until `wanted` bytes are freed; held events stay (see `to_remove`).

        What was removed is returned, and must be said aloud. A tenant whose manifest is corrupt gives nothing.
        """
        self._disk.unlink(self.folder / "_reserve")
        lakes: dict[str, TenantLake] = {}
        for slug in self.tenants():
            try:
                lakes[slug] = self.tenant(slug)
            except InputError:
                continue
        freed = sum(lake.sweep(now + GRACE) for lake in lakes.values())
        states = {slug: lake.state() for slug, lake in lakes.items()}
        chosen = to_remove(states, policies, wanted - freed, now)
        removed = tuple(lakes[slug].remove(file.path for file in files) for slug, files in chosen.items())
        freed += sum(one.bytes for one in removed)
        return Room(removed, freed, max(wanted - freed, 0))
