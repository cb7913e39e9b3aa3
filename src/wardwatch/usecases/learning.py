"""Learn the estate from events: what the lake took in since the last look, file by file, for each hospital."""

from contextlib import closing
from pathlib import Path

from wardwatch.estate import learning
from wardwatch.estate.learning import Sighting
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake import Lake, reading
from wardwatch.pipeline.lake.reading import Asked
from wardwatch.usecases import estate

AT_ONCE = 40  # files of one hospital in one look
_FIELDS = frozenset(name.removeprefix("f.") for name in (*learning.AE_FIELDS, *learning.TALKER_FIELDS))


def learn(home: Path, tenant: str) -> int:
    """Look through what came since the last look; returns how many assets are new."""
    lakes = Lake(home / "lake")
    if tenant not in lakes.tenants():
        return 0
    until = estate.learned_until(tenant)
    with closing(lakes.tenant(tenant)) as lake:
        files = sorted(
            (file for file in lake.state().files.values() if file.received_last > until),
            key=lambda file: (file.received_last, file.path),
        )[:AT_ONCE]
        if not files:
            return 0
        found: list[Sighting] = []
        for file in files:
            try:
                for batch in reading.batches(tenant, lake.folder, file, Asked(fields=_FIELDS)):
                    found += learning.sightings(batch)
            except (OSError, InputError):  # it expired, or was merged into another one, which comes later
                continue
    return estate.learn(tenant, learning.together(found), files[-1].received_last)
