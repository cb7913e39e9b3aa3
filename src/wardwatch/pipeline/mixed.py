"""Central syslog servers write many programs into one file: each line goes to the source that knows it best."""

from collections.abc import Iterator, Sequence

from wardwatch import sources
from wardwatch.frames import syslog
from wardwatch.sources import Body, Context, Source

GENERIC = "syslog"
_LOOKED_AT = 200  # lines at the head of a log
_HEAD = 4096  # bytes of a line that a source sees when it is chosen


def is_mixed(head: bytes, winner: Source) -> bool:
    """Say whether a log that begins like this holds lines of several syslog sources."""
    generic = sources.every()[GENERIC]
    if not winner.independent or not generic.sniff(head, ""):
        return False
    if winner is generic:
        return True
    lines = head.split(b"\n")[:-1][:_LOOKED_AT]
    chosen = {found.name for line in lines if line.strip() and (found := sources.sniff(line[:_HEAD], "")) is not None}
    return len(chosen) > 1 and all(generic.sniff(line[:_HEAD], "") for line in lines if line.strip())


def dispatch(bodies: Sequence[Body], winner: Source, context: Context) -> Iterator[tuple[Source, list[Body]]]:
    """Share out lines: the first line of each program on each host decides to which source all its lines go.

    A line that only the generic source knows goes to the winner if the winner knows other lines of the same host:
    an ESXi host's sshd is ESXi's.
    """
    by_program: dict[tuple[str | None, str | None], Source] = {}
    programs: list[tuple[str | None, str | None]] = []
    for _, text in bodies:
        line = syslog.parse(syslog.text(text[:_HEAD]), context.received_at, context.zone)
        program = (line.host, None if line.bare else line.app)
        programs.append(program)
        if program not in by_program:
            found = sources.sniff(text[:_HEAD], "")
            by_program[program] = found if found is not None and found.independent else winner
    known_hosts = {host for (host, _), source in by_program.items() if source is winner}
    shares: dict[str, list[Body]] = {}
    for body, program in zip(bodies, programs, strict=True):
        source = by_program[program]
        if source.name == GENERIC and program[0] in known_hosts:
            source = winner
        shares.setdefault(source.name, []).append(body)
    for name, share in shares.items():
        yield sources.every()[name], share
