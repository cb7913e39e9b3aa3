"""The checkpoint of a lane: what must be known, besides events and alerts, to go on where a commit ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.alert_log import Mark
from wardwatch.pipeline.assembling import Carry
from wardwatch.pipeline.cuts import Cut

FORMAT = "wardwatch/checkpoint/1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What waits, the state of correlations, where the logs of alerts ended, and the ends of steps still to come.

    `ahead` are revisions that are higher than the correlations know; `aside` is about the withheld alerts.
    """

    carry: Carry = field(default_factory=Carry)
    correlator: bytes | None = None
    mark: Mark | None = None
    ahead: Mapping[str, int] = field(default_factory=dict)
    cuts: Sequence[Cut] = ()
    aside: Mark | None = None
    aside_ahead: Mapping[str, int] = field(default_factory=dict)

    def written(self) -> bytes:
        """Return it as it is kept."""
        mark, aside = self.mark or Mark(), self.aside or Mark()
        return orjson.dumps(
            {
                "format": FORMAT,
                "carry": self.carry.plain(),
                "correlator": (self.correlator or b"").decode(),
                "alerts": [mark.file, mark.offset],
                "ahead": self.ahead,
                "withheld": [aside.file, aside.offset],
                "withheld_ahead": self.aside_ahead,
                "cuts": [cut.plain() for cut in self.cuts],
            }
        )


def read(path: Path) -> Checkpoint:
    """Read a checkpoint; raises `InputError` where it is missing or damaged."""
    hint = "restore it from a backup; without it, correlations cannot go on where they stopped"
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
        if found["format"] != FORMAT:
            raise InputError("no checkpoint of this version", where=str(path))
        return Checkpoint(
            carry=Carry.read(found["carry"]),
            correlator=found["correlator"].encode(),
            mark=Mark(*found["alerts"]),
            ahead=dict(found["ahead"]),
            cuts=[Cut.read(one) for one in found["cuts"]],
            aside=Mark(*found.get("withheld", ())),
            aside_ahead=dict(found.get("withheld_ahead", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("the checkpoint that the lake names cannot be read", where=str(path), hint=hint) from error
