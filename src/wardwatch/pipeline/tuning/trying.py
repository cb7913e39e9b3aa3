"""From a false alert to a proof, for whoever asks: the command line, or a person before a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from wardwatch.events.alert import Alert
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake.tenant import TenantLake
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.pipeline.tuning import proposing, proving
from wardwatch.pipeline.tuning.document import Tuning
from wardwatch.pipeline.tuning.proposing import Proposal
from wardwatch.pipeline.tuning.proving import Silenced, Simulation


@dataclass(frozen=True, slots=True)
class Proof:
    """What of the past would have gone quiet, and what must fire and would not any more."""

    simulation: Simulation
    silenced: tuple[Silenced, ...]


def proposal(alert: Alert, others: Sequence[Alert], rules: RuleSet, lake: TenantLake) -> Proposal:
    """Propose a detection for an alert that was false; `others` are alerts of its rule. Raises `InputError`."""
    rule = rules.rules.by_id().get(alert.rule_id)
    if rule is None:
        raise InputError(
            f"the rule {alert.rule_id} is not there",
            where=alert.id,
            hint="see `wardwatch rules list`",
            fr=f"la règle {alert.rule_id} n’existe plus",
        )
    if alert.kind == "correlation":
        return proposing.propose(alert, {}, rule, (), ())
    event = proposing.event_of(lake, alert)
    near = [one for one in others if (one.host, one.user) == (alert.host, alert.user)]
    newest = sorted(near, key=lambda one: -one.occurred_at)[: proposing.REPEATS]
    alike = [found for one in newest if (found := proposing.event_of(lake, one)) is not None]
    stored = {name: value for name, value in alert.fields.items() if not name.startswith("wardwatch.")}
    return proposing.propose(alert, event or stored, rule, alike, others)


def proved(tuning: Tuning, rules: RuleSet, paths: RulePaths, lake: TenantLake, span: tuple[int, int]) -> Proof:
    """Prove a tuning on the events of a span (from, until; µs UTC) and on the rules' own examples.

    Raises `ContentError` where it cannot run.
    """
    tunings = proving.compiled(tuning, rules, dict(paths.lists))
    found = proving.simulate(tunings, rules, lake, *span)
    return Proof(found, tuple(proving.silenced(tuning, rules, paths)))
