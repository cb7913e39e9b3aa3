"""The published Sigma rules and real logs beside the repository, for tests; absent on most machines."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from tests.conformance.reference import Reference, resolved
from tests.sources.test_conformance import records_of

from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.compiler import compile_rules
from wardwatch.detection.load import load
from wardwatch.events.record import Group, Record, Reject
from wardwatch.sources import Context, every, evtx

SHARED = Path(__file__).parents[3] / "shared"
SIGMA, TELEMETRY = SHARED / "sigma", SHARED / "telemetry"
FOLDERS = ("rules", "rules-threat-hunting", "rules-emerging-threats")
RECEIVED_AT = 1_795_435_200_000_000  # 2026-11-23T12:00:00Z
EVTX = sorted(TELEMETRY.glob("evtx-attack-samples/**/*.evtx"))
ARCHIVES = sorted(TELEMETRY.glob("otrf/*windows*.zip")) + sorted(TELEMETRY.glob("otrf/*windows*.tar.gz"))

# A body as it arrived, and the record that its source makes of it.
Read = tuple[bytes, Record]


@cache
def compiled() -> CompiledRules:
    """Every published rule, compiled together."""
    loaded = load([SIGMA / folder for folder in FOLDERS])
    assert loaded.errors == []
    return compile_rules(loaded, {})


@cache
def references() -> dict[str, Reference]:
    """Every published rule as the slow interpreter has it, by id; those that need a list are left out."""
    found: dict[str, Reference] = {}
    for folder in FOLDERS:
        for file in sorted((SIGMA / folder).rglob("*.yml")):
            for rule in resolved(yaml.load_all(file.read_bytes(), Loader=yaml.CSafeLoader)):
                if "detection" in rule and not any("|expand" in name for name in names(rule["detection"])):
                    found[rule["id"]] = Reference(rule)
    return found


def names(part: Any) -> Iterator[str]:  # noqa: ANN401
    """The keys of a mapping and of what is in it."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield str(key)
            yield from names(value)
    elif isinstance(part, list):
        for value in part:
            yield from names(value)


def evtx_bodies() -> Iterator[bytes]:
    """Each event of the attack samples, as JSON."""
    for file in EVTX:
        with file.open("rb") as stream:
            yield from (body[1] for body in evtx.split(stream) if not isinstance(body, Reject))


def archived_lines(step: int) -> Iterator[bytes]:
    """Each line of every `step`-th archive of recorded attacks."""
    for path in ARCHIVES[::step]:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith(".json"):
                        yield from archive.open(name)
        else:
            with tarfile.open(path) as packed:
                for member in packed:
                    found = packed.extractfile(member) if member.name.endswith(".json") else None
                    yield from found or io.BytesIO()


def records(bodies: list[bytes]) -> list[Read]:
    """Read Windows events in JSON; what is rejected is left out. In the order of the bodies."""
    found: list[Record] = []
    for one in every()["windows_json"].read(enumerate(bodies), Context(RECEIVED_AT)):
        if isinstance(one, Group):
            found.extend(records_of(one))
    return [(bodies[one.ordinal], one) for one in sorted(found, key=lambda one: one.ordinal)]


def sample(bodies: Iterator[bytes], step: int, *, shapes_too: bool = False) -> list[Read]:
    """Every `step`-th event, and one of every number (or shape): chosen without a look at what rules say of them."""
    chosen: list[Read] = []
    shapes: set[object] = set()
    count = 0
    while chunk := list(islice(bodies, 20_000)):
        for body, record in records(chunk):
            shape = (record.logsource, str(record.fields.get("EventID")), shapes_too and tuple(record.fields))
            if shape not in shapes or count % step == 0:
                chosen.append((body, record))
            shapes.add(shape)
            count += 1
    return chosen
