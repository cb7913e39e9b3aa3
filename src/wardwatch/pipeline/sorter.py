"""Put sightings in the order of time without holding all of them: sorted runs on disk, merged at the end."""

import dataclasses
import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from wardwatch.correlation.sighting import Sighting

RUN = 25_000  # sightings held in memory
_NAMES = tuple(one.name for one in dataclasses.fields(Sighting))


class Sorter:
    """Takes sightings in any order and yields them by time. A context manager: its files are gone afterwards."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[Sighting] = []
        self._runs: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        for run in self._runs:
            run.unlink(missing_ok=True)

    def add(self, sightings: Iterable[Sighting]) -> None:
        """Take sightings."""
        self._held.extend(sightings)
        if len(self._held) >= RUN:
            self._spill()

    def _spill(self) -> None:
        path = self._folder / f"sightings-{len(self._runs)}.jsonl"
        self._held.sort(key=_order)
        with path.open("wb") as file:
            for one in self._held:
                plain = [one.event_id.hex() if name == "event_id" else getattr(one, name) for name in _NAMES]
                file.write(orjson.dumps(plain) + b"\n")
        self._runs.append(path)
        self._held = []

    def sorted(self) -> Iterator[Sighting]:
        """Yield everything in the order of (time, event id)."""
        self._held.sort(key=_order)
        return heapq.merge(self._held, *(_read(run) for run in self._runs), key=_order)


def _order(one: Sighting) -> tuple[int, bytes]:
    return one.occurred_at, one.event_id


def _read(run: Path) -> Iterator[Sighting]:
    with run.open("rb") as file:
        for line in file:
            values = dict(zip(_NAMES, orjson.loads(line), strict=True))
            yield Sighting(**(values | {"event_id": bytes.fromhex(values["event_id"])}))
