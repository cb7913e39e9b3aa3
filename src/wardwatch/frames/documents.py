"""Cut a stream that holds documents (JSON values, XML elements, HL7 messages) into the bytes of each.

Every function yields (offset of the document's first byte, its bytes). A document that grows beyond
`MAX_DOCUMENT` is handed on cut off, so that whoever parses it rejects it; memory stays bounded.
"""

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import BinaryIO, cast

import orjson

MAX_DOCUMENT = 4 * 1024 * 1024  # bytes
_CHUNK = 256 * 1024
_HEAD = 64 * 1024
_INK = re.compile(rb"\S")
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?P<end>"?)|[{}\[\]]', re.DOTALL)
_HL7_FRAMING = b"\x0b\x1c\r\n\t \xef\xbb\xbf"
_HL7_START = re.compile(rb"(?:\A|(?<=[\r\n\x0b]))[^\r\n\x0b|]{0,80}MSH[|]")


def head_of(stream: BinaryIO) -> bytes:
    """Read what `is_json_lines` decides by: the first 64 KiB of a stream, to the end of a line.

    Where the first line alone is that long, the one after it is read as well.
    """
    head = stream.read(_HEAD)
    if head and not head.endswith(b"\n"):
        head += stream.readline(MAX_DOCUMENT)
    if len(head.split(b"\n", 2)) < 3 and head.endswith(b"\n"):  # noqa: PLR2004  (one line and nothing)
        head += stream.readline(MAX_DOCUMENT)
    return head


def peeked(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """Return the first line that is not blank (`MAX_DOCUMENT` bytes at most) and a stream that has it yet.

    Of that stream only `read` and `readline`, with a size, can be used.
    """
    read = first = stream.readline(MAX_DOCUMENT)
    while first and not first.strip() and len(read) < MAX_DOCUMENT:
        first = stream.readline(MAX_DOCUMENT)
        read += first
    returned = _Returned(stream)
    returned.give_back(read)
    return first, cast("BinaryIO", returned)


class _Returned:
    """A stream to which bytes that were read can be given back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._held, self._at = b"", 0

    def give_back(self, data: bytes) -> None:
        """Have `data` read again, before all else."""
        self._held, self._at = data + self._held[self._at :], 0

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; nothing at the end only."""
        piece = self._held[self._at : self._at + size]
        self._at += len(piece)
        return piece or self._stream.read(size)

    def readline(self, limit: int) -> bytes:
        """Read a line, or its first `limit` bytes."""
        end = self._held.find(b"\n", self._at, self._at + limit) + 1 or self._at + limit
        piece = self._held[self._at : end]
        self._at += len(piece)
        if piece.endswith(b"\n") or len(piece) == limit:
            return piece
        self._held, self._at = b"", 0
        return piece + self._stream.readline(limit - len(piece))


def raw_lines(stream: BinaryIO | _Returned) -> Iterator[tuple[int, bytes]]:
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
    held: list[bytes] = []
    length = held_at = 0
    opened = False  # a start is among what is held
    for offset, line, begins, ends in _pieces(stream, start, end):
        if begins and opened:  # the former element never ended
            yield held_at, b"".join(held).strip()
            held, length, opened = [], 0, False
        if held or begins or line.lstrip().startswith((b"<?", b"<!")):
            held_at = held_at if held else offset
            held.append(line)
            length += len(line)
            opened = opened or begins
        elif not skip.fullmatch(line.strip()):
            yield offset, line.strip()
        if held and (ends or length > MAX_DOCUMENT):
            yield held_at, b"".join(held).strip()[:MAX_DOCUMENT]
            held, length, opened = [], 0, False
    rest = b"".join(held).strip()
    if rest and not skip.fullmatch(rest):
        yield held_at, rest


def _pieces(
    stream: BinaryIO, start: re.Pattern[bytes], end: re.Pattern[bytes]
) -> Iterator[tuple[int, bytes, bool, bool]]:
    """Yield (offset, line or the part that leads to an element's end, it holds a start, it holds an end)."""
    for line_at, line in raw_lines(stream):
        at = 0
        while _INK.search(line, at):
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
    source = _Returned(stream)
    start = 0
    while True:
        head = _head_returned(source)
        if _is_by_lines(head, inside):
            for offset, line in raw_lines(source):
                if line.strip():
                    yield start + offset, line.strip()
            return
        scanner = _JsonScanner(inside)
        for offset, record in scanner.records(source):
            yield start + offset, record
        if scanner.resumes_at is None:
            return
        start += scanner.resumes_at  # a record grew too long: begin anew at a line behind it


def _head_returned(source: _Returned) -> bytes:
    head = blank = b""
    while not head.strip() and len(blank) < MAX_DOCUMENT:  # blank lines in front say nothing
        head = head_of(cast("BinaryIO", source))
        blank += head
        if not head:
            break
    source.give_back(blank)
    return blank


def is_json_lines(head: bytes) -> bool:
    """Say whether a stream that begins like this (see `head_of`) is split by `json_values` at its line ends."""
    return bool(head.strip()) and _is_by_lines(head, frozenset())


def _is_by_lines(head: bytes, inside: frozenset[str]) -> bool:
    """Say whether one of the first lines is a whole JSON object, and not one of a document over many lines.

    One line that is hostile, wherever it stands, must not make one document of those after it. A line that stands
    in brackets (after `[`, `:` or a comma, before `]`, `}` or a comma) is a part of a document.
    """
    lines = [line.strip() for line in islice(_lines_in(head), _LOOKED_AT + 1)]
    if not lines or lines[0][:1] not in (b"{", b"["):
        return True
    return any(
        not before.endswith((b"[", b"{", b":", b",")) and after[:1] not in _GOES_ON and _is_record(line, inside)
        for before, line, after in zip([b"", *lines], lines[:_LOOKED_AT], [*lines[1:], b""], strict=False)
    )


_LOOKED_AT = 50  # lines
_GOES_ON = (b"]", b"}", b",")


def _lines_in(head: bytes) -> Iterator[bytes]:
    """Yield the lines of `head` that are not blank."""
    at = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    while at < len(head):
        end = head.find(b"\n", at) + 1 or len(head)
        if line := head[at:end].strip():
            yield line
        at = end


def _is_record(line: bytes, inside: frozenset[str]) -> bool:
    """Say whether `line` is one whole JSON object that is no wrapper."""
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    try:
        found = orjson.loads(line)
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
        self.resumes_at: int | None = None  # after `records`: the offset of what must be looked at anew

    def records(self, stream: _Returned) -> Iterator[tuple[int, bytes]]:
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
                    self._resume(stream, held[keep + MAX_DOCUMENT :], held_at + keep + MAX_DOCUMENT)
                    return
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

    def _resume(self, stream: _Returned, held: bytes, held_at: int) -> None:
        """Without the record's end the rest cannot be told apart from it: go on at a line that begins with `{`."""
        while (found := held.find(b"\n{")) < 0:
            chunk = stream.read(_CHUNK)
            if not chunk:
                return
            held_at += max(len(held) - 1, 0)
            held = held[-1:] + chunk
        self.resumes_at = held_at + found + 1
        stream.give_back(held[found + 1 :])

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
