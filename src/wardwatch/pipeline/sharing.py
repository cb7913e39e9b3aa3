"""Who reads what: a body of which nobody said what it is goes to the source that knows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from wardwatch import sources
from wardwatch.frames import syslog
from wardwatch.pipeline.assembling import MAX_HOSTS
from wardwatch.pipeline.mixed import GENERIC
from wardwatch.sources import Body, Source

_SNIFFED = 4_096  # bytes of a body from which its format is told
_SURE = 80  # a source that is so certain needs no comparison with others
_RECENT = 4  # sources of one sensor that are asked before all others
_BEGIN = 16  # characters of a message by which lines of one program are told apart
_DIGITS = bytes.maketrans(b"123456789", b"000000000")


@dataclass(slots=True)
class Shares:
    """Bodies by the name of the source that reads them, and those that nobody knows; each in order."""

    by_source: dict[str, list[Body]] = field(default_factory=dict)
    unknown: list[Body] = field(default_factory=list)

    def give(self, source: Source, *bodies: Body) -> None:
        """Give bodies to a source."""
        self.by_source.setdefault(source.name, []).extend(bodies)


class Sharing:
    """Shares out the bodies of one run of frames.

    `hosts` says which source reads all lines of a host: (sensor, host) → source; `hosts` grows.
    """

    def __init__(self, hosts: Mapping[tuple[str, str], str], zone: tzinfo) -> None:
        self.hosts = dict(hosts)
        self._zone = zone
        self._generic = sources.every()[GENERIC]
        self._marks = tuple(source.header for source in sources.every().values() if source.header)
        self._recent: dict[str, list[Source]] = {}  # sensor → the sources of its last bodies, the last one first
        self._lines: dict[tuple[str | None, bytes], Source] = {}

    def of(self, sensor: str, bodies: Iterable[Body], received_at: int, headed: Source | None) -> Shares:
        """Share out bodies of one sensor; `headed` is the source whose header it sent last.

        A line that says nothing of its format belongs to the source whose header came before it.
        """
        found = Shares()
        header: list[Body] = []  # lines that begin like a header, of which it is not known yet whose it is
        for seq, body in bodies:
            source = self._source(sensor, body[:_SNIFFED], received_at)
            if body.startswith(self._marks):
                header.append((seq, body))
                if source is None or not source.header:
                    source = sources.sniff(b"\n".join(line for _, line in header)[:_SNIFFED], "")
                if source is not None and source.header:
                    headed = source
                    found.give(source, *header)
                    header = []
                continue
            if header:
                self._give_up(found, header, headed)
                header = []
            if source is None or source is self._generic:
                source = headed or source
            if source is None:
                found.unknown.append((seq, body))
            else:
                found.give(source, (seq, body))
        self._give_up(found, header, headed)
        return found

    def _give_up(self, found: Shares, header: list[Body], headed: Source | None) -> None:
        if header and headed is not None:
            found.give(headed, *header)
        else:
            found.unknown += header

    def _source(self, sensor: str, head: bytes, received_at: int) -> Source | None:
        for recent in self._recent.get(sensor, ()):
            if recent.sniff(head, "") >= _SURE:
                self._remember(sensor, recent)
                return recent
        if self._generic.sniff(head, ""):
            return self._of_line(sensor, head, received_at)
        found = sources.sniff(head, "")
        if found is not None:
            self._remember(sensor, found)
        return found

    def _remember(self, sensor: str, source: Source) -> None:
        """Ask this source first of the next body, unless it must hear of hosts."""
        recent = self._recent.setdefault(sensor, [])
        if not source.whole_host and recent[:1] != [source]:
            recent[:] = [source, *(one for one in recent if one is not source)][:_RECENT]

    def _of_line(self, sensor: str, head: bytes, received_at: int) -> Source:
        """The source of a line of syslog: lines of a program that begin alike are of one source."""
        line = syslog.parse(syslog.text(head), received_at, self._zone)
        key = (line.app, line.message[:_BEGIN].encode("utf-8", "replace").translate(_DIGITS))
        source = self._lines.get(key)
        if source is None:
            source = self._lines[key] = sources.sniff(head, "") or self._generic
        if line.host is not None:
            if source.whole_host:
                self._know(sensor, line.host, source)
            elif source is self._generic and (sensor, line.host) in self.hosts:
                return sources.every()[self.hosts[sensor, line.host]]
        if source is not self._generic:
            self._remember(sensor, source)
        return source

    def _know(self, sensor: str, host: str, source: Source) -> None:
        if (sensor, host) not in self.hosts:
            if len(self.hosts) >= MAX_HOSTS:
                del self.hosts[next(iter(self.hosts))]
            self.hosts[sensor, host] = source.name
