"""One file per log format. A source knows its format by sight (`sniff`) and reads bodies into records (`read`).

To add a format, add a module with `source = Source(...)` and a `SAMPLE`; nothing else needs to know of it.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import cache
from typing import BinaryIO

from wardwatch.events.builder import Wanted, all_fields
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Group, Record, Reject
from wardwatch.frames import documents
from wardwatch.kernel import discovery

# One record as it arrived (the body of a Frame v1) with its ordinal in the origin: for lines, the byte offset.
Body = tuple[int, bytes]

MAX_BODY = 4 * 1024 * 1024  # bytes; a longer body is a reject


@dataclass(frozen=True, slots=True)
class Context:
    """What a source may know of where the bodies come from.

    `received_at` is in microseconds UTC; stamps without a year are the latest before it: of a file, the time of its
    last change. `zone` is used for stamps without one; `name` is the file's name without folders, for formats that
    need it (Zeek, ESXi). `wanted` says which fields of a log source will be used; a source may leave out the others.
    """

    received_at: int
    zone: tzinfo = UTC
    name: str = ""
    wanted: Wanted = all_fields


@dataclass(frozen=True, slots=True)
class Sample:
    """A short log of the format, and what must come out of it: checked for every source by one suite.

    `events` holds for each record, in order, a mapping of field names to values; a field left out is not
    checked, and the names `@logsource`, `@time` (ISO 8601 with Z), `@host`, `@user`, `@quality` check the envelope.
    `rejects` is the number of rejects.
    """

    log: bytes
    events: tuple[Mapping[str, object], ...]
    rejects: int = 0
    name: str = ""


def lines(stream: BinaryIO, first: bytes = b"") -> Iterator[Body | Reject]:
    """Split a stream into lines; the ordinal of a line is its byte offset. Empty lines are passed over.

    `first` is a line (or the beginning of one) that was already read from the stream.
    """
    offset = 0
    while line := first or stream.readline(MAX_BODY):
        first = b""
        start = offset
        offset += len(line)
        if len(line) == MAX_BODY and not line.endswith(b"\n"):
            while rest := stream.readline(MAX_BODY):
                offset += len(rest)
                if rest.endswith(b"\n"):
                    break
            yield Reject(start, f"line longer than {MAX_BODY} bytes", line[:80])
            continue
        body = line.strip(b"\r\n")
        if body.strip():
            yield start, body


def json_values(stream: BinaryIO) -> Iterator[Body | Reject]:
    """Split a stream of JSON: one object per line, or an array of them."""
    yield from documents.json_values(stream)


@dataclass(frozen=True, slots=True)
class Source:
    """A log format.

    `sniff(head, name)` gets the first bytes (up to 16 KiB, after unpacking) and the file's name, and returns
    a confidence from 0 (not this format) to 100 (certain); the highest wins.
    `read(bodies, context)` yields a record or a reject for each body, in order, and never raises.
    `split` cuts a file into bodies; lines, if not given.
    `independent` says that each body can be read on its own, so that a large file may be read in pieces.
    `verbatim` is given where every text of a body stands in it as it is, but for JSON escapes: the pipeline then
    looks for keywords in bodies before reading them. It says whether a rule's log source can be one of this format.
    `views` says that `read` takes views of memory as well as bytes, so that lines need not be copied to be read.
    `patient` are the fields whose whole value identifies a patient, `patient_texts` those in which an identifier may
    stand, `patient_queries` those that ask for patients; a name may end in `*`. They are hidden before detection.
    `header` and `assemble_key` are for formats whose bodies do not stand alone, where they arrive one by one: a body
    that begins with `header` says how those after it are to be read; bodies with the same key are one event, whole
    when `assemble_end` says so of its last body, or after a while. A body without a key stands alone.
    `whole_host` says that a host that sends this format sends no other: all its lines of syslog are of this source.
    """

    name: str
    title: str
    sniff: Callable[[bytes, str], int]
    read: Callable[[Iterable[Body], Context], Iterator[Record | Group | Reject]]
    split: Callable[[BinaryIO], Iterator[Body | Reject]] = field(default=lines)
    independent: bool = True
    verbatim: Callable[[LogSource], bool] | None = None
    views: bool = False
    header: bytes = b""
    assemble_key: Callable[[bytes], bytes | None] | None = None
    assemble_end: Callable[[bytes], bool] | None = None
    whole_host: bool = False
    patient: frozenset[str] = frozenset()
    patient_texts: frozenset[str] = frozenset()
    patient_queries: frozenset[str] = frozenset()


_TERM = re.compile(r"[a-z0-9_.-]{1,40}")
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (json.JSONDecodeError, "not JSON"),
    (UnicodeError, "text that is not in its encoding"),
    (KeyError, "a field is missing"),
    (IndexError, "a part is missing"),
    (TypeError, "a value of the wrong type"),
    (AttributeError, "a value of the wrong type"),
    (OverflowError, "a number out of range"),
    (RecursionError, "nested too deeply"),
    (ValueError, "a time stamp or another value that cannot be read"),
)


class RefusedError(ValueError):
    """A body that is refused; the text is the reason, in words that never come from the body."""


def reason(error: Exception) -> str:
    """Return why a body is rejected. Rejects are counted by reason, so that no text of a log may be in it."""
    if isinstance(error, RefusedError):
        return str(error)
    return next((words for kind, words in _REASONS if isinstance(error, kind)), "cannot be read")


def term(word: str) -> str | None:
    """Return a part of a log source that a log itself states; `None` where it is no plain word."""
    return word if _TERM.fullmatch(word) else None


def each(
    parse: Callable[[bytes, Context], Record | str],
) -> Callable[[Iterable[Body], Context], Iterator[Record | Reject]]:
    """Make a `read` from a function that parses one body; a string returned is the reason for a reject.

    The function leaves `ordinal` at 0; it is set here. `ValueError` (which includes bad JSON and bad Unicode),
    `KeyError`, `TypeError`, `IndexError` and `OverflowError` on hostile input become rejects too.
    """

    def read(bodies: Iterable[Body], context: Context) -> Iterator[Record | Reject]:
        for ordinal, body in bodies:
            try:
                found = parse(body, context)
            except (
                ValueError,
                KeyError,
                TypeError,
                IndexError,
                AttributeError,
                OverflowError,
                RecursionError,
            ) as error:
                found = reason(error)
            if isinstance(found, str):
                yield Reject(ordinal, found[:200], body[:80])
            else:
                found.ordinal = ordinal
                yield found

    return read


@cache
def every() -> Mapping[str, Source]:
    """All sources by name: ours and those that third parties publish."""
    import wardwatch.sources as package  # noqa: PLC0415  (this very package, as discovery wants it)

    return {source.name: source for source in discovery.plugins(package, "source", Source)}


def sniff(head: bytes, name: str) -> Source | None:
    """Return the source that is most certain of a file's first bytes, or `None`."""
    known = every()
    certain, winner = max(((source.sniff(head, name), source.name) for source in known.values()), default=(0, ""))
    return known[winner] if certain > 0 else None
