"""Coverage-guided fuzzing of one source: `python -m bench.fuzz SOURCE [seconds]`. Needs `atheris` (PyPI).

A source must never raise, whatever it is given: it yields records, groups and rejects. The fuzzer begins with the
source's own sample.
"""

import importlib
import io
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch import sources
    from wardwatch.events.builder import BatchBuilder, Origin
    from wardwatch.events.record import Group, Record, Reject

    every = sources.every()  # here, because it imports them: what is imported later is not instrumented


def main() -> None:
    """Fuzz until the time is over; a crash prints the input."""
    source = every[sys.argv[1]]
    seconds = sys.argv[2] if len(sys.argv) > 2 else "60"
    context = sources.Context(1_795_514_400_000_000)

    def one(data: bytes) -> None:
        source.sniff(data, "log")
        bodies = [found for found in source.split(io.BytesIO(data)) if not isinstance(found, Reject)]
        builder = BatchBuilder(Origin("fuzz", b"fuzz", context.received_at, source.name))
        for found in source.read(bodies, context):
            if isinstance(found, Group):
                builder.extend(found)
            elif isinstance(found, Record):
                builder.add(found)
        for batch in builder.finish():
            batch.validate(full=True)

    with tempfile.TemporaryDirectory() as corpus:
        found = getattr(importlib.import_module(f"wardwatch.sources.{source.name}"), "SAMPLE", ())
        for place, sample in enumerate(found if isinstance(found, tuple) else (found,)):
            pieces = [sample.log, *sample.log.splitlines(keepends=True)]
            for number, piece in enumerate(pieces):
                (Path(corpus) / f"{place}-{number}").write_bytes(piece)
        options = (f"-max_total_time={seconds}", "-max_len=8192", "-rss_limit_mb=2048")
        atheris.Setup([sys.argv[0], *options, corpus], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
