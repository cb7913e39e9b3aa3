"""Documents, one file each. What they share is here: what a scan found, and how times and words are written.

Values that come from logs are hostile: `clean` shows control and direction characters instead of obeying
them, and cuts what nobody reads. Markup is escaped where a document has one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from wardwatch.detection.rules import Rule
from wardwatch.events.record import Value
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline.scan import Summary
from wardwatch.pipeline.story import Story

SHAPES = {
    Level.CRITICAL: "■",
    Level.HIGH: "▲",
    Level.MEDIUM: "●",
    Level.LOW: "◇",
    Level.INFORMATIONAL: "◇",
}
UNKNOWN_SHAPE = "◇"
LEVELS = {
    Level.CRITICAL: Text("Critical", "Critique"),
    Level.HIGH: Text("High", "Élevée"),
    Level.MEDIUM: Text("Medium", "Moyenne"),
    Level.LOW: Text("Low", "Faible"),
    Level.INFORMATIONAL: Text("Informational", "Informative"),
}
# Playbooks are named here until each brings its own title.
PLAYBOOKS = {
    "account-compromise": Text("Account taken over", "Compte compromis"),
    "backup-sabotage": Text("Backups under attack", "Sauvegardes attaquées"),
    "canary-touched": Text("Canary touched", "Leurre touché"),
    "credential-theft": Text("Passwords stolen", "Vol de mots de passe"),
    "data-exfiltration": Text("Data leaving the hospital", "Fuite de données"),
    "hypervisor-under-attack": Text("Hypervisor under attack", "Hyperviseur attaqué"),
    "imaging-archive-failing": Text("Imaging archive failing", "Archive d'imagerie défaillante"),
    "imaging-data-theft": Text("Theft of images", "Vol d'images médicales"),
    "interface-engine-tampering": Text("Interface engine tampered with", "Moteur d'interfaces altéré"),
    "logging-stopped": Text("Logging stopped", "Journalisation arrêtée"),
    "malware-on-computer": Text("Malware on a computer", "Logiciel malveillant sur un poste"),
    "medical-network-intrusion": Text("Intrusion in the medical network", "Intrusion dans le réseau biomédical"),
    "ransomware-on-file-share": Text("Ransomware on a file share", "Rançongiciel sur un partage"),
    "record-snooping": Text("Snooping in patient records", "Consultation indue de dossiers"),
    "remote-tool": Text("Remote-control tool", "Outil de prise en main à distance"),
    "vendor-session": Text("Vendor session", "Session d'un fournisseur"),
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a document tells: the story of a finished scan, what the scan saw, and the rules by id.

    `language` is `en` or `fr`; `made_at` (µs UTC) and `version` say when and by which Wardwatch it was made.
    """

    story: Story
    summary: Summary
    rules: Mapping[str, Rule] = field(default_factory=dict)
    language: str = "en"
    made_at: int | None = None
    version: str = ""


_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def clean(text: str, limit: int = 300) -> str:
    r"""`text` on one line, at most `limit` characters and an ellipsis, control characters shown as `\x1b`."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return _HOSTILE.sub(_shown, cut)


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _SHORT.get(found[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")  # noqa: PLR2004


def value_text(value: Value, limit: int = 300) -> str:
    """A field's value as people read it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, int | float):
        return clean(str(value), limit)
    return clean(", ".join(value_text(one, limit) for one in value), limit)


_BEFORE = re.compile(r" (?=[:;?!»%](?:\s|$|[^\w]))")
_AFTER = re.compile(r"(?<=«) ")
_APOSTROPHE = re.compile(r"(?<=[A-Za-zÀ-ÿ])'(?=[A-Za-zÀ-ÿ«])")


def typeset(text: str, language: str) -> str:
    """French typography: no-break spaces before `: ; ? ! »` and after `«`, curved apostrophes."""
    if language != "fr":
        return text
    return _APOSTROPHE.sub("\u2019", _AFTER.sub("\u00a0", _BEFORE.sub("\u00a0", text)))


def number(value: int, language: str) -> str:
    """A whole number in groups of three: 18,400 or 18 400."""
    return f"{value:,}".replace(",", "\u202f" if language == "fr" else ",")


class Words:
    """The strings of one document in one language; both languages of every string are required."""

    def __init__(self, table: Mapping[str, Text], language: str) -> None:
        self.language = language
        self._table = table

    def __call__(self, key: str, **values: str) -> str:
        """Return the string `key` with `values` filled in."""
        return typeset(self._table[key].in_(self.language), self.language).format(**values)

    def count(self, key: str, value: int, **values: str) -> str:
        """Return the string `key.one` or `key.many` with `{n}`; French counts 0 as one."""
        one = value < 2 if self.language == "fr" else value == 1  # noqa: PLR2004
        return self(f"{key}.{'one' if one else 'many'}", n=number(value, self.language), **values)

    def text(self, text: Text) -> str:
        """Return a text of a rule in this language, or in English."""
        return typeset(text.in_(self.language), self.language) if text.fr else text.in_(self.language)

    def level(self, level: Level) -> str:
        """Name a level."""
        return LEVELS[level].in_(self.language)


def playbook(slug: str) -> Text:
    """The name of a playbook; of one that is not known, its slug in words."""
    return PLAYBOOKS.get(slug) or Text(clean(slug.replace("-", " "), 80))


_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": (
        *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
        *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
    ),
}
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Clock:
    """Writes times (µs UTC). `year` says whether days need one, because not all are of the same year."""

    language: str
    year: bool = False

    def day(self, stamp: int) -> str:
        """23 Nov, or 23 Nov 2026."""
        moment = stamps.moment(stamp)
        shown = f"{moment.day}\u00a0{_MONTHS[self.language][moment.month - 1]}"
        return f"{shown}\u00a0{moment.year}" if self.year else shown

    def minute(self, stamp: int) -> str:
        """02:14."""
        return f"{stamps.moment(stamp):%H:%M}"

    def second(self, stamp: int) -> str:
        """02:14:07."""
        return f"{stamps.moment(stamp):%H:%M:%S}"

    def at(self, stamp: int) -> str:
        """23 Nov, 02:14."""
        return f"{self.day(stamp)}, {self.minute(stamp)}"

    def span(self, first: int, last: int) -> str:
        """The day and both minutes; or both days; or the one minute."""
        if self.day(first) != self.day(last):
            return f"{self.at(first)} – {self.at(last)}"
        if self.minute(first) == self.minute(last):
            return self.at(first)
        return f"{self.at(first)}–{self.minute(last)}"

    def lasted(self, first: int, last: int) -> str:
        """How long: 40 s, 14 min, 3 h 10 min, 2 d 3 h."""
        seconds = max(0, last - first) // 1_000_000
        if seconds < _MINUTE:
            return f"{seconds}\u00a0s"
        if seconds < _HOUR:
            return f"{seconds // _MINUTE}\u00a0min"
        if seconds < _DAY:
            return f"{seconds // _HOUR}\u00a0h\u00a0{seconds % _HOUR // _MINUTE:02}"
        days = "j" if self.language == "fr" else "d"
        return f"{seconds // _DAY}\u00a0{days}\u00a0{seconds % _DAY // _HOUR}\u00a0h"


def clock(findings: Findings) -> Clock:
    """The clock of a document: with years if the alerts are of several, or of another than the document."""
    story = findings.story
    known = [stamp for stamp in (story.first_at, story.last_at, findings.made_at) if stamp is not None]
    return Clock(findings.language, year=len({stamps.moment(stamp).year for stamp in known}) > 1)


ANSWERS = {
    "signs.one": Text(
        "{n} computer shows signs of an attack: {host}, {alerts}, last {at} UTC.",
        "{n} ordinateur présente des signes d'attaque : {host}, {alerts}, dernière le {at} UTC.",
    ),
    "signs.many": Text(
        "{n} computers show signs of an attack; the worst: {host}, {alerts}, last {at} UTC.",
        "{n} ordinateurs présentent des signes d'attaque ; le plus touché : {host}, {alerts}, dernière le {at} UTC.",
    ),
    "unbound": Text(
        "There are signs of an attack, tied to no single computer: {alerts}, last {at} UTC.",
        "Il y a des signes d'attaque, sans ordinateur précis : {alerts}, dernière le {at} UTC.",
    ),
    "minor.one": Text(
        "No high or critical alert; {n} lesser alert is to be reviewed.",
        "Aucune alerte élevée ou critique ; {n} alerte moindre est à examiner.",
    ),
    "minor.many": Text(
        "No high or critical alert; {n} lesser alerts are to be reviewed.",
        "Aucune alerte élevée ou critique ; {n} alertes moindres sont à examiner.",
    ),
    "none.one": Text(
        "No sign of an attack was found in {n} event.",
        "Aucun signe d'attaque n'a été trouvé dans {n} événement.",
    ),
    "none.many": Text(
        "No sign of an attack was found in {n} events.",
        "Aucun signe d'attaque n'a été trouvé dans {n} événements.",
    ),
    "blind": Text(
        "Nothing could be checked: no event was read.",
        "Rien n'a pu être vérifié : aucun événement n'a été lu.",
    ),
    "first": Text("Do first: {steps}.", "À faire d'abord : {steps}."),
    "alerts4.one": Text("{n} critical alert", "{n} alerte critique"),
    "alerts4.many": Text("{n} critical alerts", "{n} alertes critiques"),
    "alerts3.one": Text("{n} high alert", "{n} alerte élevée"),
    "alerts3.many": Text("{n} high alerts", "{n} alertes élevées"),
    "alerts2.one": Text("{n} medium alert", "{n} alerte moyenne"),
    "alerts2.many": Text("{n} medium alerts", "{n} alertes moyennes"),
    "alerts1.one": Text("{n} low alert", "{n} alerte faible"),
    "alerts1.many": Text("{n} low alerts", "{n} alertes faibles"),
    "alerts0.one": Text("{n} informational alert", "{n} alerte informative"),
    "alerts0.many": Text("{n} informational alerts", "{n} alertes informatives"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The first sentence of a report, what to do first (or empty), and the level that its shape shows.

    `level` is `None` where nothing was found, and `blind` where nothing could be; `host` is the one named.
    """

    sentence: str
    first: str
    level: Level | None
    blind: bool = False
    host: str = ""


def answer(findings: Findings) -> Answer:
    """Say in one sentence what matters: what one would say on the telephone."""
    story, say = findings.story, Words(ANSWERS, findings.language)
    level = story.level
    if level is None:
        events = findings.summary.total_events
        sentence = say.count("none", events) if events else say("blind")
        return Answer(sentence, "", None, blind=not events)
    steps = ", ".join(
        dict.fromkeys(
            say.text(playbook(step.playbook) if step.playbook else step.title) for step in story.steps(findings.rules)
        )
    )
    first = say("first", steps=clean(steps)) if steps else ""
    if level < Level.HIGH:
        return Answer(say.count("minor", story.count), first, level)
    sentence, host = _signs(findings, say, level)
    return Answer(sentence, first, level, host=host)


def _signs(findings: Findings, say: Words, level: Level) -> tuple[str, str]:
    hosts = [host for host in findings.story.hosts() if host.level >= Level.HIGH]
    computers = [host for host in hosts if host.host]
    worst = computers[0] if computers else hosts[0]
    count = say.count(f"alerts{int(worst.level)}", worst.levels.get(worst.level, 0))
    at = clock(findings).at(worst.worst_at)
    if not computers:
        count = say.count(f"alerts{int(level)}", findings.story.levels[level])
        return say("unbound", alerts=count, at=at), ""
    host = clean(worst.host, 60)
    return say.count("signs", len(computers), host=host, alerts=count, at=at), host
