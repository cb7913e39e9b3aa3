"""What the lake needs beside the watch: merging small files, letting go of old events, and room on a full disk."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import WardwatchError
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.lake.retention import Retention
from wardwatch.runtime.settings import LakeSettings

DAY = 86_400_000_000  # µs
ROOM = 256 * 1024 * 1024  # bytes that stay free above the spool's reserve, and are made free at once

Tell = Callable[[str], None]


def retention(settings: LakeSettings, tenant: str) -> Retention:
    """How long events of a tenant are kept; what names both counts first, then the source, then the tenant."""
    days = settings.keep_days
    by_source: dict[str, int] = {}
    own: dict[str, int] = {}
    for one in settings.keep:
        if one.get("tenant") not in (None, tenant):
            continue
        if "source" not in one:
            days = int(one["days"])
        else:
            (own if "tenant" in one else by_source)[str(one["source"])] = int(one["days"])
    return Retention(days, {**by_source, **own})


class Upkeep:
    """Keeps up the lake below a home. Times are µs UTC.

    `policy` says how long a tenant's events are kept, `tell` takes what an operator must know.
    """

    def __init__(self, home: Path, disk: Disk, policy: Callable[[str], Retention], tell: Tell) -> None:
        self._home = home
        self._disk = disk
        self._policy = policy
        self._tell = tell
        self._lake = Lake(home / "lake", disk)
        self._daily_at: int | None = None
        self._told = ""

    def reserve(self) -> None:
        """Hold some bytes back for the day when the disk is full; says so where there are none."""
        try:
            self._lake.reserve()
        except OSError as error:
            self._tell(f"nothing can be held back for a full disk: {error}")

    def once(self, now: int) -> None:
        """Merge the small files of today; once a day, finish yesterday and let old events go."""
        daily = self._daily_at is None or not 0 <= now - self._daily_at < DAY
        try:
            tenants = self._lake.tenants()
        except OSError as error:
            self._tell(f"the lake is not kept up: {error}")
            return
        for tenant in tenants:
            try:
                self._one(tenant, now, daily=daily)
            except (OSError, WardwatchError) as error:
                self._tell(f"{tenant}: the lake is not kept up: {error}")
        if daily:
            self._daily_at = now

    def _one(self, tenant: str, now: int, *, daily: bool) -> None:
        with closing(self._lake.tenant(tenant)) as mine:
            mine.compact(_day(now))
            if daily:
                mine.compact(_day(now - DAY), final=True)
                mine.expire(self._policy(tenant), now)
                mine.sweep(now)

    def make_room(self, now: int, least: int) -> None:
        """Where fewer than `least` bytes are free, remove the oldest events until `ROOM` more are; says so."""
        try:
            free = self._disk.free(self._home)
            if free >= least:
                self._told = ""
                return
            room = self._lake.make_room(least - free + ROOM, self._policy, now)
            self._lake.reserve()
        except (OSError, WardwatchError) as error:
            self._once(f"the disk is full, and nothing could be removed: {error}")
            return
        if room.removed:
            self._tell(f"the disk is full: {room.bytes:,} bytes of the oldest events were removed, alerts are kept")
        if room.missing:
            self._once("the disk is full, and there are no events to remove: alerts are kept, new events are refused")

    def _once(self, text: str) -> None:
        if text != self._told:
            self._tell(text)
        self._told = text


def _day(now: int) -> str:
    return datetime.fromtimestamp(now / 1e6, UTC).date().isoformat()
