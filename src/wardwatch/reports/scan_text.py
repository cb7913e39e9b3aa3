"""What a scan found, for a terminal: the answer, what to do first, each computer, and what was not read.

Needs no colour (shape and word say the level), and no more columns than the terminal has.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Line

from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline.story import Group, HostStory
from wardwatch.reports import (
    SHAPES,
    UNKNOWN_SHAPE,
    Clock,
    Findings,
    Words,
    clean,
    clock,
    number,
    playbook,
    size,
)
from wardwatch.reports.parts import gaps
from wardwatch.reports.parts.answer import advice, answer, computers, course, steps
from wardwatch.reports.parts.reasons import place as in_log
from wardwatch.reports.parts.reasons import reason as why

STRINGS = {
    "first": Text("Do first", "À faire d'abord"),
    "found": Text("What was found", "Ce qui a été trouvé"),
    "found.note": Text("worst first, times are UTC", "le plus grave d'abord, heures UTC"),
    "on": Text("on {hosts}", "sur {hosts}"),
    "others.one": Text("{n} other", "{n} autre"),
    "others.many": Text("{n} others", "{n} autres"),
    "nowhere": Text("no single computer", "sans ordinateur précis"),
    "alerts.one": Text("{n} alert", "{n} alerte"),
    "alerts.many": Text("{n} alerts", "{n} alertes"),
    "course": Text("Course: {course}", "Déroulement : {course}"),
    "more.groups.one": Text(
        "{n} more rule fired here; --html and --json have it.",
        "{n} autre règle s'est déclenchée ici ; --html et --json la donnent.",
    ),
    "more.groups.many": Text(
        "{n} more rules fired here; --html and --json have them.",
        "{n} autres règles se sont déclenchées ici ; --html et --json les donnent.",
    ),
    "more.hosts.one": Text(
        "{n} more computer with alerts is not shown.", "{n} autre ordinateur avec alertes non affiché."
    ),
    "more.hosts.many": Text(
        "{n} more computers with alerts are not shown.", "{n} autres ordinateurs avec alertes non affichés."
    ),
    "beyond.one": Text(
        "{n} alert was counted but not kept for this report.",
        "{n} alerte comptée mais non conservée pour ce rapport.",
    ),
    "beyond.many": Text(
        "{n} alerts were counted but not kept for this report.",
        "{n} alertes comptées mais non conservées pour ce rapport.",
    ),
    "unread": Text("What was not understood", "Ce qui n'a pas été compris"),
    "unread.note": Text("an attack may hide there", "une attaque peut s'y cacher"),
    "rejects.one": Text("{n} record: {reason}", "{n} enregistrement : {reason}"),
    "rejects.many": Text("{n} records: {reason}", "{n} enregistrements : {reason}"),
    "places.one": Text("first: {places}", "premier : {places}"),
    "places.many": Text("first: {places}", "premiers : {places}"),
    "off.example": Text("{title} ({level}): {reason}", "{title} ({level}) : {reason}"),
    "unknown.one": Text("{n} file of unknown format", "{n} fichier de format inconnu"),
    "unknown.many": Text("{n} files of unknown format", "{n} fichiers de format inconnu"),
    "unopened.one": Text("{n} file not opened", "{n} fichier non ouvert"),
    "unopened.many": Text("{n} files not opened", "{n} fichiers non ouverts"),
    "copies.one": Text("{n} copy of a file already read, left out", "{n} copie d'un fichier déjà lu, écartée"),
    "copies.many": Text("{n} copies of files already read, left out", "{n} copies de fichiers déjà lus, écartées"),
    "reasons.one": Text("{n} more reason", "{n} autre raison"),
    "reasons.many": Text("{n} more reasons", "{n} autres raisons"),
    "events.one": Text("{n} event", "{n} événement"),
    "events.many": Text("{n} events", "{n} événements"),
    "files.one": Text("{n} file", "{n} fichier"),
    "files.many": Text("{n} files", "{n} fichiers"),
    "rules.one": Text("{n} rule", "{n} règle"),
    "rules.many": Text("{n} rules", "{n} règles"),
    "span": Text("{span} UTC", "{span} UTC"),
}
_STYLES = {
    Level.CRITICAL: "bold red",
    Level.HIGH: "yellow",
    Level.MEDIUM: "default",
    Level.LOW: "default",
    Level.INFORMATIONAL: "default",
}
_PLACE = 160  # characters of a path and the place in it
_MARGIN = 4  # columns before a path, and behind it
_DEEP = " " * _MARGIN
_USERS = 2  # named in a row
_WIDTH, _LEAST, _MOST = 80, 50, 100  # columns
_NARROW = 72  # below this, times and accounts stand under what was found
_NAME_LEAST, _NAME_MOST = 10, 18  # columns of accounts


@dataclass(frozen=True, slots=True)
class Room:
    """How much is shown; the rest is counted. `width` is in columns."""

    width: int = _WIDTH
    hosts: int = 20
    groups: int = 8
    places: int = 3
    reasons: int = 10


def room_of(stream: TextIO) -> Room:
    """As wide as the terminal, within reason; 80 columns where there is none."""
    if not stream.isatty():
        return Room()
    columns = shutil.get_terminal_size((_WIDTH, 24)).columns
    return Room(width=min(max(columns, _LEAST), _MOST))


def render(findings: Findings, room: Room | None = None, *, colour: bool = False) -> str:
    """The report as text."""
    stream = StringIO()
    write(findings, stream, room, colour=colour)
    return stream.getvalue()


def write(findings: Findings, stream: TextIO, room: Room | None = None, *, colour: bool = False) -> None:
    """Write the report; `colour` adds terminal colours, nothing else changes."""
    drawn = StringIO()
    _Report(findings, drawn, room or room_of(stream), colour=colour).write()
    stream.writelines(f"{line.rstrip()}\n" for line in drawn.getvalue().splitlines())


class _Report:
    def __init__(self, findings: Findings, stream: TextIO, room: Room, *, colour: bool) -> None:
        self._findings = findings
        self._room = room
        self._say = Words(STRINGS, findings.language)
        self._clock: Clock = clock(findings)
        self._names = _NAME_MOST  # columns of accounts, the same for all computers
        self._console = Console(
            file=stream,
            width=room.width,
            color_system="standard" if colour else None,
            force_terminal=colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def write(self) -> None:
        self._answer()
        if self._findings.story.count:
            self._steps()
            self._found()
        self._unread()
        self._console.print()
        self._print(Line(self._totals(), "bold"))

    def _print(self, line: Line, indent: int = 0) -> None:
        self._console.print(Padding(line, (0, 0, 0, indent), expand=False))

    def _head(self, key: str, note: str = "") -> None:
        self._console.print()
        self._print(Line.assemble((self._say(key), "bold"), f"  {self._say(note)}" if note else ""))
        self._print(Line("─" * self._room.width))

    def _level(self, level: Level) -> Line:
        return Line(f"{SHAPES[level]} {self._say.level(level)}", _STYLES[level])

    def _answer(self) -> None:
        told = answer(self._findings)
        if told.level is not None:
            shape, style = SHAPES[told.level], _STYLES[told.level]
        else:
            shape, style = (UNKNOWN_SHAPE, "default") if told.blind else ("●", "green")
        self._print(Line.assemble((shape, style), " ", (told.sentence, "bold")))
        if told.first:
            self._print(Line(told.first))

    def _host(self, name: str) -> str:
        return clean(name, 60) if name else self._say("nowhere")

    def _steps(self) -> None:
        self._head("first")
        for place, step in enumerate(steps(self._findings), 1):
            hosts = [self._host(name) for name in step.hosts[:3]]
            if len(step.hosts) > len(hosts):
                hosts.append(self._say.count("others", len(step.hosts) - len(hosts)))
            title = clean(self._say.text(step.title))
            name = self._say.text(playbook(step.playbook)) if step.playbook else title
            line = Line.assemble(f"{place} ", (name, "bold"), " ", self._say("on", hosts=", ".join(hosts)))
            self._print(line)
            told = clean(self._say.text(advice(step, self._findings)), 600)
            self._print(Line(f"{title}. {told}" if step.playbook else told), 2)

    def _found(self) -> None:
        self._head("found", "found.note")
        hosts = self._findings.story.hosts()
        groups: dict[str, list[Group]] = {}
        for group in self._findings.story.groups(self._findings.rules):
            groups.setdefault(group.host, []).append(group)
        shown = [
            group for host in hosts[: self._room.hosts] for group in groups.get(host.host, [])[: self._room.groups]
        ]
        longest = max((len(name) for group in shown for name in self._users(group)), default=0) + 1  # and a comma
        self._names = min(max(longest, _NAME_LEAST), _NAME_MOST)
        for place, host in enumerate(hosts[: self._room.hosts]):
            if place:
                self._console.print()
            self._story(host)
            self._console.print(Padding(self._table(groups.get(host.host, [])[: self._room.groups]), (0, 0, 0, 2)))
            self._rest("more.groups", len(groups.get(host.host, [])) - self._room.groups)
        self._rest("more.hosts", len(hosts) - self._room.hosts)
        self._rest("beyond", self._findings.story.beyond.groups)

    def _rest(self, key: str, count: int) -> None:
        if count > 0:
            self._print(Line(self._say.count(key, count)), 2)

    def _story(self, host: HostStory) -> None:
        line = Line.assemble((self._host(host.host), "bold"), "  ", self._level(host.level))
        line.append(f"  {self._say.count('alerts', host.count)}, {self._clock.span(host.first_at, host.last_at)}")
        self._print(line)
        if host.tactics:
            self._print(Line(self._say("course", course=course(host, self._clock, self._say))), 2)

    def _table(self, groups: list[Group]) -> Table:
        wide = self._room.width >= _NARROW
        users = [self._users(group) for group in groups]
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False, width=self._room.width - 2)
        table.add_column(width=13 if self._say.language == "fr" else 10, no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(justify="right", min_width=3, no_wrap=True)
        if wide:
            table.add_column(width=20)
            table.add_column(width=self._names)
        for group, named in zip(groups, users, strict=True):
            title, when = clean(self._say.text(group.title)), self._clock.span(group.first_at, group.last_at)
            who = ", ".join(named)
            first = (self._level(group.level), Line(title if wide else "\n".join(filter(None, (title, when, who)))))
            count = Line(number(group.count, self._say.language))
            table.add_row(*first, count, *((Line(when), Line(who)) if wide else ()))
        return table

    def _users(self, group: Group) -> list[str]:
        """Accounts without their domains, each once; an ellipsis stands for the others, and for a name's end."""
        short = {name.casefold(): name for name in (user.rpartition("\\")[2] for user in reversed(group.users))}
        names = sorted(short.values())
        named = [clean(name, _NAME_MOST - 2) for name in names[:_USERS]]
        return [*named, "…"] if group.more_users or len(names) > _USERS else named

    def _unread(self) -> None:
        findings, summary = self._findings, self._findings.summary
        hidden = summary.total_rejects or findings.interrupted or findings.off
        self._head("unread", "unread.note" if hidden else "")
        for note in gaps.notes(findings):
            self._print(Line(note))
        by_reason: Counter[str] = Counter()
        for (_, reason), count in summary.rejects.items():
            by_reason[reason] += count
        ordered = sorted(by_reason.items(), key=lambda one: (-one[1], one[0]))
        for reason, count in ordered[: self._room.reasons]:
            places = [f"{one.file} {self._text(in_log(one.place))}" for one in summary.shown if one.reason == reason]
            self._bad(self._say.count("rejects", count, reason=clean(self._text(why(reason)), 120)), places)
        self._rest("reasons", len(ordered) - self._room.reasons)
        lists: tuple[tuple[str, Sequence[str]], ...] = (
            ("unknown", [name for name, _ in summary.unknown]),
            ("unopened", [f"{one.name} ({self._text(why(one.reason))})" for one in summary.unopened]),
            ("copies", summary.copies),
        )
        for key, names in lists:
            if names:
                self._bad(self._say.count(key, len(names)), names)
        self._off()

    def _text(self, text: Text) -> str:
        return self._say.text(text)

    def _off(self) -> None:
        told = gaps.off(self._findings)
        if told is None:
            return
        for sentence in told.sentences:
            self._print(Line(sentence))
        for one in told.examples:
            line = self._say(
                "off.example",
                title=clean(self._text(one.title), 120),
                level=self._say.level(one.level).lower(),
                reason=clean(self._text(one.reason), 160),
            )
            self._print(Line(line), 2)
        self._print(Line(told.see), 2)

    def _bad(self, line: str, places: Sequence[str]) -> None:
        self._print(Line(line))
        if not places:
            return
        found = [clean(place, _PLACE) for place in places[: self._room.places]]
        more = " …" if len(places) > self._room.places else ""
        key = "places.one" if len(found) == 1 else "places.many"
        if max(cell_len(word) for place in found for word in place.split()) <= self._room.width - _MARGIN:
            self._print(Line(self._say(key, places=", ".join(found) + more)), 2)
            return
        # A path that is cut amid a word can be neither read nor copied: each gets a line, as long as it is.
        self._print(Line(self._say(key, places="").rstrip()), 2)
        for place in found:
            self._console.print(f"{_DEEP}{place}", soft_wrap=True)
        if more:
            self._print(Line(more), 3)

    def _totals(self) -> str:
        summary, say = self._findings.summary, self._say
        parts = [
            gaps.window(self._findings) or say.count("events", summary.total_events),
            say.count("files", summary.files),
            size(summary.bytes_read, say.language),
            computers(self._findings),
        ]
        if summary.first_at is not None and summary.last_at is not None:
            span = Clock(say.language, year=True).span(summary.first_at, summary.last_at)
            parts.append(say("span", span=span))
        active = self._findings.active
        parts += [say.count("rules", active), say.count("alerts", self._findings.story.count)]
        return " · ".join(parts)
