"""A small attack told by hand: what the documents of these tests speak of."""

import io
from collections import Counter
from dataclasses import replace

from wardwatch.detection.rules import Rule
from wardwatch.events.alert import Alert
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Value
from wardwatch.frames.inputs import Unopened
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline.scan import Summary
from wardwatch.pipeline.story import Story
from wardwatch.pipeline.tasks import ShownReject
from wardwatch.reports import Findings

MADE_AT = stamps.iso("2026-11-23T08:00:00Z")[0]
HOSTILE = "<script>alert(1)</script>\"' & \x1b[31m\u202e\n=1+1 {{ 7*7 }} [bold]"
RULES = {
    "r-dump": Rule(
        "r-dump",
        Text("Memory of LSASS read", "Mémoire de LSASS lue"),
        Level.HIGH,
        "event",
        "dump.yml",
        explanation=Text("Passwords are being stolen.", "Des mots de passe sont volés."),
        falsepositives=(Text("A backup agent", "Un agent de sauvegarde"),),
        tags=("attack.credential-access", "attack.t1003.001"),
        playbook="credential-theft",
    ),
    "r-shadow": Rule(
        "r-shadow",
        Text("Shadow copies deleted", "Clichés instantanés supprimés"),
        Level.CRITICAL,
        "event",
        "shadow.yml",
        explanation=Text("Ransomware does this before it encrypts.", "Les rançongiciels le font avant de chiffrer."),
        tags=("attack.impact", "attack.t1490"),
        playbook="backup-sabotage",
    ),
    "r-foreign": Rule(
        "r-foreign",
        Text("Somebody else's rule"),
        Level.MEDIUM,
        "correlation",
        "foreign.yml",
        description="Written in English only.",
        tags=("attack.stealth", "attack.t1685.005", "attack.t0855"),
    ),
}


def at(time: str) -> int:
    """Microseconds of a time of the day of the attack."""
    return stamps.iso(f"2026-11-23T{time}Z")[0]


def alert(number: int, rule: str, time: str, host: str | None, user: str | None = None, **fields: Value) -> Alert:
    """One alert of one of the rules above."""
    found = RULES[rule]
    return Alert(
        id=f"{number:032x}",
        tenant="chu-nord",
        kind=found.kind,
        rule_id=rule,
        rule_title=found.title.en,
        level=found.level,
        occurred_at=at(time),
        last_at=at(time),
        tags=found.tags,
        host=host,
        user=user,
        source="evtx",
        file="case.zip!Security.evtx",
        record_id=str(4_000 + number),
        event_ids=(f"{number + 100:032x}",),
        fields=fields,
    )


def alerts() -> list[Alert]:
    """The attack: passwords taken on a ward's computer, then backups deleted on the archive."""
    return [
        alert(1, "r-dump", "01:25:00", "RX-WS-14", "nurse12", Image="C:\\tools\\x.exe"),
        alert(2, "r-dump", "02:01:00", "SRV-PACS01", "adm.legrand", Image="C:\\tools\\x.exe"),
        alert(3, "r-shadow", "02:14:07", "SRV-PACS01", "adm.legrand", CommandLine="vssadmin delete shadows /all"),
        alert(4, "r-shadow", "02:11:04", "srv-pacs01", "adm.legrand", CommandLine="vssadmin delete shadows /all"),
        alert(5, "r-foreign", "03:00:00", None, None, Note=HOSTILE),
    ]


def summary() -> Summary:
    """What the scan saw."""
    found = Summary(files=3, bytes_read=12_400_000, first_at=at("00:00:00"), last_at=at("03:30:00"))
    found.events = Counter({LogSource("windows"): 12_345})
    found.by_source = Counter({"evtx": 12_000, "samba_audit": 345})
    found.hosts = Counter({"RX-WS-14": 2, "SRV-PACS01": 9})
    found.rejects = Counter({("fs01.log", "time stamp unreadable"): 212})
    found.shown = [ShownReject("fs01.log", f"line {n}", "time stamp unreadable", "") for n in (12, 17, 90, 91)]
    found.unknown = [("notes.docx", "PK")]
    found.unopened = [Unopened("mail.zip", "encrypted member")]
    found.copies = ["copy.evtx = Security.evtx"]
    return found


def told(*found: Alert) -> Story:
    """The story of these alerts."""
    story = Story()
    for one in found:
        story.add(one)
    return story


def findings(language: str = "en", *found: Alert) -> Findings:
    """The findings of the attack, or of other alerts."""
    return Findings(told(*(found or alerts())), summary(), RULES, language, MADE_AT, "0.1.0")


def nothing(language: str = "en", *, events: bool = True) -> Findings:
    """The findings of a scan without alerts."""
    seen = summary() if events else Summary()
    return Findings(Story(), seen, RULES, language, MADE_AT)


def written(write: object, *arguments: object) -> str:
    """What a writer writes to its stream, which is its last argument."""
    stream = io.StringIO()
    assert callable(write)
    write(*arguments, stream)
    return stream.getvalue()


def seen_from(language: str, **changed: object) -> Findings:
    """A scan without alerts in which everything was read, and what is changed about it."""
    clear = replace(summary(), rejects=Counter(), shown=[], unknown=[], unopened=[], copies=[])
    own = {name: changed.pop(name) for name in ("outside", "untimed", "events") if name in changed}
    return replace(Findings(Story(), replace(clear, **own), RULES, language, MADE_AT), **changed)
