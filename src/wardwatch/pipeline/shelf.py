"""A bounded place for what came with levels: beyond its limit the worst is kept."""

from collections import Counter
from collections.abc import Iterable
from typing import Generic, TypeVar

from wardwatch.kernel.severity import Level

T = TypeVar("T")
K = TypeVar("K")


class Shelf(Generic[K, T]):
    """Keeps at most `limit` items; when full, one of a higher level takes the place of the lowest.

    Each eviction raises the sum of the levels kept, so there are at most four times `limit` of them,
    whatever comes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: dict[K, tuple[Level, T]] = {}
        self._levels: Counter[Level] = Counter()
        self.beyond = 0

    def get(self, key: K, level: Level) -> T | None:
        """Return the item of `key`, which has at least `level` from now on."""
        found = self._items.get(key)
        if found is None:
            return None
        if level > found[0]:
            self._levels[found[0]] -= 1
            self._levels[level] += 1
            self._items[key] = (level, found[1])
        return found[1]

    def put(self, key: K, level: Level, item: T) -> tuple[bool, T | None]:
        """Keep `item` if there is room for its level: (kept, what it replaced)."""
        gone: T | None = None
        if len(self._items) >= self._limit:
            lowest = min((one for one, count in self._levels.items() if count), default=level)
            if lowest >= level:
                return False, None
            victim = next(key for key, (theirs, _) in self._items.items() if theirs == lowest)
            gone = self._items.pop(victim)[1]
            self._levels[lowest] -= 1
        self._items[key] = (level, item)
        self._levels[level] += 1
        return True, gone

    def items(self) -> Iterable[tuple[K, Level, T]]:
        """Every key with its level and item."""
        return ((key, level, item) for key, (level, item) in self._items.items())
