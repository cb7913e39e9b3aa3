"""How long events are kept, and what goes first when the disk is full."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wardwatch.pipeline.lake.manifest import LakeFile, State

DAY = 86_400_000_000  # µs
Choice = Callable[[State], Sequence[LakeFile]]


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that events are kept after they arrived: of each source, and of all others.

    Age counts from arrival, which a log cannot forge.
    """

    days: int = 365
    by_source: Mapping[str, int] = field(default_factory=dict)

    def kept(self, source: str) -> int:
        """How long events of a source are kept, in µs."""
        return self.by_source.get(source, self.days) * DAY

    def used(self, file: LakeFile, now: int) -> float:
        """Which part of its time a file has been kept; above 1 it is due."""
        return (now - file.received_last) / max(self.kept(file.source), 1)


@dataclass(frozen=True, slots=True)
class Expired:
    """What was removed, and what was due but is held."""

    tenant: str
    removed: tuple[LakeFile, ...] = ()
    held: tuple[LakeFile, ...] = ()

    @property
    def bytes(self) -> int:
        """Bytes that were freed."""
        return sum(file.bytes for file in self.removed)


def expired(state: State, policy: Retention, now: int) -> list[LakeFile]:
    """Return the files whose time is over, the oldest first."""
    due = [file for file in state.files.values() if policy.used(file, now) > 1]
    return sorted(due, key=lambda file: (file.received_last, file.path))


@dataclass(frozen=True, slots=True)
class Room:
    """What was done to make room: removed by tenant, bytes freed, and bytes still missing (0: there is room).

    Whoever gets this must say it aloud: events were removed before their time.
    """

    removed: tuple[Expired, ...]
    bytes: int
    missing: int


def to_remove(
    states: Mapping[str, State], policies: Callable[[str], Retention], wanted: int, now: int
) -> dict[str, list[LakeFile]]:
    """Choose what goes so that `wanted` bytes become free: by tenant, the files to remove.

    The tenant that fills most of the disk gives first, so that a noisy hospital does not cost a quiet one its events;
    of a tenant, what has had most of its time. Held files stay.
    """
    left = {
        tenant: sorted(
            (file for file in state.files.values() if not state.held(file)),
            key=lambda file: (policies(tenant).used(file, now), file.path),
        )
        for tenant, state in states.items()
    }
    sizes = {tenant: _bytes(state.files.values()) for tenant, state in states.items()}
    chosen: dict[str, list[LakeFile]] = {}
    while wanted > 0 and any(left.values()):
        tenant = max((one for one in left if left[one]), key=lambda one: (sizes[one], one))
        file = left[tenant].pop()
        chosen.setdefault(tenant, []).append(file)
        sizes[tenant] -= file.bytes
        wanted -= file.bytes
    return chosen


def _bytes(files: Iterable[LakeFile]) -> int:
    return sum(file.bytes for file in files)
