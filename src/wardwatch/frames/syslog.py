"""Syslog headers: RFC 3164 (BSD), RFC 5424 with structured data, and what rsyslog and journald write.

Stored files often lack the `<PRI>`; formats carried in syslog are also stored bare. `parse` copes with all of
them: whatever has no header comes back as a message only.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from wardwatch.kernel import stamps

_OCTET_COUNT = re.compile(r"\d{1,7} (?=<\d{1,3}>)")  # RFC 6587, 3.4.1
_PRI = re.compile(r"<(\d{1,3})>")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)(?=\s|$)",
)
_RFC5424 = re.compile(r"1 (-|\S{10,40}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,64}) (?=-|\[)")
_TAG = re.compile(r"([^\s:\[\]|=<>{}\"]{1,80})(?:\[([^\]\s]{1,32})\])?: ?")
_SD_ID = re.compile(r"\[([^ =\]\"]{1,64})")
_SD_PARAM = re.compile(r" +([^ =\]\"]{1,64})=(?:\"([^\"\\]*(?:\\.[^\"\\]*)*)\"|([^\s\"\]]+))", re.DOTALL)
_SD_ESCAPE = re.compile(r"\\([\"\\\]])")
_NOT_TAGS = frozenset({"CEF", "LEEF"})  # formats whose first word looks like a tag
_HIGHEST_PRI = 191  # facility 23, severity 7


@dataclass(frozen=True, slots=True)
class Line:
    """A syslog line taken apart.

    `occurred_at` is in microseconds UTC, `None` if there is no (valid) stamp; `zoned` says whether the stamp
    stated its zone. `data` is the structured data: SD-ID → parameter → value, in order. `bare` says that
    there was no header at all. Fields that the line lacks, or that are the NILVALUE, are `None`.
    """

    message: str
    occurred_at: int | None = None
    zoned: bool = False
    priority: int | None = None
    host: str | None = None
    app: str | None = None
    pid: str | None = None
    msgid: str | None = None
    data: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bare: bool = False

    @property
    def facility(self) -> int | None:
        """The facility, 0 to 23 (RFC 5424, 6.2.1)."""
        return None if self.priority is None else self.priority >> 3

    @property
    def severity(self) -> int | None:
        """The severity, 0 (emergency) to 7 (debug)."""
        return None if self.priority is None else self.priority & 7

    @property
    def time_quality(self) -> str:
        """How the time is known, in the words of the event envelope."""
        if self.occurred_at is None:
            return "received"
        return "stated" if self.zoned else "zone_assumed"


def text(body: bytes) -> str:
    r"""Decode a log line. Bytes that are not UTF-8 (old file names, mostly) stay visible as `\xe9`."""
    return body.decode("utf-8", "backslashreplace").removeprefix("\ufeff")


def parse(line: str, received_at: int, zone: tzinfo = UTC) -> Line:
    """Take a line apart. `received_at` (micros) supplies the year and `zone` the zone that a stamp lacks."""
    rest = line.lstrip()
    if counted := _OCTET_COUNT.match(rest):
        rest = rest[counted.end() :]
    priority: int | None = None
    if (pri := _PRI.match(rest)) and int(pri[1]) <= _HIGHEST_PRI:
        priority = int(pri[1])
        rest = rest[pri.end() :]
    if header := _RFC5424.match(rest):
        return _rfc5424(rest, header, priority, zone)
    rest = rest.lstrip()
    occurred_at, zoned, length = _stamp(rest, received_at, zone)
    if not length:
        return Line(message=rest, priority=priority, bare=priority is None)
    host, app, pid, message = _host_and_tag(rest[length:].lstrip(" :"))
    return Line(message=message, occurred_at=occurred_at, zoned=zoned, priority=priority, host=host, app=app, pid=pid)


def _rfc5424(line: str, header: re.Match[str], priority: int | None, zone: tzinfo) -> Line:
    occurred_at: int | None = None
    zoned = False
    with suppress(ValueError):  # NILVALUE, or no time stamp at all: the time of arrival will be used
        occurred_at, zoned = stamps.iso(header[1], zone)
    data, end = structured_data(line, header.end())
    message = line[end:].removeprefix(" ").removeprefix("\ufeff")
    host, app, pid, msgid = (None if part == "-" else part for part in header.groups()[1:])
    return Line(message, occurred_at, zoned, priority, host, app, pid, msgid, data)


def structured_data(line: str, start: int) -> tuple[dict[str, dict[str, str]], int]:
    """Read STRUCTURED-DATA (RFC 5424, 6.3) at `start`: (SD-ID → name → value, where the message begins).

    What is not well-formed ends the structured data and counts as message.
    """
    if line.startswith("-", start):
        return {}, start + 1
    found: dict[str, dict[str, str]] = {}
    end = start
    while opened := _SD_ID.match(line, end):
        at = opened.end()
        params: dict[str, str] = {}
        while param := _SD_PARAM.match(line, at):
            params[param[1]] = param[3] or _SD_ESCAPE.sub(r"\1", param[2])  # Veeam leaves quotes out
            at = param.end()
        while line.startswith(" ", at):
            at += 1
        if not line.startswith("]", at):
            break
        end = at + 1
        found.setdefault(opened[1], {}).update(params)
        while line.startswith(" [", end) and _looks_like_data(line, end + 1):  # Veeam puts a blank between
            end += 1
    return found, end


def _looks_like_data(line: str, at: int) -> bool:
    opened = _SD_ID.match(line, at)
    return bool(opened and _SD_PARAM.match(line, opened.end()))


def _stamp(line: str, received_at: int, zone: tzinfo) -> tuple[int | None, bool, int]:
    """Return (micros, zoned, length) of the stamp at the beginning of `line`; length 0 if there is none."""
    try:
        if iso := _ISO.match(line):
            occurred_at, zoned = stamps.iso(iso[1], zone)
            return occurred_at, zoned, iso.end()
        if length := stamps.bsd_length(line):
            return stamps.bsd(line, received_at, zone), False, length
    except (ValueError, OverflowError):  # a stamp by its looks, but no such day
        pass
    return None, False, 0


def _host_and_tag(rest: str) -> tuple[str | None, str | None, str | None, str]:
    """Split what follows the stamp into host, tag, process id and message; host and tag may be missing."""
    if (tag := _TAG.match(rest)) and tag[1] not in _NOT_TAGS:  # no host
        return None, tag[1], tag[2], rest[tag.end() :]
    if tag or "=" in rest.partition(" ")[0]:
        return None, None, None, rest
    host, _, after = rest.partition(" ")
    after = after.lstrip(" ")
    if (tag := _TAG.match(after)) and tag[1] not in _NOT_TAGS:
        return host, tag[1], tag[2], after[tag.end() :]
    return host or None, None, None, after
