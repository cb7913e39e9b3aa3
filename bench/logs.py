"""The logs that are measured on: real ones where they are beside the repository, generated ones always."""

import random
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson

from wardwatch.frames import inputs

SHARED = Path(__file__).resolve().parents[2] / "shared"
SIGMA = [SHARED / "sigma" / name for name in ("rules", "rules-threat-hunting", "rules-emerging-threats")]
BUILD = Path(__file__).resolve().parents[1] / "build" / "bench"


def has_shared() -> bool:
    """Say whether the real logs and rules are there."""
    return (SHARED / "telemetry").is_dir() and SIGMA[0].is_dir()


def real_events() -> Path:
    """One file of all Windows events of the OTRF recordings (about 302,000, 2.3 KB each), as they are."""
    target = BUILD / "otrf.jsonl"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        with tempfile.TemporaryDirectory() as spool, part.open("wb") as out:
            for found in inputs.find([str(SHARED / "telemetry" / "otrf")], Path(spool)):
                if isinstance(found, inputs.Input):
                    data = Path(found.path).read_bytes()
                    if is_windows(data[:20_000]):
                        out.write(data if data.endswith(b"\n") else data + b"\n")
                    found.release()
        part.rename(target)
    return target


def is_windows(head: bytes) -> bool:
    """Say whether a recording that begins like this holds Windows events (others are of Zeek)."""
    return head[:1] == b"{" and (b'"EventID"' in head or b'"event_id"' in head)


def grown(events: int, seed: int = 20261123) -> Path:
    """A larger file: real events again and again, with hosts, users, process ids and random parts of names changed.

    About one event in four gets a command line, path or target that was not there before, so that caches of values
    do not flatter; `diversity` counts it.
    """
    target = BUILD / f"grown-{events}.jsonl"
    if target.exists():
        return target
    chance = random.Random(seed)
    base = [line for line in real_events().read_bytes().splitlines() if line]
    with target.with_suffix(".part").open("wb") as out:
        for number in range(events):
            event = orjson.loads(base[chance.randrange(len(base))])
            tag = f"{chance.randrange(1 << 32):08x}"
            for name in ("Hostname", "Computer", "host"):
                if isinstance(event.get(name), str):
                    event[name] = f"pc-{chance.randrange(2000):04d}.chu.example"
            for name in ("CommandLine", "TargetFilename", "TargetObject", "ScriptBlockText", "Payload"):
                if isinstance(event.get(name), str) and chance.random() < 0.7:
                    event[name] = f"{event[name]} {tag}"
            event["RecordNumber"] = number
            out.write(orjson.dumps(event) + b"\n")
    target.with_suffix(".part").rename(target)
    return target


def evtx(chunks: int) -> Path | None:
    """One EVTX file made of the chunks of the real samples, repeated (a chunk stands alone; the header counts them)."""
    target = BUILD / f"grown-{chunks}.evtx"
    if target.exists():
        return target
    BUILD.mkdir(parents=True, exist_ok=True)
    found = [chunk for path in sorted((SHARED / "telemetry").rglob("*.evtx")) for chunk in _chunks(path)]
    if not found:
        return None
    header = bytearray(next(iter(sorted((SHARED / "telemetry").rglob("*.evtx")))).read_bytes()[:4096])
    header[42:44] = struct.pack("<H", min(chunks, 65_535))
    with target.open("wb") as out:
        out.write(header)
        for number in range(chunks):
            out.write(found[number % len(found)])
    return target


def _chunks(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    for start in range(4096, len(data) - 65_535, 65_536):
        chunk = data[start : start + 65_536]
        # Only chunks that are full enough to be typical of a log in use.
        if chunk.startswith(b"ElfChnk\x00") and struct.unpack_from("<I", chunk, 48)[0] > 20_000:
            yield chunk


def size_of(path: Path) -> str:
    """Megabytes, in words."""
    return f"{path.stat().st_size / 1e6:,.0f} MB"
