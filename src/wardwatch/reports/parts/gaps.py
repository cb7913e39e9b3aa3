"""What a scan could not see besides what was not read: its end, the window, times, and rules that do not run."""

import re
from dataclasses import dataclass

from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.reports import Findings, Words, clean, number
from wardwatch.reports.parts.reasons import reason

MAX_EXAMPLES = 5
MAX_LISTS = 20

STRINGS = {
    "interrupted": Text(
        "The scan was interrupted: what was not read by then was not checked.",
        "L'analyse a été interrompue : ce qui n'avait pas été lu n'a pas été vérifié.",
    ),
    "nothing": Text("No event was read.", "Aucun événement n'a été lu."),
    "everything": Text("Everything was read.", "Tout a été lu."),
    "untimed.one": Text(
        "{n} event states no time: it was checked, but when it happened is unknown.",
        "{n} événement n'indique pas d'heure : il a été vérifié, mais son moment est inconnu.",
    ),
    "untimed.many": Text(
        "{n} events state no time: they were checked, but when they happened is unknown.",
        "{n} événements n'indiquent pas d'heure : ils ont été vérifiés, mais leur moment est inconnu.",
    ),
    "off.one": Text(
        "{n} rule does not run, so what it describes stays unseen ({level}).",
        "{n} règle ne fonctionne pas : ce qu'elle décrit reste invisible ({level}).",
    ),
    "off.many": Text(
        "{n} rules do not run, so what they describe stays unseen (worst: {level}).",
        "{n} règles ne fonctionnent pas : ce qu'elles décrivent reste invisible (la plus grave : {level}).",
    ),
    "lists.one": Text(
        "{n} for want of a list that is kept: {lists}.",
        "{n}, faute d'une liste tenue : {lists}.",
    ),
    "lists.many": Text(
        "{n} for want of lists that are kept: {lists}.",
        "{n}, faute de listes tenues : {lists}.",
    ),
    "see": Text(
        "To see all: wardwatch rules list --state unsupported",
        "Toutes : wardwatch rules list --state unsupported",
    ),
    "window": Text("events in the window: {n} of {all}", "événements dans la période : {n} sur {all}"),
}
_LIST = re.compile(r"the list (\S{1,200}) is not kept here")


@dataclass(frozen=True, slots=True)
class Example:
    """A rule that does not run, and why."""

    title: Text
    level: Level
    reason: Text


@dataclass(frozen=True, slots=True)
class Off:
    """Rules that do not run: the sentences about them, the worst of them, and how to see them all."""

    sentences: tuple[str, ...]
    examples: tuple[Example, ...]
    see: str


def notes(findings: Findings) -> list[str]:
    """Sentences that stand before what was not understood; `Everything was read` only where this is so."""
    summary, say = findings.summary, Words(STRINGS, findings.language)
    found = [say("interrupted")] if findings.interrupted else []
    if not summary.total_events:
        found.append(say("nothing"))
    elif not summary.total_rejects and not findings.interrupted:
        found.append(say("everything"))
    if summary.untimed:
        found.append(say.count("untimed", summary.untimed))
    return found


def window(findings: Findings) -> str:
    """How many events lie in the window, where some do not; or empty."""
    summary, say = findings.summary, Words(STRINGS, findings.language)
    if not summary.outside:
        return ""
    seen = summary.total_events - summary.outside
    return say("window", n=number(seen, say.language), all=number(summary.total_events, say.language))


def off(findings: Findings) -> Off | None:
    """What is to be said of rules that do not run; `None` if all do."""
    rules = sorted(findings.off, key=lambda rule: (-rule.level, rule.title.en, rule.id))
    if not rules:
        return None
    say = Words(STRINGS, findings.language)
    sentences = [say.count("off", len(rules), level=say.level(rules[0].level).lower())]
    lists = [found for rule in rules if (found := _LIST.findall(rule.reason))]
    if lists:
        names = sorted({clean(name, 60) for found in lists for name in found})
        shown = ", ".join(names[:MAX_LISTS]) + (" …" if len(names) > MAX_LISTS else "")
        sentences.append(say.count("lists", len(lists), lists=shown))
    worst = [Example(rule.title, rule.level, reason(rule.reason.partition(" · ")[0])) for rule in rules[:MAX_EXAMPLES]]
    return Off(tuple(sentences), tuple(worst), say("see"))
