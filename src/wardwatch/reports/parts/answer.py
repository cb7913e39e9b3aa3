"""The answer: the first sentence of a report, what to do first, and what each step says."""

from dataclasses import dataclass

from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline.story import HostStory, Step
from wardwatch.reports import ACTIONS, Clock, Findings, Words, clean, clock, number, playbook
from wardwatch.threats import attack

STRINGS = {
    "interrupted": Text(
        "The scan was interrupted; this is only what was found until then.",
        "L'analyse a été interrompue ; ceci n'est que ce qui a été trouvé jusque-là.",
    ),
    "signs.one": Text(
        "{n} computer shows signs of an attack: {host}, {alerts}, {last}.",
        "{n} ordinateur présente des signes d'attaque : {host}, {alerts}, {last}.",
    ),
    "signs.many": Text(
        "{n} computers show signs of an attack; the worst: {host}, {alerts}, {last}.",
        "{n} ordinateurs présentent des signes d'attaque ; le plus touché : {host}, {alerts}, {last}.",
    ),
    "unbound": Text(
        "There are signs of an attack, tied to no single computer: {alerts}, {last}.",
        "Il y a des signes d'attaque, sans ordinateur précis : {alerts}, {last}.",
    ),
    "last.one": Text("{at} UTC", "le {at} UTC"),
    "last.many": Text("last {at} UTC", "la dernière le {at} UTC"),
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
    "part.one": Text(
        "No sign of an attack was found in {n} of {all} events; the rest lies outside the window.",
        "Aucun signe d'attaque n'a été trouvé dans {n} événement sur {all} ; le reste est hors de la période.",
    ),
    "part.many": Text(
        "No sign of an attack was found in {n} of {all} events; the rest lies outside the window.",
        "Aucun signe d'attaque n'a été trouvé dans {n} événements sur {all} ; le reste est hors de la période.",
    ),
    "blind": Text(
        "Nothing could be checked: no event was read.",
        "Rien n'a pu être vérifié : aucun événement n'a été lu.",
    ),
    "unruled": Text(
        "Nothing was looked for: no rule is active.",
        "Rien n'a été recherché : aucune règle n'est active.",
    ),
    "unwatched": Text(
        "Nothing was looked for: no active rule is about what was read.",
        "Rien n'a été recherché : aucune règle active ne porte sur ce qui a été lu.",
    ),
    "outside.both": Text(
        "No event lies between {since} and {until} UTC (read: {all}): nothing could be checked.",
        "Aucun événement entre le {since} et le {until} UTC (lus : {all}) : rien n'a pu être vérifié.",
    ),
    "outside.since": Text(
        "No event lies after {since} UTC (read: {all}): nothing could be checked.",
        "Aucun événement après le {since} UTC (lus : {all}) : rien n'a pu être vérifié.",
    ),
    "outside.until": Text(
        "No event lies before {until} UTC (read: {all}): nothing could be checked.",
        "Aucun événement avant le {until} UTC (lus : {all}) : rien n'a pu être vérifié.",
    ),
    "outside.window": Text(
        "No event lies in the window (read: {all}): nothing could be checked.",
        "Aucun événement dans la période (lus : {all}) : rien n'a pu être vérifié.",
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
    "computers.of.one": Text(
        "{n} of {all} computers shows signs of an attack", "{n} ordinateur sur {all} présente des signes d'attaque"
    ),
    "computers.of.many": Text(
        "{n} of {all} computers show signs of an attack", "{n} ordinateurs sur {all} présentent des signes d'attaque"
    ),
    "computers.only": Text(
        "the only computer shows signs of an attack", "le seul ordinateur présente des signes d'attaque"
    ),
    "hosts.one": Text("{n} computer", "{n} ordinateur"),
    "hosts.many": Text("{n} computers", "{n} ordinateurs"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The first sentence of a report, what to do first (or empty), and the level that its shape shows.

    `level` is `None` where nothing was found, and `blind` where nothing could be, or not to the end; `host`
    is the one named.
    """

    sentence: str
    first: str
    level: Level | None
    blind: bool = False
    host: str = ""


def answer(findings: Findings) -> Answer:
    """Say in one sentence what matters: what one would say on the telephone."""
    say = Words(STRINGS, findings.language)
    level = findings.story.level
    before = f"{say('interrupted')} " if findings.interrupted else ""
    if level is None:
        seen = findings.summary.total_events - findings.summary.outside
        blind = not seen or findings.interrupted or not findings.watched
        return Answer(before + _nothing(findings, say, seen), "", None, blind=blind)
    names = (say.text(playbook(step.playbook) if step.playbook else step.title) for step in steps(findings))
    told = ", ".join(dict.fromkeys(names))
    first = say("first", steps=clean(told)) if told else ""
    if level < Level.HIGH:
        return Answer(before + say.count("minor", findings.story.count), first, level)
    sentence, host = _signs(findings, say, level)
    return Answer(before + sentence, first, level, host=host)


def _nothing(findings: Findings, say: Words, seen: int) -> str:
    """No alert: because nothing was there to check, or nothing to check it with, or because nothing was found."""
    read = findings.summary.total_events
    if not read:
        return say("blind")
    if not findings.watched:
        return say("unwatched" if findings.ruled else "unruled")
    if seen == read:
        return say.count("none", read)
    every = number(read, say.language)
    if seen:
        return say.count("part", seen, all=every)
    dated, window = Clock(say.language, year=True), {"since": findings.since, "until": findings.until}
    ends = {name: dated.at(stamp) for name, stamp in window.items() if stamp is not None}
    key = "both" if len(ends) > 1 else next(iter(ends), "window")
    return say(f"outside.{key}", all=every, **ends)


def _signs(findings: Findings, say: Words, level: Level) -> tuple[str, str]:
    hosts = [host for host in findings.story.hosts() if host.level >= Level.HIGH]
    computers = [host for host in hosts if host.host]
    worst = computers[0] if computers else hosts[0]
    found = worst.levels.get(worst.level, 0) if computers else findings.story.levels[level]
    alerts = say.count(f"alerts{int(worst.level)}", found)
    told = clock(findings)
    last = told.at(worst.worst_at)
    if worst.worst_at != told.unknown:
        last = say("last.one" if found == 1 else "last.many", at=last)
    if not computers:
        return say("unbound", alerts=alerts, last=last), ""
    host = clean(worst.host, 60)
    return say.count("signs", len(computers), host=host, alerts=alerts, last=last), host


def computers(findings: Findings) -> str:
    """How many computers there are, and of how many the answer speaks: the same words everywhere."""
    say = Words(STRINGS, findings.language)
    named = {host.host.casefold(): host.level for host in findings.story.hosts() if host.host}
    every = len({name.casefold() for name in findings.summary.hosts} | named.keys())
    signs = sum(level >= Level.HIGH for level in named.values())
    if not signs:
        return say.count("hosts", every)
    if every == 1:
        return say("computers.only")
    return say.count("computers.of", signs, all=number(every, say.language))


def steps(findings: Findings) -> list[Step]:
    """What to do first."""
    return findings.story.steps(findings.rules)


def advice(step: Step, findings: Findings) -> Text:
    """What a step says: the explanation that comes with our rules, or else what is done in such a case."""
    rule = findings.rules.get(step.rule_id)
    if rule is not None and rule.explanation.en:
        return rule.explanation
    return ACTIONS.get(step.playbook or "") or step.explanation


def course(host: HostStory, told: Clock, say: Words) -> str:
    """Tactics in order with their times; a day is named where it changes."""
    parts, before = [], host.first_at
    for reached in host.tactics:
        name = clean(say.text(attack.tactic(reached.tactic).name), 60)
        parts.append(f"{name} {told.after(reached.at, before)}")
        before = reached.at
    return " → ".join(parts)
