"""Coverage-guided fuzzing of one source: `python -m bench.fuzz SOURCE [seconds]`. Needs `atheris` (PyPI).

A source must never raise, whatever it is given: it yields records, groups and rejects.
"""

import io
import sys

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch import sources
    from wardwatch.events.builder import BatchBuilder, Origin
    from wardwatch.events.record import Group, Record, Reject


def main() -> None:
    """Fuzz until the time is over; a crash prints the input."""
    source = sources.every()[sys.argv[1]]
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

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=8192", "-rss_limit_mb=2048"], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
