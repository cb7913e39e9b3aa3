"""What a scan found, as one self-contained web page: no script, nothing loaded, printable.

Its Content-Security-Policy allows nothing but its own style sheet, by hash (CSP Level 3, section 6.7.3).
Every value is escaped by Jinja2's autoescape after `clean`. Made to WCAG 2.1 AA.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from wardwatch.events.alert import Alert
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import story
from wardwatch.pipeline.story import Group, HostStory, Step
from wardwatch.reports import Clock, Findings, Words, answer, clean, clock, number, playbook, value_text
from wardwatch.reports.templates import course
from wardwatch.threats import attack

MAX_GROUPS = 200
MAX_HOSTS = 50
MAX_CHARTED = 10
MAX_FIELDS = 12
MAX_VALUE = 300  # characters
MAX_UNBROKEN = 24  # characters of a name that is kept on one line
MAX_PLACES = 3
MAX_REASONS = 50
MAX_SOURCES = 50
_SECOND = 1_000_000  # µs

STRINGS = {
    "title": Text("Scan report", "Rapport d'analyse"),
    "made": Text("made {at} UTC", "établi le {at} UTC"),
    "utc": Text("All times are UTC", "Toutes les heures sont UTC"),
    "skip": Text("Skip to content", "Aller au contenu"),
    "word.none": Text("Nothing found", "Rien trouvé"),
    "word.blind": Text("Unknown", "Inconnu"),
    "story": Text("What happened on each computer", "Ce qui s'est passé sur chaque ordinateur"),
    "story.went": Text(
        "{host}: from {first} to {last} in {lasted}", "{host} : de « {first} » à « {last} » en {lasted}"
    ),
    "story.once": Text("{host}: {n} tactics at the same moment", "{host} : {n} tactiques au même moment"),
    "story.note": Text("worst first", "le plus grave d'abord"),
    "chart.label": Text(
        "When each computer reached each tactic, drawn",
        "Quand chaque ordinateur a atteint chaque tactique, dessin",
    ),
    "chart.alt": Text(
        "{finding}. The table below holds the same times.",
        "{finding}. Le tableau suivant donne les mêmes heures.",
    ),
    "hosts.caption": Text(
        "Computers with alerts, worst first, with the attack's course",
        "Ordinateurs avec alertes, le plus grave d'abord, avec le déroulement de l'attaque",
    ),
    "computer": Text("Computer", "Ordinateur"),
    "nowhere": Text("no single computer", "sans ordinateur précis"),
    "worst": Text("Worst", "Gravité"),
    "alerts": Text("Alerts", "Alertes"),
    "when": Text("First to last", "Première à dernière"),
    "course": Text("Course", "Déroulement"),
    "course.none": Text("no tactic stated", "aucune tactique indiquée"),
    "more.hosts.one": Text(
        "{n} more computer with alerts is not shown.", "{n} autre ordinateur avec alertes non affiché."
    ),
    "more.hosts.many": Text(
        "{n} more computers with alerts are not shown.", "{n} autres ordinateurs avec alertes non affichés."
    ),
    "first": Text("Do first", "À faire d'abord"),
    "others.one": Text("{n} other", "{n} autre"),
    "others.many": Text("{n} others", "{n} autres"),
    "found": Text("What was found", "Ce qui a été trouvé"),
    "found.note": Text(
        "by computer and rule, worst first; open a row for the proof",
        "par ordinateur et règle, le plus grave d'abord ; ouvrez une ligne pour les preuves",
    ),
    "alerts.one": Text("{n} alert", "{n} alerte"),
    "alerts.many": Text("{n} alerts", "{n} alertes"),
    "playbook": Text("Playbook", "Fiche réflexe"),
    "harmless": Text("Harmless if", "Sans gravité si"),
    "tactics": Text("Tactics", "Tactiques"),
    "techniques": Text("ATT&CK", "ATT&CK"),
    "users": Text("Accounts", "Comptes"),
    "rule": Text("Rule", "Règle"),
    "samples.all": Text("Events", "Événements"),
    "samples.some": Text("First {n} of {all} alerts", "{n} premières alertes sur {all}"),
    "more.groups.one": Text(
        "{n} more row is not shown here; the JSON Lines and CSV exports have it.",
        "{n} autre ligne n'est pas affichée ici ; les exports JSON Lines et CSV la contiennent.",
    ),
    "more.groups.many": Text(
        "{n} more rows are not shown here; the JSON Lines and CSV exports have them.",
        "{n} autres lignes ne sont pas affichées ici ; les exports JSON Lines et CSV les contiennent.",
    ),
    "beyond.one": Text(
        "{n} alert was counted but not kept for this report; the JSON Lines and CSV exports have it.",
        "{n} alerte comptée mais non conservée pour ce rapport ; les exports JSON Lines et CSV la contiennent.",
    ),
    "beyond.many": Text(
        "{n} alerts were counted but not kept for this report; the JSON Lines and CSV exports have them.",
        "{n} alertes comptées mais non conservées pour ce rapport ; les exports JSON Lines et CSV les contiennent.",
    ),
    "unread": Text("What was not understood", "Ce qui n'a pas été compris"),
    "unread.note": Text("an attack may hide there", "une attaque peut s'y cacher"),
    "unread.none": Text("Everything was read.", "Tout a été lu."),
    "unread.fact.one": Text("{n} thing not understood", "{n} élément non compris"),
    "unread.fact.many": Text("{n} things not understood", "{n} éléments non compris"),
    "places": Text("First: {places}", "Premiers : {places}"),
    "unknown": Text("Files of unknown format", "Fichiers de format inconnu"),
    "unopened": Text("Files that were not opened", "Fichiers non ouverts"),
    "copies": Text("Copies of files already read, left out", "Copies de fichiers déjà lus, écartées"),
    "reasons": Text("For other reasons", "Pour d'autres raisons"),
    "coverage": Text("What was read", "Ce qui a été lu"),
    "coverage.caption": Text("Events by source", "Événements par source"),
    "coverage.text": Text(
        "{files}, {megabytes} MB, {hosts}, checked with {rules}.",
        "{files}, {megabytes} Mo, {hosts}, contrôlés avec {rules}.",
    ),
    "source": Text("Source", "Source"),
    "others.sources": Text("other sources", "autres sources"),
    "events": Text("Events", "Événements"),
    "all": Text("All", "Total"),
    "events.one": Text("{n} event read", "{n} événement lu"),
    "events.many": Text("{n} events read", "{n} événements lus"),
    "episode.one": Text("{n} event together", "{n} événement"),
    "episode.many": Text("{n} events together", "{n} événements ensemble"),
    "files.one": Text("{n} file", "{n} fichier"),
    "files.many": Text("{n} files", "{n} fichiers"),
    "hosts.one": Text("{n} computer", "{n} ordinateur"),
    "hosts.many": Text("{n} computers", "{n} ordinateurs"),
    "rules.one": Text("{n} rule", "{n} règle"),
    "rules.many": Text("{n} rules", "{n} règles"),
    "method": Text("How to read this", "Comment lire ce rapport"),
    "method.1": Text(
        "A rule describes traces that an attack leaves. An alert says that such traces are there, not "
        "that an attack succeeded: "
        "compare each with its harmless explanations before you act on it alone.",
        "Une règle décrit des traces laissées par une attaque. Une alerte dit que ces traces sont "
        "présentes, non que l'attaque a réussi : "
        "comparez-la à ses explications sans gravité avant d'agir sur elle seule.",
    ),
    "method.2": Text(
        "No alert means that no rule matched what was read. What was not read, not logged or not "
        "described by a rule stays unseen.",
        "L'absence d'alerte signifie qu'aucune règle ne correspond à ce qui a été lu. Ce qui n'a pas été "
        "lu, journalisé ou décrit par une règle reste invisible.",
    ),
    "method.3": Text(
        "Times are those of the events, in UTC. The course lists ATT&CK tactics by the first alert that names each.",
        "Les heures sont celles des événements, en UTC. Le déroulement liste les tactiques ATT&CK selon "
        "la première alerte qui nomme chacune.",
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A text and, where it is not in the page's language, the language it is in (WCAG 2.1, 3.1.2)."""

    text: str
    lang: str = ""


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
            "steps": [self._step(step) for step in findings.story.steps(findings.rules)],
            "groups": [self._group(group) for group in groups[:MAX_GROUPS]],
            "more_groups": [
                line
                for line in (
                    self._more("more.groups", len(groups) - MAX_GROUPS),
                    self._more("beyond", findings.story.beyond.groups),
                )
                if line
            ],
            "unread": self._unread(),
            "sources": self._sources(),
            "total": number(summary.total_events, say.language),
            "span": dated.span(summary.first_at or 0, summary.last_at or 0) if known else "",
            "coverage": self._coverage(),
        }

    def _more(self, key: str, count: int) -> str:
        return self._say.count(key, count) if count > 0 else ""

    def _said(self, text: Text, limit: int = 1_000) -> Said:
        lang = "en" if self._say.language != "en" and not text.fr and text.en else ""
        return Said(clean(self._say.text(text), limit), lang)

    def _level(self, level: Level) -> dict[str, str]:
        return {"slug": level.word, "word": self._say.level(level)}

    def _answer(self) -> dict[str, str]:
        told = answer(self._findings)
        if told.level is not None:
            slug, word = told.level.word, self._say.level(told.level)
        else:
            slug, word = ("unknown", self._say("word.blind")) if told.blind else ("normal", self._say("word.none"))
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
            facts.append({"text": say.count("hosts", sum(bool(host.host) for host in self._hosts)), "href": "#story"})
        facts.append({"text": say.count("events", summary.total_events), "href": "#coverage"})
        facts.append({"text": say.count("unread.fact", summary.total_rejects), "href": "#unread"})
        return facts

    def _name(self, host: str) -> str:
        return clean(host, 80) if host else self._say("nowhere")

    def _tactic(self, slug: str) -> str:
        return clean(self._say.text(attack.tactic(slug).name), 60)

    def _finding(self) -> str:
        """The chart's title: how far the attack went on the worst computer that tells."""
        for host in self._hosts[:MAX_CHARTED]:
            if len(host.tactics) < 2:  # noqa: PLR2004
                continue
            first, last, name = host.tactics[0], host.tactics[-1], self._name(host.host)
            lasted = last.at - first.at
            if lasted < _SECOND:
                return self._say("story.once", host=name, n=number(len(host.tactics), self._say.language))
            tactics = {"first": self._tactic(first.tactic), "last": self._tactic(last.tactic)}
            return self._say("story.went", host=name, lasted=self._clock.lasted(first.at, last.at), **tactics)
        return self._say("story")

    def _chart(self) -> course.Chart | None:
        rows = [
            course.Line(self._name(host.host), [(one.at, self._tactic(one.tactic)) for one in host.tactics])
            for host in self._hosts[:MAX_CHARTED]
            if host.tactics
        ]
        return course.draw(rows, self._clock) if rows else None

    def _host(self, host: HostStory) -> dict[str, Any]:
        steps, day = [], self._clock.day(host.first_at)
        for reached in host.tactics:
            today = self._clock.day(reached.at)
            at = self._clock.minute(reached.at) if today == day else self._clock.at(reached.at)
            steps.append(f"{self._tactic(reached.tactic)} {at}")
            day = today
        return {
            "name": self._name(host.host),
            "level": self._level(host.level),
            "count": number(host.count, self._say.language),
            "when": self._clock.span(host.first_at, host.last_at),
            "course": " → ".join(steps),
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
            "why": self._said(step.explanation),
        }

    def _group(self, group: Group) -> dict[str, Any]:
        say, rule = self._say, self._findings.rules.get(group.rule_id)
        users = ", ".join(clean(user, 80) for user in group.users) + (" …" if group.more_users else "")
        shown = number(len(group.samples), say.language)
        some = say("samples.some", n=shown, all=number(group.count, say.language))
        return {
            "level": self._level(group.level),
            "title": self._said(group.title),
            "where": self._where(group),
            "count": say.count("alerts", group.count),
            "when": self._clock.span(group.first_at, group.last_at),
            "why": self._said(story.explanation(rule), 2_000),
            "playbook": self._said(playbook(rule.playbook)) if rule and rule.playbook else None,
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
        place = " · ".join(clean(part, 200) for part in (alert.file, alert.record_id) if part)
        fields = [
            {"name": clean(name, 80), "value": value_text(value, MAX_VALUE)}
            for name, value in list(alert.fields.items())[:MAX_FIELDS]
        ]
        return {
            "at": f"{self._clock.day(alert.occurred_at)}, {self._clock.second(alert.occurred_at)}",
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
                self._said(Text(reason), 200),
                count,
                [f"{one.file} {one.place}" for one in summary.shown if one.reason == reason],
            )
            for reason, count in ordered[:MAX_REASONS]
        ]
        others = sum(count for _, count in ordered[MAX_REASONS:])
        lists: Iterable[tuple[str, int, Sequence[str]]] = (
            ("reasons", others, ()),
            ("unknown", len(summary.unknown), [name for name, _ in summary.unknown]),
            ("unopened", len(summary.unopened), [f"{one.name} ({one.reason})" for one in summary.unopened]),
            ("copies", len(summary.copies), summary.copies),
        )
        return found + [self._bad(Said(self._say(key)), count, places) for key, count, places in lists if count]

    def _bad(self, what: Said, count: int, places: Sequence[str]) -> dict[str, Any]:
        shown = ", ".join(clean(place, 200) for place in places[:MAX_PLACES])
        more = " …" if len(places) > MAX_PLACES else ""
        return {"what": what, "count": number(count, self._say.language), "places": shown + more}

    def _sources(self) -> list[dict[str, str]]:
        ordered = sorted(self._findings.summary.by_source.items(), key=lambda one: (-one[1], one[0]))
        found = [(clean(name, 80), count) for name, count in ordered[:MAX_SOURCES]]
        if rest := sum(count for _, count in ordered[MAX_SOURCES:]):
            found.append((self._say("others.sources"), rest))
        return [{"name": name, "count": number(count, self._say.language)} for name, count in found]

    def _coverage(self) -> str:
        summary, say = self._findings.summary, self._say
        active = sum(rule.supported for rule in self._findings.rules.values())
        return say(
            "coverage.text",
            files=say.count("files", summary.files),
            megabytes=number(round(summary.bytes_read / 1e6), say.language),
            hosts=say.count("hosts", len(summary.hosts)),
            rules=say.count("rules", active),
        )
