"""What the tests of correlations share: rules from YAML, sightings in short, and a store that alerts are put into."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from sigma.correlations import SigmaCorrelationRule
from tests.conformance.correlation_reference import Outcome

from wardwatch.correlation.compiling import compile_correlations
from wardwatch.correlation.rules import Correlations
from wardwatch.correlation.sighting import Sighting
from wardwatch.events.alert import Alert

BASES = {"a": "rule-a", "b": "rule-b", "c": "rule-c"}
SECOND = 1_000_000
LATER = 10**18


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def compiled(rules: Iterable[Mapping[str, Any]], bases: Mapping[str, str] = BASES) -> Correlations:
    return compile_correlations(
        [(rule_id(rule), SigmaCorrelationRule.from_dict(dict(rule), collect_errors=True)) for rule in rules], bases
    )


def rule_id(rule: Mapping[str, Any]) -> str:
    """The id that `wardwatch.detection.rules.from_document` gives to a rule."""
    return str(rule.get("id") or rule.get("name") or f"a.yml#{rule['title']}")


def event_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def sighting(rule: str, at: float, number: int, tenant: str = "t", **values: str | None) -> Sighting:
    """A sighting of base rule `rule` (its name) at `at` seconds; `number` is the event's."""
    return Sighting(
        tenant=tenant,
        rule=BASES[rule],
        event_id=event_id(number),
        occurred_at=int(at * SECOND),
        host=values.get("host"),
        user=values.get("user"),
        source="s",
        file=f"file-{number}",
        record_id=str(number),
        values=values,
    )


def outcome(alert: Alert) -> Outcome:
    return Outcome(
        id=alert.id,
        tenant=alert.tenant,
        rule=alert.rule_id,
        first_at=alert.occurred_at,
        last_at=alert.last_at,
        count=alert.count,
        group=alert.group,
        fields=alert.fields,
        host=alert.host,
        user=alert.user,
        source=alert.source,
        file=alert.file,
        record_id=alert.record_id,
        event_ids=alert.event_ids,
    )


class Store:
    """Upserts alerts in order and deletes those that are superseded."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}

    def put(self, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            known = self.alerts.get(alert.id)
            assert known is None or known.revision < alert.revision
            self.alerts[alert.id] = alert
            if alert.supersedes is not None:
                self.alerts.pop(alert.supersedes, None)

    def outcomes(self) -> dict[str, Outcome]:
        return {key: outcome(alert) for key, alert in self.alerts.items()}
