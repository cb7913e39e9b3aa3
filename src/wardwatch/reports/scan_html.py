"""What a scan found, as one self-contained web page: no script, nothing loaded, printable.

Its Content-Security-Policy allows nothing but its own style sheet, by hash (CSP Level 3, section 6.7.3).
Every value is escaped by Jinja2's autoescape after `clean`. Made to WCAG 2.1 AA.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from wardwatch.charts import course
from wardwatch.events.alert import Alert
from wardwatch.frames.inputs import Unopened
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import story
from wardwatch.pipeline.story import Group, HostStory, Step
from wardwatch.reports import (
    ACTIONS,
    Clock,
    Findings,
    Words,
    clean,
    clock,
    number,
    playbook,
    size,
    value_text,
)
from wardwatch.reports.parts import gaps
from wardwatch.reports.parts.answer import advice, answer, computers, steps
from wardwatch.reports.parts.answer import course as course_of
from wardwatch.reports.parts.reasons import place as in_log
from wardwatch.reports.parts.reasons import reason as why
from wardwatch.reports.templates.scan_words import STRINGS
from wardwatch.threats import attack

MAX_GROUPS = 200
MAX_OPEN = 40  # rows before the others are folded away
MAX_HOSTS = 50
MAX_CHARTED = 10
MAX_FIELDS = 12
MAX_VALUE = 300  # characters
MAX_UNBROKEN = 24  # characters of a name that is kept on one line
MAX_PLACES = 3
MAX_REASONS = 50
MAX_SOURCES = 50
_SECOND = 1_000_000  # µs


@dataclass(frozen=True, slots=True)
class Said:
    """A text and, where it is not in the page's language, the language it is in (WCAG 2.1, 3.1.2).

    `quoted` is the language of what stands in French quotation marks within it, if that is another.
    """

    text: str
    lang: str = ""
    quoted: str = ""

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Pieces of the text, each with the language that it is marked with; empty for that of the page."""
        pieces = _QUOTED.split(self.text) if self.quoted else [self.text]
        return [(piece, self.quoted if place % 2 else self.lang) for place, piece in enumerate(pieces) if piece]


_QUOTED = re.compile("(?<=«\u00a0)(.+?)(?=\u00a0»)")


def render(findings: Findings, *, theme: str = "") -> str:
    """The page. `theme` is `light` or `dark`, or empty: as the reader's system is set."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = _environment().get_template("scan.html.j2")
    # Our own file, without values of anybody else: the only text that is not escaped.
    page = _View(findings).page()
    return template.render(page, theme=theme, style=Markup(style), style_hash=digest)  # noqa: S704


def _unbroken(sentence: str, host: str) -> str:
    """Keep a short host name on one line; the sentence is escaped on the way."""
    before, found, after = sentence.partition(f": {host},")
    if not found or len(host) > MAX_UNBROKEN:
        return sentence
    return Markup('{}: <span class="nb">{}</span>,{}').format(before, host, after)


def write(findings: Findings, stream: TextIO, *, theme: str = "") -> None:
    """Write the page to a text stream, which must be UTF-8."""
    stream.write(render(findings, theme=theme))


_TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    return (_TEMPLATES / "scan.css").read_text(encoding="utf-8")


class _View:
    """Everything the template shows, as texts."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._say = Words(STRINGS, findings.language)
        self._clock: Clock = clock(findings)
        self._hosts = findings.story.hosts()

    def page(self) -> dict[str, Any]:
        findings, say, summary = self._findings, self._say, self._findings.summary
        groups = findings.story.groups(findings.rules)
        rows = [self._group(group) for group in _shared(groups)]
        dated = Clock(say.language, year=True)
        known = summary.first_at is not None and summary.last_at is not None
        return {
            "say": say,
            "language": say.language,
            "made": dated.at(findings.made_at) if findings.made_at is not None else "",
            "version": findings.version,
            "trademark": attack.TRADEMARK.in_(say.language),
            "answer": self._answer(),
            "facts": self._facts(),
            "finding": self._finding(),
            "chart": self._chart(),
            "hosts": [self._host(host) for host in self._hosts[:MAX_HOSTS]],
            "more_hosts": self._more("more.hosts", len(self._hosts) - MAX_HOSTS),
            "steps": [self._step(step) for step in steps(findings)],
            "groups": rows[:MAX_OPEN],
            "folded": rows[MAX_OPEN:],
            "rest": self._more("rest", len(rows) - MAX_OPEN),
            "more_groups": [
                line
                for line in (
                    self._more("more.groups", len(groups) - MAX_GROUPS),
                    self._more("beyond", findings.story.beyond.groups),
                )
                if line
            ],
            "notes": gaps.notes(findings),
            "unread": self._unread(),
            "off": self._off(),
            "sources": self._sources(),
            "total": number(summary.total_events, say.language),
            "span": dated.span(summary.first_at or 0, summary.last_at or 0) if known else "",
            "coverage": self._coverage(),
            "window": gaps.window(findings),
        }

    def _more(self, key: str, count: int) -> str:
        return self._say.count(key, count) if count > 0 else ""

    def _said(self, text: Text, limit: int = 1_000) -> Said:
        lang = "en" if self._say.language != "en" and not text.fr and text.en else ""
        return Said(clean(self._say.text(text), limit), lang)

    def _reason(self, text: Text) -> Said:
        """A reason, which quotes in English what a library says."""
        said = self._said(text, 200)
        return said if self._say.language == "en" else replace(said, quoted="en")

    def _level(self, level: Level) -> dict[str, str]:
        return {"slug": level.word, "word": self._say.level(level)}

    def _answer(self) -> dict[str, str]:
        told = answer(self._findings)
        if told.level is not None:
            slug, word = told.level.word, self._say.level(told.level)
        else:
            slug, word = ("unknown", self._say("word.blind")) if told.blind else ("normal", self._say("word.none"))
        if self._findings.interrupted and told.level is None:
            word = self._say("word.interrupted")
        return {
            "sentence": _unbroken(told.sentence, told.host),
            "first": told.first,
            "slug": slug,
            "word": word,
        }

    def _facts(self) -> list[dict[str, str]]:
        say, summary = self._say, self._findings.summary
        facts = []
        if self._findings.story.count:
            facts.append({"text": say.count("alerts", self._findings.story.count), "href": "#found"})
            facts.append({"text": computers(self._findings), "href": "#story"})
        read = gaps.window(self._findings) or say.count("events", summary.total_events)
        facts.append({"text": read, "href": "#coverage"})
        facts.append({"text": say.count("unread.fact", summary.total_rejects), "href": "#unread"})
        if self._findings.off:
            facts.append({"text": say.count("off.fact", len(self._findings.off)), "href": "#unread"})
        return facts

    def _name(self, host: str) -> str:
        return clean(host, 80) if host else self._say("nowhere")

    def _tactic(self, slug: str) -> str:
        return clean(self._say.text(attack.tactic(slug).name), 60)

    def _finding(self) -> str:
        """The chart's title: how far the attack went on the worst computer that tells."""
        for host in self._hosts[:MAX_CHARTED]:
            tactics = self._timed(host)
            if len(tactics) < 2:  # noqa: PLR2004
                continue
            first, last, name = tactics[0], tactics[-1], self._name(host.host)
            lasted = last.at - first.at
            if lasted < _SECOND:
                return self._say("story.once", host=name, n=number(len(tactics), self._say.language))
            ends = {"first": self._tactic(first.tactic), "last": self._tactic(last.tactic)}
            return self._say("story.went", host=name, lasted=self._clock.lasted(first.at, last.at), **ends)
        return self._say("story")

    def _timed(self, host: HostStory) -> list[story.Reached]:
        """The tactics whose time is known."""
        return [one for one in host.tactics if one.at != self._clock.unknown]

    def _chart(self) -> course.Chart | None:
        rows = [
            course.Line(self._name(host.host), [(one.at, self._tactic(one.tactic)) for one in timed])
            for host in self._hosts[:MAX_CHARTED]
            if (timed := self._timed(host))
        ]
        return course.draw(rows, self._clock) if rows else None

    def _host(self, host: HostStory) -> dict[str, Any]:
        return {
            "name": self._name(host.host),
            "level": self._level(host.level),
            "count": number(host.count, self._say.language),
            "when": self._clock.span(host.first_at, host.last_at),
            "course": course_of(host, self._clock, self._say),
        }

    def _step(self, step: Step) -> dict[str, Any]:
        hosts = [self._name(name) for name in step.hosts[:3]]
        if len(step.hosts) > len(hosts):
            hosts.append(self._say.count("others", len(step.hosts) - len(hosts)))
        title = self._said(step.title)
        return {
            "name": self._said(playbook(step.playbook)) if step.playbook else title,
            "title": title if step.playbook else None,
            "level": self._level(step.level),
            "where": ", ".join(hosts),
            "why": self._said(advice(step, self._findings)),
        }

    def _group(self, group: Group) -> dict[str, Any]:
        say, rule = self._say, self._findings.rules.get(group.rule_id)
        users = ", ".join(clean(user, 80) for user in group.users) + (" …" if group.more_users else "")
        some = say.count("samples.some", len(group.samples), all=number(group.count, say.language))
        action = ACTIONS.get((rule.playbook if rule else None) or story.playbook_of(group.tags) or "")
        return {
            "level": self._level(group.level),
            "title": self._said(group.title),
            "where": self._where(group),
            "count": say.count("alerts", group.count),
            "when": self._clock.span(group.first_at, group.last_at),
            "why": self._said(story.explanation(rule), 2_000),
            "do": self._said(action) if action else None,
            "harmless": [self._said(text) for text in rule.falsepositives[:10]] if rule else [],
            "tactics": ", ".join(self._tactic(slug) for slug in group.tactics),
            "techniques": ", ".join(attack.technique(id_).label for id_ in group.techniques),
            "users": users,
            "rule_id": clean(group.rule_id, 120),
            "samples_head": some if group.count > len(group.samples) else say("samples.all"),
            "samples": [self._sample(alert) for alert in group.samples],
        }

    def _where(self, group: Group) -> str:
        """The computer; where there is no single one, what the alerts have in common."""
        common = group.samples[0].group if group.samples and not group.host and group.count == 1 else {}
        shared = [f"{clean(name, 60)} {value_text(value, 80)}" for name, value in list(common.items())[:5]]
        return ", ".join([self._name(group.host), *shared])

    def _sample(self, alert: Alert) -> dict[str, Any]:
        where = self._say.text(in_log(alert.record_id)) if alert.record_id else ""
        place = " · ".join(clean(part, 200) for part in (alert.file, where) if part)
        fields = [
            {"name": clean(name, 80), "value": value_text(value, MAX_VALUE)}
            for name, value in list(alert.fields.items())[:MAX_FIELDS]
        ]
        return {
            "at": self._clock.exact(alert.occurred_at),
            "place": place,
            "events": self._say.count("episode", alert.count) if alert.count > 1 else "",
            "fields": fields,
        }

    def _unread(self) -> list[dict[str, Any]]:
        summary = self._findings.summary
        by_reason: Counter[str] = Counter()
        for (_, reason), count in summary.rejects.items():
            by_reason[reason] += count
        ordered = sorted(by_reason.items(), key=lambda one: (-one[1], one[0]))
        found = [
            self._bad(
                self._reason(why(reason)),
                count,
                [f"{one.file} {self._say.text(in_log(one.place))}" for one in summary.shown if one.reason == reason],
            )
            for reason, count in ordered[:MAX_REASONS]
        ]
        others = sum(count for _, count in ordered[MAX_REASONS:])
        lists: Iterable[tuple[str, int, Sequence[str]]] = (
            ("reasons", others, ()),
            ("unknown", len(summary.unknown), [name for name, _ in summary.unknown]),
            ("unopened", len(summary.unopened), [self._unopened(one) for one in summary.unopened]),
            ("copies", len(summary.copies), summary.copies),
        )
        return found + [self._bad(Said(self._say(key)), count, places) for key, count, places in lists if count]

    def _unopened(self, one: Unopened) -> str:
        return f"{one.name} ({self._say.text(why(one.reason))})"

    def _bad(self, what: Said, count: int, places: Sequence[str]) -> dict[str, Any]:
        found = [clean(place, 200) for place in places[:MAX_PLACES]]
        shown = ", ".join(found) + (" …" if len(places) > MAX_PLACES else "")
        told = self._say("places.one" if len(found) == 1 else "places.many", places=shown) if found else ""
        return {"what": what, "count": number(count, self._say.language), "places": told}

    def _off(self) -> dict[str, Any] | None:
        told = gaps.off(self._findings)
        if told is None:
            return None
        examples = [
            {"title": self._said(one.title, 200), "level": self._level(one.level), "why": self._reason(one.reason)}
            for one in told.examples
        ]
        return {"sentences": told.sentences, "examples": examples, "see": told.see}

    def _sources(self) -> list[dict[str, str]]:
        ordered = sorted(self._findings.summary.by_source.items(), key=lambda one: (-one[1], one[0]))
        found = [(clean(name, 80), count) for name, count in ordered[:MAX_SOURCES]]
        if rest := sum(count for _, count in ordered[MAX_SOURCES:]):
            found.append((self._say("others.sources"), rest))
        return [{"name": name, "count": number(count, self._say.language)} for name, count in found]

    def _coverage(self) -> str:
        summary, say = self._findings.summary, self._say
        active = self._findings.active
        return say(
            "coverage.text",
            files=say.count("files", summary.files),
            size=size(summary.bytes_read, say.language),
            rules=say.count("rules", active),
            computers=computers(self._findings),
        )


def _shared(groups: Sequence[Group]) -> list[Group]:
    """The rows there is room for: the worst of each computer that the answer counts, then by level, fairly.

    Of one level, every computer's first row comes before any second one. The order stays.
    """
    seen: Counter[tuple[str, Level]] = Counter()
    known: set[str] = set()
    ranked = []
    for place, group in enumerate(groups):
        counted = bool(group.host) and group.level >= Level.HIGH and group.host not in known
        known.add(group.host)
        ranked.append((not counted, -group.level, seen[group.host, group.level], place))
        seen[group.host, group.level] += 1
    return [groups[place] for *_, place in sorted(sorted(ranked)[:MAX_GROUPS], key=lambda one: one[-1])]
