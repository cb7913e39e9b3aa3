"""Documents, one file each. What they share is here: what a scan found, and how times and words are written.

Values that come from logs are hostile: `clean` shows control and direction characters instead of obeying
them, and cuts what nobody reads. Markup is escaped where a document has one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wardwatch.detection.rules import Rule
from wardwatch.events.logsource import covers
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
# What to do first where a rule does not say it; one sentence for each playbook.
ACTIONS = {
    "account-compromise": Text(
        "Lock the account, end its sessions, and ask its owner by phone what was really done.",
        "Verrouillez le compte, fermez ses sessions et demandez au titulaire, par téléphone, ce qu'il a vraiment fait.",
    ),
    "backup-sabotage": Text(
        "Cut the backup server off from the network and check that one copy is out of reach and can be restored.",
        "Isolez du réseau le serveur de sauvegarde et vérifiez qu'une copie est hors d'atteinte et restaurable.",
    ),
    "canary-touched": Text(
        "Find out who used the canary: nobody has a reason to, so treat the computer and the account as attacked.",
        "Cherchez qui a touché le leurre : personne n'a de raison de le faire ; tenez poste et compte pour attaqués.",
    ),
    "credential-theft": Text(
        "Isolate the computer, and change the passwords of every account that was used on it, administrators first.",
        "Isolez l'ordinateur et changez les mots de passe des comptes utilisés dessus, administrateurs d'abord.",
    ),
    "data-exfiltration": Text(
        "Block the destination at the firewall, isolate the computer, and keep the logs: they say what has left.",
        "Bloquez la destination au pare-feu, isolez l'ordinateur et gardez les journaux : ils disent ce qui est sorti.",
    ),
    "hypervisor-under-attack": Text(
        "Cut the hypervisor's administration network off, and end every session on it that nobody answers for.",
        "Coupez le réseau d'administration de l'hyperviseur et fermez toute session dont personne ne répond.",
    ),
    "imaging-archive-failing": Text(
        "Call the imaging team, and switch to the procedure for work without the archive until the cause is known.",
        "Appelez l'équipe d'imagerie et passez à la procédure sans archive tant que la cause n'est pas connue.",
    ),
    "imaging-data-theft": Text(
        "Block the computer that asks for the images, and count with the imaging team which studies it took.",
        "Bloquez l'ordinateur qui demande les images et comptez avec l'équipe d'imagerie les examens emportés.",
    ),
    "interface-engine-tampering": Text(
        "Stop the changed channel, compare it with its last saved version, and warn those who rely on its messages.",
        "Arrêtez le canal modifié, comparez-le à sa dernière version sûre et prévenez ceux qui lisent ses messages.",
    ),
    "logging-stopped": Text(
        "Ask who stopped or emptied the logs; if nobody did, isolate the computer and read its logs kept elsewhere.",
        "Demandez qui a arrêté ou vidé les journaux ; si personne, isolez l'ordinateur et lisez ses journaux ailleurs.",
    ),
    "malware-on-computer": Text(
        "Unplug the computer from the network without switching it off, and look for the same traces on others.",
        "Débranchez l'ordinateur du réseau sans l'éteindre et cherchez les mêmes traces sur les autres.",
    ),
    "medical-network-intrusion": Text(
        "Close the way into the medical network at the firewall, with the biomedical engineers: devices treat people.",
        "Fermez au pare-feu l'accès au réseau biomédical, avec les ingénieurs biomédicaux : des appareils soignent.",
    ),
    "ransomware-on-file-share": Text(
        "Cut the computer that writes off from the network at once, then set the share to read-only.",
        "Coupez aussitôt du réseau l'ordinateur qui écrit, puis mettez le partage en lecture seule.",
    ),
    "record-snooping": Text(
        "Keep the access log, and ask the person in charge of the ward whether there was a reason for care.",
        "Conservez le journal d'accès et demandez au responsable du service s'il y avait un motif de soin.",
    ),
    "remote-tool": Text(
        "Ask by phone who is at the other end; if nobody knows, end the session and isolate the computer.",
        "Demandez par téléphone qui est à l'autre bout ; si nul ne le sait, fermez la session et isolez l'ordinateur.",
    ),
    "vendor-session": Text(
        "Call the vendor on a number you know; if the session is not theirs, end it and lock their account.",
        "Appelez le fournisseur à un numéro connu ; si ce n'est pas sa session, fermez-la et verrouillez son compte.",
    ),
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a document tells: the story of a finished scan, what the scan saw, and the rules by id.

    `language` is `en` or `fr`; `made_at` (µs UTC) and `version` say when and by which Wardwatch it was made.
    `interrupted` says that the scan did not come to its end; `since` and `until` (µs UTC) are the window that
    was asked; `off` are rules that were loaded but do not run, each with its reason.
    """

    story: Story
    summary: Summary
    rules: Mapping[str, Rule] = field(default_factory=dict)
    language: str = "en"
    made_at: int | None = None
    version: str = ""
    interrupted: bool = False
    since: int | None = None
    until: int | None = None
    off: Sequence[Rule] = ()

    @property
    def active(self) -> int:
        """How many rules are active, told without a look at each: rules are built when they are asked for."""
        return len(self.rules) - len(self.off)

    @property
    def ruled(self) -> bool:
        """Whether any rule is active."""
        return any(rule.supported for rule in self.rules.values())

    @property
    def watched(self) -> bool:
        """Whether any active rule is about what was read; otherwise nothing was looked for."""
        seen = tuple(self.summary.events)
        return any(
            rule.supported and rule.kind != "correlation" and any(covers(rule.logsource, one) for one in seen)
            for rule in self.rules.values()
        )


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


_UNITS = ((10**9, "GB", "Go"), (10**6, "MB", "Mo"), (10**3, "kB", "ko"))


def size(count: int, language: str) -> str:
    """A number of bytes, rounded, in the unit that leaves one to three digits (SI prefixes); never 0 of something."""
    for factor, english, french in _UNITS:
        if count >= factor or factor == 10**3:
            shown = max(round(count / factor), 1 if count else 0)
            return f"{number(shown, language)}\u00a0{french if language == 'fr' else english}"
    raise AssertionError("the smallest unit takes what is left")


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
UNTIMED = Text("time unknown", "heure inconnue")


@dataclass(frozen=True, slots=True)
class Clock:
    """Writes times (µs UTC). `year` says whether days need one, because not all are of the same year.

    `unknown` is the time that stands for none: events that state no time bear that of the scan.
    """

    language: str
    year: bool = False
    unknown: int | None = None

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
        if stamp == self.unknown:
            return UNTIMED.in_(self.language)
        return f"{self.day(stamp)}, {self.minute(stamp)}"

    def exact(self, stamp: int) -> str:
        """23 Nov, 02:14:07."""
        return self.at(stamp) if stamp == self.unknown else f"{self.day(stamp)}, {self.second(stamp)}"

    def after(self, stamp: int, earlier: int) -> str:
        """The minute, with its day where this is another than that of `earlier`."""
        if stamp == self.unknown or self.day(stamp) != self.day(earlier):
            return self.at(stamp)
        return self.minute(stamp)

    def span(self, first: int, last: int) -> str:
        """The day and both minutes; or both days; or the one minute."""
        if self.unknown in (first, last):
            return self.at(first) if first == last else f"{self.at(first)} – {self.at(last)}"
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
    several = len({stamps.moment(stamp).year for stamp in known}) > 1
    return Clock(findings.language, several, findings.made_at if findings.summary.untimed else None)
