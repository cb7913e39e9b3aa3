"""Windows event log files (EVTX), unpacked by the `evtx` library and then read like any other Windows event in JSON.

File header and chunks: libevtx, "Windows XML Event Log (EVTX) format", sections 2 and 3.
"""

import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import evtx

from wardwatch.events.record import Reject
from wardwatch.events.windows import is_windows
from wardwatch.sources import MAX_BODY, Body, Source
from wardwatch.sources.windows_json import read

_MAGIC = b"ElfFile\x00"
_HEADER_SIZE, _CHUNK_SIZE, _CHUNK_COUNT_AT = 4096, 65536, 42
_CERTAIN = 100


def sniff(head: bytes, _: str) -> int:
    """Certain where the file begins with the EVTX magic."""
    return _CERTAIN if head.startswith(_MAGIC) else 0


def split(stream: BinaryIO) -> Iterator[Body | Reject]:
    """Yield each event as JSON; its ordinal is its position. Chunks that are damaged or missing are rejects."""
    name = getattr(stream, "name", None)
    if isinstance(name, str) and Path(name).is_file():
        yield from _events(name)
        return
    with tempfile.NamedTemporaryFile(suffix=".evtx") as copy:  # the library wants a real file
        shutil.copyfileobj(stream, copy)
        copy.flush()
        yield from _events(copy.name)


def _events(path: str) -> Iterator[Body | Reject]:
    try:
        events = evtx.PyEvtxParser(path, number_of_threads=1).records_json()
    except (OSError, RuntimeError):
        yield Reject(0, "no readable EVTX file")
        return
    ordinal = 0
    while True:
        try:
            event: Any = next(events)
        except StopIteration:
            break
        except RuntimeError:
            yield Reject(ordinal, "damaged")
            continue
        body = str(event["data"]).encode("utf-8", "replace")
        if len(body) > MAX_BODY:
            yield Reject(ordinal, f"event longer than {MAX_BODY} bytes", body[:80])
        else:
            yield ordinal, body
        ordinal += 1
    yield from _truncated(path, ordinal)


def _truncated(path: str, ordinal: int) -> Iterator[Reject]:
    with Path(path).open("rb") as file:
        header = file.read(_CHUNK_COUNT_AT + 2)
    (chunks,) = struct.unpack_from("<H", header, _CHUNK_COUNT_AT)
    there = (Path(path).stat().st_size - _HEADER_SIZE) // _CHUNK_SIZE
    if there < chunks:
        yield Reject(ordinal, f"truncated: the header counts {chunks} chunks, the file holds {max(there, 0)}")


source = Source("evtx", "Windows event log (EVTX)", sniff, read, split, verbatim=is_windows)
