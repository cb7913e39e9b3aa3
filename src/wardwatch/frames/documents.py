"""Cut a stream that holds documents (JSON values, XML elements, HL7 messages) into the bytes of each.

Every function yields (offset of the document's first byte, its bytes). A document that grows beyond
`MAX_DOCUMENT` is handed on cut off, so that whoever parses it rejects it; memory stays bounded.
"""

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, cast

import orjson

MAX_DOCUMENT = 4 * 1024 * 1024  # bytes
_CHUNK = 256 * 1024
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?P<end>"?)|[{}\[\]]', re.DOTALL)
_HL7_FRAMING = b"\x0b\x1c\r\n\t \xef\xbb\xbf"
_HL7_START = re.compile(rb"(?:\A|(?<=[\r\n\x0b]))[^\r\n\x0b|]{0,80}MSH[|]")


def peeked(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """Return the first line that is not blank (`MAX_DOCUMENT` bytes at most) and a stream that has it yet."""
    read = first = stream.readline(MAX_DOCUMENT)
    while first and not first.strip() and len(read) < MAX_DOCUMENT:
        first = stream.readline(MAX_DOCUMENT)
        read += first
    return first, cast("BinaryIO", io.BufferedReader(_Rejoined(read, stream), _CHUNK))


class _Rejoined(io.RawIOBase):
    """What was read already, then the rest of the stream."""

    def __init__(self, first: bytes, stream: BinaryIO) -> None:
        super().__init__()
        self._first, self._stream = first, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        size = len(buffer)
        piece = self._first[:size] or self._stream.read(size)
        self._first = self._first[size:]
        buffer[: len(piece)] = piece
        return len(piece)


def raw_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of `stream` with their ends, blank ones too; the rest of an overlong one is dropped."""
    offset = 0
    while line := stream.readline(MAX_DOCUMENT):
        yield offset, line
        offset += len(line)
        while not line.endswith(b"\n") and (line := stream.readline(MAX_DOCUMENT)):
            offset += len(line)


def elements(stream: BinaryIO, name: str, skip: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield XML elements called `name`, over one line or many, with what stands before them on their line.

    A prologue (`<?xml`, `<!DOCTYPE`) stays with its element. Lines outside of elements are yielded on
    their own, so that they are counted as rejects, unless they match `skip` as a whole.
    """
    start = re.compile(rb"<(?:[\w.-]{1,64}:)?" + name.encode() + rb"[\s>/]")
    end = re.compile(rb"</(?:[\w.-]{1,64}:)?" + name.encode() + rb"\s*>")
    held, held_at = b"", 0
    for offset, line, begins, ends in _pieces(stream, start, end):
        if begins and held and start.search(held):  # the former element never ended
            yield held_at, held.strip()
            held = b""
        if held or begins or line.lstrip().startswith((b"<?", b"<!")):
            held, held_at = (held + line, held_at) if held else (line, offset)
        elif not skip.fullmatch(line.strip()):
            yield offset, line.strip()
        if held and (ends or len(held) > MAX_DOCUMENT):
            yield held_at, held.strip()[:MAX_DOCUMENT]
            held = b""
    if held and not skip.fullmatch(held.strip()):
        yield held_at, held.strip()


def _pieces(
    stream: BinaryIO, start: re.Pattern[bytes], end: re.Pattern[bytes]
) -> Iterator[tuple[int, bytes, bool, bool]]:
    """Yield (offset, line or the part that leads to an element's end, it holds a start, it holds an end)."""
    for line_at, line in raw_lines(stream):
        at = 0
        while line[at:].strip():
            ends = end.search(line, at)
            stop = ends.end() if ends else len(line)
            yield line_at + at, line[at:stop], bool(start.search(line, at, stop)), bool(ends)
            at = stop


def hl7_messages(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield HL7 v2 messages: MLLP blocks (0x0B … 0x1C 0x0D), or what begins with `MSH` at a line's start."""
    held, held_at = b"", 0
    more = True
    while more:
        chunk = stream.read(_CHUNK)
        more = bool(chunk)
        held += chunk
        starts = [found.start() for found in _HL7_START.finditer(held) if found.start()]
        cuts = [0, *starts, len(held)] if not more or len(held) > MAX_DOCUMENT else [0, *starts]
        for begin, finish in pairwise(cuts):
            message = held[begin:finish].strip(_HL7_FRAMING)
            if message:
                yield held_at + begin, message[:MAX_DOCUMENT]
        held, held_at = held[cuts[-1] :], held_at + cuts[-1]


def json_values(stream: BinaryIO, inside: frozenset[str] = frozenset()) -> Iterator[tuple[int, bytes]]:
    """Yield JSON objects: one per line, one after another over many lines, in an array, or in a wrapper.

    `inside` names the keys under which wrappers keep their records: `value` in `{"value": [{…}, {…}]}`.
    """
    first, stream = peeked(stream)
    if _is_record(first, inside) or first.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        for offset, line in raw_lines(stream):
            if line.strip():
                yield offset, line.strip()
        return
    yield from _JsonScanner(inside).records(stream)


def is_json_lines(head: bytes) -> bool:
    """Say whether a stream that begins like this is split by `json_values` at its line ends."""
    return _is_record(head.split(b"\n", 1)[0], frozenset())


def _is_record(line: bytes, inside: frozenset[str]) -> bool:
    """Say whether `line` is one whole JSON object that is no wrapper."""
    try:
        found = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and not any(isinstance(found.get(key), dict | list) for key in inside)


class _JsonScanner:
    """Finds records by counting brackets, without decoding; see `json_values`."""

    def __init__(self, inside: frozenset[str]) -> None:
        self._inside = {b'"%b"' % key.encode() for key in inside}
        self._wrappers: list[bytes] = []  # the opening brackets of containers that are no records
        self._key = b""
        self._depth = 0  # of brackets in the current record; 0 outside of records
        self._skipping = False  # the current value is no record, but something beside them in a wrapper

    def records(self, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Yield what `json_values` promises."""
        held, held_at = b"", 0  # what is read and not yet settled, and its offset
        at = start = found_any = 0  # in `held`: where to look next, where the current record began
        while True:
            token = _TOKEN.search(held, at)
            if token is None or token["end"] == b"":  # nothing, or a string that is cut: read on
                keep = start if self._depth else token.start() if token else len(held)
                at = (token.start() if token else len(held)) - keep
                if len(held) - keep > MAX_DOCUMENT:
                    yield held_at + keep, held[keep : keep + MAX_DOCUMENT]
                    return  # without its end the rest cannot be told apart from it
                chunk = stream.read(_CHUNK)
                if not chunk:
                    if (self._depth and not self._skipping) or not found_any:
                        yield from [(held_at + keep, held[keep:])] if held[keep:].strip() else []
                    return
                held, held_at, start = held[keep:] + chunk, held_at + keep, 0
                continue
            at = token.end()
            if self._step(token[0]):
                start = token.start()
            elif self._depth == 0 and token[0] in b"}]" and self._ended:
                found_any = 1
                yield held_at + start, held[start:at]

    _ended = False  # a record ended with the last step

    def _step(self, token: bytes) -> bool:
        """Follow one token; say whether a record (or a value to skip) begins with it."""
        self._ended = False
        if token.startswith(b'"'):
            if self._depth <= 1:
                self._key = token
            return False
        opening = token in b"{["
        if self._depth:
            if opening and self._depth == 1 and self._key in self._inside and not self._skipping:
                self._wrappers.append(b"{")  # the record turns out to be a wrapper
                self._depth = 0
                return self._open(token)
            self._depth += 1 if opening else -1
            self._ended = self._depth == 0 and not self._skipping
            return False
        if opening:
            return self._open(token)
        if self._wrappers:
            self._wrappers.pop()
        return False

    def _open(self, token: bytes) -> bool:
        beside = bool(self._wrappers) and self._wrappers[-1] == b"{" and self._key not in self._inside
        if token == b"[" and not beside:
            self._wrappers.append(token)
            return False
        self._depth, self._skipping = 1, beside
        return True
