"""Proof for a tuning: what of the past would have gone quiet, and that nothing goes quiet which must fire."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from wardwatch.catalogue import files
from wardwatch.catalogue.files import ContentFile
from wardwatch.correlation.correlator import Correlator, Limits
from wardwatch.correlation.rules import Correlations
from wardwatch.correlation.sighting import Sighting
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.memory import Memory
from wardwatch.events import batch as layout
from wardwatch.events.alert import Alert
from wardwatch.events.logsource import covers
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import ContentError, InputError
from wardwatch.pipeline import alert_log, examples
from wardwatch.pipeline.lake.tenant import TenantLake
from wardwatch.pipeline.matched import Matcher, Numbered
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.pipeline.tuning import applying
from wardwatch.pipeline.tuning.applying import Tunings
from wardwatch.pipeline.tuning.document import Tuning

MAX_EXAMPLES = 10  # alerts that are shown
_UNTIL = 2**53  # µs: as long as any event


@dataclass(slots=True)
class Simulation:
    """What a tuning would have done to stored events.

    Attributes:
        events: how many events were looked at.
        before: alerts of each rule without it.
        quiet: how many of them it would have withheld, by rule, host (`-`: of several) and day (UTC).
        examples: some of those alerts.
    """

    events: int = 0
    before: Counter[str] = field(default_factory=Counter)
    quiet: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    examples: list[Alert] = field(default_factory=list)

    def by_rule(self) -> dict[str, int]:
        """How many alerts of each rule would have been withheld."""
        found: Counter[str] = Counter()
        for (rule, _, _), count in self.quiet.items():
            found[rule] += count
        return dict(found)

    def take(self, alerts: Iterable[Alert]) -> None:
        """Note alerts that would have been withheld."""
        for alert in alerts:
            self.quiet[alert.rule_id, alert.host or "-", stamps.iso_text(alert.occurred_at)[:10]] += 1
            if len(self.examples) < MAX_EXAMPLES:
                self.examples.append(alert)


def compiled(tuning: Tuning, rules: RuleSet, lists: Mapping[str, Sequence[str]]) -> Tunings:
    """Compile one tuning as if it held for all time; raises `ContentError` where it cannot run."""
    found = applying.compiled([replace(tuning, expires_at=_UNTIL)], rules.rules, lists)
    if found.errors:
        raise found.errors[0]
    return found


def simulate(tunings: Tunings, rules: RuleSet, lake: TenantLake, since: int, until: int) -> Simulation:
    """Run a tuned rule, and the correlations above it, over stored events with the tuning and without."""
    (tuning,) = tunings.tunings
    above = _above(tuning.rule, rules.correlations)
    chosen = _subset(rules.rules, _bases(above, rules.correlations) | {tuning.rule})
    correlations = rules.correlations
    matcher = Matcher(chosen, Memory(rules.store.databases), correlations.needs, silenced=correlations.silenced)
    patient = Limits(lateness=None)  # files of the lake overlap in time
    without, with_it = (Correlator(correlations, limits=patient) for _ in range(2))
    found = Simulation()
    loud: list[Alert] = []
    left: list[Alert] = []
    for batch in lake.read(since, until, fields=_fields(chosen, rules, tunings)):
        if not any(covers(key.logsource, layout.logsource(batch.schema)) for key in chosen.keys):
            continue
        found.events += batch.num_rows
        told = matcher.tuned(Numbered(batch), "lake", tunings)
        heard = told.sightings if tuning.rule in correlations.silenced else told.alerts
        ours = sum((one.rule if isinstance(one, Sighting) else one.rule_id) == tuning.rule for one in heard)
        found.before[tuning.rule] += ours + len(told.withheld)
        found.take(told.withheld)
        loud += without.feed([*told.sightings, *told.withheld_sightings], until)
        left += with_it.feed(told.sightings, until)
    _compare(found, tunings, [one for one in loud if one.rule_id in above], left)
    return found


def _compare(found: Simulation, tunings: Tunings, loud: Sequence[Alert], left: Sequence[Alert]) -> None:
    """Note the episodes of correlations that are not there with the tuning, whatever event they begin with."""
    spoken: dict[object, list[Alert]] = {}
    for alert in alert_log.final(left).values():
        spoken.setdefault((alert.rule_id, tuple(alert.group.items())), []).append(alert)
    for alert in alert_log.final(loud).values():
        found.before[alert.rule_id] += 1
        same = spoken.get((alert.rule_id, tuple(alert.group.items())), [])
        there = any(one.occurred_at <= alert.last_at and alert.occurred_at <= one.last_at for one in same)
        if not there or tunings.of_alert(alert, alert.last_at) is not None:
            found.take([alert])


def _above(rule: str, correlations: Correlations) -> set[str]:
    """The correlations that hear of a rule, by way of others too; a correlation hears of itself."""
    found = {rule} & set(correlations.types)
    for correlation in correlations.rules:  # those that it refers to come before it
        if any(ref.rule == rule or ref.rule in found for ref in correlation.refs):
            found.add(correlation.id)
    return found


def _bases(above: set[str], correlations: Correlations) -> set[str]:
    """The base rules of correlations."""
    wanted = set(above)
    for correlation in reversed(correlations.rules):
        if correlation.id in wanted:
            wanted.update(ref.rule for ref in correlation.refs)
    return wanted - set(correlations.types)


def _subset(rules: CompiledRules, wanted: set[str]) -> CompiledRules:
    """A compiled set with some of the rules."""
    chosen = [number for number, key in enumerate(rules.keys) if key.id in wanted]
    return replace(
        rules,
        rules=[rules.rules[number] for number in chosen],
        conditions=[rules.conditions[number] for number in chosen],
        anchors=[rules.anchors[number] for number in chosen],
        asked=[rules.asked[number] for number in chosen],
        keys=[rules.keys[number] for number in chosen],
        compiled={},
    )


def _fields(chosen: CompiledRules, rules: RuleSet, tunings: Tunings) -> frozenset[str] | None:
    """The fields that must be read; `None`: all, because something looks for words anywhere."""
    names: set[str] = set()
    for some in (chosen, tunings.hidden):
        if some is None:
            continue
        if some.keywords.intersection(number for asked in some.asked for number in asked):
            return None
        names.update(name for rule in some.rules for name in rule.fields)
    for key in chosen.keys:
        names |= rules.correlations.needs.get(key.id, frozenset())
    return frozenset(names)


@dataclass(frozen=True, slots=True)
class Silenced:
    """An example of a rule that must fire, and would not any more."""

    rule_id: str
    title: str
    path: str
    number: int  # of the example, from 1

    def __str__(self) -> str:
        return f"{self.title}: fires {self.number} ({self.path})"


def silenced(tuning: Tuning, rules: RuleSet, paths: RulePaths) -> Iterator[Silenced]:
    """Yield the examples in the files of a tuned rule that fire without the tuning and not with it."""
    rule = rules.rules.by_id()[tuning.rule]
    tunings = compiled(replace(tuning, tenant="example"), rules, dict(paths.lists))
    for file in files.find(paths.rules):
        if tuning.rule.encode() not in file.text:
            continue
        try:
            documents = files.documents(file)
        except ContentError:
            continue
        if not any(str(document.get("id") or document.get("name")) == tuning.rule for document in documents):
            continue
        more = [] if rule.kind == "correlation" else [_filter(tuning, rule.logsource)]
        fired = {(one.rule_id, one.kind, one.number): one for one in examples.check_file(file)}
        for one in examples.check_file(file, more, lambda alert: tunings.of_alert(alert, 0) is None):
            before = fired[one.rule_id, one.kind, one.number]
            if one.kind == "fires" and one.problem and not before.problem:
                yield Silenced(one.rule_id, one.title, one.path, one.number)


def _filter(tuning: Tuning, logsource: object) -> ContentFile:
    """The tuning as a Sigma filter, which the examples are run with."""
    terms = {name: getattr(logsource, name) for name in ("product", "category", "service")}
    condition = tuning.detection["condition"]
    if not isinstance(condition, str):
        raise InputError("a tuning has one condition", where=tuning.slug, hint="join them with `or`")
    stated = {
        "title": tuning.slug,
        "logsource": {name: term for name, term in terms.items() if term is not None},
        "filter": {**tuning.detection, "rules": [tuning.rule], "condition": f"not ({condition})"},
    }
    return ContentFile(f"{tuning.slug}.yml", yaml.safe_dump(stated, allow_unicode=True).encode())


def kept_alerts(folder: Path, tenant: str) -> Mapping[str, Alert]:
    """The alerts of a tenant below `alerts/`, in their last revision, those that were withheld too."""
    withheld = alert_log.final(alert_log.read(folder / tenant, "suppressed"))
    return withheld | alert_log.final(alert_log.read(folder, tenant))
